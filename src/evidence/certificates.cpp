#include "sextant/evidence/certificates.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "sextant/core/errors.hpp"
#include "sextant/evidence/chi_square_sum.hpp"
#include "sextant/spectral/filters.hpp"

namespace sextant::evidence {
namespace {

using spectral::Benchmark;
using Vector = Eigen::Ref<const Eigen::VectorXd>;

void check_arguments(std::string_view function, const Vector& values, double rho,
                     std::int64_t horizon, double sigma2, const Benchmark& reference) {
  if (values.size() == 0) {
    throw ArgumentError(function, "values", "is empty, expected at least one eigenvalue");
  }
  for (const double l : values) check_not_negative(function, "values", l);
  spectral::check_step(function, rho, values.maxCoeff());
  if (horizon < 0) {
    throw ArgumentError(function, "horizon", fmt::format("is {}, expected 0 or more", horizon));
  }
  check_positive(function, "sigma2", sigma2);
  check_not_negative(function, "reference.tau2", reference.tau2);
  check_not_negative(function, "reference.sigma2", reference.sigma2);
}

void check_bound(std::string_view function, std::int64_t examples, std::int64_t count,
                 double delta) {
  if (examples < 1) {
    throw ArgumentError(function, "examples", fmt::format("is {}, expected at least 1", examples));
  }
  if (count < 1) {
    throw ArgumentError(function, "count", fmt::format("is {}, expected at least 1", count));
  }
  check_between(function, "delta", delta, 0.0, 1.0);
}

Eigen::ArrayXd log_decay(const Vector& values, double rho, std::int64_t horizon) {
  return static_cast<double>(horizon) * (-rho * values.array()).log1p();
}

/// (tr A - x)/(2n): the radius that a lower quantile x of Z'A Z means.
double radius_from_quantile(const Vector& whitened, double quantile) {
  return std::max(0.0, whitened.sum() - quantile) / (2 * static_cast<double>(whitened.size()));
}

}  // namespace

Eigen::VectorXd whitened_eigenvalues(const Vector& values, double rho, std::int64_t horizon,
                                     double sigma2, const Benchmark& reference) {
  check_arguments("whitened_eigenvalues", values, rho, horizon, sigma2, reference);
  return (reference.tau2 * values.array() + reference.sigma2) / sigma2 *
         log_decay(values, rho, horizon).exp();
}

double population_evidence(const Vector& values, double rho, std::int64_t horizon, double sigma2,
                           const Benchmark& reference) {
  const Eigen::VectorXd whitened = whitened_eigenvalues(values, rho, horizon, sigma2, reference);
  return (std::log(sigma2) - log_decay(values, rho, horizon).mean() + whitened.mean()) / 2;
}

double largest_variance(const Vector& values, double rho, std::span<const std::int64_t> horizons,
                        double sigma2, const Benchmark& reference) {
  if (horizons.empty()) {
    throw ArgumentError("largest_variance", "horizons", "is empty, expected at least one");
  }
  const std::int64_t smallest = *std::min_element(horizons.begin(), horizons.end());
  return whitened_eigenvalues(values, rho, smallest, sigma2, reference).array().square().mean();
}

double paper_radius(double vbar, std::int64_t examples, std::int64_t count, double delta) {
  check_bound("paper_radius", examples, count, delta);
  return gibbs_radius(vbar, examples, std::log(static_cast<double>(count)), delta);
}

double exact_mgf_radius(const Vector& whitened, std::int64_t count, double delta) {
  check_bound("exact_mgf_radius", whitened.size(), count, delta);
  const double share = delta / static_cast<double>(count);
  return radius_from_quantile(whitened, ChiSquareSum(whitened).chernoff_quantile(share));
}

double exact_tail_radius(const Vector& whitened, std::int64_t count, double delta) {
  check_bound("exact_tail_radius", whitened.size(), count, delta);
  const double share = delta / static_cast<double>(count);
  return radius_from_quantile(whitened, ChiSquareSum(whitened).quantile(share));
}

CertificateRadii certificate_radii(const Vector& values, double rho,
                                   std::span<const std::int64_t> horizons, std::int64_t horizon,
                                   double sigma2, const Benchmark& reference, double delta) {
  if (std::find(horizons.begin(), horizons.end(), horizon) == horizons.end()) {
    throw ArgumentError("certificate_radii", "horizon",
                        fmt::format("is {}, expected one of the candidates", horizon));
  }
  const auto count = static_cast<std::int64_t>(horizons.size());
  const Eigen::VectorXd whitened = whitened_eigenvalues(values, rho, horizon, sigma2, reference);
  const double vbar = largest_variance(values, rho, horizons, sigma2, reference);
  return {paper_radius(vbar, values.size(), count, delta), exact_mgf_radius(whitened, count, delta),
          exact_tail_radius(whitened, count, delta)};
}

double gibbs_radius(double vbar, std::int64_t examples, double divergence, double delta) {
  check_bound("gibbs_radius", examples, 1, delta);
  check_not_negative("gibbs_radius", "vbar", vbar);
  check_not_negative("gibbs_radius", "divergence", divergence);
  return std::sqrt(vbar * (divergence - std::log(delta)) / static_cast<double>(examples));
}

double gibbs_radius_at(double beta, double vbar, std::int64_t examples, double divergence,
                       double delta) {
  check_bound("gibbs_radius_at", examples, 1, delta);
  check_positive("gibbs_radius_at", "beta", beta);
  check_not_negative("gibbs_radius_at", "vbar", vbar);
  check_not_negative("gibbs_radius_at", "divergence", divergence);
  return (divergence - std::log(delta)) / (beta * static_cast<double>(examples)) + beta * vbar / 4;
}

}  // namespace sextant::evidence
