#include "sextant/advice/plan.hpp"

#include <doctest/doctest.h>

#include <Eigen/Dense>
#include <cmath>

#include "sextant/core/errors.hpp"
#include "sextant/core/threads.hpp"
#include "sextant/geometry/blocks.hpp"
#include "support/close.hpp"
#include "support/random_geometry.hpp"

using namespace sextant;
using namespace sextant::advice;
using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;
using geometry::PromptGeometry;

TEST_CASE("a clear signal is adapted to, with the chosen blocks' own step") {
  const PromptGeometry geometry = test::geometry_from_prior(1, 24, 3, 1, 0.01);
  const Plan found = plan(geometry);
  CHECK(found.verdict == Verdict::adapt);
  CHECK(found.adapt);
  CHECK(found.reason.starts_with("Adapt: "));
  REQUIRE(found.chosen);
  REQUIRE(found.ranking);
  CHECK(found.blocks == found.ranking->selected_indices);
  CHECK(found.block_names == found.ranking->selected);
  CHECK(found.horizon == found.chosen->t_map);
  const VectorXd eigenvalues =
      geometry::summed_kernel(geometry, found.blocks).selfadjointView<Eigen::Lower>().eigenvalues();
  CHECK(found.rho == test::close(0.1 / eigenvalues.maxCoeff(), 1e-12));
  CHECK(found.gap_planned < found.gap_none);
  CHECK(found.gap_planned == found.chosen->mean_gap().map);
}

TEST_CASE("the prompt decides when there is no query") {
  const Plan found = plan(test::geometry_from_prior(2, 24, 0, 1, 0.01));
  CHECK(found.adapt);
  CHECK(found.ranking->queries_used == QueriesUsed::prompt);
  CHECK(found.gap_none == test::close(found.chosen->prompt.none / 24, 1e-12));
}

TEST_CASE("without a signal most prompts are left alone") {
  int adapted = 0;
  const int prompts = 60;
  for (int seed = 0; seed < prompts; ++seed) {
    const Plan found = plan(test::geometry_from_prior(100 + seed, 16, 1, 0, 1));
    if (found.adapt) ++adapted;
    if (found.verdict == Verdict::no_evidence && !found.chosen) {
      CHECK(found.whole.t_map == 0);
      CHECK(found.blocks.empty());
      CHECK(found.horizon == 0);
      CHECK(found.ranking);  // for information
    }
  }
  CHECK(adapted < prompts / 2);
}

TEST_CASE("given blocks, given horizon") {
  const PromptGeometry geometry = test::geometry_from_prior(3, 20, 2, 1, 0.1);
  PlanOptions options;
  options.blocks = {"h.1.attn.v.1", "h.0.attn.v.0"};
  const Plan given = plan(geometry, options);
  CHECK_FALSE(given.ranking);
  CHECK(given.blocks == std::vector<Index>{3, 0});
  CHECK(given.block_names == options.blocks);
  options.ranking.horizon = 5;
  const Plan fixed = plan(geometry, options);
  CHECK(fixed.horizon == 5);
  CHECK(fixed.chosen->t_map == 5);
  CHECK(fixed.whole.curve.horizons.size() == 31);
  options.ranking.horizon = 0;
  const Plan none = plan(geometry, options);
  CHECK(none.verdict == Verdict::no_evidence);
  CHECK(none.reason == "Do not adapt: the given horizon is 0 steps.");
  options.blocks = {"h.9.attn.v.1"};
  CHECK_THROWS_AS(plan(geometry, options), ArgumentError);
  options.blocks = {"h.0.attn.v.0"};
  options.ranking.budget = 1;
  CHECK_THROWS_AS(plan(geometry, options), ArgumentError);
  options.ranking.budget.reset();
  options.ranking.per_parameter = true;
  CHECK_THROWS_AS(plan(geometry, options), ArgumentError);
  options.ranking.per_parameter = false;
  options.blocks.clear();
  options.ranking.horizon = 9;
  options.ranking.budget = 2;
  options.ranking.method = subspace::Method::trace;
  const Plan traced = plan(geometry, options);
  CHECK(traced.blocks.size() == 2);
  CHECK(traced.horizon == 9);
}

TEST_CASE("degenerate geometries get a verdict and a sentence") {
  PromptGeometry geometry = test::geometry_from_prior(4, 6, 1, 1, 1);
  SUBCASE("zero kernel") {
    for (MatrixXd& kernel : geometry.kernels) kernel.setZero();
    geometry.query_kernels[0].setZero();
    CHECK(plan(geometry).verdict == Verdict::no_direction);
    PlanOptions options;
    options.ranking.method = subspace::Method::trace;
    options.ranking.horizon = 3;
    CHECK(plan(geometry, options).verdict == Verdict::no_direction);
  }
  SUBCASE("zero residuals") {
    geometry.residuals.setZero();
    geometry.prompt_targets = geometry.prompt_base;
    CHECK(plan(geometry).verdict == Verdict::no_evidence);
    PlanOptions options;
    options.ranking.horizon = 3;
    CHECK(plan(geometry, options).verdict == Verdict::no_block);
    options.ranking.method = subspace::Method::random;
    CHECK(plan(geometry, options).verdict == Verdict::no_gain);
  }
  SUBCASE("a query that no block reaches") {
    PlanOptions options;
    options.ranking.horizon = 3;
    geometry.query_kernels[0].setZero();
    CHECK(plan(geometry, options).verdict == Verdict::no_block);
  }
  SUBCASE("one example, one block, no query") {
    Random random(5);
    const Plan found = plan(test::random_geometry(random, 1, 0, {2}));
    CHECK_FALSE(found.reason.empty());
    CHECK_FALSE(name_of(found.verdict).empty());
  }
}

TEST_CASE("a plan is the same for every number of threads") {
  const PromptGeometry geometry = test::geometry_from_prior(6, 30, 4, 1, 0.3);
  set_threads(1);
  const Plan first = plan(geometry);
  set_threads(3);
  const Plan second = plan(geometry);
  set_threads(0);
  CHECK(first.blocks == second.blocks);
  CHECK(first.reason == second.reason);
  CHECK(first.gap_planned == second.gap_planned);
  for (std::size_t k = 0; k < first.ranking->blocks.size(); ++k) {
    CHECK(first.ranking->blocks[k].score == second.ranking->blocks[k].score);
  }
}
