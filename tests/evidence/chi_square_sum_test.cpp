#include "sextant/evidence/chi_square_sum.hpp"

#include <doctest/doctest.h>

#include <boost/math/distributions/chi_squared.hpp>
#include <boost/math/distributions/gamma.hpp>
#include <boost/math/quadrature/tanh_sinh.hpp>
#include <cmath>
#include <limits>
#include <numbers>

#include "sextant/core/errors.hpp"
#include "support/close.hpp"
#include "support/spectra.hpp"

using namespace sextant;
using namespace sextant::evidence;

namespace {

/// The promise of the header.
constexpr double promised = 1e-10;

/// P(X <= x) when every weight of `pairs` occurs twice: a sum of exponentials of means 2 a_j.
long double hypoexponential(const std::vector<long double>& pairs, long double x) {
  long double tail = 0;
  for (const long double a : pairs) {
    long double factor = 1;
    for (const long double other : pairs) {
      if (other != a) factor *= a / (a - other);
    }
    tail += factor * std::exp(-x / (2 * a));
  }
  return 1 - tail;
}

}  // namespace

TEST_CASE("equal weights: Boost's chi-square distribution") {
  for (const int n : {1, 2, 3, 50, 1000, 10'000}) {
    CAPTURE(n);
    const boost::math::chi_squared oracle(n);
    const ChiSquareSum sum(Eigen::VectorXd::Constant(n, 2.5));
    CHECK(sum.mean() == test::close(2.5 * n));
    for (const double p : {1e-100, 1e-12, 1e-3, 0.05, 0.5, 0.95, 1 - 1e-6}) {
      CAPTURE(p);
      const double x = boost::math::quantile(oracle, p);
      const double expected = boost::math::cdf(oracle, x);
      CHECK(sum.probability(2.5 * x) == test::close(expected, promised));
      CHECK(sum.quantile(p) == test::close(2.5 * x, 1e-9));
    }
  }
}

TEST_CASE("weights in pairs: the closed form, over many powers of ten") {
  const std::vector<std::vector<long double>> cases{
      {1.0L}, {1.0L, 0.5L}, {1.0L, 1e-3L, 1e-6L}, {3.0L, 2.0L, 1.0L, 0.01L}};
  for (const auto& pairs : cases) {
    Eigen::VectorXd weights(static_cast<Eigen::Index>(2 * pairs.size()));
    for (std::size_t j = 0; j < pairs.size(); ++j) {
      weights.segment(static_cast<Eigen::Index>(2 * j), 2).setConstant(double(pairs[j]));
    }
    const ChiSquareSum sum(weights);
    for (const double x : {0.05, 0.4, 2.0, 10.0, 40.0}) {
      CAPTURE(x);
      const long double expected = hypoexponential(pairs, x);
      if (expected < 1e-6L) continue;  // the closed form cancels there
      CHECK(sum.probability(x) == test::close(static_cast<double>(expected), promised));
    }
  }
}

TEST_CASE("two unequal weights and one weight above many: quadrature over the first term") {
  // P = int density of a_0 Z^2 at z times P(rest <= x - z), with z = a_0 v^2 to remove the pole.
  struct Case {
    double first;
    double rest;
    int count;
  };
  for (const Case c : {Case{1, 0.01, 1}, Case{1, 0.3, 1}, Case{1, 0.01, 10'000}, Case{1, 1e-4, 500},
                       Case{50, 1, 200}}) {
    Eigen::VectorXd weights = Eigen::VectorXd::Constant(c.count + 1, c.rest);
    weights[0] = c.first;
    const ChiSquareSum sum(weights);
    const boost::math::gamma_distribution<double> rest(c.count / 2.0, 2 * c.rest);
    boost::math::quadrature::tanh_sinh<double> integrator;
    for (const double p : {1e-6, 0.0016, 0.3, 0.9}) {
      const double x = sum.quantile(p);
      const double end = std::sqrt(x / c.first);
      const double expected = integrator.integrate(
          [&](double v) {
            const double remaining = x - c.first * v * v;
            // Below 1e-60 for the many, where Boost's incomplete gamma function overflows.
            const double least = c.count > 100 ? 0.1 * c.count * c.rest : 0.0;
            if (remaining <= least) return 0.0;
            return std::sqrt(2 / std::numbers::pi) * std::exp(-v * v / 2) *
                   boost::math::cdf(rest, remaining);
          },
          0.0, end, 1e-13);
      CAPTURE(c.first);
      CAPTURE(c.rest);
      CAPTURE(c.count);
      CAPTURE(p);
      CHECK(sum.probability(x) == test::close(expected, 1e-9));
      CHECK(p == test::close(expected, 1e-9));
    }
  }
}

TEST_CASE("a spread of weights against simulation, and Chernoff from below") {
  Random random(51);
  const Eigen::VectorXd weights = Eigen::VectorXd::LinSpaced(20, -6, 1).array().exp();
  const ChiSquareSum sum(weights);
  const double x = sum.quantile(0.05);
  constexpr int draws = 40'000;
  int below = 0;
  for (int draw = 0; draw < draws; ++draw) {
    below += weights.dot(normal_vector(20, random).cwiseAbs2()) <= x;
  }
  // Five standard errors: 0.0054.
  CHECK(std::abs(below / double(draws) - 0.05) < 5 * std::sqrt(0.05 * 0.95 / draws));
  for (const double p : {1e-8, 0.01, 0.5, 0.99}) {
    CHECK(sum.chernoff_quantile(p) < sum.quantile(p));
    CHECK(sum.chernoff_quantile(p) > 0);
  }
}

TEST_CASE("monotone, scales with the weights, ignores zeros and order") {
  Random random(52);
  const Eigen::VectorXd weights = normal_vector(30, random).cwiseAbs2();
  const ChiSquareSum sum(weights);
  double last = 0;
  for (double x = 0.5; x < 200; x *= 1.3) {
    CHECK(sum.probability(x) >= last);
    last = sum.probability(x);
  }
  Eigen::VectorXd padded = Eigen::VectorXd::Zero(40);
  padded.tail(30) = weights.reverse();
  CHECK(ChiSquareSum(padded).quantile(0.01) == test::close(sum.quantile(0.01), 1e-13));
  for (const double unit : {1e-200, 1e200}) {
    CHECK(ChiSquareSum(unit * weights).quantile(0.01) ==
          test::close(unit * sum.quantile(0.01), 1e-13));
  }
}

TEST_CASE("no weight at all, one weight far in the tail, arguments out of range") {
  const ChiSquareSum none(Eigen::VectorXd::Zero(3));
  CHECK(none.quantile(0.3) == 0.0);
  CHECK(none.chernoff_quantile(0.3) == 0.0);
  CHECK(none.probability(0.0) == 1.0);
  CHECK(none.probability(-1.0) == 0.0);
  const ChiSquareSum one(Eigen::VectorXd::Ones(1));
  CHECK(one.probability(0.0) == 0.0);
  CHECK(one.probability(-1.0) == 0.0);
  CHECK(one.probability(std::numeric_limits<double>::infinity()) == 1.0);
  CHECK(one.quantile(1e-300) == 0.0);
  CHECK(one.log_probability(1e-280) ==
        test::close(std::log(std::sqrt(2e-280 / std::numbers::pi)), 1e-12));
  CHECK_THROWS_AS(one.quantile(0.0), ArgumentError);
  CHECK_THROWS_AS(one.quantile(1.0), ArgumentError);
  CHECK_THROWS_AS(one.probability(std::nan("")), ArgumentError);
  CHECK_THROWS_AS(ChiSquareSum(Eigen::Vector2d(1, -1)), ArgumentError);
}
