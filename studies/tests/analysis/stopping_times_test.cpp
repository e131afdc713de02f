/// Averages over stopping times against the Bayes filter, and the spread bound.

#include "sextant/studies/analysis/stopping_times.hpp"

#include <doctest/doctest.h>

#include <cmath>

#include "sextant/core/errors.hpp"
#include "sextant/spectral/filters.hpp"
#include "sextant/spectral/gaps.hpp"
#include "support/close.hpp"
#include "support/spectra.hpp"

using namespace sextant;
using namespace sextant::studies;
using namespace sextant::studies::analysis;
using sextant::test::close;

namespace {

double filter_error(double ratio, int count) {
  constexpr double lambda_star = 0.7;
  const Eigen::VectorXd value = Eigen::VectorXd::Constant(1, ratio * lambda_star);
  return std::abs(
      average_flow_prompt_filter(value, exponential_stopping_times(lambda_star, count))[0] -
      spectral::bayes_prompt_filter(value, lambda_star)[0]);
}

}  // namespace

TEST_CASE("the times have the moments of an exponential distribution") {
  for (const double lambda_star : {0.2, 1.0, 30.0}) {
    for (const int count : {1, 2, 5, 12}) {
      const StoppingTimes stops = exponential_stopping_times(lambda_star, count);
      REQUIRE(stops.times.size() == count);
      CHECK(stops.times.minCoeff() > 0);
      double moment = 1;  // k! / lambda_star^k
      for (int k = 0; k <= 2 * count - 1; ++k) {
        if (k > 0) moment *= k / lambda_star;
        CHECK(stops.weights.dot(stops.times.array().pow(k).matrix()) == close(moment, 1e-9));
      }
    }
  }
}

TEST_CASE("gradient flow averaged over them is the Bayes filter, as closely as stated") {
  CHECK(filter_error(1, 5) < 1e-3);
  CHECK(filter_error(1, 10) < 1e-6);
  CHECK(filter_error(1, 16) < 3e-10);
  CHECK(filter_error(100, 5) < 0.4);
  CHECK(filter_error(100, 10) < 0.3);
  CHECK(filter_error(100, 16) < 0.2);
  // Both forms are one filter, also at eigenvalue 0.
  Eigen::VectorXd values(3);
  values << 2, 0.5, 0;
  const StoppingTimes stops = exponential_stopping_times(1.3, 20);
  const Eigen::VectorXd query = average_flow_query_filter(values, stops);
  CHECK((query.cwiseProduct(values) - average_flow_prompt_filter(values, stops)).norm() < 1e-14);
  CHECK(query[2] == close(1 / 1.3, 1e-12));
}

TEST_CASE("a random stopping time has the Bayes filter as its mean") {
  Random random(11);
  const double lambda_star = 0.8;
  Eigen::VectorXd values(3);
  values << 0.1, 1, 15;
  const int draws = 40000;
  Eigen::VectorXd mean = Eigen::VectorXd::Zero(3);
  for (int i = 0; i < draws; ++i) {
    const double time = -std::log1p(-random.uniform()) / lambda_star;
    mean += spectral::flow_prompt_filter(values, time) / draws;
  }
  // A value in [0, 1] has a standard deviation of at most 1/2.
  CHECK((mean - spectral::bayes_prompt_filter(values, lambda_star)).cwiseAbs().maxCoeff() <
        4 * 0.5 / std::sqrt(draws));
}

TEST_CASE("the spread bound holds on every spectrum and is the mismatch alone for one eigenvalue") {
  Random random(3);
  for (const test::NamedSpectrum& spectrum : test::spectra(random)) {
    CAPTURE(spectrum.name);
    const double scale = std::max(spectrum.values.mean(), 1e-3);
    for (const double ratio : {0.01, 1.0, 50.0}) {
      for (const double time : {0.0, 0.1, 1.0, 10.0}) {
        const spectral::Benchmark benchmark{1, ratio * scale};
        const spectral::GapWeights weights =
            spectral::prompt_gap_weights(spectrum.values, benchmark);
        const SpreadBound both =
            spread_bound(spectrum.values, weights.a, benchmark.lambda_star(), time / scale);
        CHECK(both.gap == close(spectral::bayes_gap(
                                    spectrum.values, weights, benchmark.lambda_star(),
                                    spectral::flow_prompt_filter(spectrum.values, time / scale)),
                                1e-11));
        CHECK(both.gap <= both.bound() * (1 + 1e-12));
      }
    }
  }
  // Both terms by hand: mu = 2, d(2) = (1 - exp(-1)) - 1/2, and 2 (1/2 + 1/2)^2 (1 + 1).
  Eigen::VectorXd pair(2);
  pair << 1, 3;
  const SpreadBound by_hand = spread_bound(pair, Eigen::VectorXd::Ones(2), 2, 0.5);
  CHECK(by_hand.mean == close(2.0));
  CHECK(by_hand.at_mean == close(4 * std::pow(0.5 - std::exp(-1.0), 2)));
  CHECK(by_hand.spread == close(4.0));
  const Eigen::VectorXd equal = Eigen::VectorXd::Constant(5, 2.0);
  const SpreadBound tight = spread_bound(equal, Eigen::VectorXd::Ones(5), 1.5, 0.4);
  CHECK(tight.spread < 1e-25);
  CHECK(tight.at_mean == close(2 * tight.gap));
  CHECK(spread_bound(equal, Eigen::VectorXd::Zero(5), 1.5, 0.4).bound() == 0);
}

TEST_CASE("arguments out of range are rejected") {
  CHECK_THROWS_AS(exponential_stopping_times(0, 3), ArgumentError);
  CHECK_THROWS_AS(exponential_stopping_times(1, 0), ArgumentError);
  CHECK_THROWS_AS(exponential_stopping_times(1, 65), ArgumentError);
  const Eigen::VectorXd two = Eigen::VectorXd::Ones(2);
  CHECK_THROWS_AS(spread_bound(two, Eigen::VectorXd::Ones(3), 1, 1), ArgumentError);
  CHECK_THROWS_AS(spread_bound(two, two, 0, 1), ArgumentError);
  CHECK_THROWS_AS(spread_bound(two, two, 1, -1), ArgumentError);
}
