#pragma once

#include <span>

#include "sextant/ttt/prompt_model.hpp"

namespace sextant::ttt {

/// How the Jacobian of the chosen blocks changed between two sets of weights. Norms are spectral
/// for the n examples' Jacobian J and Euclidean for a query's gradient, blocks' gradients times the
/// root of their scales; each field is the largest.
struct JacobianChange {
  Eigen::MatrixXd kernel_after;  ///< K_T = J_T J_T' [n, n]
  double norm_after = 0;         ///< of J_T and the queries' gradients
  double norm_of_change = 0;     ///< of J_T - J_0 and the change of the queries' gradients
};

/// Exact: the gradient of a difference is a sum over the tokens of both models, with the base
/// model's cotangents negated, so the same Gram matrices apply.
/// Cost: a forward and a reverse pass for each of the two, and their Gram matrices.
JacobianChange jacobian_change(const PromptModel& model, const model::Weights<float>& after,
                               std::span<const model::ModelBlock> blocks);

}  // namespace sextant::ttt
