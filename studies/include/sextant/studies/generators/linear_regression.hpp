#pragma once

/// In-context linear regression with inputs of any diagonal covariance.

#include <Eigen/Core>

#include "sextant/core/random.hpp"

namespace sextant::studies::generators {

/// x ~ N(0, diag(input_variances)), y = x'beta + noise, beta ~ N(0, diag(task_variances)) drawn
/// once per task.
struct RegressionFamily {
  Eigen::VectorXd input_variances;  ///< [d], each positive.
  Eigen::VectorXd task_variances;   ///< [d], each at least 0.
  double noise = 0;                 ///< Variance of the labels' noise, at least 0.
};

/// `family` with all input variances 1 and task variances 1/d, so that x'beta has variance 1.
RegressionFamily isotropic_regression(int dimension, double noise);

struct RegressionTask {
  Eigen::MatrixXd x;     ///< [n, d]
  Eigen::VectorXd y;     ///< [n], with noise.
  Eigen::VectorXd beta;  ///< [d]
};

/// `count` >= 0 pairs of one new task. Throws `ArgumentError` for a family out of range.
RegressionTask draw_regression(const RegressionFamily& family, Eigen::Index count, Random& random);
/// `count` further pairs of the task `beta`.
RegressionTask draw_regression(const RegressionFamily& family, const Eigen::VectorXd& beta,
                               Eigen::Index count, Random& random);

/// The posterior mean of beta given x and y under the family's prior and noise [d]; with noise 0
/// the limit of small noise. Of all predictors the one with the smallest expected squared error.
/// Cost O(n d^2 + d^3).
Eigen::VectorXd posterior_coefficients(const RegressionFamily& family, const Eigen::MatrixXd& x,
                                       const Eigen::VectorXd& y);

}  // namespace sextant::studies::generators
