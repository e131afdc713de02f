#include "sextant/evidence/chi_square_sum.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/math/tools/toms748_solve.hpp>
#include <cmath>
#include <complex>
#include <cstdint>
#include <limits>
#include <numbers>

#include "infinity.hpp"
#include "sextant/core/errors.hpp"

namespace sextant::evidence {
namespace {

/// A root of an increasing function of log t on [low, high], t > 0.
template <class F>
double root_in_log(F f, double low, double high, int bits) {
  double at_low = f(low);
  double at_high = f(high);
  if (at_low >= 0) return low;
  if (at_high <= 0) return high;
  std::uintmax_t iterations = 200;
  const auto [left, right] = boost::math::tools::toms748_solve(
      [&](double y) { return f(std::exp(y)); }, std::log(low), std::log(high), at_low, at_high,
      boost::math::tools::eps_tolerance<double>(bits), iterations);
  return std::exp((left + right) / 2);
}

/// log of prod_i (1 + b_i z) for Im z > 0, continued from the positive axis. Each factor turns by
/// less than half a circle, so the running product's own argument tells when a full circle is done;
/// this takes one multiplication per factor instead of a complex logarithm.
std::complex<double> log_product(const Eigen::ArrayXd& b, std::complex<double> z) {
  double x = 1;
  double y = 0;
  double log_scale = 0;
  double circles = 0;
  for (const double factor : b) {
    const double u = 1 + factor * z.real();
    const double v = factor * z.imag();
    const double next = x * u - y * v;
    const bool lower_half = y < 0;
    y = x * v + y * u;
    x = next;
    if (lower_half && y >= 0) circles += 1;
    const double size = std::abs(x) + std::abs(y);
    if (size > 1e150 || size < 1e-150) {
      log_scale += std::log(size);
      x /= size;
      y /= size;
    }
  }
  double angle = std::atan2(y, x);
  if (angle < 0) angle += 2 * std::numbers::pi;
  return {log_scale + 0.5 * std::log(x * x + y * y), angle + 2 * std::numbers::pi * circles};
}

}  // namespace

ChiSquareSum::ChiSquareSum(const Eigen::Ref<const Eigen::VectorXd>& weights) {
  Eigen::Index positive = 0;
  for (Eigen::Index i = 0; i < weights.size(); ++i) {
    check_not_negative("ChiSquareSum", "weights", weights[i]);
    positive += weights[i] > 0;
  }
  weights_.resize(positive);
  if (positive == 0) return;
  scale_ = weights.maxCoeff();
  Eigen::Index next = 0;
  for (const double a : weights) {
    if (a > 0) weights_[next++] = a / scale_;
  }
}

ChiSquareSum::Inversion ChiSquareSum::invert(double x) const {
  // The integrand's exponent phi(s) = s x - sum log(1 + 2 a s)/2 - log s has one saddle on the
  // positive axis; s = saddle z puts it at z = 1 and frees everything after it of units.
  const auto slope = [&](double s) {
    return x - (weights_ / (1 + 2 * weights_ * s)).sum() - 1 / s;
  };
  const auto count = static_cast<double>(weights_.size());
  const double saddle = root_in_log(slope, 1 / x, (count / 2 + 1) / x, 30);
  const double y = x * saddle;
  const Eigen::ArrayXd b = 2 * saddle * weights_;
  const Eigen::ArrayXd ratio = b / (1 + b);
  const double second = ratio.square().sum() / 2 + 1;  // phi''
  const double third = ratio.cube().sum() + 2;         // minus phi'''
  const double phi = y - b.log1p().sum() / 2;

  // z = 1 + i L sinh(v) - c L (cosh(v) - 1), a hyperbola with the curvature of the steepest path at
  // the saddle and asymptotes of slope c: along them every factor of the integrand falls, whatever
  // the weights, because c < 1. The step resolves the saddle's width and the asymptotes' angle.
  constexpr double c = 0.5;
  const double bend = third / (6 * second);
  const double length = c / (2 * bend);
  const double width = 1 / std::sqrt(second);
  const double step = std::min(0.2 * width / length, 0.06);
  double probability = 0.5;
  double density = 0.5;
  for (int k = 1; k <= 2000; ++k) {
    const double sinh = std::sinh(step * k);
    const double cosh = std::cosh(step * k);
    const std::complex<double> z(1 - c * length * (cosh - 1), length * sinh);
    const std::complex<double> direction(-c * sinh, cosh);
    const std::complex<double> exponent = z * y - 0.5 * log_product(b, z) - std::log(z) - phi;
    const std::complex<double> term = std::exp(exponent) * direction;
    probability += term.imag();
    density += (term * z).imag();
    if (std::abs(term) * std::abs(z) < 1e-18) break;
  }
  const double measure = step * length / std::numbers::pi;
  return {std::min(0.0, phi + std::log(measure * probability)), y * density / probability};
}

double ChiSquareSum::log_probability(double x) const {
  if (std::isnan(x)) throw ArgumentError("ChiSquareSum", "x", "is not a number");
  if (weights_.size() == 0) return x >= 0 ? 0.0 : -infinity;
  if (x <= 0) return -infinity;
  if (std::isinf(x)) return 0.0;
  return invert(x / scale_).log_probability;
}

double ChiSquareSum::probability(double x) const { return std::exp(log_probability(x)); }

double ChiSquareSum::chernoff_quantile(double p) const {
  check_between("ChiSquareSum", "p", p, 0.0, 1.0);
  if (weights_.size() == 0) return 0.0;
  // The best b solves sum { log(1 + b a) - b a/(1 + b a) } / 2 = log(1/p).
  const auto excess = [&](double b) {
    const Eigen::ArrayXd y = b * weights_;
    return (y.log1p() - y / (1 + y)).sum() / 2 + std::log(p);
  };
  const double low = 2 * std::sqrt(-std::log(p) / weights_.square().sum());
  double high = 2 * low;
  while (high < 1e300 && excess(high) < 0) high *= high > 2 ? high : 2;
  const double b = root_in_log(excess, low / 2, std::min(high, 1e300), 50);
  return scale_ * (weights_ / (1 + b * weights_)).sum();
}

double ChiSquareSum::quantile(double p) const {
  check_between("ChiSquareSum", "p", p, 0.0, 1.0);
  if (weights_.size() == 0) return 0.0;
  // Newton's method for log P as a function of log x, which is nearly straight in the lower tail,
  // kept inside a bracket.
  const double target = std::log(p);
  const double start = chernoff_quantile(p) / scale_;
  if (start < 1e-290) return 0.0;
  double low = std::log(start);
  double high = infinity;
  double y = low;
  for (int iteration = 0; iteration < 100; ++iteration) {
    const Inversion here = invert(std::exp(y));
    const double miss = here.log_probability - target;
    (miss < 0 ? low : high) = y;
    double next = y - miss / here.slope;
    if (!(next > low && next < high)) next = std::isinf(high) ? low + 1 : (low + high) / 2;
    if (std::abs(next - y) < 1e-13 * std::max(1.0, std::abs(y))) return scale_ * std::exp(next);
    y = next;
  }
  throw NumericalError(fmt::format("ChiSquareSum: the {}-quantile of {} weights did not converge",
                                   p, weights_.size()));
}

}  // namespace sextant::evidence
