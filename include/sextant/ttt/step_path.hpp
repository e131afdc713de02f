#pragma once

/// Real updates of the model for studies: predictions along the whole way, and after any one-shot
/// correction. `adapt` (adapt.hpp) makes a single update and measures more.

#include <Eigen/Core>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "sextant/ttt/adaptation_result.hpp"
#include "sextant/ttt/prompt_model.hpp"

namespace sextant::ttt {

/// When the queries are predicted along a path.
enum class RecordQueries {
  every_step,
  last  ///< After the last step alone, which saves their part of every earlier pass.
};

/// Predictions after 0, 1, ..., T gradient steps.
struct StepPath {
  Eigen::MatrixXd queries = {};             ///< [T + 1, m], or [1, m] with `RecordQueries::last`.
  std::vector<double> residual_norms = {};  ///< |r| of the labelled examples [T + 1].
};

/// The steps of `adapt` with `Solver::steps`. The last row of the queries equals, up to single
/// precision, the predictions that `adapt` gives for the same blocks, rho and horizon; every
/// earlier row those for that many steps. Throws `ArgumentError` for unknown blocks, and a horizon
/// or rho that is negative or not finite, `NumericalError` when predictions stop being finite.
/// Cost: T + 1 forward passes and T reverse passes.
StepPath step_path(const PromptModel& model, const std::vector<std::string>& blocks, double rho,
                   std::int64_t horizon, RecordQueries record = RecordQueries::every_step);

/// A model after T gradient steps, for predictions on other prompts.
struct SteppedModel {
  model::Weights<float> weights = {};       ///< Shares storage with the base weights.
  std::vector<double> residual_norms = {};  ///< |r| of the labelled examples [T + 1].
  std::int64_t steps = 0;                   ///< T; 0 where there was no block to move.
  /// Whether the steps brought the model closer to its labelled examples, as every step in the
  /// linear model does (`Adaptation::is_kept`). True without any norm, as of no step.
  bool is_kept() const {
    return residual_norms.empty() ||
           steps_are_kept(steps, residual_norms.front(), residual_norms.back());
  }
};

/// The steps of `step_path`, which predict the examples alone. `observe`, where given, sees the
/// weights after 0, 1, ..., T steps. Throws and costs as `step_path`.
SteppedModel take_steps(
    const PromptModel& model, const std::vector<std::string>& blocks, double rho,
    std::int64_t horizon,
    const std::function<void(std::int64_t, const model::Weights<float>&)>& observe = {});

/// Predictions of all n + m sequences after w <- w + J' c on `blocks`, J the examples' gradients at
/// the base weights and c `coefficients` [n]: any filter in one pass, c = q(K) r (theory Sec. 8).
/// Throws as `step_path`. Cost: two forward passes and one reverse pass.
Eigen::VectorXd one_shot_predictions(const PromptModel& model,
                                     const std::vector<std::string>& blocks,
                                     const Eigen::VectorXd& coefficients);

}  // namespace sextant::ttt
