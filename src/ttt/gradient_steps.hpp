#pragma once

/// The steps behind every update.

#include <cstdint>

#include "mutable_weights.hpp"
#include "sextant/ttt/prompt_model.hpp"

namespace sextant::ttt {

/// T steps of gradient descent on the examples' squared leave-one-out residuals, from `moving` on.
/// After each, `observe(t, s)` sees the predictions s that step t = 0, ..., T - 1 was taken from:
/// of all n + m or of the n examples. What enters the lowest layer that moves is computed once.
template <class Observe>
void gradient_steps(const PromptModel& model, Sequences sequences, double rho, std::int64_t horizon,
                    model::BlockGradient<float>& gradient, MutableWeights& moving,
                    const Observe& observe) {
  const Eigen::VectorXd targets = model.targets();
  const auto residuals = [&](const Eigen::VectorXd& now) -> Eigen::VectorXd {
    return targets - now.head(targets.size());
  };
  const auto input = model.layer_input(sequences, gradient.lowest_layer());
  for (std::int64_t t = 0; t < horizon; ++t) {
    gradient.set_zero();
    const Eigen::VectorXd predicted =
        model.accumulate(sequences, input, moving.weights(), residuals, gradient);
    moving.add(rho, gradient.matrices());
    observe(t, predicted);
  }
}

/// w <- w + J' c at `moving`'s weights, one pass. Returns the predictions before it [n].
inline Eigen::VectorXd one_shot_step(const PromptModel& model, const Eigen::VectorXd& coefficients,
                                     model::BlockGradient<float>& gradient,
                                     MutableWeights& moving) {
  gradient.set_zero();
  Eigen::VectorXd predicted = model.accumulate(
      Sequences::examples, model.layer_input(Sequences::examples, gradient.lowest_layer()),
      moving.weights(), [&](const Eigen::VectorXd&) { return coefficients; }, gradient);
  moving.add(1.0, gradient.matrices());
  return predicted;
}

}  // namespace sextant::ttt
