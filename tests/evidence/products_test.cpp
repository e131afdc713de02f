/// Evidence without an n x n kernel against the dense curve.

#include "sextant/evidence/products.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <numeric>

#include "sextant/core/errors.hpp"
#include "sextant/evidence/benchmark_fit.hpp"
#include "sextant/spectral/eigensystem.hpp"
#include "sextant/spectral/filters.hpp"
#include "support/close.hpp"
#include "support/spectra.hpp"

using namespace sextant;
using namespace sextant::evidence;
using sextant::test::close;

namespace {

const Sigma2Choice rules[] = {
    {Sigma2Rule::plug_in, 0}, {Sigma2Rule::profile, 0}, {Sigma2Rule::fixed, 0.7}};

std::vector<std::int64_t> horizons() {
  std::vector<std::int64_t> list(61);
  std::iota(list.begin(), list.end(), 0);
  return list;
}

EvidenceCurve dense_curve(const Eigen::MatrixXd& features, const Eigen::VectorXd& residuals,
                          Sigma2Choice rule) {
  const spectral::Eigensystem system = spectral::decompose(features * features.transpose());
  return evidence_curve(system.values, system.rotate(residuals),
                        spectral::step_from_scale(system.largest()), horizons(), rule);
}

void check_equal(const EvidenceCurve& curve, const EvidenceCurve& expected, double tolerance) {
  CHECK(curve.t_map == expected.t_map);
  CHECK(curve.examples == expected.examples);
  for (Eigen::Index j = 0; j < curve.values.size(); ++j) {
    CHECK(std::abs(curve.values[j] - expected.values[j]) <= tolerance);
    CHECK(curve.sigma2[j] == close(expected.sigma2[j], 1e-6));
  }
}

}  // namespace

TEST_CASE("from features the curve is the dense one") {
  Random random(1);
  for (const Eigen::Index parameters : {1, 5, 20, 40}) {
    CAPTURE(parameters);
    Eigen::MatrixXd features = normal_matrix(20, parameters, random);
    for (Eigen::Index j = 0; j < parameters; ++j) features.col(j) /= static_cast<double>(j + 1);
    const Eigen::VectorXd residuals = features.col(0) + 0.5 * normal_vector(20, random);
    const Eigen::MatrixXd left = features.leftCols((parameters + 1) / 2);
    const Eigen::MatrixXd right = features.rightCols(parameters / 2);
    const std::vector<const Eigen::MatrixXd*> blocks = {&left, &right};
    const LargeSpectrum large = spectrum_from_features(blocks, residuals);
    CHECK(large.method == SpectrumMethod::features);
    CHECK(large.evidence_error(10) == 0);
    CHECK(large.spectrum.energies.sum() == close(residuals.squaredNorm()));
    for (const Sigma2Choice rule : rules) {
      check_equal(evidence_curve(large.spectrum, large.rho, horizons(), rule),
                  dense_curve(features, residuals, rule), 1e-10);
    }
  }
}

TEST_CASE("from the features' Gram matrix the curve is the dense one, too") {
  Random random(5);
  const Eigen::MatrixXd features = normal_matrix(30, 7, random);
  const Eigen::VectorXd residuals = features.col(2) + normal_vector(30, random);
  const spectral::Eigensystem gram = spectral::decompose(features.transpose() * features);
  const Eigen::VectorXd coordinates = gram.rotate(features.transpose() * residuals);
  const LargeSpectrum large = spectrum_from_gram(gram, coordinates, residuals.squaredNorm(), 30);
  for (const Sigma2Choice rule : rules) {
    check_equal(evidence_curve(large.spectrum, large.rho, horizons(), rule),
                dense_curve(features, residuals, rule), 1e-10);
  }
  CHECK_THROWS_AS(spectrum_from_gram(gram, coordinates, residuals.squaredNorm(), 0), ArgumentError);
  CHECK_THROWS_AS(spectrum_from_gram(gram, coordinates.head(6), 1, 30), ArgumentError);
  CHECK_THROWS_AS(spectrum_from_gram(gram, coordinates, -1, 30), ArgumentError);
}

TEST_CASE("from products the curve is the dense one but for the determinant's stated error") {
  Random random(2);
  Eigen::MatrixXd features = normal_matrix(80, 120, random);
  for (Eigen::Index j = 0; j < 120; ++j) features.col(j) /= static_cast<double>(j + 1);
  const Eigen::VectorXd residuals = features.col(1) + 0.2 * normal_vector(80, random);
  const spectral::FeatureKernel kernel({&features});
  for (const Sigma2Choice rule : rules) {
    const EvidenceCurve expected = dense_curve(features, residuals, rule);
    int inside = 0;
    const int seeds = 40;
    for (int seed = 0; seed < seeds; ++seed) {
      LanczosOptions options;
      options.trace = {30, 25, static_cast<std::uint64_t>(seed)};
      const LargeSpectrum large = spectrum_from_products(kernel, residuals, options);
      CHECK(large.exact_horizon >= 60);
      CHECK(large.rho == close(0.1 / large.lambda_max));
      const EvidenceCurve curve = evidence_curve(large.spectrum, large.rho, horizons(), rule);
      const double error = std::abs(curve.values[60] - expected.values[60]);
      inside += error <= 2.05 * large.evidence_error(60) + 1e-12;
      CHECK(error < 0.02);  // sampling the rest of the trace alone is precise
      CHECK(curve.values[0] == close(expected.values[0], 1e-10));
    }
    CHECK(inside >= 33);  // 95% of 40, minus four binomial standard deviations
  }
}

TEST_CASE("degenerate inputs have the dense answers") {
  Random random(3);
  const Eigen::MatrixXd zero = Eigen::MatrixXd::Zero(6, 2);
  const Eigen::VectorXd residuals = normal_vector(6, random);
  const std::vector<const Eigen::MatrixXd*> none = {&zero};
  for (const LargeSpectrum& large :
       {spectrum_from_features(none, residuals),
        spectrum_from_products(spectral::FeatureKernel({&zero}), residuals)}) {
    CHECK(large.rho == 0);
    const EvidenceCurve curve = evidence_curve(large.spectrum, large.rho, horizons());
    CHECK(curve.t_map == 0);
    CHECK(curve.values[30] == close(curve.values[0]));
  }
  const Eigen::MatrixXd features = normal_matrix(6, 3, random);
  const std::vector<const Eigen::MatrixXd*> blocks = {&features};
  for (const LargeSpectrum& large :
       {spectrum_from_features(blocks, Eigen::VectorXd::Zero(6)),
        spectrum_from_products(spectral::FeatureKernel({&features}), Eigen::VectorXd::Zero(6))}) {
    const EvidenceCurve curve = evidence_curve(large.spectrum, large.rho, horizons());
    CHECK(curve.zero_residuals);
    CHECK(curve.t_map == 0);
  }
  CHECK_THROWS_AS(spectrum_from_features({}, residuals), ArgumentError);
  CHECK_THROWS_AS(spectrum_from_features(blocks, residuals.head(4)), ArgumentError);
  ResidualSpectrum wrong;
  wrong.examples = 6;
  wrong.nodes = wrong.energies = Eigen::VectorXd::Ones(2);
  wrong.log_determinant = 0.5;
  CHECK_THROWS_AS(evidence_curve(wrong, 0.1, horizons()), ArgumentError);
}

namespace {

/// A kernel whose products are known and whose trace is not.
class Untraced : public spectral::KernelOperator {
 public:
  explicit Untraced(const spectral::KernelOperator& kernel) : kernel_(kernel) {}
  Eigen::Index size() const override { return kernel_.size(); }
  Eigen::MatrixXd apply(const Eigen::Ref<const Eigen::MatrixXd>& columns) const override {
    return kernel_.apply(columns);
  }
  std::optional<double> trace() const override { return {}; }

 private:
  const spectral::KernelOperator& kernel_;
};

}  // namespace

TEST_CASE("the benchmark fitted to a summary is that of the eigenvalues") {
  Random random(5);
  Eigen::MatrixXd features = normal_matrix(60, 12, random);
  for (Eigen::Index j = 0; j < 12; ++j) features.col(j) /= static_cast<double>(j + 1);
  const Eigen::VectorXd residuals =
      features * normal_vector(12, random) + 0.5 * normal_vector(60, random);
  const spectral::Eigensystem system = spectral::decompose(features * features.transpose());
  const Eigen::VectorXd rotated = system.rotate(residuals);
  const std::vector<const Eigen::MatrixXd*> blocks = {&features};
  const LargeSpectrum exact = spectrum_from_features(blocks, residuals);
  CHECK(exact.spectrum.counts.sum() == close(60.0));
  const auto same = [](const BenchmarkFit& fit, const BenchmarkFit& expected, double tolerance) {
    CHECK(fit.benchmark.tau2 == close(expected.benchmark.tau2, tolerance));
    CHECK(fit.benchmark.sigma2 == close(expected.benchmark.sigma2, tolerance));
    CHECK(fit.evidence == close(expected.evidence, tolerance));
  };
  same(fit_benchmark(exact.spectrum), fit_benchmark(system.values, rotated), 1e-6);
  same(fit_sigma2(exact.spectrum, 2.0), fit_sigma2(system.values, rotated, 2.0), 1e-6);
  same(fit_tau2(exact.spectrum, 0.3), fit_tau2(system.values, rotated, 0.3), 1e-6);

  // From products the determinant is an estimate, and with many probes a close one.
  LanczosOptions many;
  many.trace.probes = 400;
  const LargeSpectrum sampled =
      spectrum_from_products(spectral::FeatureKernel({&features}), residuals, many);
  CHECK(sampled.spectrum.counts.sum() == close(60.0, 1e-9));
  same(fit_benchmark(sampled.spectrum), fit_benchmark(system.values, rotated), 0.05);
  CHECK_THROWS_AS(fit_benchmark(ResidualSpectrum{}), ArgumentError);
}

TEST_CASE("without the trace the determinant is still within its stated error") {
  Random random(6);
  const Eigen::MatrixXd features = normal_matrix(40, 10, random);
  const Eigen::VectorXd residuals = normal_vector(40, random);
  const spectral::FeatureKernel kernel({&features});
  const std::vector<const Eigen::MatrixXd*> blocks = {&features};
  const double exact = spectrum_from_features(blocks, residuals).spectrum.log_determinant;
  int inside = 0;
  constexpr int seeds = 200;
  for (int seed = 0; seed < seeds; ++seed) {
    LanczosOptions options;
    options.trace.seed = static_cast<std::uint64_t>(seed);
    const LargeSpectrum large = spectrum_from_products(Untraced(kernel), residuals, options);
    CHECK(large.log_determinant_error > 0);
    // 2.13 is the 97.5% quantile of Student's t with 15 degrees of freedom.
    inside +=
        std::abs(large.spectrum.log_determinant - exact) <= 2.13 * large.log_determinant_error;
  }
  CHECK(inside >= 180);  // 190 expected, standard deviation 3.1
  CHECK(inside < seeds);
  LanczosOptions fixed;
  fixed.rho = 1e-9;
  CHECK(spectrum_from_products(kernel, residuals, fixed).rho == 1e-9);
  fixed.rho = 1.0;
  CHECK_THROWS_AS(spectrum_from_products(kernel, residuals, fixed), ArgumentError);
}
