/// The optimal low-rank update on real weights.

#include "sextant/ttt/low_rank.hpp"

#include <doctest/doctest.h>

#include <cmath>

#include "sextant/core/errors.hpp"
#include "sextant/geometry/block_matrices.hpp"
#include "sextant/geometry/blocks.hpp"
#include "sextant/spectral/eigensystem.hpp"
#include "sextant/subspace/optimal.hpp"
#include "support/close.hpp"
#include "support/first_order.hpp"
#include "support/prompt_model_case.hpp"

using namespace sextant;
using namespace sextant::ttt;
using Case = test::PromptModelCase;

namespace {

/// Queries and |r| of the labelled examples after `run`, less those of the base model.
Eigen::VectorXd real_changes(const AdaptedModel& run) {
  Eigen::VectorXd changes(4);
  for (Eigen::Index x = 0; x < 3; ++x) {
    const QueryOutcome& query = run.result.queries[static_cast<std::size_t>(x)];
    changes[x] = query.adapted - query.base;
  }
  changes[3] = run.result.prompt.residual_norm_after - run.result.prompt.residual_norm_before;
  return changes;
}

}  // namespace

TEST_CASE("the low-rank update makes the corrections of its subspace to first order") {
  for (const auto family : {model::Family::gpt2, model::Family::bert, model::Family::rows}) {
    const Case c(family);
    PromptModel model = c.prompt_model();
    model.set_block_scales({{"h.0.attn.v.1", 3.0}});
    const auto geometry = model.capture({{model::LinearKind::value, model::LinearKind::mlp_in}});
    auto opposite = geometry;
    for (auto& coupling : opposite.query_kernels) coupling = -coupling;
    const Eigen::MatrixXd kernel = geometry::summed_kernel(geometry);
    LowRankOptions options;
    options.blocks = geometry::block_names(geometry);
    for (const Eigen::Index rank : {1, 2, 3}) {
      options.rank = rank;
      // Corrections are proportional to 1/sigma2 where it is large. `real` may differ from what the
      // linear model is told.
      const auto error = [&](const geometry::PromptGeometry& real, Eigen::Index real_rank,
                             double factor) {
        return test::first_order_error(
            [&](double size) {
              LowRankOptions right = options;
              right.benchmark = {1.0, kernel.trace() / (5 * size)};
              const AdaptedModel expected = adapt_low_rank(model, geometry, right);
              const auto optimal = subspace::optimal_subspace(geometry::block_matrices(geometry),
                                                              spectral::decompose(kernel),
                                                              geometry.residuals, right.benchmark);
              test::Changes changes = {{}, Eigen::VectorXd(4)};
              changes.linear << optimal.corrections(rank),
                  expected.result.prompt.residual_norm_predicted -
                      expected.result.prompt.residual_norm_before;
              LowRankOptions other = right;
              other.rank = real_rank;
              other.benchmark.sigma2 /= factor;
              changes.real = real_changes(adapt_low_rank(model, real, other));
              return changes;
            },
            1.0 / 400);
      };
      CHECK(error(geometry, rank, 1) < test::first_order_tolerance);
      CHECK(error(geometry, rank, 1.02) == test::close(0.02, 0.1));
      CHECK(error(geometry, rank, 0.5) == test::close(0.5, 0.01));
      // The third direction adds less than 1% here.
      if (rank < 3) CHECK(error(geometry, rank - 1, 1) > 10 * test::first_order_tolerance);
      CHECK(error(geometry, 0, 1) == test::close(1.0, 0.01));
      CHECK(error(opposite, rank, 1) == test::close(2.0, 0.01));
    }
  }
}

TEST_CASE("the low-rank update reports its rank, its corrections and what changed") {
  const Case c(model::Family::gpt2);
  const PromptModel model = c.prompt_model();
  const auto geometry = model.capture({{model::LinearKind::value}});
  LowRankOptions options{geometry::block_names(geometry), 2, {1.0, 0.5}};
  const AdaptedModel run = adapt_low_rank(model, geometry, options);
  const auto optimal = subspace::optimal_subspace(
      geometry::block_matrices(geometry), spectral::decompose(geometry::summed_kernel(geometry)),
      geometry.residuals, options.benchmark);
  for (Eigen::Index x = 0; x < 3; ++x) {
    const QueryOutcome& query = run.result.queries[static_cast<std::size_t>(x)];
    CHECK(query.linearized - query.base == test::close(optimal.corrections(2)[x], 1e-9));
  }
  CHECK(run.result.solver == Solver::low_rank);
  CHECK(run.result.rank == 2);
  CHECK(!run.changed.empty());
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
  CHECK(none.changed.empty());
  options.rank = 4;
  CHECK_THROWS_AS(adapt_low_rank(model, geometry, options), ArgumentError);
  options.rank = -1;
  CHECK_THROWS_AS(adapt_low_rank(model, geometry, options), ArgumentError);
  options.rank = 1;
  options.blocks = {"h.9.attn.v.0"};
  CHECK_THROWS_AS(adapt_low_rank(model, geometry, options), ArgumentError);
}
