#include "sextant/evidence/credible.hpp"

#include <algorithm>
#include <boost/math/distributions/normal.hpp>
#include <boost/math/distributions/students_t.hpp>
#include <boost/math/tools/roots.hpp>
#include <cmath>
#include <limits>
#include <vector>

#include "infinity.hpp"
#include "sextant/core/errors.hpp"

namespace sextant::evidence {
namespace {

using Eigen::Index;
using Eigen::VectorXd;
using Vector = Eigen::Ref<const VectorXd>;

/// Components below this share of the weight change no digit that anybody reads.
constexpr double negligible = 1e-9;

double standard_cdf(double x, double degrees) {
  if (std::isinf(degrees)) return boost::math::cdf(boost::math::normal_distribution<double>(), x);
  return boost::math::cdf(boost::math::students_t_distribution<double>(degrees), x);
}

double standard_quantile(double probability, double degrees) {
  if (std::isinf(degrees)) {
    return boost::math::quantile(boost::math::normal_distribution<double>(), probability);
  }
  return boost::math::quantile(boost::math::students_t_distribution<double>(degrees), probability);
}

void check_known(const std::optional<double>& value, std::string_view name) {
  if (value) check_positive("VariancePosterior", name, *value);
}

}  // namespace

CorrectionPosterior::CorrectionPosterior(VectorXd weights, VectorXd means, VectorXd scales,
                                         double degrees)
    : weights_(std::move(weights)),
      means_(std::move(means)),
      scales_(std::move(scales)),
      degrees_(degrees) {
  constexpr std::string_view here = "CorrectionPosterior";
  check_size(here, "means", static_cast<std::size_t>(means_.size()),
             static_cast<std::size_t>(weights_.size()));
  check_size(here, "scales", static_cast<std::size_t>(scales_.size()),
             static_cast<std::size_t>(weights_.size()));
  if (weights_.size() == 0) throw ArgumentError(here, "weights", "is empty");
  if (!(degrees_ > 0)) throw ArgumentError(here, "degrees", "is not positive");
}

double CorrectionPosterior::cdf(double x) const {
  double sum = 0;
  for (Index j = 0; j < weights_.size(); ++j) {
    const double distance = x - means_[j];
    const double below = scales_[j] > 0 ? standard_cdf(distance / scales_[j], degrees_)
                                        : (distance >= 0 ? 1.0 : 0.0);
    sum += weights_[j] * below;
  }
  return sum;
}

double CorrectionPosterior::quantile(double probability) const {
  check_between("CorrectionPosterior::quantile", "probability", probability, 0.0, 1.0);
  const double standard = standard_quantile(probability, degrees_);
  double low = infinity;
  double high = -infinity;
  for (Index j = 0; j < weights_.size(); ++j) {
    low = std::min(low, means_[j] + scales_[j] * standard);
    high = std::max(high, means_[j] + scales_[j] * standard);
  }
  if (high - low <= 1e-14 * std::max(std::abs(low), std::abs(high))) return low;
  const double margin = 1e-6 * (high - low);
  const auto difference = [&](double x) { return cdf(x) - probability; };
  const auto close_enough = [&](double a, double b) { return b - a <= 1e-11 * (high - low); };
  std::uintmax_t iterations = 200;
  const auto bracket = boost::math::tools::toms748_solve(
      difference, low - margin, high + margin, difference(low - margin), difference(high + margin),
      close_enough, iterations);
  return (bracket.first + bracket.second) / 2;
}

CredibleInterval CorrectionPosterior::interval(double level) const {
  check_between("CorrectionPosterior::interval", "level", level, 0.0, 1.0);
  return {quantile((1 - level) / 2), quantile((1 + level) / 2)};
}

double CorrectionPosterior::probability_closer(double correction) const {
  check_finite("CorrectionPosterior::probability_closer", "correction", correction);
  if (correction == 0) return 0;
  // |h - f| < |f| is f > h/2 for h > 0 and f < h/2 for h < 0.
  const double below = cdf(correction / 2);
  return correction > 0 ? 1 - below : below;
}

VariancePosterior::VariancePosterior(const Vector& values, const Vector& rotated_residuals,
                                     const KnownVariances& known, double half_width, int points)
    : values_(values), rotated_residuals_(rotated_residuals) {
  constexpr std::string_view here = "VariancePosterior";
  check_size(here, "rotated_residuals", static_cast<std::size_t>(rotated_residuals.size()),
             static_cast<std::size_t>(values.size()));
  if (values.size() == 0) throw ArgumentError(here, "values", "is empty");
  for (const double l : values) check_not_negative(here, "values", l);
  if (!rotated_residuals.allFinite()) {
    throw ArgumentError(here, "rotated_residuals", "is not finite");
  }
  check_known(known.tau2, "tau2");
  check_known(known.sigma2, "sigma2");
  check_positive(here, "half_width", half_width);
  if (points < 2) throw ArgumentError(here, "points", "is below 2");
  const double mean = values.mean();
  if (mean == 0) return;  // no grid: `query` says so

  if (known.tau2 && known.sigma2) {
    lambda_star_ = VectorXd::Constant(1, *known.sigma2 / *known.tau2);
  } else {
    lambda_star_ = mean * VectorXd::LinSpaced(points, -half_width, half_width).array().exp();
  }
  degrees_ = known.tau2 || known.sigma2 ? infinity : static_cast<double>(values.size());
  const auto n = static_cast<double>(values.size());
  sigma2_.resize(lambda_star_.size());
  VectorXd log_weights(lambda_star_.size());
  for (Index j = 0; j < lambda_star_.size(); ++j) {
    const Eigen::ArrayXd relative = values.array() / lambda_star_[j] + 1;
    const double energy = (rotated_residuals.array().square() / relative).sum();
    const double determinant = relative.log().sum();
    if (known.sigma2) {
      sigma2_[j] = *known.sigma2;
    } else if (known.tau2) {
      sigma2_[j] = *known.tau2 * lambda_star_[j];
    } else {
      sigma2_[j] = energy / n;
    }
    log_weights[j] = -determinant / 2;
    if (std::isinf(degrees_)) {
      log_weights[j] -= (n * std::log(sigma2_[j]) + energy / sigma2_[j]) / 2;
    } else if (energy > 0) {
      log_weights[j] -= n * std::log(energy) / 2;
    }
  }
  if (lambda_star_.size() > 1) {  // the trapezoidal rule of the log-uniform prior
    log_weights[0] -= std::log(2.0);
    log_weights[log_weights.size() - 1] -= std::log(2.0);
  }
  weights_ = (log_weights.array() - log_weights.maxCoeff()).exp();
  weights_ /= weights_.sum();
}

std::optional<CorrectionPosterior> VariancePosterior::query(const Vector& rotated_coupling,
                                                            double variance) const {
  constexpr std::string_view here = "VariancePosterior::query";
  check_size(here, "rotated_coupling", static_cast<std::size_t>(rotated_coupling.size()),
             static_cast<std::size_t>(values_.size()));
  check_not_negative(here, "variance", variance);
  if (lambda_star_.size() == 0) return std::nullopt;
  std::vector<Index> kept;
  for (Index j = 0; j < weights_.size(); ++j) {
    if (weights_[j] > negligible) kept.push_back(j);
  }
  const auto count = static_cast<Index>(kept.size());
  VectorXd weights(count);
  VectorXd means(count);
  VectorXd scales(count);
  for (Index i = 0; i < count; ++i) {
    const Index j = kept[static_cast<std::size_t>(i)];
    const Eigen::ArrayXd filter = (values_.array() + lambda_star_[j]).inverse();
    const double explained = (rotated_coupling.array().square() * filter).sum();
    weights[i] = weights_[j];
    means[i] = (rotated_coupling.array() * filter * rotated_residuals_.array()).sum();
    scales[i] = std::sqrt(sigma2_[j] * std::max(0.0, variance - explained) / lambda_star_[j]);
  }
  weights /= weights.sum();
  return CorrectionPosterior(std::move(weights), std::move(means), std::move(scales), degrees_);
}

}  // namespace sextant::evidence
