#include <fmt/format.h>

#include <Eigen/SVD>
#include <boost/math/tools/minima.hpp>
#include <cmath>

#include "sextant/core/errors.hpp"
#include "sextant/readout/linear_head.hpp"

namespace sextant::readout {
namespace {

constexpr int grid_points = 49;
constexpr double decades = 6;  // on either side of the mean squared singular value

/// Leave-one-out errors of centred ridge regression for any penalty, after one decomposition.
class LeaveOneOut {
 public:
  LeaveOneOut(const Eigen::MatrixXd& centred, const Eigen::VectorXd& targets)
      : svd_(centred, Eigen::ComputeThinU | Eigen::ComputeThinV),
        projected_(svd_.matrixU().transpose() * targets),
        targets_(targets) {
    if (svd_.info() != Eigen::Success) {
      throw NumericalError("fit_ridge: the singular value decomposition did not converge");
    }
  }

  double mean_squared_singular_value() const {
    return svd_.singularValues().squaredNorm() / static_cast<double>(svd_.singularValues().size());
  }

  /// l_i / (l_i + penalty) with l_i the squared singular values.
  Eigen::VectorXd shrinkage(double penalty) const {
    const Eigen::ArrayXd squared = svd_.singularValues().array().square();
    return squared / (squared + penalty);
  }

  /// Left-out residuals e_i / (1 - H_ii); the free intercept adds 1/n to every H_ii.
  Eigen::VectorXd residuals(double penalty) const {
    const Eigen::VectorXd shrink = shrinkage(penalty);
    const auto& u = svd_.matrixU();
    const Eigen::VectorXd fitted = u * shrink.cwiseProduct(projected_);
    const Eigen::ArrayXd leverage =
        (u.array().square().matrix() * shrink).array() + 1.0 / static_cast<double>(targets_.size());
    return (targets_ - fitted).array() / (1.0 - leverage).max(1e-12);
  }

  double error(double penalty) const {
    return residuals(penalty).squaredNorm() / static_cast<double>(targets_.size());
  }

  Eigen::VectorXd weight(double penalty) const {
    const Eigen::ArrayXd s = svd_.singularValues().array();
    const Eigen::VectorXd scaled = s / (s.square() + penalty) * projected_.array();
    return svd_.matrixV() * scaled;
  }

 private:
  Eigen::BDCSVD<Eigen::MatrixXd> svd_;
  Eigen::VectorXd projected_;
  Eigen::VectorXd targets_;
};

}  // namespace

RidgeFit fit_ridge(const Eigen::Ref<const Eigen::MatrixXd>& features,
                   const Eigen::Ref<const Eigen::VectorXd>& targets) {
  constexpr const char* function = "fit_ridge";
  const auto count = static_cast<std::size_t>(targets.size());
  check_size(function, "features rows", static_cast<std::size_t>(features.rows()), count);
  if (count < fewest_ridge_examples) {
    throw ArgumentError(
        function, "targets",
        fmt::format("has {} entries, expected at least {}", count, fewest_ridge_examples));
  }
  if (features.cols() == 0) throw ArgumentError(function, "features", "has no columns");
  if (!features.allFinite()) throw ArgumentError(function, "features", "is not finite throughout");
  check_finite(function, "targets", std::span(targets.data(), count));
  if (targets.maxCoeff() == targets.minCoeff()) {
    throw ArgumentError(function, "targets", "are all equal, expected at least two values");
  }

  const Eigen::RowVectorXd centre = features.colwise().mean();
  const double mean = targets.mean();
  const Eigen::VectorXd y = targets.array() - mean;
  const LeaveOneOut loo(features.rowwise() - centre, y);
  const double scale = loo.mean_squared_singular_value();
  RidgeFit fit;
  const double n = static_cast<double>(count);
  fit.baseline_error = y.squaredNorm() / n * std::pow(n / (n - 1), 2);
  if (!(scale > 0)) {  // constant features: the mean is all there is
    fit.head = {Eigen::VectorXd::Zero(features.cols()), mean};
    fit.leave_one_out_error = fit.baseline_error;
    fit.training_error = y.squaredNorm() / n;
    fit.leave_one_out_predictions = targets - y * (n / (n - 1));
    return fit;
  }

  const auto error_at = [&](double log_penalty) {
    return loo.error(scale * std::exp(log_penalty));
  };
  const double half_range = decades * std::log(10.0);
  const double step = 2 * half_range / (grid_points - 1);
  int best = 0;
  double best_error = error_at(-half_range);
  for (int i = 1; i < grid_points; ++i) {
    const double error = error_at(-half_range + i * step);
    if (error < best_error) {
      best = i;
      best_error = error;
    }
  }
  double log_penalty = -half_range + best * step;
  fit.at_lower_edge = best == 0;
  fit.at_upper_edge = best == grid_points - 1;
  if (!fit.at_lower_edge && !fit.at_upper_edge) {
    log_penalty =
        boost::math::tools::brent_find_minima(error_at, log_penalty - step, log_penalty + step, 26)
            .first;
  }
  fit.penalty = scale * std::exp(log_penalty);
  fit.head.weight = loo.weight(fit.penalty);
  fit.head.bias = mean - centre.dot(fit.head.weight);
  fit.leave_one_out_error = loo.error(fit.penalty);
  fit.leave_one_out_predictions = targets - loo.residuals(fit.penalty);
  fit.training_error =
      (targets - features * fit.head.weight).array().operator-(fit.head.bias).square().mean();
  return fit;
}

}  // namespace sextant::readout
