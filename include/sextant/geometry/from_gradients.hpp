#pragma once

/// A `PromptGeometry` from gradients that another framework has computed.

#include <Eigen/Core>
#include <optional>
#include <vector>

#include "sextant/geometry/prompt_geometry.hpp"

namespace sextant::geometry {

/// Gradients of the scalar predictions with respect to the p parameters of one block. Blocks may
/// differ in p.
struct BlockGradients {
  /// Its name, unique. `kind` may be empty ("block") and `parameters` 0: p is put in.
  Block block = {};
  Eigen::MatrixXd examples = {};  ///< [n, p], row i the gradient of example i's own prediction.
  Eigen::MatrixXd queries = {};   ///< [m, p]; empty without queries.
};

/// What is known beside the gradients: `residuals`, or `prompt_targets` and `prompt_base`, or all.
struct KnownPredictions {
  Eigen::VectorXd residuals = {};       ///< r = y - s [n]; empty: from the other two.
  Eigen::VectorXd prompt_targets = {};  ///< y [n], may be empty.
  Eigen::VectorXd prompt_base = {};     ///< s [n] of predictions that did not read their own label.
  Eigen::VectorXd query_base = {};      ///< [m], may be empty.
  std::vector<std::optional<double>> query_targets = {};  ///< [m], may be empty.
};

/// K^(b) = J_b J_b' [n, n], k^(b)(x) = J_b j_b(x) [n] and kappa^(b)(x) = |j_b(x)|^2 of every block
/// (theory Sec. 1), in the units of the predictions squared, with the residuals y - s.
///
/// Throws `ArgumentError` where sizes do not fit, a block's `parameters` is neither 0 nor p, or
/// neither residuals nor both targets and base are given; `InputError` naming the block and the
/// field for whatever `validate` rejects: values that are not finite, names given twice, residuals
/// that contradict targets and base. Cost O(n (n + m) p) a block and that of `validate`.
/// Deterministic.
PromptGeometry from_gradients(const std::vector<BlockGradients>& blocks,
                              const KnownPredictions& known);

}  // namespace sextant::geometry
