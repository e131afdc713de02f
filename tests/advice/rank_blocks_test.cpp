#include "sextant/advice/rank_blocks.hpp"

#include <doctest/doctest.h>

#include <algorithm>

#include "sextant/core/errors.hpp"
#include "sextant/geometry/blocks.hpp"
#include "sextant/subspace/scores.hpp"
#include "support/close.hpp"
#include "support/random_geometry.hpp"

using namespace sextant;
using namespace sextant::advice;
using Eigen::Index;
using Eigen::MatrixXd;
using geometry::PromptGeometry;
using subspace::Method;

namespace {

BlockRankingOptions options_with(Method method, std::optional<Index> budget = {}) {
  BlockRankingOptions options;
  options.method = method;
  options.budget = budget;
  return options;
}

}  // namespace

TEST_CASE("score describes blocks as the geometry does, with scores of its fit") {
  Random random(1);
  PromptGeometry geometry = test::random_geometry(random, 6, 2, {3, 9, 2, 5});
  geometry.blocks[1].head.reset();
  const HorizonChoice whole = choose_horizon(geometry);
  const BlockRanking trace = rank_blocks(geometry, options_with(Method::trace, 3));
  CHECK(trace.sigma2 == whole.benchmark.sigma2);
  CHECK(trace.tau2 == whole.benchmark.tau2);
  CHECK(trace.queries_used == QueriesUsed::queries);
  CHECK(trace.stopped.empty());
  REQUIRE(trace.blocks.size() == 4);
  CHECK(trace.selected.size() == 3);
  const geometry::BlockMatrices blocks = geometry::block_matrices(geometry);
  const Eigen::VectorXd expected = subspace::trace_scores(blocks, whole.system, whole.benchmark);
  CHECK(trace.alone == expected);
  for (std::size_t k = 0; k < 4; ++k) {
    const RankedBlock& ranked = trace.blocks[k];
    const geometry::Block& block = geometry.blocks[ranked.index];
    CHECK(ranked.rank == static_cast<int>(k) + 1);
    CHECK(ranked.block == block);
    CHECK(ranked.score == expected[ranked.index]);
    if (k < 3) CHECK(trace.selected[k] == block.name);
    if (k > 0) CHECK(ranked.score <= trace.blocks[k - 1].score);
  }
}

TEST_CASE("greedy methods plan for T_MAP or the given horizon and report expected errors") {
  Random random(2);
  PromptGeometry geometry = test::random_geometry(random, 8, 2, {4, 4, 4, 4, 4});
  BlockRankingOptions options = options_with(Method::risk);
  options.horizon_options.tau2 = 1;
  options.horizon_options.sigma2 = {evidence::Sigma2Rule::fixed, 1};
  const HorizonChoice whole = choose_horizon(geometry, options.horizon_options);
  const BlockRanking automatic = rank_blocks(geometry, options);
  if (whole.t_map > 0) CHECK(automatic.horizon == whole.t_map);
  CHECK_FALSE(automatic.stopped.empty());
  options.horizon = 20;
  const BlockRanking planned = rank_blocks(geometry, options);
  CHECK(planned.horizon == 20);
  REQUIRE_FALSE(planned.blocks.empty());
  CHECK(planned.blocks.size() == planned.selected.size());
  CHECK(planned.blocks.back().score == test::close(planned.error_selected, 1e-9));
  CHECK(planned.error_selected < planned.error_none);
  CHECK(planned.error_bayes <= planned.error_selected);
  CHECK(planned.alone.size() == 5);
  CHECK(planned.alone.minCoeff() == planned.blocks.front().score);
  options.horizon = -1;
  CHECK_THROWS_AS(rank_blocks(geometry, options), ArgumentError);
}

TEST_CASE("where the evidence prefers no update, ranking goes by the best positive candidate") {
  Random random(3);
  PromptGeometry geometry = test::random_geometry(random, 4, 1, {2, 2});
  geometry.residuals.setZero();
  BlockRankingOptions options = options_with(Method::greedy_correction);
  options.horizon_options.horizons = {0, 5, 3};
  const BlockRanking found = rank_blocks(geometry, options);
  CHECK(found.horizon == 3);            // the determinant's term alone rises with T
  REQUIRE(found.warnings.size() == 2);  // the first of them, that all residuals are zero
  CHECK(found.warnings[1].find("T = 3") != std::string::npos);
  CHECK(found.selected.size() == 2);
  // tau2 = 0: nothing to learn, nothing to select.
  options.method = Method::risk;
  CHECK(rank_blocks(geometry, options).selected.empty());
  options.horizon_options.horizons = {0};
  CHECK(rank_blocks(geometry, options).horizon == 0);
  options.method = Method::query_aware;
  const BlockRanking zero = rank_blocks(geometry, options);
  CHECK(zero.alone.isZero(0));
  CHECK(zero.selected_indices == std::vector<Index>{0, 1});
}

TEST_CASE("one query, no query, one block, and per parameter") {
  Random random(4);
  PromptGeometry geometry = test::random_geometry(random, 5, 3, {2, 30, 6});
  BlockRankingOptions options = options_with(Method::query_aware);
  options.horizon_options.tau2 = 1;
  options.horizon_options.sigma2 = {evidence::Sigma2Rule::fixed, 0.1};
  Eigen::VectorXd mean = Eigen::VectorXd::Zero(3);
  double error = 0;
  for (const Index query : {0, 1, 2}) {
    options.horizon_options.query = query;
    const BlockRanking one = rank_blocks(geometry, options);
    const std::vector<Index> queries = {query};
    BlockRankingOptions plain = options;
    plain.horizon_options.query.reset();
    const BlockRanking same =
        rank_blocks(geometry::restricted_to_queries(geometry, queries), plain);
    CHECK(one.alone == same.alone);
    mean += one.alone / 3;
    error += one.error_none / 3;
  }
  options.horizon_options.query.reset();
  const BlockRanking all = rank_blocks(geometry, options);
  CHECK((all.alone - mean).norm() <= 1e-12 * mean.norm());
  CHECK(all.error_none == test::close(error, 1e-12));
  options.per_parameter = true;
  const BlockRanking weighed = rank_blocks(geometry, options);
  for (const Index b : {0, 1, 2}) {
    CHECK(weighed.alone[b] ==
          test::close(all.alone[b] / static_cast<double>(geometry.blocks[b].parameters), 1e-12));
  }
  options.horizon_options.query = 3;
  CHECK_THROWS_AS(rank_blocks(geometry, options), ArgumentError);

  for (const Method method : {Method::query_aware, Method::trace, Method::trace_bottom,
                              Method::greedy_correction, Method::risk, Method::random}) {
    CAPTURE(name_of(method));
    const BlockRanking prompt =
        rank_blocks(test::random_geometry(random, 4, 0, {3, 3}), options_with(method, 2));
    CHECK(prompt.queries_used == QueriesUsed::prompt);
    CHECK(prompt.selected.size() == 2);
    const BlockRanking single =
        rank_blocks(test::random_geometry(random, 1, 1, {2}), options_with(method, 1));
    CHECK(single.selected == std::vector<std::string>{"h.0.attn.v.0"});
  }
}

TEST_CASE("a budget must be met by the blocks") {
  Random random(5);
  const PromptGeometry geometry = test::random_geometry(random, 3, 1, {1, 1});
  const HorizonChoice other = choose_horizon(test::random_geometry(random, 3, 1, {1, 1}));
  CHECK_THROWS_WITH_AS(rank_blocks(geometry, other, {}), doctest::Contains("other kernels"),
                       ArgumentError);
  for (const Method method : {Method::risk, Method::trace, Method::random}) {
    CHECK_THROWS_WITH_AS(rank_blocks(geometry, options_with(method, 3)),
                         "rank_blocks: budget is 3, expected between 1 and the number of blocks, 2",
                         ArgumentError);
    CHECK_THROWS_AS(rank_blocks(geometry, options_with(method, 0)), ArgumentError);
  }
}

TEST_CASE("an expected error below zero is refused: no gradients have such couplings") {
  PromptGeometry geometry = test::geometry_from_prior(11, 24, 3, 1, 0.01);
  CHECK_NOTHROW(rank_blocks(geometry));
  for (auto& coupling : geometry.query_kernels) coupling *= 10;
  CHECK_THROWS_WITH_AS(rank_blocks(geometry), doctest::Contains("a square is not negative"),
                       ArgumentError);
}

TEST_CASE("a kernel whose zeros are rounded is known again") {
  Random random(5);
  PromptGeometry geometry = test::random_geometry(random, 200, 1, {3, 3});
  const MatrixXd noise = 1e-6 * normal_matrix(200, 200, random);
  for (MatrixXd& kernel : geometry.kernels) kernel += noise + noise.transpose();
  const HorizonChoice whole = choose_horizon(geometry);
  REQUIRE(whole.system.clipped > 1e-6 * whole.system.trace);
  CHECK(rank_blocks(geometry, whole, {}).blocks.size() == 2);
  geometry.kernels[0] *= 1 + 1e-5;
  CHECK_THROWS_WITH_AS(rank_blocks(geometry, whole, {}), doctest::Contains("for other kernels"),
                       ArgumentError);
}

TEST_CASE("a ranking says what its choice of a horizon has to say") {
  Random random(7);
  PromptGeometry geometry = test::random_geometry(random, 10, 1, {12, 12});
  const auto says = [&](const BlockRankingOptions& options, std::string_view words) {
    return std::ranges::any_of(rank_blocks(geometry, options).warnings, [&](const auto& warning) {
      return warning.find(words) != std::string::npos;
    });
  };
  constexpr std::string_view without = "T = 0, no update, is not among the candidates";
  CHECK_FALSE(says({}, without));
  CHECK(says({.horizon_options = {.horizons = {30}}}, without));
  CHECK_FALSE(says({.horizon = 30}, without));
  CHECK_FALSE(says({}, "not identified"));
  for (MatrixXd& kernel : geometry.kernels) kernel = MatrixXd::Identity(10, 10);
  geometry.query_kernels[0].setZero();
  CHECK(says({.horizon = 3}, "not identified"));
  const BlockRanking none = rank_blocks(geometry, {.horizon_options = {.horizons = {0}}});
  CHECK_FALSE(none.against_evidence);
}
