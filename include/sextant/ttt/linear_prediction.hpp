#pragma once

/// What the kernel expects of an update, without making it (theory Secs. 2 and 8).

#include <Eigen/Core>
#include <cstdint>
#include <string>
#include <vector>

#include "sextant/geometry/prompt_geometry.hpp"
#include "sextant/ttt/adaptation_result.hpp"

namespace sextant::ttt {

/// Predictions after T steps in the linear model of the chosen blocks, and the way there.
struct LinearPrediction {
  Eigen::VectorXd coefficients = {};        ///< q_T(K_S) r [n]
  Eigen::VectorXd example_changes = {};     ///< K_S q_T(K_S) r [n], to be added to the predictions.
  Eigen::VectorXd query_changes = {};       ///< k_S(x)' q_T(K_S) r [m]
  std::vector<double> residual_norms = {};  ///< |(I - g_t) r| for t = 0, 1, ..., T.
  double lambda_max = 0;                    ///< Of K_S.
  Eigen::MatrixXd kernel = {};              ///< K_S [n, n]
};

/// `blocks` are names; none, or T = 0, changes nothing. Throws `ArgumentError` for unknown or
/// repeated names, a horizon that is negative or beyond 2^31 - 1, a step with rho lambda_max >= 1,
/// and a geometry that `geometry::check_geometry` refuses. Cost O(n^3 + n T).
LinearPrediction predict_linearly(const geometry::PromptGeometry& geometry,
                                  const std::vector<std::string>& blocks, double rho,
                                  std::int64_t horizon);

/// The queries before an update and after it in the linear model; what only the model can tell is
/// NaN. Bases and targets that the geometry lacks stay unknown. Throws as `predict_linearly`.
Adaptation expected_adaptation(const geometry::PromptGeometry& geometry,
                               const std::vector<std::string>& blocks, double rho,
                               std::int64_t horizon);

}  // namespace sextant::ttt
