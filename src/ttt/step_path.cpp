#include "sextant/ttt/step_path.hpp"

#include "gradient_steps.hpp"
#include "sextant/core/errors.hpp"

namespace sextant::ttt {

StepPath step_path(const PromptModel& model, const std::vector<std::string>& blocks, double rho,
                   std::int64_t horizon, RecordQueries record) {
  if (horizon < 0) throw ArgumentError("step_path", "horizon", "is negative");
  check_not_negative("step_path", "rho", rho);
  const bool every_step = record == RecordQueries::every_step;
  const Eigen::VectorXd targets = model.targets();
  StepPath path;
  path.queries.resize(every_step ? horizon + 1 : 1, model.queries());
  const auto norm = [&](const Eigen::VectorXd& predicted) {
    return (targets - predicted.head(targets.size())).norm();
  };
  if (horizon == 0 || blocks.empty()) {
    const Eigen::VectorXd base = model.predictions(model.weights());
    path.queries.rowwise() = base.tail(model.queries()).transpose();
    path.residual_norms.assign(static_cast<std::size_t>(horizon) + 1, norm(base));
    return path;
  }
  model::BlockGradient<float> gradient(model.weights().config,
                                       find_blocks("step_path", model, blocks));
  MutableWeights moving(model.weights(), gradient.matrices());
  gradient_steps(model, every_step ? Sequences::all : Sequences::examples, rho, horizon, gradient,
                 moving, [&](std::int64_t t, const Eigen::VectorXd& predicted) {
                   if (every_step)
                     path.queries.row(t) = predicted.tail(model.queries()).transpose();
                   path.residual_norms.push_back(norm(predicted));
                 });
  const Eigen::VectorXd last = model.predictions(moving.weights());
  path.queries.bottomRows(1) = last.tail(model.queries()).transpose();
  path.residual_norms.push_back(norm(last));
  return path;
}

SteppedModel take_steps(
    const PromptModel& model, const std::vector<std::string>& blocks, double rho,
    std::int64_t horizon,
    const std::function<void(std::int64_t, const model::Weights<float>&)>& observe) {
  if (horizon < 0) throw ArgumentError("take_steps", "horizon", "is negative");
  check_not_negative("take_steps", "rho", rho);
  const Eigen::VectorXd targets = model.targets();
  SteppedModel result{model.weights(), {}, blocks.empty() ? 0 : horizon};
  const auto record = [&](const Eigen::VectorXd& predicted) {
    result.residual_norms.push_back((targets - predicted.head(targets.size())).norm());
  };
  if (horizon == 0 || blocks.empty()) {
    for (std::int64_t t = 0; observe && t <= horizon; ++t) observe(t, model.weights());
    const Eigen::VectorXd base = model.predictions(model.weights());
    for (std::int64_t t = 0; t <= horizon; ++t) record(base);
    return result;
  }
  model::BlockGradient<float> gradient(model.weights().config,
                                       find_blocks("take_steps", model, blocks));
  MutableWeights moving(model.weights(), gradient.matrices());
  if (observe) observe(0, moving.weights());
  gradient_steps(model, Sequences::examples, rho, horizon, gradient, moving,
                 [&](std::int64_t t, const Eigen::VectorXd& predicted) {
                   record(predicted);
                   if (observe) observe(t + 1, moving.weights());
                 });
  result.weights = moving.weights();
  record(model.predictions(moving.weights()));
  return result;
}

Eigen::VectorXd one_shot_predictions(const PromptModel& model,
                                     const std::vector<std::string>& blocks,
                                     const Eigen::VectorXd& coefficients) {
  check_size("one_shot_predictions", "coefficients", static_cast<std::size_t>(coefficients.size()),
             static_cast<std::size_t>(model.examples()));
  check_finite("one_shot_predictions", "coefficients",
               {coefficients.data(), static_cast<std::size_t>(coefficients.size())});
  if (blocks.empty()) return model.predictions(model.weights());
  model::BlockGradient<float> gradient(model.weights().config,
                                       find_blocks("one_shot_predictions", model, blocks));
  MutableWeights moved(model.weights(), gradient.matrices());
  one_shot_step(model, coefficients, gradient, moved);
  return model.predictions(moved.weights());
}

}  // namespace sextant::ttt
