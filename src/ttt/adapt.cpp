#include "sextant/ttt/adapt.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "gradient_steps.hpp"
#include "query_outcomes.hpp"
#include "sextant/core/errors.hpp"
#include "sextant/geometry/blocks.hpp"
#include "sextant/spectral/eigensystem.hpp"
#include "sextant/ttt/linear_prediction.hpp"

namespace sextant::ttt {
namespace {

/// Runs the update and returns the residual norms before each step. Throws `ArgumentError` unless
/// the model predicts `base` [n] before the first.
std::vector<double> update(const PromptModel& model, const AdaptOptions& options,
                           const Eigen::VectorXd& base, const Eigen::VectorXd& coefficients,
                           model::BlockGradient<float>& gradient, MutableWeights& mutable_weights) {
  const Eigen::VectorXd targets = model.targets();
  std::vector<double> norms;
  if (options.solver == Solver::one_shot) {
    const Eigen::VectorXd predicted = one_shot_step(model, coefficients, gradient, mutable_weights);
    check_predictions_agree("adapt", "prompt_base", model, base, predicted);
    norms.push_back((targets - predicted).norm());
    return norms;
  }
  gradient_steps(model, Sequences::examples, options.rho, options.horizon, gradient,
                 mutable_weights, [&](std::int64_t t, const Eigen::VectorXd& predicted) {
                   if (t == 0) {
                     check_predictions_agree("adapt", "prompt_base", model, base, predicted);
                   }
                   norms.push_back((targets - predicted).norm());
                   if (options.on_step) options.on_step(t + 1);
                 });
  return norms;
}

}  // namespace

AdaptedModel adapt(const PromptModel& model, const geometry::PromptGeometry& geometry,
                   const AdaptOptions& options) {
  if (options.solver == Solver::low_rank) {
    throw ArgumentError("adapt", "solver", "is low_rank, expected steps or one_shot");
  }
  if (options.horizon < 0) throw ArgumentError("adapt", "horizon", "is negative");
  check_captured_from("adapt", model, options.blocks, geometry);
  LinearPrediction linear =
      predict_linearly(geometry, options.blocks, options.rho, options.horizon);
  if (options.solver == Solver::one_shot) {
    linear.residual_norms = {linear.residual_norms.front(), linear.residual_norms.back()};
  }
  Eigen::VectorXd base(model.examples() + model.queries());
  base << geometry.prompt_base, geometry.query_base;
  Eigen::VectorXd linearized = base;
  linearized.head(model.examples()) += linear.example_changes;
  linearized.tail(model.queries()) += linear.query_changes;
  AdaptedModel run{{}, model.weights(), {}};
  Adaptation& result = run.result;
  result.horizon = static_cast<int>(options.horizon);
  result.rho = options.rho;
  result.solver = options.solver;
  result.blocks = options.blocks;
  result.residual_norms_predicted = linear.residual_norms;
  result.prompt.residual_norm_before = geometry.residuals.norm();
  result.prompt.residual_norm_predicted = linear.residual_norms.back();
  if (options.blocks.empty() || options.horizon == 0 || options.rho == 0) {
    result.queries = query_outcomes(model, geometry, base, base);
    result.prompt.residual_norm_after = result.prompt.residual_norm_before;
    result.residual_norms = linear.residual_norms;
    return run;
  }

  const auto blocks = find_blocks("adapt", model, options.blocks);
  if (model.queries() > 0) {  // the examples' are seen by the first step
    check_predictions_agree("adapt", "query_base", model, geometry.query_base,
                            model.predictions(model.weights()).tail(model.queries()));
  }
  model::BlockGradient<float> gradient(model.weights().config, blocks);
  MutableWeights adapted(model.weights(), gradient.matrices());
  result.residual_norms =
      update(model, options, geometry.prompt_base, linear.coefficients, gradient, adapted);
  const Eigen::VectorXd predictions = model.predictions(adapted.weights());
  result.prompt.residual_norm_after = (model.targets() - predictions.head(model.examples())).norm();
  result.residual_norms.push_back(result.prompt.residual_norm_after);
  result.queries = query_outcomes(model, geometry, linearized, predictions);
  const double time = options.rho * static_cast<double>(options.horizon);
  result.validity = measure_validity(
      model, geometry, {blocks, linear.kernel, linear.lambda_max}, adapted,
      options.solver == Solver::steps ? std::optional(time) : std::nullopt, result.residual_norms);
  result.validity.deviation = (predictions - linearized).cwiseAbs().maxCoeff();
  result.validity.largest_move = (predictions - base).cwiseAbs().maxCoeff();
  run.weights = adapted.weights();
  run.changed = adapted.changed();
  return run;
}

}  // namespace sextant::ttt
