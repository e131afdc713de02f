/// From evidence to error: divergences against dense matrices, bounds against what they bound, and
/// their coverage by simulation.

#include "sextant/studies/analysis/transfer.hpp"

#include <doctest/doctest.h>

#include <Eigen/Dense>
#include <cmath>
#include <numeric>

#include "sextant/core/errors.hpp"
#include "sextant/evidence/certificates.hpp"
#include "sextant/spectral/eigensystem.hpp"
#include "support/close.hpp"
#include "support/spectra.hpp"

using namespace sextant;
using namespace sextant::studies;
using namespace sextant::studies::analysis;
using sextant::spectral::Benchmark;
using sextant::test::close;

namespace {

std::vector<std::int64_t> up_to(std::int64_t last) {
  std::vector<std::int64_t> horizons(static_cast<std::size_t>(last) + 1);
  std::iota(horizons.begin(), horizons.end(), 0);
  return horizons;
}

}  // namespace

TEST_CASE("the divergence is that of two Gaussians with these matrices") {
  Random random(12);
  const Eigen::VectorXd values = Eigen::VectorXd::LinSpaced(6, 3, 0.1);
  const Eigen::MatrixXd kernel = test::kernel_with(values, random);
  const Benchmark benchmark{0.8, 0.3};
  const double rho = 0.1;
  const Eigen::MatrixXd one = Eigen::MatrixXd::Identity(6, 6);
  const Eigen::MatrixXd truth = benchmark.tau2 * kernel + benchmark.sigma2 * one;
  for (const std::int64_t horizon : {0, 1, 7, 20}) {
    Eigen::MatrixXd precision = one / benchmark.sigma2;
    for (std::int64_t t = 0; t < horizon; ++t) precision *= one - rho * kernel;
    const double divergence =
        ((precision * truth).trace() - 6 - std::log((precision * truth).determinant())) / 2;
    CHECK(evidence_divergence(values, rho, horizon, benchmark) == close(divergence, 1e-10));
    CHECK(evidence_divergence(values, rho, horizon, benchmark) ==
          close(6 * (evidence::population_evidence(values, rho, horizon, benchmark.sigma2,
                                                   benchmark) -
                     best_population_evidence(values, benchmark)),
                1e-9));
  }
  // Where T steps are the exact model nothing is lost, and nothing is left of rounding.
  const Eigen::VectorXd equal = Eigen::VectorXd::Constant(4, 2.0);
  const Benchmark exact{(std::pow(1 - 0.2, -3) - 1) / 2.0, 1};
  CHECK(evidence_divergence(equal, 0.1, 3, exact) < 1e-28);
  CHECK(normalized_gap(equal, 0.1, 3, exact) < 1e-28);
}

TEST_CASE("the transfer bound holds on every spectrum") {
  Random random(2);
  int tight = 0;
  for (const test::NamedSpectrum& spectrum : test::spectra(random)) {
    CAPTURE(spectrum.name);
    const double largest = spectrum.values.maxCoeff();
    const double rho = largest > 0 ? 0.3 / largest : 0.0;
    for (const double lambda_star : {1e-3, 0.1, 1.0, 100.0}) {
      const Benchmark benchmark{1, lambda_star * std::max(spectrum.values.mean(), 1e-3)};
      for (const std::int64_t horizon : {0, 1, 5, 50}) {
        const double gap = normalized_gap(spectrum.values, rho, horizon, benchmark);
        const double bound = transfer_bound(spectrum.values, rho, horizon, benchmark);
        CHECK(gap <= bound * (1 + 1e-9) + 1e-25);
        if (gap > 0.2 * bound) ++tight;
      }
    }
  }
  CHECK(tight > 10);
}

TEST_CASE("both bounds on the gap of T_MAP cover, and so does the deviation of the evidence") {
  Random random(7);
  const Eigen::MatrixXd phi = normal_matrix(20, 30, random) / std::sqrt(30.0);
  const Eigen::MatrixXd kernel = phi * phi.transpose();
  const spectral::Eigensystem system = spectral::decompose(kernel);
  const Benchmark benchmark{1, 0.5};
  const double rho = 0.1 / system.largest();
  const auto horizons = up_to(30);
  const double delta = 0.05;
  const PriorGapBound prior = prior_gap_bound(system.values, rho, horizons, benchmark, delta);
  CHECK(prior.value ==
        close(4 * benchmark.sigma2 * (prior.misspecification + prior.selection + prior.deviation)));
  const Eigen::VectorXd deviations =
      (benchmark.tau2 * system.values.array() + benchmark.sigma2).sqrt();
  const double at_five =
      evidence::population_evidence(system.values, rho, 5, benchmark.sigma2, benchmark);
  const double above = upper_deviation(system.values, rho, 5, benchmark, delta);
  const int draws = 2000;
  int observed_misses = 0;
  int prior_misses = 0;
  int deviation_misses = 0;
  for (int i = 0; i < draws; ++i) {
    const Eigen::VectorXd rotated = deviations.cwiseProduct(normal_vector(20, random));
    const evidence::EvidenceCurve curve = evidence::evidence_curve(
        system.values, rotated, rho, horizons, {evidence::Sigma2Rule::fixed, benchmark.sigma2});
    const double gap = normalized_gap(system.values, rho, curve.t_map, benchmark);
    observed_misses += gap > observed_gap_bound(system.values, rho, curve, benchmark, delta);
    prior_misses += gap > prior.value;
    deviation_misses += curve.values[5] > at_five + above;
  }
  // Binomial: 4 standard deviations above the allowed rate.
  const double slack = 4 * std::sqrt(delta * (1 - delta) * draws);
  CHECK(observed_misses <= delta * draws + slack);
  CHECK(prior_misses <= 2 * delta * draws + slack);
  CHECK(deviation_misses <= delta * draws + slack);
  CHECK(deviation_misses > 0);  // It is not vacuous.
}

TEST_CASE("arguments out of range are rejected") {
  const Eigen::Vector2d values(1, 0.5);
  CHECK_THROWS_AS(best_population_evidence(values, {1, 0}), ArgumentError);
  CHECK_THROWS_AS(evidence_divergence(values, 1, 3, {1, 1}), ArgumentError);
  CHECK_THROWS_AS(upper_deviation(values, 0.1, 3, {1, 1}, 1), ArgumentError);
  CHECK_THROWS_AS(prior_gap_bound(values, 0.1, {}, {1, 1}, 0.05), ArgumentError);
}
