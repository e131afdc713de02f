#pragma once

/// Makes the advised update on the real model and checks the prediction (theory Sec.
/// 8).

#include <functional>
#include <string>
#include <vector>

#include "sextant/geometry/prompt_geometry.hpp"
#include "sextant/model/weights.hpp"
#include "sextant/ttt/adaptation_result.hpp"
#include "sextant/ttt/prompt_model.hpp"

namespace sextant::ttt {

struct AdaptOptions {
  std::vector<std::string> blocks = {};  ///< Names; none means that nothing is updated.
  double rho = 0;                        ///< Step size eta / sigma2, at least 0.
  std::int64_t horizon = 0;              ///< T >= 0.
  Solver solver = Solver::steps;         ///< Or `one_shot`; `adapt_low_rank` makes the other.
  /// Called after each step with the steps done; may be empty.
  std::function<void(std::int64_t)> on_step = {};
};

/// An update that was made: what is measured about it, and the matrices that changed.
struct AdaptedModel {
  Adaptation result = {};
  model::Weights<float> weights = {};              ///< Shares storage with the base weights.
  std::vector<model::AdaptedMatrix> changed = {};  ///< For `model::write_adapted_model`.
};

/// Plain gradient descent on |r|^2 / (2 sigma2) with step eta = rho sigma2, that is
/// w <- w + rho sum_i r_i ds_i/dw on the chosen blocks, r the leave-one-out residuals at w.
///
/// `geometry` is the base model's (from `PromptModel::capture`) and must contain the blocks; it
/// gives the linear prediction. The base weights are not touched: adapting twice from the same
/// start gives the same result, bit for bit, whatever the number of threads.
///
/// The bound of Sec. 8 uses estimates from both ends of the path: B the larger spectral norm of the
/// Jacobian (or query gradient), L the change of the Jacobian over the change of the weights, E_R
/// the largest residual norm on the way. For `one_shot` it is (L/2) |delta w|^2.
///
/// Throws `ArgumentError` for a geometry that holds other block scales than the model's
/// (`PromptModel::set_block_scales`), is of another size, of other labels or of tokenwise features,
/// or gives its examples other predictions (seen by the first pass), an unknown block, a negative
/// rho or horizon, `low_rank`, and rho lambda_max >= 1 (gradient descent would diverge);
/// `NumericalError` when the model's predictions stop being finite. Cost: T forward and reverse
/// passes over the examples, three over all sequences.
AdaptedModel adapt(const PromptModel& model, const geometry::PromptGeometry& geometry,
                   const AdaptOptions& options);

}  // namespace sextant::ttt
