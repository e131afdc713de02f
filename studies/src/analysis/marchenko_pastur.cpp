#include "sextant/studies/analysis/marchenko_pastur.hpp"

#include <algorithm>
#include <boost/math/quadrature/gauss_kronrod.hpp>
#include <cmath>
#include <numbers>

#include "sextant/core/errors.hpp"
#include "sextant/spectral/grid_minimum.hpp"
#include "sextant/spectral/horizons.hpp"

namespace sextant::studies::analysis {

MarchenkoPastur::MarchenkoPastur(double ratio) : ratio_(ratio) {
  check_positive("MarchenkoPastur", "ratio", ratio);
  const double root = std::sqrt(ratio);
  lower_ = (1 - root) * (1 - root);
  upper_ = (1 + root) * (1 + root);
  atom_ = ratio > 1 ? 1 - 1 / ratio : 0;
}

double MarchenkoPastur::density(double l) const {
  if (l < lower_ || l > upper_) return 0;
  return std::sqrt((upper_ - l) * (l - lower_)) / (2 * std::numbers::pi * ratio_ * l);
}

MarchenkoPastur::Expectation MarchenkoPastur::mean(const std::function<double(double)>& f) const {
  // With l = 1 + gamma + 2 sqrt(gamma) cos(a), density(l) |dl/da| = 2 sin(a)^2 / (pi l).
  const auto integrand = [&](double angle) {
    const double cosine = std::cos(angle);
    const double l = lower_ + 2 * std::sqrt(ratio_) * (1 + cosine);
    const double sine = std::sin(angle);
    if (l <= 0) return f(0) * (1 - cosine) / std::numbers::pi;  // gamma = 1, the limit at l = 0
    return f(l) * 2 * sine * sine / (std::numbers::pi * l);
  };
  constexpr unsigned most_halvings = 15;
  constexpr double tolerance = 1e-13;
  double error = 0;
  const double value = boost::math::quadrature::gauss_kronrod<double, 31>::integrate(
      integrand, 0.0, std::numbers::pi, most_halvings, tolerance, &error);
  return {value + atom_ * (atom_ > 0 ? f(0) : 0), error};
}

double limiting_flow_risk(const MarchenkoPastur& law, const spectral::Benchmark& benchmark,
                          double time) {
  check_not_negative("limiting_flow_risk", "time", time);
  check_not_negative("limiting_flow_risk", "benchmark.tau2", benchmark.tau2);
  check_not_negative("limiting_flow_risk", "benchmark.sigma2", benchmark.sigma2);
  return law
      .mean([&](double l) {
        const double kept = std::exp(-time * l);
        const double fitted = -std::expm1(-time * l);
        return benchmark.tau2 * l * kept * kept + benchmark.sigma2 * fitted * fitted;
      })
      .value;
}

double limiting_mean_eigenvalue(double ratio, double lambda_star) {
  check_positive("limiting_mean_eigenvalue", "ratio", ratio);
  check_not_negative("limiting_mean_eigenvalue", "lambda_star", lambda_star);
  return 1 + ratio / (1 + lambda_star);
}

LimitingTime limiting_time(const MarchenkoPastur& law, const spectral::Benchmark& benchmark) {
  check_positive("limiting_time", "benchmark.tau2", benchmark.tau2);
  check_positive("limiting_time", "benchmark.sigma2", benchmark.sigma2);
  constexpr double points_per_decade = 12;
  const double lambda_star = benchmark.lambda_star();
  const double mean = limiting_mean_eigenvalue(law.ratio(), lambda_star);
  Eigen::VectorXd special(3);
  special << law.upper(), std::max(law.lower(), 1e-9 * law.upper()), mean;
  const Eigen::VectorXd times = spectral::per_mode_times(special, lambda_star);
  const auto risk = [&](double time) { return limiting_flow_risk(law, benchmark, time); };
  const double low = times.minCoeff();
  const double high = times.maxCoeff();
  const spectral::GridMinimum best = spectral::minimise_on_log_grid(
      risk, low, high, spectral::log_grid_points(low, high, points_per_decade));
  return {best.argument, best.value, times[2], risk(times[2])};
}

}  // namespace sextant::studies::analysis
