#include "sextant/advice/make_update.hpp"

#include <doctest/doctest.h>

#include <cmath>

#include "sextant/core/errors.hpp"
#include "sextant/geometry/blocks.hpp"
#include "sextant/spectral/largest_eigenvalue.hpp"
#include "sextant/ttt/low_rank.hpp"
#include "support/close.hpp"
#include "support/prompt_model_case.hpp"

using namespace sextant;
using namespace sextant::advice;

namespace {

/// A plan of three steps on two blocks, with the verdict `adapt` where asked for.
Plan three_steps(const geometry::PromptGeometry& geometry, bool adapt) {
  Plan result =
      plan(geometry, {.blocks = {"h.0.attn.v.1", "h.1.attn.v.0"}, .ranking = {.horizon = 3}});
  result.adapt = adapt;
  return result;
}

double moved(const ttt::PromptModel& model, const Update& update) {
  return (model.predictions(update.weights) - model.predictions(model.weights()))
      .cwiseAbs()
      .maxCoeff();
}

/// As if all kernels were `factor` of what they are: steps are then that much too long.
geometry::PromptGeometry misjudged(geometry::PromptGeometry geometry, double factor) {
  for (auto& kernel : geometry.kernels) kernel *= factor;
  for (auto& couplings : geometry.query_kernels) couplings *= factor;
  geometry.query_variances *= factor;
  return geometry;
}

}  // namespace

TEST_CASE("an update by the plan alone is the planned steps on the model") {
  for (const auto family : {model::Family::gpt2, model::Family::bert, model::Family::rows}) {
    const test::PromptModelCase c(family);
    const ttt::PromptModel model = c.prompt_model();
    const auto geometry = model.capture({});
    const Plan planned = three_steps(geometry, true);
    const ttt::AdaptedModel expected =
        ttt::adapt(model, geometry,
                   {.blocks = planned.block_names, .rho = planned.rho, .horizon = planned.horizon});
    REQUIRE(expected.result.is_kept());
    const Update update = adapt(model, planned);
    CHECK(model.predictions(update.weights) == model.predictions(expected.weights));
    CHECK(moved(model, update) > 1e-4);
    CHECK(update.result.blocks == planned.block_names);
    CHECK(update.changed.size() == expected.changed.size());
    CHECK_FALSE(update.discarded);
    CHECK(update.warnings.empty());
    const Update with_geometry = adapt(model, geometry, planned);
    CHECK(model.predictions(with_geometry.weights) == model.predictions(expected.weights));
    CHECK(std::abs(update.result.validity.deviation - expected.result.validity.deviation) < 1e-6);
  }
}

TEST_CASE("a geometry of another prompt or model is refused") {
  for (const auto family : {model::Family::gpt2, model::Family::bert}) {
    const test::PromptModelCase c(family);
    const ttt::PromptModel model = c.prompt_model();
    const auto right = model.capture({});
    const Plan planned = three_steps(right, true);
    auto other = right;  // as of a model that predicts one example otherwise
    other.prompt_base[1] += 0.01;
    other.residuals[1] -= 0.01;
    for (const auto solver : {ttt::Solver::steps, ttt::Solver::one_shot}) {
      CHECK_THROWS_WITH_AS(adapt(model, other, three_steps(other, true), {.solver = solver}),
                           doctest::Contains("prompt_base[1] is"), ArgumentError);
      CHECK_THROWS_WITH_AS(adapt(model, other, planned, {.solver = solver}),
                           doctest::Contains("the norm of its residuals is"), ArgumentError);
    }
    auto queries = right;
    queries.query_base[2] += 0.01;
    CHECK_THROWS_WITH_AS(adapt(model, queries, planned, {.rank = 1}),
                         doctest::Contains("query_base[2] is"), ArgumentError);
    other = right;  // as rounded on another machine
    other.prompt_base[1] *= 1 + 1e-6;
    CHECK_NOTHROW(adapt(model, other, planned));
  }
}

TEST_CASE("nothing is done against the advice unless asked for") {
  const test::PromptModelCase c(model::Family::gpt2);
  const ttt::PromptModel model = c.prompt_model();
  const Plan against = three_steps(model.capture({}), false);
  const Update none = adapt(model, against);
  CHECK(moved(model, none) == 0);
  CHECK_FALSE(none.result.is_update());
  CHECK(none.changed.empty());
  CHECK_FALSE(none.discarded);
  CHECK(moved(model, adapt(model, against, {.rule = UpdateRule::anyway})) > 1e-4);
  const Update no_rank = adapt(model, against, {.rank = 1});
  CHECK(moved(model, no_rank) == 0);
}

TEST_CASE("an advised update that raises the residuals is discarded, one that was wanted is kept") {
  const test::PromptModelCase c(model::Family::bert);
  const ttt::PromptModel model = c.prompt_model();
  const auto wrong = misjudged(model.capture({}), 1e-4);
  const Plan planned = three_steps(wrong, true);
  const Update discarded = adapt(model, wrong, planned);
  REQUIRE(discarded.result.prompt.residual_norm_after >
          discarded.result.prompt.residual_norm_before);
  CHECK(discarded.discarded);
  CHECK(moved(model, discarded) == 0);
  CHECK(discarded.changed.empty());
  REQUIRE(discarded.warnings.size() == 1);
  CHECK(discarded.warnings[0].find("raised the residual norm") != std::string::npos);
  CHECK(discarded.warnings[0].ends_with(": discard it"));
  const Update kept = adapt(model, wrong, planned, {.rule = UpdateRule::anyway});
  CHECK_FALSE(kept.discarded);
  CHECK(moved(model, kept) > 1e-3);
  CHECK_FALSE(kept.changed.empty());
  REQUIRE(kept.warnings.size() == 1);
  CHECK_FALSE(kept.warnings[0].ends_with("discard it"));
}

TEST_CASE("a plan by tokenwise features is made with the step of the exact kernel") {
  const test::PromptModelCase c(model::Family::gpt2);
  const ttt::PromptModel model = c.prompt_model();
  const model::CaptureOptions tokenwise{.features = model::Features::tokenwise};
  const auto by_tokens = model.capture(tokenwise);
  const Plan planned = three_steps(by_tokens, true);
  const auto exact = model.capture({});
  const auto blocks = geometry::select_blocks(exact, planned.block_names);
  const double rho =
      0.1 / spectral::largest_eigenvalue(geometry::summed_kernel(exact, blocks)).value;
  REQUIRE(std::abs(rho / planned.rho - 1) > 0.01);
  const ttt::AdaptedModel expected =
      ttt::adapt(model, exact, {.blocks = planned.block_names, .rho = rho, .horizon = 3});
  for (const Update& update : {adapt(model, by_tokens, planned), adapt(model, planned)}) {
    CHECK(std::abs(update.result.rho / rho - 1) < 1e-6);
    CHECK((model.predictions(update.weights) - model.predictions(expected.weights))
              .cwiseAbs()
              .maxCoeff() < 1e-6);
    CHECK(moved(model, update) > 1e-4);
    REQUIRE(update.warnings.size() == 1);
    CHECK(update.warnings[0].find("tokenwise features") != std::string::npos);
    Plan followed = planned;
    take_learning_rate(update.result, followed);
    CHECK(followed.rho == update.result.rho);
    REQUIRE(followed.recipe);
    CHECK(followed.recipe->learning_rate == update.result.rho);
    ttt::Adaptation expected_only = update.result;
    expected_only.solver.reset();
    Plan kept = planned;
    take_learning_rate(expected_only, kept);
    CHECK(kept.rho == planned.rho);
  }
  CHECK(label_scale_of(model) == LabelScale::labels_and_predictions);
}

TEST_CASE("a plan of other block scales is refused") {
  const test::PromptModelCase c(model::Family::gpt2);
  ttt::PromptModel model = c.prompt_model();
  const Plan planned = three_steps(model.capture({}), true);
  CHECK_NOTHROW(adapt(model, planned));
  model.set_block_scales({{"h.0.attn.v.1", 1.5}, {"h.1.attn.v.0", 1.5}});
  CHECK_THROWS_WITH_AS(adapt(model, planned), doctest::Contains("block scales"), ArgumentError);
  // Where exact features are captured anew, under the scales of then, the plan itself must tell.
  const model::CaptureOptions tokenwise{.features = model::Features::tokenwise};
  model.set_block_scales({});
  const auto by_tokens = model.capture(tokenwise);
  const Plan by_tokens_plan = three_steps(by_tokens, true);
  CHECK_NOTHROW(adapt(model, by_tokens, by_tokens_plan));
  model.set_block_scales({{by_tokens_plan.block_names.back(), 1.5}});
  const char* other = "other block scales";
  CHECK_THROWS_WITH_AS(adapt(model, by_tokens, by_tokens_plan), doctest::Contains(other),
                       ArgumentError);
  CHECK_THROWS_WITH_AS(adapt(model, by_tokens_plan), doctest::Contains(other), ArgumentError);
  const auto scaled = model.capture({});
  const Plan scaled_plan = plan(scaled, {.blocks = by_tokens_plan.block_names});
  CHECK(scaled_plan.block_scales.size() == 1);
  CHECK_NOTHROW(adapt(model, scaled, scaled_plan));
  // A block that was not chosen, but chosen from.
  model.set_block_scales({});
  const Plan chosen = plan(model.capture({}), {.ranking = {.budget = 1, .horizon = 3}});
  REQUIRE(chosen.block_names.size() == 1);
  const std::string passed_over =
      chosen.block_names[0] == "h.0.attn.v.0" ? "h.0.attn.v.1" : "h.0.attn.v.0";
  model.set_block_scales({{passed_over, 100.0}});
  CHECK_THROWS_WITH_AS(adapt(model, chosen), doctest::Contains(other), ArgumentError);
}

TEST_CASE("a plan of another prompt, model or kernel is refused") {
  const test::PromptModelCase c(model::Family::gpt2);
  const ttt::PromptModel model = c.prompt_model();
  const auto geometry = model.capture({});
  const model::CaptureOptions tokenwise{.features = model::Features::tokenwise};
  const auto by_tokens = model.capture(tokenwise);
  CHECK(by_tokens.tokenwise);
  CHECK_FALSE(geometry.tokenwise);
  const char* other = "was made for another model or prompt";
  for (const auto& captured : {geometry, by_tokens}) {
    const Plan elsewhere = three_steps(misjudged(captured, 1.01), true);
    for (const auto rule : {UpdateRule::as_advised, UpdateRule::anyway}) {
      CHECK_THROWS_WITH_AS(adapt(model, captured, elsewhere, {.rule = rule}),
                           doctest::Contains(other), ArgumentError);
      CHECK_THROWS_WITH_AS(adapt(model, elsewhere, {.rule = rule}), doctest::Contains(other),
                           ArgumentError);
    }
  }
  CHECK_THROWS_WITH_AS(
      adapt(model, by_tokens, three_steps(geometry, true)),
      doctest::Contains("was made from exact features, and the geometry holds tokenwise ones"),
      ArgumentError);
  Plan of_other_labels = three_steps(geometry, true);
  of_other_labels.residual_norm *= 1.01;
  CHECK_THROWS_WITH_AS(adapt(model, of_other_labels), doctest::Contains("prompt or labels"),
                       ArgumentError);
  Plan foreign = three_steps(geometry, true);
  foreign.block_names[1] = "layer.7";
  CHECK_THROWS_WITH_AS(adapt(model, foreign),
                       doctest::Contains("this one has no block \"layer.7\""), ArgumentError);
}

TEST_CASE("a rank takes the place of steps") {
  const test::PromptModelCase c(model::Family::gpt2);
  const ttt::PromptModel model = c.prompt_model();
  const auto geometry = model.capture({});
  const Plan planned = three_steps(geometry, true);
  const ttt::AdaptedModel expected = ttt::adapt_low_rank(
      model, geometry,
      {.blocks = planned.block_names, .rank = 2, .benchmark = planned.chosen->benchmark});
  const Update update = adapt(model, geometry, planned, {.rank = 2});
  CHECK(model.predictions(update.weights) == model.predictions(expected.weights));
  Plan advised_against = planned;
  advised_against.adapt = false;
  for (const Plan& any : {planned, advised_against}) {
    for (const int rank : {-1, 4}) {
      CHECK_THROWS_WITH_AS(adapt(model, geometry, any, {.rank = rank}),
                           doctest::Contains("expected 0 to 3, the number of queries"),
                           ArgumentError);
    }
  }
  CHECK_THROWS_WITH_AS(adapt(model, planned, {.solver = ttt::Solver::one_shot, .rank = 2}),
                       doctest::Contains("rank is given together with a solver"), ArgumentError);
  // Chosen by tokenwise features, it follows exact ones, whichever overload is called.
  const auto by_tokens = model.capture({.features = model::Features::tokenwise});
  const Plan by_tokens_plan = three_steps(by_tokens, true);
  const ttt::AdaptedModel exact = ttt::adapt_low_rank(
      model, geometry,
      {.blocks = planned.block_names, .rank = 2, .benchmark = by_tokens_plan.chosen->benchmark});
  for (const Update& made : {adapt(model, by_tokens, by_tokens_plan, {.rank = 2}),
                             adapt(model, by_tokens_plan, {.rank = 2})}) {
    CHECK(made.result.solver == ttt::Solver::low_rank);
    CHECK(
        (model.predictions(made.weights) - model.predictions(exact.weights)).cwiseAbs().maxCoeff() <
        1e-6);
    REQUIRE(made.warnings.size() == 1);
    CHECK(made.warnings[0].find("tokenwise features") != std::string::npos);
    CHECK(made.warnings[0].find("step") == std::string::npos);
  }
}
