#pragma once

/// The loop behind every stepped update.

#include <cstdint>

#include "mutable_weights.hpp"
#include "sextant/ttt/prompt_model.hpp"

namespace sextant::ttt {

/// T steps of gradient descent on the examples' squared leave-one-out residuals, from `moving` on.
/// After each, `observe(t, s)` sees the predictions s that step t = 0, ..., T - 1 was taken from:
/// of all n + m sequences `with_queries`, else of the n examples.
template <class Observe>
void gradient_steps(const PromptModel& model, bool with_queries, double rho, std::int64_t horizon,
                    model::BlockGradient<float>& gradient, MutableWeights& moving,
                    const Observe& observe) {
  const Eigen::VectorXd targets = model.targets();
  const auto residuals = [&](const Eigen::VectorXd& now) -> Eigen::VectorXd {
    return targets - now.head(targets.size());
  };
  for (std::int64_t t = 0; t < horizon; ++t) {
    gradient.set_zero();
    const Eigen::VectorXd predicted =
        with_queries ? model.accumulate_all(moving.weights(), residuals, gradient)
                     : model.accumulate(moving.weights(), residuals, gradient);
    moving.add(rho, gradient.matrices());
    observe(t, predicted);
  }
}

}  // namespace sextant::ttt
