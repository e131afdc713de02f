#include "sextant/evidence/benchmark_fit.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "infinity.hpp"
#include "sextant/core/errors.hpp"
#include "sextant/spectral/filters.hpp"
#include "sextant/spectral/grid_minimum.hpp"

namespace sextant::evidence {
namespace {

using spectral::GridMinimum;
using Vector = Eigen::Ref<const Eigen::VectorXd>;

/// Squared residuals over `unit`, at least their largest, so that nothing under- or overflows.
struct Data {
  Eigen::ArrayXd values;
  Eigen::ArrayXd counts;  ///< How many eigenvalues each stands for in determinants.
  Eigen::ArrayXd squares;
  double unit = 0;
  double examples = 0;
  bool zero_kernel() const { return values.maxCoeff() == 0; }
  double mean_value() const { return (counts * values).sum() / examples; }
  double mean_square() const { return squares.sum() / examples; }
};

Data make_data(std::string_view function, const Vector& values, const Vector& rt) {
  if (values.size() == 0) {
    throw ArgumentError(function, "values", "is empty, expected at least one eigenvalue");
  }
  check_size(function, "rotated_residuals", rt.size(), values.size());
  for (Eigen::Index i = 0; i < values.size(); ++i) {
    check_not_negative(function, "values", values[i]);
    check_finite(function, "rotated_residuals", rt[i]);
  }
  const double largest = rt.cwiseAbs().maxCoeff();
  return {values.array(), Eigen::ArrayXd::Ones(values.size()),
          (rt.array() / (largest == 0 ? 1.0 : largest)).square(), largest * largest,
          static_cast<double>(values.size())};
}

/// Nodes of the residuals' quadrature, which no determinant counts, and those of the density, on
/// which no residual falls.
Data make_data(std::string_view function, const ResidualSpectrum& spectrum) {
  const Eigen::Index quadrature = spectrum.nodes.size();
  const Eigen::Index density = spectrum.density_nodes.size();
  if (density == 0) throw ArgumentError(function, "spectrum.density_nodes", "is empty");
  check_size(function, "spectrum.counts", static_cast<std::size_t>(spectrum.counts.size()),
             static_cast<std::size_t>(density));
  check_size(function, "spectrum.energies", static_cast<std::size_t>(spectrum.energies.size()),
             static_cast<std::size_t>(quadrature));
  Data data;
  data.examples = static_cast<double>(spectrum.examples);
  data.values.resize(quadrature + density);
  data.values << spectrum.nodes.array(), spectrum.density_nodes.array();
  data.values = data.values.cwiseMax(0.0);  // a quadrature's rounding
  data.counts.resize(quadrature + density);
  data.counts << Eigen::ArrayXd::Zero(quadrature), spectrum.counts.array();
  data.unit = spectrum.energies.sum();
  data.squares = Eigen::ArrayXd::Zero(quadrature + density);
  if (data.unit > 0) data.squares.head(quadrature) = spectrum.energies.array() / data.unit;
  return data;
}

/// Minus log density per example of N(0, diag(tau2 l + sigma2)), in units where max rt^2 = 1.
double negative_log_density(const Data& data, double tau2, double sigma2) {
  const Eigen::ArrayXd variances = tau2 * data.values + sigma2;
  return (data.counts * variances.log() + data.squares / variances).sum() / data.examples / 2;
}

/// 1 + l/lambda_star: the covariance at this lambda_star in units of sigma2.
Eigen::ArrayXd relative_variances(const Data& data, double lambda_star) {
  return 1 + data.values / lambda_star;
}

/// The same density with the best sigma2 for this lambda_star, less its constant 1/2.
double profile(const Data& data, double lambda_star) {
  const Eigen::ArrayXd v = relative_variances(data, lambda_star);
  return (std::log((data.squares / v).sum() / data.examples) +
          (data.counts * v.log()).sum() / data.examples) /
         2;
}

/// r = 0 and a free sigma2, which is best at 0 whatever tau2.
BenchmarkFit without_residuals(const Data& data, double tau2) {
  BenchmarkFit fit;
  fit.benchmark = {tau2, 0.0};
  fit.lambda_star = fit.benchmark.lambda_star();
  fit.zero_residuals = true;
  fit.zero_kernel = data.zero_kernel();
  const Eigen::ArrayXd logs = data.counts * (tau2 * data.values).log();
  fit.evidence = (data.counts > 0).select(logs, 0.0).sum() / data.examples / 2;
  return fit;
}

/// tau2 = 0 and sigma2 as given, or the mean square when it is not.
BenchmarkFit without_signal(const Data& data, double sigma2) {
  BenchmarkFit fit;
  fit.benchmark = {0.0, sigma2};
  fit.lambda_star = infinity;
  fit.zero_kernel = data.zero_kernel();
  fit.evidence = (std::log(sigma2) + data.mean_square() * (data.unit / sigma2)) / 2;
  return fit;
}

BenchmarkFit finish(const Data& data, double tau2, double sigma2, const GridMinimum& minimum) {
  BenchmarkFit fit;
  fit.benchmark = {tau2 * data.unit, sigma2 * data.unit};
  fit.lambda_star = sigma2 / tau2;
  fit.evidence = negative_log_density(data, tau2, sigma2) + std::log(data.unit) / 2;
  fit.local_minima = minimum.local_minima;
  return fit;
}

}  // namespace

namespace {

/// Whether all examples together tell no lambda_star from `low` to `high` from another: a
/// likelihood ratio of e^0.001 is no evidence, and what a kernel in single precision leaves of one
/// that is proportional to the identity is far below it. The profile is per example.
bool is_flat(const Data& data, double low, double high, int points) {
  const double terms = 1 + relative_variances(data, low).log().maxCoeff();
  const double rounding = 64 * std::numeric_limits<double>::epsilon() * terms;
  const double allowed = std::max(rounding, negligible_log_ratio / data.examples);
  double smallest = infinity;
  double largest = -infinity;
  for (int j = 0; j < points; ++j) {
    const double share = static_cast<double>(j) / (points - 1);
    const double value = profile(data, low * std::pow(high / low, share));
    smallest = std::min(smallest, value);
    largest = std::max(largest, value);
    if (largest - smallest > allowed) return false;
  }
  return true;
}

/// Equal shares of signal and noise where the likelihood does not tell them apart.
BenchmarkFit equal_shares(const Data& data) {
  const double lambda_star = data.mean_value();
  const double sigma2 =
      (data.squares / relative_variances(data, lambda_star)).sum() / data.examples;
  BenchmarkFit fit = finish(data, sigma2 / lambda_star, sigma2, {});
  fit.lambda_star = lambda_star;
  fit.flat = true;
  return fit;
}

BenchmarkFit fit_both(const Data& data, const LambdaRange& range) {
  constexpr std::string_view function = "fit_benchmark";
  check_positive(function, "range.low", range.low);
  check_between(function, "range.high", range.high, range.low, infinity);
  check_positive(function, "range.points_per_decade", range.points_per_decade);
  if (data.unit == 0) return without_residuals(data, 0.0);
  if (data.zero_kernel()) return without_signal(data, data.mean_square() * data.unit);
  const double mean = data.mean_value();
  const double low = mean * range.low;
  const double high = mean * range.high;
  const auto points = spectral::log_grid_points(low, high, range.points_per_decade);
  if (is_flat(data, low, high, points)) return equal_shares(data);
  const GridMinimum minimum = spectral::minimise_on_log_grid(
      [&](double lambda_star) { return profile(data, lambda_star); }, low, high, points);
  const double sigma2 =
      (data.squares / relative_variances(data, minimum.argument)).sum() / data.examples;
  BenchmarkFit fit = finish(data, sigma2 / minimum.argument, sigma2, minimum);
  fit.at_lower_edge = minimum.at_lower_edge;
  fit.at_upper_edge = minimum.at_upper_edge;
  return fit;
}

BenchmarkFit fit_sigma2_of(const Data& data, double tau2, double points_per_decade) {
  check_not_negative("fit_sigma2", "tau2", tau2);
  check_positive("fit_sigma2", "points_per_decade", points_per_decade);
  if (data.unit == 0) return without_residuals(data, tau2);
  if (data.zero_kernel() || tau2 == 0) {
    return without_signal(data, data.mean_square() * data.unit);
  }
  const double scaled_tau2 = tau2 / data.unit;
  const double low = 1e-8 * data.mean_square();
  const double high = 1;  // max rt^2: above it every term of the density falls
  const GridMinimum minimum = spectral::minimise_on_log_grid(
      [&](double sigma2) { return negative_log_density(data, scaled_tau2, sigma2); }, low, high,
      spectral::log_grid_points(low, high, points_per_decade));
  BenchmarkFit fit = finish(data, scaled_tau2, minimum.argument, minimum);
  fit.benchmark.tau2 = tau2;
  fit.at_lower_edge = minimum.at_lower_edge;
  return fit;
}

BenchmarkFit fit_tau2_of(const Data& data, double sigma2, double points_per_decade) {
  check_positive("fit_tau2", "sigma2", sigma2);
  check_positive("fit_tau2", "points_per_decade", points_per_decade);
  if (data.unit == 0 || data.zero_kernel()) {
    BenchmarkFit fit = without_signal(data, sigma2);
    fit.zero_residuals = data.unit == 0;
    return fit;
  }
  const double scaled_sigma2 = sigma2 / data.unit;
  const double low = scaled_sigma2 / (1e6 * data.mean_value());
  const double zero =
      data.examples * std::numeric_limits<double>::epsilon() * data.values.maxCoeff();
  const double steepest = (data.values > zero).select(data.squares / data.values, 0.0).maxCoeff();
  const double high = std::max(steepest, 2 * low);
  const GridMinimum minimum = spectral::minimise_on_log_grid(
      [&](double tau2) { return negative_log_density(data, tau2, scaled_sigma2); }, low, high,
      spectral::log_grid_points(low, high, points_per_decade));
  BenchmarkFit fit = finish(data, minimum.argument, scaled_sigma2, minimum);
  fit.benchmark.sigma2 = sigma2;
  fit.at_upper_edge = minimum.at_lower_edge;
  return fit;
}

}  // namespace

BenchmarkFit fit_benchmark(const Vector& values, const Vector& rotated_residuals,
                           const LambdaRange& range) {
  return fit_both(make_data("fit_benchmark", values, rotated_residuals), range);
}

BenchmarkFit fit_benchmark(const ResidualSpectrum& spectrum, const LambdaRange& range) {
  return fit_both(make_data("fit_benchmark", spectrum), range);
}

BenchmarkFit fit_sigma2(const Vector& values, const Vector& rotated_residuals, double tau2,
                        double points_per_decade) {
  return fit_sigma2_of(make_data("fit_sigma2", values, rotated_residuals), tau2, points_per_decade);
}

BenchmarkFit fit_sigma2(const ResidualSpectrum& spectrum, double tau2, double points_per_decade) {
  return fit_sigma2_of(make_data("fit_sigma2", spectrum), tau2, points_per_decade);
}

BenchmarkFit fit_tau2(const Vector& values, const Vector& rotated_residuals, double sigma2,
                      double points_per_decade) {
  return fit_tau2_of(make_data("fit_tau2", values, rotated_residuals), sigma2, points_per_decade);
}

BenchmarkFit fit_tau2(const ResidualSpectrum& spectrum, double sigma2, double points_per_decade) {
  return fit_tau2_of(make_data("fit_tau2", spectrum), sigma2, points_per_decade);
}

LambdaAverage average_over_lambda_star(const Vector& values, const Vector& rotated_residuals,
                                       double half_width, int points) {
  constexpr std::string_view function = "average_over_lambda_star";
  const Data data = make_data(function, values, rotated_residuals);
  check_positive(function, "half_width", half_width);
  if (points < 2) {
    throw ArgumentError(function, "points", fmt::format("is {}, expected at least 2", points));
  }
  LambdaAverage average;
  average.query_filter = Eigen::VectorXd::Zero(values.size());
  average.prompt_filter = average.query_filter;
  if (data.zero_kernel()) return average;

  const auto n = static_cast<double>(values.size());
  const Eigen::ArrayXd offsets = Eigen::ArrayXd::LinSpaced(points, -half_width, half_width);
  average.lambda_star = data.mean_value() * offsets.exp();
  Eigen::ArrayXd log_weights(points);
  for (Eigen::Index j = 0; j < points; ++j) {
    const double lambda_star = average.lambda_star[j];
    log_weights[j] = -n * (data.unit == 0 ? relative_variances(data, lambda_star).log().mean() / 2
                                          : profile(data, lambda_star));
  }
  log_weights[0] -= std::log(2.0);
  log_weights[points - 1] -= std::log(2.0);
  average.weights = (log_weights - log_weights.maxCoeff()).exp();
  average.weights /= average.weights.sum();
  for (Eigen::Index j = 0; j < points; ++j) {
    average.query_filter +=
        average.weights[j] * spectral::bayes_query_filter(values, average.lambda_star[j]);
  }
  average.prompt_filter = values.cwiseProduct(average.query_filter);
  return average;
}

}  // namespace sextant::evidence
