#include "sextant/studies/analysis/transfer.hpp"

#include <algorithm>
#include <cmath>

#include "sextant/core/errors.hpp"
#include "sextant/evidence/certificates.hpp"
#include "sextant/spectral/filters.hpp"

namespace sextant::studies::analysis {
namespace {

using spectral::Benchmark;
using Vector = Eigen::Ref<const Eigen::VectorXd>;

Eigen::VectorXd whitened(const Vector& values, double rho, std::int64_t horizon,
                         const Benchmark& benchmark) {
  return evidence::whitened_eigenvalues(values, rho, horizon, benchmark.sigma2, benchmark);
}

double selection_price(const Vector& values, double rho, std::span<const std::int64_t> horizons,
                       const Benchmark& benchmark, double delta) {
  return evidence::paper_radius(
      evidence::largest_variance(values, rho, horizons, benchmark.sigma2, benchmark), values.size(),
      static_cast<std::int64_t>(horizons.size()), delta);
}

/// r - 1 - log r, also where r is close to 1.
double divergence_term(double ratio) {
  const double excess = ratio - 1;
  if (std::abs(excess) > 1e-4) return excess - std::log1p(excess);
  return excess * excess * (0.5 - excess * (1.0 / 3 - excess / 4));
}

}  // namespace

double best_population_evidence(const Vector& values, const Benchmark& benchmark) {
  constexpr std::string_view here = "best_population_evidence";
  check_positive(here, "benchmark.sigma2", benchmark.sigma2);
  check_not_negative(here, "benchmark.tau2", benchmark.tau2);
  if (values.size() == 0) throw ArgumentError(here, "values", "is empty");
  for (const double l : values) check_not_negative(here, "values", l);
  return ((benchmark.tau2 * values.array() + benchmark.sigma2).log().mean() + 1) / 2;
}

double evidence_divergence(const Vector& values, double rho, std::int64_t horizon,
                           const Benchmark& benchmark) {
  // Sigma_* and Sigma_T commute; the ratios of their eigenvalues are those of A_T.
  const Eigen::VectorXd ratios = whitened(values, rho, horizon, benchmark);
  double sum = 0;
  for (const double ratio : ratios) sum += divergence_term(ratio);
  return sum / 2;
}

double normalized_gap(const Vector& values, double rho, std::int64_t horizon,
                      const Benchmark& benchmark) {
  return spectral::bayes_gap(values, spectral::prompt_gap_weights(values, benchmark),
                             benchmark.lambda_star(),
                             spectral::gd_prompt_filter(values, rho, horizon)) /
         static_cast<double>(values.size());
}

double transfer_bound(const Vector& values, double rho, std::int64_t horizon,
                      const Benchmark& benchmark) {
  return 4 * benchmark.sigma2 * evidence_divergence(values, rho, horizon, benchmark) /
         static_cast<double>(values.size());
}

double observed_gap_bound(const Vector& values, double rho, const evidence::EvidenceCurve& curve,
                          const Benchmark& benchmark, double delta) {
  return 4 * benchmark.sigma2 *
         (curve.values[curve.map_index] - best_population_evidence(values, benchmark) +
          selection_price(values, rho, curve.horizons, benchmark, delta));
}

double upper_deviation(const Vector& values, double rho, std::int64_t horizon,
                       const Benchmark& benchmark, double delta) {
  check_between("upper_deviation", "delta", delta, 0.0, 1.0);
  const Eigen::VectorXd eigenvalues = whitened(values, rho, horizon, benchmark);
  const double price = -std::log(delta) / static_cast<double>(values.size());
  return std::sqrt(eigenvalues.squaredNorm() / static_cast<double>(values.size()) * price) +
         eigenvalues.maxCoeff() * price;
}

PriorGapBound prior_gap_bound(const Vector& values, double rho,
                              std::span<const std::int64_t> horizons, const Benchmark& benchmark,
                              double delta) {
  PriorGapBound best;
  const double price = selection_price(values, rho, horizons, benchmark, delta);
  for (const std::int64_t horizon : horizons) {
    PriorGapBound bound;
    bound.comparator = horizon;
    bound.misspecification =
        evidence_divergence(values, rho, horizon, benchmark) / static_cast<double>(values.size());
    bound.selection = price;
    bound.deviation = upper_deviation(values, rho, horizon, benchmark, delta);
    bound.value =
        4 * benchmark.sigma2 * (bound.misspecification + bound.selection + bound.deviation);
    if (horizon == horizons.front() || bound.value < best.value) best = bound;
  }
  return best;
}

}  // namespace sextant::studies::analysis
