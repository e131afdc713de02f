#include <doctest/doctest.h>
#include <fmt/format.h>

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>
#include <optional>

#include "sextant/advice/plan.hpp"
#include "sextant/core/errors.hpp"
#include "sextant/geometry/blocks.hpp"
#include "support/random_geometry.hpp"

// What a plan says beside its verdict: the recipe, what other sets of blocks would give, and what
// the labels' range and scale have to do with it.
using namespace sextant;
using namespace sextant::advice;
using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;
using geometry::PromptGeometry;

namespace {

/// R(S) of theory Sec. 7 from explicit steps in function space, averaged over the queries.
double stepped_error(const PromptGeometry& geometry, const std::vector<std::string>& names,
                     double rho, std::int64_t horizon, const spectral::Benchmark& model) {
  const auto set = geometry::select_blocks(geometry, names);
  const MatrixXd kernel = geometry::summed_kernel(geometry, set);
  MatrixXd covariance = model.tau2 * geometry::summed_kernel(geometry);
  covariance.diagonal().array() += model.sigma2;
  double sum = 0;
  for (Index x = 0; x < geometry.queries(); ++x) {
    const VectorXd coupling = geometry::summed_coupling(geometry, x, set);
    VectorXd w = VectorXd::Zero(geometry.examples());
    for (std::int64_t step = 0; step < horizon; ++step) w += rho * (coupling - kernel * w);
    const VectorXd all = geometry::summed_coupling(geometry, x);
    sum += w.dot(covariance * w) - 2 * model.tau2 * w.dot(all) +
           model.tau2 * geometry.query_variances.row(x).sum();
  }
  return sum / static_cast<double>(geometry.queries());
}

bool says(const std::vector<std::string>& warnings, std::string_view words) {
  return std::ranges::any_of(warnings, [&](const std::string& warning) {
    return warning.find(words) != std::string::npos;
  });
}

}  // namespace

TEST_CASE("the recipe is the planned update in an optimiser's words") {
  PromptGeometry geometry = test::geometry_from_prior(1, 24, 3, 1, 0.01);
  for (const auto& block : geometry.blocks) geometry.block_scales[block.name] = 2;
  const Plan found = plan(geometry);
  REQUIRE(found.block_names.size() < geometry.blocks.size());
  REQUIRE(found.adapt);
  REQUIRE(found.recipe);
  CHECK(found.recipe->steps == found.horizon);
  CHECK(found.recipe->learning_rate == found.rho);
  CHECK(std::abs(found.recipe->learning_rate_mean / (found.rho * 12) - 1) < 1e-15);
  CHECK(found.recipe->blocks == found.block_names);
  CHECK(found.block_scales == geometry.block_scales);
  CHECK(found.recipe->block_scales.size() == found.block_names.size());
  CHECK(found.recipe->block_scales.at(found.block_names[0]) == 2);
  CHECK(found.explanation.empty());
  // A gradient step on either loss moves a prediction by rho K r: 1/n sum r^2 has the gradient
  // -2/n J'r, so that its rate must be rho n/2.
  const VectorXd& r = geometry.residuals;
  const MatrixXd kernel = geometry::summed_kernel(geometry, found.blocks);
  const VectorXd half_sum = found.recipe->learning_rate * (kernel * r);
  const VectorXd mean = found.recipe->learning_rate_mean * (2.0 / 24) * (kernel * r);
  CHECK((half_sum - mean).norm() < 1e-12 * half_sum.norm());
}

TEST_CASE("chosen, all and single blocks are compared in one benchmark") {
  const PromptGeometry geometry = test::geometry_from_prior(1, 24, 3, 1, 0.01);
  for (const std::optional<std::int64_t> horizon : {std::optional<std::int64_t>(), {7}}) {
    PlanOptions options;
    options.ranking.horizon = horizon;
    const Plan found = plan(geometry, options);
    REQUIRE(found.comparison);
    const SetComparison& sets = *found.comparison;
    CHECK(sets.chosen.block_names == found.block_names);
    CHECK(sets.chosen.horizon == found.horizon);
    CHECK(sets.all.block_names.size() == 5);
    CHECK(sets.all.horizon == horizon.value_or(found.whole.t_map));
    CHECK(sets.single.block_names.size() == 1);
    for (const SetOutlook* set : {&sets.chosen, &sets.all, &sets.single}) {
      const double expected =
          stepped_error(geometry, set->block_names, set->rho, set->horizon, found.whole.benchmark);
      CHECK(std::abs(set->error / expected - 1) < 1e-9);
      CHECK(set->error >= sets.error_bayes);
    }
    // No other block alone has a smaller error after the steps that are its own.
    const auto own_steps = [&](const std::vector<Index>& set) {
      return horizon.value_or(choose_horizon(geometry, set, {}).t_map);
    };
    CHECK(sets.blocks_tried_alone == 5);
    const auto alone = [&](const std::string& name) {
      const auto set = geometry::select_blocks(geometry, {name});
      const double rho = subspace::StepRule{}.for_kernel(geometry::summed_kernel(geometry, set)
                                                             .selfadjointView<Eigen::Lower>()
                                                             .eigenvalues()
                                                             .maxCoeff());
      return stepped_error(geometry, {name}, rho, own_steps(set), found.whole.benchmark);
    };
    const double best = alone(sets.single.block_names.front());
    for (const auto& block : geometry.blocks) CHECK(best <= alone(block.name) * (1 + 1e-9));
  }
  PlanOptions given;
  given.blocks = {"h.0.attn.v.0"};
  CHECK_FALSE(plan(geometry, given).comparison);
}

TEST_CASE("a verdict that another number seems to contradict is explained") {
  int explained = 0;
  int alone = 0;
  for (int seed = 0; seed < 200; ++seed) {
    const Plan found = plan(test::geometry_from_prior(200 + seed, 16, 2, 0.02, 1));
    CHECK(found.recipe.has_value() == found.adapt);
    if (found.adapt) {
      CHECK(found.explanation.empty());
      continue;
    }
    const std::string on_all =
        fmt::format(", and on all blocks together T_MAP is {}.", found.whole.t_map);
    const bool chosen_set_alone = found.verdict == Verdict::no_evidence && found.whole.t_map > 0 &&
                                  !found.explanation.empty();
    CHECK((found.explanation.find(on_all) != std::string::npos) == chosen_set_alone);
    alone += chosen_set_alone ? 1 : 0;
    const bool falls = found.ranking->error_selected < found.ranking->error_none * (1 - 1e-6);
    if (found.verdict == Verdict::no_evidence) {
      CHECK(found.explanation.empty() == !falls);
      explained += falls ? 1 : 0;
    }
  }
  CHECK(explained > 0);
  CHECK(alone > 0);
}

TEST_CASE("expected errors beyond the labels' range are flagged where labels are known") {
  PromptGeometry geometry = test::geometry_from_prior(1, 24, 3, 1, 0.01);
  CHECK_FALSE(says(plan(geometry).warnings, "beyond"));  // labels vary as the residuals do
  geometry.query_targets.clear();
  geometry.prompt_targets = VectorXd::LinSpaced(24, 0, 1);
  // Predictions far outside the labels' range, as logits are, make errors as large as residuals.
  CHECK(geometry.residuals.squaredNorm() / 24 > 2);
  CHECK_FALSE(says(plan(geometry).warnings, "beyond"));
  for (MatrixXd& coupling : geometry.query_kernels) coupling *= 10;
  geometry.query_variances *= 100;
  const Plan flagged = plan(geometry);
  CHECK(says(flagged.warnings, "is beyond the squared range of labels and predictions, "));
  CHECK(says(flagged.warnings, "queries is beyond the range of labels and predictions, "));
  const HorizonChoice choice = choose_horizon(geometry);
  CHECK(says(choice.warnings, "squared gap without an update"));
  CHECK(says(choice.warnings, "is beyond the squared range of labels and predictions, "));
  CHECK(says(choice.warnings, "correction after the chosen steps of "));
  CHECK(says(rank_blocks(geometry).warnings, "expected squared error without an update, "));
  geometry.prompt_targets.setOnes();  // a single label has no range
  CHECK_FALSE(says(choose_horizon(geometry).warnings, "beyond"));
  CHECK_FALSE(says(rank_blocks(geometry).warnings, "beyond"));
  CHECK_FALSE(says(plan(geometry).warnings, "beyond"));
  geometry.prompt_targets.resize(0);
  CHECK_FALSE(says(plan(geometry).warnings, "beyond"));
}

TEST_CASE("with everything fitted no unit of the labels changes the verdict") {
  int adapted = 0;
  for (int seed = 0; seed < 12; ++seed) {
    const PromptGeometry geometry =
        test::geometry_from_prior(300 + seed, 16, 2, seed % 2 ? 1 : 0.02, 1);
    const Plan base = plan(geometry);
    adapted += base.adapt ? 1 : 0;
    for (const double factor : {2.0, 0.5, 1e3}) {
      for (const bool follows : {false, true}) {
        PromptGeometry scaled = geometry;
        scaled.residuals *= factor;
        scaled.prompt_targets.resize(0);
        scaled.query_targets.clear();
        if (follows) {
          for (auto& kernel : scaled.kernels) kernel *= factor * factor;
          for (auto& coupling : scaled.query_kernels) coupling *= factor * factor;
          scaled.query_variances *= factor * factor;
        }
        const Plan other = plan(scaled);
        CHECK(other.verdict == base.verdict);
        CHECK(other.horizon == base.horizon);
        CHECK(other.block_names == base.block_names);
        CHECK(std::abs(other.gap_none - factor * factor * base.gap_none) <=
              1e-5 * factor * factor * base.gap_none);
      }
    }
    PlanOptions options;
    options.label_scale = LabelScale::labels_and_predictions;
    const Plan asked = plan(geometry, options);
    REQUIRE(asked.scaled.size() == 2);
    CHECK(asked.scaled[0].factor == 2);
    CHECK(asked.scaled[1].factor == 0.5);
    for (const auto& scaled : asked.scaled) CHECK(scaled.verdict == asked.verdict);
    CHECK_FALSE(says(asked.warnings, "scale of the labels"));
    CHECK(base.scaled.empty());
  }
  CHECK(adapted > 0);
  CHECK(adapted < 12);
}

TEST_CASE("a verdict that larger and smaller labels change alike is one warning") {
  int both = 0;
  for (int seed = 0; seed < 20; ++seed) {
    // Predictions along the kernel, far larger than the residuals: labels of another scale leave
    // them as residuals.
    PromptGeometry geometry = test::geometry_from_prior(400 + seed, 16, 2, 0.05, 1);
    Eigen::VectorXd along = Eigen::VectorXd::Ones(16);
    for (int i = 0; i < 20; ++i) along = (geometry::summed_kernel(geometry) * along).normalized();
    geometry.prompt_base = 100 * geometry.residuals.norm() * along;
    geometry.prompt_targets = geometry.prompt_base + geometry.residuals;
    const Plan found = plan(geometry, {.label_scale = LabelScale::labels_alone});
    const auto turns = std::ranges::count_if(found.scaled, [&](const ScaledVerdict& scaled) {
      return (scaled.verdict == Verdict::adapt) != found.adapt;
    });
    const auto warnings = std::ranges::count_if(found.warnings, [](const std::string& warning) {
      return warning.find("depends on the scale of the labels") != std::string::npos;
    });
    CHECK(warnings == (turns > 0 ? 1 : 0));
    both += turns == 2 ? 1 : 0;
  }
  CHECK(both > 0);
}

TEST_CASE("a verdict that hangs on the labels' scale is a warning") {
  // Fixed variances: the same residuals are all noise in small units and all signal in large ones.
  int changed = 0;
  for (int seed = 0; seed < 20; ++seed) {
    PromptGeometry geometry = test::geometry_from_prior(400 + seed, 16, 2, 0.05, 1);
    geometry.prompt_targets.resize(0);
    geometry.query_targets.clear();
    PlanOptions options;
    options.ranking.horizon_options.sigma2 = {evidence::Sigma2Rule::fixed, 1.0};
    options.label_scale = LabelScale::labels_alone;
    const Plan found = plan(geometry, options);
    for (const ScaledVerdict& scaled : found.scaled) {
      PromptGeometry by_hand = geometry;
      by_hand.residuals *= scaled.factor;
      PlanOptions unchecked = options;
      unchecked.label_scale = LabelScale::unchecked;
      CHECK(plan(by_hand, unchecked).verdict == scaled.verdict);
      const bool turns = (scaled.verdict == Verdict::adapt) != found.adapt;
      CHECK(says(found.warnings, scaled.factor == 2 ? "twice as large" : "half as large") == turns);
      changed += turns ? 1 : 0;
    }
    // Known labels beside predictions that stay: r + (c - 1) y.
    PromptGeometry known = geometry;
    known.prompt_targets = known.prompt_base + known.residuals;
    options.ranking.horizon_options.sigma2 = {};
    const Plan beside = plan(known, options);
    PromptGeometry doubled = known;
    doubled.residuals = 2 * known.prompt_targets - known.prompt_base;
    CHECK(beside.scaled.at(0).verdict == plan(doubled).verdict);
  }
  CHECK(changed > 0);
}

TEST_CASE("residuals that contradict labels and predictions have no label scale") {
  PromptGeometry geometry = test::geometry_from_prior(1, 24, 3, 1, 0.01);
  geometry.prompt_targets[3] += 0.1;
  CHECK_NOTHROW(plan(geometry));
  for (const auto scale : {LabelScale::labels_alone, LabelScale::labels_and_predictions}) {
    CHECK_THROWS_WITH_AS(plan(geometry, {.label_scale = scale}),
                         doctest::Contains("residuals: entry [3] is"), ArgumentError);
  }
}

TEST_CASE("couplings too large may leave the question of the labels' scale open") {
  int open = 0;
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    PromptGeometry geometry = test::geometry_from_prior(seed, 12, 2, 1, 0.5);
    for (MatrixXd& coupling : geometry.query_kernels) coupling *= 4;
    std::optional<Plan> found;
    try {
      found = plan(geometry);
    } catch (const ArgumentError&) {
      continue;  // the plan itself
    }
    const Plan asked = plan(geometry, {.label_scale = LabelScale::labels_alone});
    CHECK(asked.verdict == found->verdict);
    CHECK_FALSE(asked.whole.couplings_fit);
    open += asked.scaled.size() < 2;
  }
  CHECK(open > 0);
}

TEST_CASE("a plan from tokenwise features says what its rate is not, until it has another") {
  PromptGeometry geometry = test::geometry_from_prior(1, 24, 3, 1, 0.01);
  CHECK_FALSE(says(plan(geometry).warnings, "tokenwise"));
  geometry.tokenwise = true;
  Plan found = plan(geometry);
  REQUIRE(found.adapt);
  CHECK(says(found.warnings, tokenwise_rate_warning));
  CHECK(says(choose_horizon(geometry).warnings, tokenwise_rate_warning));
  CHECK_FALSE(says(rank_blocks(geometry).warnings, "tokenwise"));  // no rate is told
  const Plan before = found;
  set_learning_rate(0.25, found);
  CHECK_FALSE(says(found.warnings, "tokenwise"));
  CHECK(found.rho == 0.25);
  CHECK(found.reason.find(", learning rate 0.25 for half the sum") != std::string::npos);
  CHECK(found.recipe->learning_rate == 0.25);
  CHECK(found.recipe->learning_rate_mean == 0.25 * 24 / 2);
  CHECK(found.recipe->steps == before.recipe->steps);
  Plan against = before;
  against.adapt = false;
  set_learning_rate(0.25, against);
  CHECK(against.rho == before.rho);
  CHECK(against.reason == before.reason);
}
