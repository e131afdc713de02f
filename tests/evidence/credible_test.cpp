/// Posteriors of corrections: known special cases, and calibration by simulation.

#include "sextant/evidence/credible.hpp"

#include <doctest/doctest.h>

#include <boost/math/distributions/chi_squared.hpp>
#include <boost/math/distributions/students_t.hpp>
#include <cmath>
#include <vector>

#include "sextant/core/errors.hpp"
#include "sextant/evidence/benchmark_fit.hpp"
#include "sextant/spectral/eigensystem.hpp"
#include "sextant/spectral/gaps.hpp"
#include "support/close.hpp"
#include "support/spectra.hpp"

using namespace sextant;
using namespace sextant::evidence;
using sextant::test::close;

namespace {

/// Chi-square p-value that `values` in [0, 1] are uniform, by 20 equal bins.
double uniformity(const std::vector<double>& values) {
  std::vector<double> bins(20, 0.0);
  for (const double value : values)
    bins[std::min<std::size_t>(19, static_cast<std::size_t>(value * 20))] += 1;
  const double expected = static_cast<double>(values.size()) / 20;
  double statistic = 0;
  for (const double bin : bins) statistic += (bin - expected) * (bin - expected) / expected;
  return boost::math::cdf(boost::math::complement(boost::math::chi_squared(19), statistic));
}

/// A prompt with one query: features of 12 directions.
struct Draw {
  Draw(Random& random, double lambda_star_factor, double sigma2) {
    const Eigen::MatrixXd features = normal_matrix(8, 12, random);
    const Eigen::VectorXd query = normal_vector(12, random);
    const spectral::Eigensystem system = spectral::decompose(features * features.transpose());
    values = system.values;
    lambda_star = lambda_star_factor * values.mean();
    tau2 = sigma2 / lambda_star;
    const Eigen::VectorXd u = std::sqrt(tau2) * normal_vector(12, random);
    rotated = system.rotate(features * u + std::sqrt(sigma2) * normal_vector(8, random));
    coupling = system.rotate(features * query);
    variance = query.squaredNorm();
    truth = query.dot(u);
  }
  Eigen::VectorXd values, rotated, coupling;
  double lambda_star, tau2, variance, truth;
};

}  // namespace

TEST_CASE("with known variances it is the normal posterior") {
  Random random(1);
  const Draw draw(random, 0.4, 0.9);
  const spectral::Benchmark benchmark{draw.tau2, 0.9};
  const auto posterior = VariancePosterior(draw.values, draw.rotated, {draw.tau2, 0.9})
                             .query(draw.coupling, draw.variance);
  REQUIRE(posterior.has_value());
  const double deviation = std::sqrt(
      spectral::query_variance(draw.values, draw.coupling, draw.variance, benchmark).posterior);
  double mean = 0;
  for (Eigen::Index i = 0; i < 8; ++i) {
    mean += draw.coupling[i] * draw.rotated[i] / (draw.values[i] + draw.lambda_star);
  }
  CHECK(posterior->mean() == close(mean));
  CHECK(posterior->cdf(mean) == close(0.5));
  CHECK(posterior->quantile(0.975) == close(mean + 1.959963984540054 * deviation, 1e-9));
  const CredibleInterval interval = posterior->interval(0.6826894921370859);
  CHECK(interval.low == close(mean - deviation, 1e-9));
  CHECK(interval.high == close(mean + deviation, 1e-9));
  // Predicting the posterior mean is closer than 0 wherever f is beyond half of it.
  CHECK(posterior->probability_closer(mean) ==
        close(0.5 * std::erfc(-std::abs(mean) / 2 / deviation / std::sqrt(2.0)), 1e-9));
  CHECK(posterior->probability_closer(0) == 0);
  CHECK(posterior->probability_closer(1e9) < 1e-12);
  CHECK(posterior->probability_closer(-1e9) < 1e-12);
}

TEST_CASE("the mixture's mean is the average over lambda_star, its quantiles invert its cdf") {
  Random random(2);
  const Draw draw(random, 2, 1);
  const auto posterior =
      VariancePosterior(draw.values, draw.rotated).query(draw.coupling, draw.variance);
  const auto average = average_over_lambda_star(draw.values, draw.rotated);
  CHECK(posterior->mean() ==
        close(draw.coupling.dot(average.query_filter.cwiseProduct(draw.rotated)), 1e-7));
  for (const double p : {1e-4, 0.025, 0.3, 0.5, 0.9, 0.999}) {
    CHECK(posterior->cdf(posterior->quantile(p)) == close(p, 1e-7));
  }
  // One component is a plain t distribution.
  const CorrectionPosterior one(Eigen::VectorXd::Ones(1), Eigen::VectorXd::Constant(1, 2.0),
                                Eigen::VectorXd::Constant(1, 3.0), 5);
  CHECK(one.quantile(0.9) ==
        close(2 + 3 * boost::math::quantile(boost::math::students_t(5), 0.9), 1e-9));
}

TEST_CASE("posteriors are calibrated when the variances are drawn from their prior") {
  Random random(3);
  std::vector<double> ranks;
  std::vector<double> ranks_known_sigma2;
  double closer = 0;
  double expected_closer = 0;
  const int draws = 2000;
  for (int i = 0; i < draws; ++i) {
    // log lambda_star uniform; any sigma2 will do, as its prior has no scale.
    const double sigma2 = std::exp(4 * random.uniform());
    const Draw draw(random, std::exp(8 * random.uniform() - 4), sigma2);
    const auto posterior =
        VariancePosterior(draw.values, draw.rotated).query(draw.coupling, draw.variance);
    ranks.push_back(posterior->cdf(draw.truth));
    const double correction = posterior->mean();
    closer += std::abs(correction - draw.truth) < std::abs(draw.truth);
    expected_closer += posterior->probability_closer(correction);
    ranks_known_sigma2.push_back(
        VariancePosterior(draw.values, draw.rotated, {std::nullopt, sigma2})
            .query(draw.coupling, draw.variance)
            ->cdf(draw.truth));
  }
  CHECK(uniformity(ranks) > 1e-3);
  CHECK(uniformity(ranks_known_sigma2) > 1e-3);
  CHECK(std::abs(closer - expected_closer) < 4 * std::sqrt(draws * 0.25));
}

TEST_CASE("fitted variances taken for the truth are overconfident where averaging is not") {
  Random random(4);
  int fitted_inside = 0;
  int averaged_inside = 0;
  const int draws = 1500;
  for (int i = 0; i < draws; ++i) {
    const Draw draw(random, std::exp(8 * random.uniform() - 4), 1);
    const auto interval = VariancePosterior(draw.values, draw.rotated)
                              .query(draw.coupling, draw.variance)
                              ->interval(0.9);
    averaged_inside += interval.low <= draw.truth && draw.truth <= interval.high;
    const spectral::Benchmark fit = fit_benchmark(draw.values, draw.rotated).benchmark;
    if (fit.tau2 <= 0 || fit.sigma2 <= 0) continue;
    const auto plug_in = VariancePosterior(draw.values, draw.rotated, {fit.tau2, fit.sigma2})
                             .query(draw.coupling, draw.variance)
                             ->interval(0.9);
    fitted_inside += plug_in.low <= draw.truth && draw.truth <= plug_in.high;
  }
  const double slack = 4 * std::sqrt(0.9 * 0.1 * draws);
  CHECK(std::abs(averaged_inside - 0.9 * draws) < slack);
  CHECK(fitted_inside < 0.9 * draws - slack);
}

TEST_CASE("degenerate prompts have defined answers, and wrong arguments are rejected") {
  const Eigen::Vector3d zero = Eigen::Vector3d::Zero();
  const Eigen::Vector3d values(2, 1, 0);
  const Eigen::Vector3d residuals(1, -1, 0.5);
  CHECK_FALSE(VariancePosterior(zero, residuals).query(zero, 1).has_value());
  const auto nothing = VariancePosterior(values, zero).query(Eigen::Vector3d(1, 1, 0), 2);
  CHECK(nothing->mean() == 0);
  CHECK(nothing->interval(0.95).low == 0);
  CHECK(nothing->interval(0.95).high == 0);
  const auto unrelated = VariancePosterior(values, residuals).query(zero, 1);
  CHECK(unrelated->mean() == 0);
  CHECK(unrelated->interval(0.95).low == close(-unrelated->interval(0.95).high, 1e-8));
  CHECK_THROWS_AS(VariancePosterior(values, residuals, {0.0, std::nullopt}), ArgumentError);
  CHECK_THROWS_AS(VariancePosterior(values, residuals.head(2)), ArgumentError);
  CHECK_THROWS_AS(VariancePosterior(values, residuals).query(zero, -1), ArgumentError);
  CHECK_THROWS_AS(unrelated->quantile(0), ArgumentError);
}
