#pragma once

/// What is measured about an update, however it was made.

#include <Eigen/Core>
#include <optional>
#include <vector>

#include "mutable_weights.hpp"
#include "sextant/ttt/adaptation_result.hpp"

namespace sextant::ttt {

/// The queries before an update, in the linear model of it and after it; `linearized` and `adapted`
/// are predictions of all n + m sequences.
std::vector<QueryOutcome> query_outcomes(const PromptModel& model,
                                         const geometry::PromptGeometry& geometry,
                                         const Eigen::VectorXd& linearized,
                                         const Eigen::VectorXd& adapted);

/// What an update moved, with the kernel of it.
struct MovedBlocks {
  std::vector<model::ModelBlock> blocks;
  Eigen::MatrixXd kernel;  ///< [n, n]
  double lambda_max = 0;
};

/// Kernel drift and bound of theory Sec. 8, without the deviation. `time` rho T of gradient steps,
/// empty for an update made at once; `norms` the residual norms on the way.
Validity measure_validity(const PromptModel& model, const geometry::PromptGeometry& geometry,
                          const MovedBlocks& moved_blocks, const MutableWeights& adapted,
                          std::optional<double> time, const std::vector<double>& norms);

}  // namespace sextant::ttt
