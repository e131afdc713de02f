/// The whole way against single updates.

#include "sextant/ttt/step_path.hpp"

#include <doctest/doctest.h>

#include <Eigen/Dense>

#include "sextant/core/errors.hpp"
#include "sextant/ttt/adapt.hpp"
#include "sextant/ttt/linear_prediction.hpp"
#include "support/close.hpp"
#include "support/prompt_model_case.hpp"

using namespace sextant;
using namespace sextant::ttt;

TEST_CASE("every step of the path is what adapt gives for that many steps") {
  for (const auto family : {model::Family::gpt2, model::Family::bert, model::Family::rows}) {
    const test::PromptModelCase c(family);
    const PromptModel model = c.prompt_model();
    const auto geometry = model.capture({});
    AdaptOptions options;
    options.blocks = {geometry.blocks[1].name, geometry.blocks[2].name};
    options.rho = 0.3 / (geometry.kernels[1] + geometry.kernels[2]).operatorNorm();
    const StepPath path = step_path(model, options.blocks, options.rho, 5);
    REQUIRE(path.queries.rows() == 6);
    for (const std::int64_t horizon : {0, 1, 3, 5}) {
      CAPTURE(horizon);
      options.horizon = horizon;
      const Adaptation made = adapt(model, geometry, options).result;
      CHECK(path.residual_norms[static_cast<std::size_t>(horizon)] ==
            test::close(made.prompt.residual_norm_after, 1e-5));
      for (Eigen::Index x = 0; x < 3; ++x) {
        CHECK(std::abs(path.queries(horizon, x) -
                       made.queries[static_cast<std::size_t>(x)].adapted) < 1e-5);
      }
    }
    const StepPath last = step_path(model, options.blocks, options.rho, 5, RecordQueries::last);
    REQUIRE(last.queries.rows() == 1);
    REQUIRE(last.residual_norms.size() == 6);
    CHECK((last.queries - path.queries.bottomRows(1)).cwiseAbs().maxCoeff() < 1e-5);
    for (std::size_t t = 0; t < 6; ++t) {
      CHECK(last.residual_norms[t] == test::close(path.residual_norms[t], 1e-5));
    }
    // The effect is far above that tolerance.
    CHECK((path.queries.row(5) - path.queries.row(0)).cwiseAbs().maxCoeff() > 1e-2);

    options.solver = Solver::one_shot;
    const Adaptation made = adapt(model, geometry, options).result;
    const Eigen::VectorXd predictions = one_shot_predictions(
        model, options.blocks,
        predict_linearly(geometry, options.blocks, options.rho, 5).coefficients);
    for (Eigen::Index x = 0; x < 3; ++x) {
      CHECK(std::abs(predictions(5 + x) - made.queries[static_cast<std::size_t>(x)].adapted) <
            1e-5);
    }
  }
}

TEST_CASE("a model without steps or norms counts as kept") {
  CHECK(SteppedModel{}.is_kept());
  CHECK_FALSE(SteppedModel{.residual_norms = {1, 2}, .steps = 1}.is_kept());
}

TEST_CASE("no block and no step leave the predictions; wrong requests are rejected") {
  const test::PromptModelCase c(model::Family::gpt2);
  const PromptModel model = c.prompt_model();
  const Eigen::VectorXd base = model.predictions(model.weights());
  const StepPath none = step_path(model, {}, 0.1, 2);
  CHECK(none.queries.row(2).transpose() == base.tail(3));
  CHECK(one_shot_predictions(model, {}, Eigen::VectorXd::Ones(5)) == base);
  CHECK_THROWS_WITH_AS(step_path(model, {"nothing"}, 0.1, 2),
                       doctest::Contains("step_path: blocks"), ArgumentError);
  CHECK_THROWS_WITH_AS(take_steps(model, {"nothing"}, 0.1, 2, {}),
                       doctest::Contains("take_steps: blocks"), ArgumentError);
  CHECK_THROWS_WITH_AS(one_shot_predictions(model, {"nothing"}, model.targets()),
                       doctest::Contains("one_shot_predictions: blocks"), ArgumentError);
  CHECK_THROWS_AS(step_path(model, {}, 0.1, -1), ArgumentError);
  CHECK_THROWS_AS(one_shot_predictions(model, {}, Eigen::VectorXd::Ones(4)), ArgumentError);
}
