/// The Marchenko-Pastur law against its known moments and against random kernels.

#include "sextant/studies/analysis/marchenko_pastur.hpp"

#include <doctest/doctest.h>

#include <cmath>

#include "sextant/core/errors.hpp"
#include "support/close.hpp"
#include "support/spectra.hpp"

using namespace sextant;
using namespace sextant::studies;
using namespace sextant::studies::analysis;
using sextant::test::close;

namespace {

constexpr double ratios[] = {0.05, 0.5, 0.99, 1.0, 1.3, 6.0};

/// Eigenvalues of Phi Phi', Phi [n, n / ratio].
Eigen::VectorXd random_spectrum(Eigen::Index n, double ratio, Random& random) {
  const auto d = static_cast<Eigen::Index>(std::lround(static_cast<double>(n) / ratio));
  const Eigen::MatrixXd phi = normal_matrix(n, d, random) / std::sqrt(static_cast<double>(d));
  return Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd>(phi * phi.transpose(),
                                                        Eigen::EigenvaluesOnly)
      .eigenvalues()
      .cwiseMax(0.0);
}

double flow_risk(const Eigen::VectorXd& values, const spectral::Benchmark& benchmark, double time) {
  const Eigen::ArrayXd kept = (-time * values.array()).exp();
  return (benchmark.tau2 * values.array() * kept.square() + benchmark.sigma2 * (1 - kept).square())
      .mean();
}

}  // namespace

TEST_CASE("mass and the first three moments are the known ones, within the stated error") {
  for (const double ratio : ratios) {
    CAPTURE(ratio);
    const MarchenkoPastur law(ratio);
    const double moments[] = {1, 1, 1 + ratio, 1 + 3 * ratio + ratio * ratio};
    for (int k = 0; k < 4; ++k) {
      const auto mean = law.mean([k](double l) { return std::pow(l, k); });
      CHECK(mean.value == close(moments[k], 1e-11));
      CHECK(std::abs(mean.value - moments[k]) <= mean.error + 1e-13 * moments[k]);
      CHECK(mean.error < 1e-9 * moments[k]);
    }
  }
}

TEST_CASE("the density is that of the means: share below a point by plain summation") {
  for (const double ratio : {0.5, 3.0}) {
    const MarchenkoPastur law(ratio);
    CHECK(law.atom() == close(ratio > 1 ? 1 - 1 / ratio : 0));
    const int cells = 200000;
    double mass = 0;
    double third = 0;
    for (int i = 0; i < cells; ++i) {
      const double width = (law.upper() - law.lower()) / cells;
      const double l = law.lower() + (i + 0.5) * width;
      mass += law.density(l) * width;
      third += law.density(l) * std::exp(-l) * width;
    }
    CHECK(mass + law.atom() == close(1, 1e-6));
    CHECK(third + law.atom() == close(law.mean([](double l) { return std::exp(-l); }).value, 1e-6));
    CHECK(law.density(law.upper() + 1) == 0);
    CHECK(law.density(law.lower() / 2) == 0);
  }
}

TEST_CASE("risk curves and mean eigenvalues of large random kernels come to the limit") {
  Random random(5);
  const spectral::Benchmark benchmark{1.4, 0.6};
  for (const double ratio : {0.4, 1.0, 2.5}) {
    CAPTURE(ratio);
    const MarchenkoPastur law(ratio);
    const Eigen::VectorXd values = random_spectrum(500, ratio, random);
    for (const double time : {0.0, 0.3, 1.0, 3.0, 20.0}) {
      CAPTURE(time);
      // Linear statistics of the spectrum deviate by O(1/n).
      CHECK(std::abs(flow_risk(values, benchmark, time) -
                     limiting_flow_risk(law, benchmark, time)) < 0.02);
    }
    const Eigen::ArrayXd a = benchmark.tau2 * values.array() + benchmark.sigma2;
    CHECK((a * values.array()).sum() / a.sum() ==
          close(limiting_mean_eigenvalue(ratio, benchmark.lambda_star()), 0.02));
    const auto weight = [&](double l) { return benchmark.tau2 * l + benchmark.sigma2; };
    const double mean = law.mean([&](double l) { return weight(l) * l; }).value /
                        law.mean([&](double l) { return weight(l); }).value;
    CHECK(limiting_mean_eigenvalue(ratio, benchmark.lambda_star()) == close(mean, 1e-11));
  }
}

TEST_CASE("the best time has the smallest risk of a fine grid, and the matched one is not far") {
  for (const double ratio : {0.3, 1.0, 4.0}) {
    const MarchenkoPastur law(ratio);
    for (const double lambda_star : {0.05, 1.0, 10.0}) {
      CAPTURE(ratio);
      CAPTURE(lambda_star);
      const spectral::Benchmark benchmark{1, lambda_star};
      const LimitingTime best = limiting_time(law, benchmark);
      CHECK(best.risk == close(limiting_flow_risk(law, benchmark, best.time)));
      for (double time = best.time / 50; time < best.time * 50; time *= 1.03) {
        CHECK(best.risk <= limiting_flow_risk(law, benchmark, time) * (1 + 1e-9));
      }
      CHECK(best.matched_risk >= best.risk * (1 - 1e-12));
      CHECK(best.matched_risk < 1.6 * best.risk);
    }
  }
}

TEST_CASE("arguments out of range are rejected") {
  CHECK_THROWS_AS(MarchenkoPastur(0.0), ArgumentError);
  CHECK_THROWS_AS(MarchenkoPastur(-1.0), ArgumentError);
  CHECK_THROWS_AS(limiting_flow_risk(MarchenkoPastur(1), {1, 1}, -1), ArgumentError);
  CHECK_THROWS_AS(limiting_time(MarchenkoPastur(1), {1, 0}), ArgumentError);
}
