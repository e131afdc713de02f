/// The optimal low-rank update on real weights.

#include "sextant/ttt/low_rank.hpp"

#include <doctest/doctest.h>

#include <cmath>

#include "sextant/core/errors.hpp"
#include "sextant/geometry/blocks.hpp"
#include "sextant/spectral/eigensystem.hpp"
#include "sextant/subspace/optimal.hpp"
#include "support/close.hpp"
#include "support/prompt_model_case.hpp"

using namespace sextant;
using namespace sextant::ttt;
using Case = test::PromptModelCase;

TEST_CASE("the low-rank update makes the corrections of its subspace to first order") {
  for (const auto family : {model::Family::gpt2, model::Family::bert, model::Family::rows}) {
    const Case c(family);
    PromptModel model = c.prompt_model();
    model.set_block_scales({{"h.0.attn.v.1", 3.0}});
    const auto geometry = model.capture({{model::LinearKind::value, model::LinearKind::mlp_in}});
    LowRankOptions options;
    options.blocks = geometry::block_names(geometry);
    for (const Eigen::Index rank : {1, 2, 3}) {
      options.rank = rank;
      // A large observation variance makes corrections small enough for the linear model.
      for (const double sigma2 : {400.0, 800.0}) {
        options.benchmark = {1.0, sigma2 * geometry::summed_kernel(geometry).trace() / 5};
        const AdaptedModel run = adapt_low_rank(model, geometry, options);
        const auto optimal = subspace::optimal_subspace(
            {geometry.kernels, geometry.query_kernels, geometry.query_variances},
            spectral::decompose(geometry::summed_kernel(geometry)), geometry.residuals,
            options.benchmark);
        double largest = 0;
        for (Eigen::Index x = 0; x < 3; ++x) {
          const QueryOutcome& query = run.result.queries[static_cast<std::size_t>(x)];
          CHECK(query.linearized - query.base == test::close(optimal.corrections(rank)[x], 1e-9));
          largest = std::max(largest, std::abs(query.linearized - query.base));
        }
        CHECK(run.result.validity.deviation < 0.01 * largest);
        const PromptOutcome& prompt = run.result.prompt;
        const double effect =
            std::abs(prompt.residual_norm_before - prompt.residual_norm_predicted);
        CHECK(std::abs(prompt.residual_norm_after - prompt.residual_norm_predicted) <
              0.01 * effect);
        // The base model, without an update, must fail both.
        CHECK(largest > 0.01 * largest + run.result.validity.deviation);
        CHECK(effect > 100 * 1e-6);
        CHECK(run.result.solver == Solver::low_rank);
        CHECK(run.result.rank == rank);
        CHECK(!run.changed.empty());
      }
    }
  }
}

TEST_CASE("rank 0 moves nothing, full rank is the posterior mean, and other ranks are refused") {
  const Case c(model::Family::gpt2);
  const PromptModel model = c.prompt_model();
  const auto geometry = model.capture({{model::LinearKind::value}});
  LowRankOptions options;
  options.blocks = geometry::block_names(geometry);
  options.benchmark = {1.0, 0.5};
  options.rank = 0;
  const AdaptedModel none = adapt_low_rank(model, geometry, options);
  for (const QueryOutcome& query : none.result.queries) {
    CHECK(query.adapted == test::close(query.base, 1e-6));
  }
  options.rank = 4;
  CHECK_THROWS_AS(adapt_low_rank(model, geometry, options), ArgumentError);
  options.rank = -1;
  CHECK_THROWS_AS(adapt_low_rank(model, geometry, options), ArgumentError);
  options.rank = 1;
  options.blocks = {"h.9.attn.v.0"};
  CHECK_THROWS_AS(adapt_low_rank(model, geometry, options), ArgumentError);
}
