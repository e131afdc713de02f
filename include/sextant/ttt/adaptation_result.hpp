#pragma once

/// What an adaptation did, and how well the linear model of it held.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace sextant::ttt {

/// One query before and after. Predictions are in the units of the readout, NaN where unknown.
struct QueryOutcome {
  std::int64_t query = 0;  ///< Its number, `PromptGeometry::query_number`.
  double base = 0;         ///< Prediction of the model as it was loaded.
  double linearized = 0;   ///< base + k' q_T(K_S) r, the correction that the kernel predicts.
  double adapted = 0;      ///< Prediction of the model after its real update.
  std::optional<double> target = {};  ///< Empty when unknown; then both errors are empty too.
  std::optional<double> squared_error_base = {};     ///< (base - target)^2
  std::optional<double> squared_error_adapted = {};  ///< (adapted - target)^2
};

/// The labelled examples: Euclidean norms of the leave-one-out residuals.
struct PromptOutcome {
  double residual_norm_before = 0;     ///< |r| at the loaded weights.
  double residual_norm_after = 0;      ///< The same after the real update.
  double residual_norm_predicted = 0;  ///< |(I - g(K_S)) r|, what the linear model expects.
};

/// How far the real, nonlinear update departed from the linear model (theory Sec. 8).
struct Validity {
  double deviation = 0;     ///< Largest |real - linearised| prediction over queries and examples.
  double kernel_drift = 0;  ///< Spectral norm of the change of the chosen blocks' kernel.
  double bound = 0;         ///< Estimated right side of the bound on the deviation in Sec. 8.
  double largest_move = 0;  ///< Largest |real - loaded| prediction over queries and examples.
};

/// Whether steps brought the model closer to its labelled examples, as every step in the linear
/// model does; no step at all changes nothing and is kept. The
/// norms are |r| before the first step and after the last.
inline bool steps_are_kept(std::int64_t steps, double norm_before, double norm_after) {
  return steps == 0 || norm_after < norm_before;
}

/// How an update is made.
/// `steps`: T gradient steps with residuals and gradients recomputed at every step.
/// `one_shot`: delta w = J' q_T(K) r, one reverse pass at the base weights; equal to `steps` to
/// first order in rho T.
/// `low_rank`: the best update of a given rank for the queries (low_rank.hpp).
enum class Solver { steps, one_shot, low_rank };

/// An update, with everything measured about it. Without a model it is only expected: then what
/// would have to be measured is NaN, and there is no solver.
struct Adaptation {
  int horizon = 0;                         ///< T, at least 0.
  double rho = 0;                          ///< Step size eta / sigma2.
  std::optional<Solver> solver = {};       ///< Empty without a model.
  int rank = 0;                            ///< K of `low_rank`; 0 with other solvers.
  std::vector<std::string> blocks = {};    ///< Names of the blocks that were updated.
  std::vector<QueryOutcome> queries = {};  ///< [m]
  PromptOutcome prompt = {};
  Validity validity = {};
  /// |r| after 0, 1, ..., T real steps; only first and last for the other solvers.
  std::vector<double> residual_norms = {};
  std::vector<double> residual_norms_predicted = {};  ///< The linear model's, same length.

  /// Whether the update follows residuals in steps; a rank-K one aims at the queries alone.
  bool is_made_of_steps() const { return solver != Solver::low_rank; }
  bool is_measured() const { return solver.has_value(); }
  bool is_update() const { return horizon > 0 && !blocks.empty(); }
  /// Whether an update that was made did what every step in the linear model does: bring the model
  /// closer to its labelled examples. Where it did not, the linear model has failed and the update
  /// should be discarded (measured in docs/results.md).
  bool is_kept() const {
    return !is_made_of_steps() ||
           steps_are_kept(is_update() ? horizon : 0, prompt.residual_norm_before,
                          prompt.residual_norm_after);
  }
};

}  // namespace sextant::ttt
