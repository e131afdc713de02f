/// Evidence without an n x n kernel against the dense curve.

#include "sextant/evidence/large.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <numeric>

#include "sextant/core/errors.hpp"
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
    Eigen::MatrixXd features = test::normal_matrix(20, parameters, random);
    for (Eigen::Index j = 0; j < parameters; ++j) features.col(j) /= static_cast<double>(j + 1);
    const Eigen::VectorXd residuals = features.col(0) + 0.5 * test::normal_vector(20, random);
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

TEST_CASE("from products the curve is the dense one but for the determinant's stated error") {
  Random random(2);
  Eigen::MatrixXd features = test::normal_matrix(80, 120, random);
  for (Eigen::Index j = 0; j < 120; ++j) features.col(j) /= static_cast<double>(j + 1);
  const Eigen::VectorXd residuals = features.col(1) + 0.2 * test::normal_vector(80, random);
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
  const Eigen::VectorXd residuals = test::normal_vector(6, random);
  const std::vector<const Eigen::MatrixXd*> none = {&zero};
  for (const LargeSpectrum& large :
       {spectrum_from_features(none, residuals),
        spectrum_from_products(spectral::FeatureKernel({&zero}), residuals)}) {
    CHECK(large.rho == 0);
    const EvidenceCurve curve = evidence_curve(large.spectrum, large.rho, horizons());
    CHECK(curve.t_map == 0);
    CHECK(curve.values[30] == close(curve.values[0]));
  }
  const Eigen::MatrixXd features = test::normal_matrix(6, 3, random);
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
  ResidualSpectrum wrong{6, Eigen::VectorXd::Ones(2), Eigen::VectorXd::Ones(2), 0.5};
  CHECK_THROWS_AS(evidence_curve(wrong, 0.1, horizons()), ArgumentError);
}
