#include "sextant/evidence/benchmark_fit.hpp"

#include <doctest/doctest.h>

#include <boost/math/quadrature/gauss_kronrod.hpp>
#include <cmath>
#include <limits>
#include <numbers>

#include "sextant/core/errors.hpp"
#include "sextant/spectral/filters.hpp"
#include "support/close.hpp"
#include "support/spectra.hpp"

using namespace sextant;
using namespace sextant::evidence;

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

/// Minus the log density per example, without log(2 pi)/2.
double negative_log_density(const Eigen::VectorXd& values, const Eigen::VectorXd& rt, double tau2,
                            double sigma2) {
  double sum = 0;
  for (Eigen::Index i = 0; i < values.size(); ++i) {
    const double v = tau2 * values[i] + sigma2;
    sum += std::log(v) + rt[i] * rt[i] / v;
  }
  return sum / (2 * static_cast<double>(values.size()));
}

/// Residuals of the benchmark with the given variances.
Eigen::VectorXd draw(const Eigen::VectorXd& values, double tau2, double sigma2, Random& random) {
  return (tau2 * values.array() + sigma2).sqrt() * normal_vector(values.size(), random).array();
}

}  // namespace

TEST_CASE("the fitted evidence is the dense density at the fitted variances") {
  Random random(61);
  const Eigen::VectorXd values = Eigen::VectorXd::LinSpaced(12, 3, 0);
  const Eigen::MatrixXd kernel = test::kernel_with(values, random);
  const auto system = spectral::decompose(kernel);
  const Eigen::VectorXd r = normal_vector(12, random);
  const BenchmarkFit fit = fit_benchmark(system.values, system.rotate(r));
  const Eigen::MatrixXd covariance =
      fit.benchmark.tau2 * kernel + fit.benchmark.sigma2 * Eigen::MatrixXd::Identity(12, 12);
  const Eigen::LLT<Eigen::MatrixXd> factor(covariance);
  const double log_determinant = 2 * factor.matrixLLT().diagonal().array().log().sum();
  CHECK(fit.evidence == test::close((log_determinant + r.dot(factor.solve(r))) / 24, 1e-12));
  CHECK(fit.lambda_star == test::close(fit.benchmark.lambda_star(), 1e-12));
}

TEST_CASE("the fit beats a dense grid over both variances") {
  Random random(62);
  for (const test::NamedSpectrum& spectrum : test::spectra(random)) {
    const Eigen::VectorXd& values = spectrum.values;
    CAPTURE(spectrum.name);
    if (values.maxCoeff() == 0) continue;
    for (const double sigma2 : {0.01, 1.0, 20.0}) {
      const Eigen::VectorXd rt = draw(values, 1 / values.mean(), sigma2, random);
      const BenchmarkFit fit = fit_benchmark(values, rt);
      CHECK(fit.evidence == test::close(negative_log_density(values, rt, fit.benchmark.tau2,
                                                             fit.benchmark.sigma2)));
      const double mean = values.mean();
      for (int i = 0; i <= 1200; ++i) {
        const double lambda_star = mean * std::pow(10.0, -6 + 0.01 * i);
        for (int j = -4; j <= 4; ++j) {  // sigma2 around its best value at this lambda_star
          const double best = (rt.array().square() / (1 + values.array() / lambda_star)).mean();
          const double s2 = best * std::pow(1.1, j);
          REQUIRE(fit.evidence <= negative_log_density(values, rt, s2 / lambda_star, s2) + 1e-9);
        }
      }
    }
  }
}

TEST_CASE("fits of one variance with the other given beat a dense grid") {
  Random random(63);
  for (const test::NamedSpectrum& spectrum : test::spectra(random)) {
    const Eigen::VectorXd& values = spectrum.values;
    CAPTURE(spectrum.name);
    if (values.maxCoeff() == 0) continue;
    for (const double truth : {0.05, 2.0}) {
      const double tau2 = 1 / values.mean();
      const Eigen::VectorXd rt = draw(values, tau2, truth, random);
      const BenchmarkFit sigma = fit_sigma2(values, rt, tau2);
      const BenchmarkFit tau = fit_tau2(values, rt, truth);
      CHECK(sigma.benchmark.tau2 == tau2);
      CHECK(tau.benchmark.sigma2 == truth);
      for (int i = 0; i <= 2000; ++i) {
        const double factor = std::pow(10.0, -6 + 0.006 * i);
        const double s2 = factor * rt.squaredNorm() / double(rt.size());
        if (s2 >= 1e-8 * rt.squaredNorm() / double(rt.size())) {
          REQUIRE(sigma.evidence <= negative_log_density(values, rt, tau2, s2) + 1e-9);
        }
        const double t2 = factor * truth / values.mean();
        REQUIRE(tau.evidence <= negative_log_density(values, rt, t2, truth) + 1e-9);
      }
    }
  }
}

TEST_CASE("with many examples the fit finds the truth") {
  // n = 4,000: by the Fisher information the standard errors are 0.063 (sigma2) and 0.058 (tau2)
  // together, 0.048 and 0.044 alone. Four of them.
  Random random(64);
  Eigen::VectorXd values(4000);
  for (double& l : values) l = 4 * random.uniform();
  const Eigen::VectorXd rt = draw(values, 1.5, 0.7, random);
  const BenchmarkFit fit = fit_benchmark(values, rt);
  CHECK(fit.benchmark.sigma2 == test::close(0.7, 0.36));
  CHECK(fit.benchmark.tau2 == test::close(1.5, 0.155));
  CHECK_FALSE(fit.at_lower_edge);
  CHECK_FALSE(fit.at_upper_edge);
  CHECK(fit_sigma2(values, rt, 1.5).benchmark.sigma2 == test::close(0.7, 0.27));
  CHECK(fit_tau2(values, rt, 0.7).benchmark.tau2 == test::close(1.5, 0.117));
}

TEST_CASE("edges and several minima are said, not hidden") {
  const Eigen::Vector3d values(2, 1, 0.5);
  // |rt_i|^2 proportional to l_i: no trace of observation variance.
  const BenchmarkFit no_noise = fit_benchmark(values, values.cwiseSqrt());
  CHECK(no_noise.at_lower_edge);
  CHECK(no_noise.lambda_star == test::close(1e-6 * values.mean()));
  CHECK(no_noise.benchmark.tau2 == test::close(1.0, 1e-4));
  // Residuals where the kernel is small: no trace of a signal.
  const BenchmarkFit no_signal = fit_benchmark(values, Eigen::Vector3d(0.1, 1, 2));
  CHECK(no_signal.at_upper_edge);
  CHECK(no_signal.benchmark.sigma2 == test::close(5.01 / 3, 1e-4));
  CHECK(no_signal.benchmark.tau2 < 1e-4);
  CHECK(fit_tau2(values, Eigen::Vector3d(0.1, 1, 2), 3.0).at_upper_edge);
  CHECK(fit_sigma2(values, Eigen::Vector3d(0.1, 0.1, 0.1), 1.0).at_lower_edge);
  CHECK_THROWS_AS(fit_benchmark(values, values, {1.0, 0.5}), ArgumentError);

  // Two groups of modes that tell different stories.
  Eigen::VectorXd l(12);
  Eigen::VectorXd rt(12);
  for (Eigen::Index i = 0; i < 12; ++i) {
    l[i] = i < 2 ? 1e4 : i < 6 ? 1.0 : 1e-4;
    rt[i] = i < 2 ? 1e2 : i < 6 ? 10.0 : 0.7;
  }
  const BenchmarkFit two = fit_benchmark(l, rt);
  CHECK(two.local_minima >= 2);
  double best = infinity;
  for (int i = 0; i <= 12'000; ++i) {
    const double lambda_star = l.mean() * std::pow(10.0, -6 + 0.001 * i);
    const double s2 = (rt.array().square() / (1 + l.array() / lambda_star)).mean();
    best = std::min(best, negative_log_density(l, rt, s2 / lambda_star, s2));
  }
  CHECK(two.evidence <= best + 1e-12);
  CHECK(two.evidence == test::close(best, 1e-6));
}

TEST_CASE("zero kernels, zero residuals and a single example") {
  const Eigen::Vector3d zero = Eigen::Vector3d::Zero();
  const Eigen::Vector3d r(1, 2, 2);
  const Eigen::Vector3d values(2, 1, 0);
  for (const BenchmarkFit& fit :
       {fit_benchmark(zero, r), fit_sigma2(zero, r, 1.0), fit_sigma2(values, r, 0.0)}) {
    CHECK(fit.benchmark.tau2 == 0.0);
    CHECK(fit.benchmark.sigma2 == test::close(3.0));
    CHECK(fit.lambda_star == infinity);
    CHECK(fit.evidence == test::close((std::log(3.0) + 1) / 2));
  }
  CHECK(fit_benchmark(zero, r).zero_kernel);
  CHECK(fit_tau2(zero, r, 2.0).zero_kernel);
  CHECK(fit_tau2(zero, r, 2.0).benchmark.tau2 == 0.0);
  CHECK(fit_tau2(zero, r, 2.0).evidence == test::close((std::log(2.0) + 1.5) / 2));

  const BenchmarkFit silent = fit_benchmark(values, zero);
  CHECK(silent.zero_residuals);
  CHECK(silent.benchmark.tau2 == 0.0);
  CHECK(silent.benchmark.sigma2 == 0.0);
  CHECK(silent.lambda_star == infinity);
  CHECK(silent.evidence == -infinity);
  CHECK(fit_sigma2(values, zero, 1.0).benchmark.sigma2 == 0.0);
  CHECK(fit_sigma2(values, zero, 1.0).lambda_star == 0.0);
  CHECK(fit_tau2(values, zero, 2.0).zero_residuals);
  CHECK(fit_tau2(values, zero, 2.0).evidence == test::close(std::log(2.0) / 2));
  CHECK(fit_benchmark(zero, zero).zero_kernel);

  // One example: only tau2 l + sigma2 = r^2 is identified.
  const BenchmarkFit one =
      fit_benchmark(Eigen::VectorXd::Constant(1, 0.5), Eigen::VectorXd::Constant(1, 3.0));
  CHECK(0.5 * one.benchmark.tau2 + one.benchmark.sigma2 == test::close(9.0));
  CHECK(one.evidence == test::close((std::log(9.0) + 1) / 2));
}

TEST_CASE("a flat likelihood identifies no lambda_star") {
  Random random(71);
  for (const Eigen::Index n : {Eigen::Index{1}, Eigen::Index{7}, Eigen::Index{300}}) {
    for (const double value : {1e-7, 3.0, 1e9}) {
      CAPTURE(n);
      CAPTURE(value);
      const Eigen::VectorXd rt = normal_matrix(n, 1, random);
      Eigen::VectorXd values = Eigen::VectorXd::Constant(n, value);
      const BenchmarkFit fit = fit_benchmark(values, rt);
      CHECK(fit.flat);
      CHECK(fit.lambda_star == test::close(value));
      CHECK_FALSE(fit.at_lower_edge);
      CHECK_FALSE(fit.at_upper_edge);
      const double mean_square = rt.squaredNorm() / static_cast<double>(n);
      CHECK(fit.benchmark.sigma2 == test::close(mean_square / 2));
      CHECK(fit.benchmark.tau2 * value == test::close(mean_square / 2));
      CHECK(fit.evidence == test::close((std::log(mean_square) + 1) / 2));
      // Rounding of a decomposition is no information; a real spread is.
      values.array() += 4e-16 * value * Eigen::ArrayXd::LinSpaced(n, -1, 1);
      CHECK(fit_benchmark(values, rt).flat);
      if (n == 1) continue;
      // Nor is one that shifts the log likelihood of all examples by less than 0.001.
      for (const double e : {1e-10, 1e-8, 1e-6}) {
        CHECK(
            fit_benchmark(
                Eigen::VectorXd(values.array() * (1 + e * Eigen::ArrayXd::LinSpaced(n, -1, 1))), rt)
                .flat);
      }
      values.array() += value * Eigen::ArrayXd::LinSpaced(n, 0, 1);
      const BenchmarkFit spread = fit_benchmark(values, rt);
      CHECK_FALSE(spread.flat);
      CHECK(spread.local_minima > 0);
    }
  }
  // With one variance given, the other is identified.
  const Eigen::VectorXd one = Eigen::VectorXd::Ones(3);
  CHECK_FALSE(fit_sigma2(one, one, 0.5).flat);
  CHECK(fit_sigma2(one, one, 0.5).benchmark.sigma2 == test::close(0.5, 1e-6));
  CHECK_FALSE(fit_tau2(one, one, 0.5).flat);
  CHECK(fit_tau2(one, one, 0.5).benchmark.tau2 == test::close(0.5, 1e-6));
}

TEST_CASE("units of fits and averages") {
  Random random(65);
  const Eigen::VectorXd values = Eigen::VectorXd::LinSpaced(10, 2, 0.01);
  const Eigen::VectorXd rt = draw(values, 1, 0.3, random);
  const BenchmarkFit base = fit_benchmark(values, rt);
  const LambdaAverage average = average_over_lambda_star(values, rt);
  const double a = 1e90;  // residuals
  const double b = 1e-9;  // kernel
  const BenchmarkFit other = fit_benchmark(b * values, a * rt);
  CHECK(other.benchmark.sigma2 / (a * a) == test::close(base.benchmark.sigma2, 1e-6));
  CHECK(other.benchmark.tau2 * b / (a * a) == test::close(base.benchmark.tau2, 1e-6));
  CHECK(other.evidence == test::close(base.evidence + std::log(a)));
  CHECK(average_over_lambda_star(b * values, a * rt)
            .prompt_filter.isApprox(average.prompt_filter, 1e-10));
}

TEST_CASE("the average over lambda_star against quadrature of the posterior") {
  Random random(66);
  for (const test::NamedSpectrum& spectrum : test::spectra(random)) {
    const Eigen::VectorXd& values = spectrum.values;
    CAPTURE(spectrum.name);
    if (values.maxCoeff() == 0) continue;
    const auto n = static_cast<double>(values.size());
    const Eigen::VectorXd rt = draw(values, 1 / values.mean(), 0.5, random);
    const LambdaAverage average = average_over_lambda_star(values, rt);
    CHECK(std::abs(average.weights.sum() - 1) < 1e-14);
    CHECK(average.lambda_star[0] == test::close(values.mean() * std::exp(-4.0)));
    CHECK(average.lambda_star.tail(1)[0] == test::close(values.mean() * std::exp(4.0)));
    // sigma2 integrated out under 1/sigma2: |V|^(-1/2) (r'V^-1 r)^(-n/2), V = I + K/lambda_star.
    const auto posterior = [&](double u) {
      const Eigen::ArrayXd v = 1 + values.array() / (values.mean() * std::exp(u));
      return std::exp(-0.5 * v.log().sum() -
                      n / 2 * std::log((rt.array().square() / v).sum() / rt.squaredNorm()));
    };
    using Quadrature = boost::math::quadrature::gauss_kronrod<double, 61>;
    const double mass = Quadrature::integrate(posterior, -4.0, 4.0, 10, 1e-12);
    for (const Eigen::Index i : {Eigen::Index{0}, values.size() - 1}) {
      const double expected =
          Quadrature::integrate(
              [&](double u) { return posterior(u) / (values[i] + values.mean() * std::exp(u)); },
              -4.0, 4.0, 10, 1e-12) /
          mass;
      // The trapezoid rule at 0.1 spacing.
      CHECK(average.query_filter[i] == test::close(expected, 5e-3));
      const Eigen::VectorXd finer = average_over_lambda_star(values, rt, 4, 4001).query_filter;
      CHECK(finer[i] == test::close(expected, 1e-5));
    }
    CHECK(average.prompt_filter.isApprox(values.cwiseProduct(average.query_filter)));
  }
  const LambdaAverage none =
      average_over_lambda_star(Eigen::Vector2d::Zero(), Eigen::Vector2d(1, 2));
  CHECK(none.query_filter.isZero(0.0));
  CHECK(none.weights.size() == 0);
  const LambdaAverage silent =
      average_over_lambda_star(Eigen::Vector2d(1, 0.1), Eigen::Vector2d::Zero());
  CHECK(silent.weights.sum() == test::close(1.0));
  CHECK(silent.query_filter.allFinite());
}

TEST_CASE("fits: arguments out of range") {
  const Eigen::Vector2d two(1, 0.5);
  CHECK_THROWS_AS(fit_benchmark(Eigen::VectorXd(0), Eigen::VectorXd(0)), ArgumentError);
  CHECK_THROWS_AS(fit_benchmark(two, Eigen::Vector3d(1, 1, 1)), ArgumentError);
  CHECK_THROWS_AS(fit_benchmark(Eigen::Vector2d(1, -1), two), ArgumentError);
  CHECK_THROWS_AS(fit_benchmark(two, Eigen::Vector2d(1, std::nan(""))), ArgumentError);
  CHECK_THROWS_AS(fit_sigma2(two, two, -1.0), ArgumentError);
  CHECK_THROWS_AS(fit_tau2(two, two, 0.0), ArgumentError);
  CHECK_THROWS_AS(average_over_lambda_star(two, two, 0.0), ArgumentError);
  CHECK_THROWS_AS(average_over_lambda_star(two, two, 4.0, 1), ArgumentError);
}
