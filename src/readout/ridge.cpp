#include <fmt/format.h>

#include <algorithm>
#include <boost/math/tools/minima.hpp>
#include <cmath>
#include <optional>
#include <vector>

#include "sextant/core/blas.hpp"
#include "sextant/core/errors.hpp"
#include "sextant/readout/linear_head.hpp"

// LAPACK, from the linked OpenBLAS.
extern "C" void dgesdd_(const char* jobz, const int* m, const int* n, double* a, const int* lda,
                        double* s, double* u, const int* ldu, double* vt, const int* ldvt,
                        double* work, const int* lwork, int* iwork, int* info);

namespace sextant::readout {
namespace {

constexpr int grid_points = 49;
constexpr double decades = 6;  // on either side of the mean squared singular value

/// X = U diag(s) V', k = min(n, d) singular values, descending.
struct ThinSvd {
  Eigen::MatrixXd u;  ///< [n, k]
  Eigen::VectorXd s;  ///< [k]
  Eigen::MatrixXd v;  ///< [d, k]
};

ThinSvd decompose(Eigen::MatrixXd x) {
  prepare_blas();
  const int n = static_cast<int>(x.rows());
  const int d = static_cast<int>(x.cols());
  const int k = std::min(n, d);
  ThinSvd svd{Eigen::MatrixXd(n, k), Eigen::VectorXd(k), {}};
  Eigen::MatrixXd v_transposed(k, d);
  std::vector<int> iwork(8 * static_cast<std::size_t>(k));
  int info = 0;
  const auto call = [&](double* work, int size) {
    dgesdd_("S", &n, &d, x.data(), &n, svd.s.data(), svd.u.data(), &n, v_transposed.data(), &k,
            work, &size, iwork.data(), &info);
  };
  double work_size = 0;
  call(&work_size, -1);
  std::vector<double> work(static_cast<std::size_t>(std::max(1.0, work_size)));
  if (info == 0) call(work.data(), static_cast<int>(work.size()));
  if (info != 0) {
    throw NumericalError(
        fmt::format("fit_ridge: dgesdd returned {} on features of {} x {}", info, n, d));
  }
  svd.v = v_transposed.transpose();
  return svd;
}

/// Leave-one-out errors of centred ridge regression for any penalty, after one decomposition.
class LeaveOneOut {
 public:
  LeaveOneOut(const Eigen::MatrixXd& centred, const Eigen::VectorXd& targets)
      : svd_(decompose(centred)), projected_(svd_.u.transpose() * targets), targets_(targets) {}

  double mean_squared_singular_value() const {
    return svd_.s.squaredNorm() / static_cast<double>(svd_.s.size());
  }

  /// l_i / (l_i + penalty) with l_i the squared singular values.
  Eigen::VectorXd shrinkage(double penalty) const {
    const Eigen::ArrayXd squared = svd_.s.array().square();
    return squared / (squared + penalty);
  }

  /// Left-out residuals e_i / (1 - H_ii); the free intercept adds 1/n to every H_ii.
  Eigen::VectorXd residuals(double penalty) const {
    const Eigen::VectorXd shrink = shrinkage(penalty);
    const auto& u = svd_.u;
    const Eigen::VectorXd fitted = u * shrink.cwiseProduct(projected_);
    const Eigen::ArrayXd leverage =
        (u.array().square().matrix() * shrink).array() + 1.0 / static_cast<double>(targets_.size());
    return (targets_ - fitted).array() / (1.0 - leverage).max(1e-12);
  }

  double error(double penalty) const {
    return residuals(penalty).squaredNorm() / static_cast<double>(targets_.size());
  }

  Eigen::VectorXd weight(double penalty) const {
    const Eigen::ArrayXd s = svd_.s.array();
    const Eigen::VectorXd scaled = s / (s.square() + penalty) * projected_.array();
    return svd_.v * scaled;
  }

 private:
  ThinSvd svd_;
  Eigen::VectorXd projected_;
  Eigen::VectorXd targets_;
};

/// See `RidgeFit::leave_one_out_accuracy`.
std::optional<double> two_value_accuracy(const Eigen::VectorXd& targets,
                                         const Eigen::VectorXd& predictions) {
  const double low = targets.minCoeff();
  const double high = targets.maxCoeff();
  if (!((targets.array() == low) || (targets.array() == high)).all()) return std::nullopt;
  const double middle = low / 2 + high / 2;
  const auto right = (targets.array() > middle) == (predictions.array() > middle);
  return static_cast<double>(right.count()) / static_cast<double>(targets.size());
}

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
    fit.leave_one_out_accuracy = two_value_accuracy(targets, fit.leave_one_out_predictions);
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
  fit.leave_one_out_accuracy = two_value_accuracy(targets, fit.leave_one_out_predictions);
  if (fit.at_lower_edge) fit.warnings.emplace_back("the best penalty is the smallest one tried");
  if (fit.at_upper_edge) fit.warnings.emplace_back("the best penalty is the largest one tried");
  fit.training_error =
      (targets - features * fit.head.weight).array().operator-(fit.head.bias).square().mean();
  return fit;
}

}  // namespace sextant::readout
