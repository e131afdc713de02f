#include "sextant/evidence/curve.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <numbers>
#include <numeric>

#include "sextant/core/errors.hpp"
#include "sextant/spectral/filters.hpp"
#include "support/close.hpp"
#include "support/spectra.hpp"

using namespace sextant;
using namespace sextant::evidence;
using spectral::step_from_scale;

namespace {

constexpr double infinite = std::numeric_limits<double>::infinity();
constexpr Sigma2Choice plug_in{};
constexpr Sigma2Choice profile{Sigma2Rule::profile, 0};
Sigma2Choice fixed(double sigma2) { return {Sigma2Rule::fixed, sigma2}; }

std::vector<std::int64_t> curve_horizons(std::int64_t last) {
  std::vector<std::int64_t> list(static_cast<std::size_t>(last + 1));
  std::iota(list.begin(), list.end(), 0);
  return list;
}

/// The definition, term by term, in long double.
long double naive(const Eigen::VectorXd& values, const Eigen::VectorXd& rt, double rho,
                  std::int64_t horizon, Sigma2Choice choice) {
  const auto n = static_cast<long double>(values.size());
  long double determinant = 0;
  long double quadratic = 0;
  for (Eigen::Index i = 0; i < values.size(); ++i) {
    const long double rate = std::log1p(-static_cast<long double>(rho) * values[i]);
    const long double r = rt[i];
    determinant -= static_cast<long double>(horizon) * rate;
    quadratic += std::exp(static_cast<long double>(horizon) * rate) * r * r;
  }
  const long double squared_norm = rt.cast<long double>().squaredNorm();
  if (choice.rule == Sigma2Rule::profile) {
    return (std::log(quadratic / n) + determinant / n + 1) / 2;
  }
  const long double sigma2 = choice.rule == Sigma2Rule::fixed ? choice.value : squared_norm / n;
  return (n * std::log(sigma2) + determinant + quadratic / sigma2) / (2 * n);
}

}  // namespace

TEST_CASE("evidence is the dense multivariate normal density") {
  Random random(31);
  for (const test::NamedSpectrum& spectrum : test::spectra(random)) {
    const Eigen::VectorXd& values = spectrum.values;
    CAPTURE(spectrum.name);
    const int n = static_cast<int>(values.size());
    const Eigen::MatrixXd kernel = test::kernel_with(values, random);
    const auto system = spectral::decompose(kernel);
    const Eigen::VectorXd r = normal_vector(n, random);
    const double rho = step_from_scale(system.largest());
    const Eigen::MatrixXd shrink = Eigen::MatrixXd::Identity(n, n) - rho * kernel;
    for (const Sigma2Choice choice : {plug_in, profile, fixed(0.7)}) {
      const EvidenceCurve curve =
          evidence_curve(system.values, system.rotate(r), rho, curve_horizons(30), choice);
      Eigen::MatrixXd precision = Eigen::MatrixXd::Identity(n, n);
      for (int horizon = 0; horizon <= 30; ++horizon) {
        const double sigma2 = choice.rule == Sigma2Rule::fixed     ? 0.7
                              : choice.rule == Sigma2Rule::plug_in ? r.squaredNorm() / n
                                                                   : r.dot(precision * r) / n;
        CHECK(curve.sigma2[horizon] == test::close(sigma2, 1e-12));
        // Sigma_T = sigma2 (I - rho K)^-T, built densely and factorised.
        const Eigen::LLT<Eigen::MatrixXd> covariance(sigma2 * precision.inverse());
        const double log_determinant = 2 * covariance.matrixLLT().diagonal().array().log().sum();
        const double log_density =
            -(n * std::log(2 * std::numbers::pi) + log_determinant + r.dot(covariance.solve(r))) /
            2;
        const double expected = -log_density / n - std::log(2 * std::numbers::pi) / 2;
        CHECK(curve.values[horizon] == test::close(expected, 1e-11));
        precision = precision * shrink;
      }
    }
  }
}

TEST_CASE("long, sparse and unordered lists of horizons against the definition") {
  Random random(32);
  std::vector<std::int64_t> horizons = curve_horizons(700);
  for (const std::int64_t extra : {100'000, 1'000, 65'432, 127, 128, 129}) {
    horizons.push_back(extra);
  }
  for (const test::NamedSpectrum& spectrum : test::spectra(random)) {
    const Eigen::VectorXd& values = spectrum.values;
    CAPTURE(spectrum.name);
    const Eigen::VectorXd rt = normal_vector(values.size(), random);
    const double rho = step_from_scale(values.maxCoeff());
    for (const Sigma2Choice choice : {plug_in, profile, fixed(1.3)}) {
      const EvidenceCurve curve = evidence_curve(values, rt, rho, horizons, choice);
      CHECK(curve.values.allFinite());
      for (std::size_t j = 0; j < horizons.size(); ++j) {
        const auto expected = static_cast<double>(naive(values, rt, rho, horizons[j], choice));
        const auto scale = 1 + static_cast<double>(horizons[j]) * 0.1;
        CHECK(std::abs(curve.values[static_cast<Eigen::Index>(j)] - expected) < 1e-13 * scale);
      }
      CHECK(curve.relative.minCoeff() == 0.0);
      CHECK(curve.horizons[static_cast<std::size_t>(curve.map_index)] == curve.t_map);
    }
  }
}

TEST_CASE("both curves are convex in T") {
  Random random(33);
  for (const test::NamedSpectrum& spectrum : test::spectra(random)) {
    const Eigen::VectorXd& values = spectrum.values;
    CAPTURE(spectrum.name);
    const double rho = step_from_scale(values.maxCoeff(), 0.3);
    for (int repeat = 0; repeat < 5; ++repeat) {
      const Eigen::VectorXd rt = normal_vector(values.size(), random);
      for (const Sigma2Choice choice : {plug_in, profile}) {
        const Eigen::VectorXd l =
            evidence_curve(values, rt, rho, curve_horizons(300), choice).values;
        for (Eigen::Index t = 1; t < 300; ++t) {
          CHECK(l[t - 1] + l[t + 1] - 2 * l[t] >= -1e-12 * (1 + 0.3 * static_cast<double>(t)));
        }
      }
    }
  }
}

TEST_CASE("the unbounded search finds the smallest minimiser in few evaluations") {
  Random random(34);
  for (const test::NamedSpectrum& spectrum : test::spectra(random)) {
    const Eigen::VectorXd& values = spectrum.values;
    CAPTURE(spectrum.name);
    const Eigen::VectorXd signal =
        values.cwiseSqrt().cwiseProduct(normal_vector(values.size(), random));
    for (const double noise : {0.001, 0.1, 3.0}) {
      const Eigen::VectorXd rt =
          signal / std::sqrt(1 + values.sum()) + noise * normal_vector(values.size(), random);
      const double rho = step_from_scale(values.maxCoeff(), 0.01);
      for (const Sigma2Choice choice : {plug_in, profile, fixed(noise * noise)}) {
        const UnboundedMap map = unbounded_map(values, rt, rho, choice);
        REQUIRE(map.horizon.has_value());
        CHECK(map.evaluations <= 10 + 4 * std::log2(2 + static_cast<double>(*map.horizon)));
        if (*map.horizon > 20'000) continue;
        const EvidenceCurve curve =
            evidence_curve(values, rt, rho, curve_horizons(*map.horizon + 50), choice);
        CHECK(curve.t_map == *map.horizon);
      }
    }
  }
}

TEST_CASE("a profiled curve that falls for ever, and one that is flat") {
  // All of r along the top direction: longer horizons keep explaining it better.
  const Eigen::Vector2d values(1.0, 0.2);
  const Eigen::Vector2d along(0.7, 0.0);
  const UnboundedMap forever = unbounded_map(values, along, 0.1, profile);
  CHECK_FALSE(forever.horizon.has_value());
  const EvidenceCurve falling =
      evidence_curve(values, along, 0.1, curve_horizons(100'000), profile);
  CHECK(falling.t_map == 100'000);
  CHECK(falling.at_upper_edge);
  CHECK(falling.values.allFinite());
  const std::vector<std::int64_t> huge{std::int64_t{1} << 40};
  CHECK(evidence_curve(values, along, 0.1, huge, profile).values.allFinite());

  // One example, or equal eigenvalues: the profile cancels the determinant at every T.
  for (const Eigen::Index n : {1, 5}) {
    const Eigen::VectorXd equal = Eigen::VectorXd::Constant(n, 0.3);
    const Eigen::VectorXd r = Eigen::VectorXd::LinSpaced(n, 1, 2);
    const EvidenceCurve flat = evidence_curve(equal, r, 0.5, curve_horizons(20'000), profile);
    CHECK(flat.t_map == 0);
    CHECK(flat.relative.maxCoeff() < 1e-12);
    CHECK(unbounded_map(equal, r, 0.5, profile).horizon == 0);
  }
  Eigen::Vector3d nearly = Eigen::Vector3d::Constant(0.3);
  nearly[0] *= 1 + 2e-16;
  CHECK(unbounded_map(nearly, Eigen::Vector3d(1, 0.5, 2), 0.5, profile).horizon == 0);
}

TEST_CASE("zero kernels and zero residuals have defined answers") {
  const Eigen::Vector3d zero = Eigen::Vector3d::Zero();
  const Eigen::Vector3d r(1, -2, 0.5);
  for (const Sigma2Choice choice : {plug_in, profile, fixed(2.0)}) {
    const EvidenceCurve curve = evidence_curve(zero, r, 0.0, curve_horizons(30), choice);
    CHECK(curve.relative.isZero(0.0));
    CHECK(curve.t_map == 0);
    CHECK(curve.at_lower_edge);
    CHECK(unbounded_map(zero, r, 0.0, choice).horizon == 0);
    const std::vector<std::int64_t> late{9, 4, 7};
    CHECK(evidence_curve(zero, r, 0.0, late, choice).t_map == 4);
  }
  const Eigen::Vector3d values(2, 1, 0);
  for (const Sigma2Choice choice : {plug_in, profile}) {
    const EvidenceCurve curve = evidence_curve(values, zero, 0.1, curve_horizons(30), choice);
    CHECK(curve.zero_residuals);
    CHECK(curve.values.maxCoeff() == -infinite);
    CHECK(curve.t_map == 0);
    CHECK(curve.sigma2.isZero(0.0));
    CHECK(curve.relative[10] == test::close(-10.0 / 6 * (std::log(0.8) + std::log(0.9))));
    CHECK(unbounded_map(values, zero, 0.1, choice).horizon == 0);
  }
  const EvidenceCurve given = evidence_curve(values, zero, 0.1, curve_horizons(5), fixed(2.0));
  CHECK_FALSE(given.zero_residuals);
  CHECK(given.values[0] == test::close(std::log(2.0) / 2));
  CHECK(given.t_map == 0);
}

TEST_CASE("units: residuals shift the curve, the kernel's unit cancels against rho") {
  Random random(35);
  const Eigen::VectorXd values = Eigen::VectorXd::LinSpaced(9, 2, 0.01);
  const Eigen::VectorXd rt = normal_vector(9, random);
  for (const Sigma2Rule rule : {Sigma2Rule::plug_in, Sigma2Rule::profile, Sigma2Rule::fixed}) {
    const double given = rule == Sigma2Rule::fixed ? 0.6 : 0;
    const EvidenceCurve base = evidence_curve(values, rt, 0.1, curve_horizons(30), {rule, given});
    for (const double unit : {1e-120, 1e4, 1e120}) {
      const EvidenceCurve other = evidence_curve(1e-3 * values, unit * rt, 100.0,
                                                 curve_horizons(30), {rule, given * unit * unit});
      CHECK((other.relative - base.relative).cwiseAbs().maxCoeff() < 1e-12);
      CHECK(other.t_map == base.t_map);
      CHECK(other.values[3] - base.values[3] == test::close(std::log(unit)));
    }
  }
}

TEST_CASE("evidence: arguments out of range") {
  const Eigen::Vector2d two(1, 0.5);
  const auto horizons = curve_horizons(3);
  CHECK_THROWS_AS(evidence_curve(Eigen::VectorXd(0), Eigen::VectorXd(0), 0.1, horizons),
                  ArgumentError);
  CHECK_THROWS_AS(evidence_curve(two, Eigen::Vector3d(1, 1, 1), 0.1, horizons), ArgumentError);
  CHECK_THROWS_AS(evidence_curve(two, two, 1.0, horizons), ArgumentError);
  CHECK_THROWS_AS(evidence_curve(two, two, 0.0, horizons), ArgumentError);
  CHECK_THROWS_AS(evidence_curve(two, two, 0.1, {}), ArgumentError);
  CHECK_THROWS_AS(evidence_curve(two, two, 0.1, std::vector<std::int64_t>{-1}), ArgumentError);
  CHECK_THROWS_AS(evidence_curve(two, two, 0.1, horizons, fixed(0.0)), ArgumentError);
  CHECK_THROWS_AS(evidence_curve(Eigen::Vector2d(1, -1), two, 0.1, horizons), ArgumentError);
  CHECK_THROWS_AS(evidence_curve(two, Eigen::Vector2d(1, infinite), 0.1, horizons), ArgumentError);
  CHECK_THROWS_AS(unbounded_map(two, two, 1.0), ArgumentError);
}
