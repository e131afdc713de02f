#include "sextant/ttt/path.hpp"

#include "mutable_weights.hpp"
#include "sextant/core/errors.hpp"

namespace sextant::ttt {

StepPath step_path(const PromptModel& model, const std::vector<std::string>& blocks, double rho,
                   std::int64_t horizon) {
  if (horizon < 0) throw ArgumentError("step_path", "horizon", "is negative");
  const Eigen::VectorXd targets = model.targets();
  const Eigen::Index n = model.examples();
  StepPath path;
  path.queries.resize(horizon + 1, model.queries());
  const auto record = [&](std::int64_t step, const Eigen::VectorXd& predicted) {
    path.queries.row(step) = predicted.tail(model.queries()).transpose();
    path.residual_norms.push_back((targets - predicted.head(n)).norm());
  };
  if (horizon == 0 || blocks.empty()) {
    const Eigen::VectorXd base = model.predictions(model.weights());
    for (std::int64_t step = 0; step <= horizon; ++step) record(step, base);
    return path;
  }
  model::BlockGradient<float> gradient(model.weights().config,
                                       find_blocks(model.weights().config, blocks));
  MutableWeights moving(model.weights(), gradient.matrices());
  for (std::int64_t step = 0; step < horizon; ++step) {
    gradient.set_zero();
    const Eigen::VectorXd predicted = model.accumulate_all(
        moving.weights(),
        [&](const Eigen::VectorXd& now) -> Eigen::VectorXd { return targets - now.head(n); },
        gradient);
    record(step, predicted);
    moving.add(rho, gradient.matrices());
  }
  record(horizon, model.predictions(moving.weights()));
  return path;
}

Eigen::VectorXd one_shot_predictions(const PromptModel& model,
                                     const std::vector<std::string>& blocks,
                                     const Eigen::VectorXd& coefficients) {
  check_size("one_shot_predictions", "coefficients", static_cast<std::size_t>(coefficients.size()),
             static_cast<std::size_t>(model.examples()));
  if (blocks.empty()) return model.predictions(model.weights());
  model::BlockGradient<float> gradient(model.weights().config,
                                       find_blocks(model.weights().config, blocks));
  MutableWeights moved(model.weights(), gradient.matrices());
  model.accumulate(
      model.weights(), [&](const Eigen::VectorXd&) { return coefficients; }, gradient);
  moved.add(1.0, gradient.matrices());
  return model.predictions(moved.weights());
}

}  // namespace sextant::ttt
