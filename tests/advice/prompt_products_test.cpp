#include "sextant/advice/prompt_products.hpp"

#include <doctest/doctest.h>

#include <cmath>

#include "sextant/core/errors.hpp"
#include "support/prompt_model_case.hpp"

using namespace sextant;
using namespace sextant::advice;

namespace {

/// Variances are given, so that both routes weigh alike.
const HorizonOptions given_variances{.sigma2 = {.rule = evidence::Sigma2Rule::fixed, .value = 0.1},
                                     .tau2 = 0.5};

}  // namespace

TEST_CASE("products with the model give the corrections and scores of its kernels") {
  for (const auto family : {model::Family::gpt2, model::Family::bert, model::Family::rows}) {
    const test::PromptModelCase c(family);
    const ttt::PromptModel model = c.prompt_model();
    const auto geometry = model.capture({});
    const PromptProducts prompt(model, {});
    CHECK(prompt.blocks().size() == geometry.blocks.size());
    const HorizonChoice dense = choose_horizon(geometry, given_variances);
    const HorizonChoice products = choose_horizon(prompt, given_variances);
    CHECK(std::abs(products.lambda_max / dense.lambda_max - 1) < 1e-4);
    REQUIRE(products.queries.size() == 3);
    for (std::size_t x = 0; x < 3; ++x) {
      const double expected = dense.queries[x].correction_bayes;
      CHECK(std::abs(products.queries[x].correction_bayes - expected) <
            1e-3 * std::abs(expected) + 1e-6);
    }
    const BlockRankingOptions query_aware{.method = subspace::Method::query_aware,
                                          .horizon_options = given_variances};
    const BlockRanking expected = rank_blocks(geometry, query_aware);
    const BlockRanking ranking = rank_blocks(prompt, query_aware);
    CHECK((ranking.alone - expected.alone).norm() < 1e-3 * expected.alone.norm());
    CHECK(ranking.selected == expected.selected);
  }
}

TEST_CASE("what products cannot tell is refused") {
  const test::PromptModelCase c(model::Family::gpt2);
  const ttt::PromptModel model = c.prompt_model();
  CHECK_THROWS_AS(PromptProducts(model, {.features = model::Features::tokenwise}), ArgumentError);
  const PromptProducts prompt(model, {});
  for (const auto method : {subspace::Method::risk, subspace::Method::random}) {
    CHECK_THROWS_WITH_AS(rank_blocks(prompt, {.method = method}),
                         doctest::Contains("needs kernels"), ArgumentError);
  }
}
