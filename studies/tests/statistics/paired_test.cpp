/// Resampling against closed forms, enumeration and simulation.

#include "sextant/studies/statistics/paired.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "sextant/core/errors.hpp"
#include "sextant/core/random.hpp"
#include "sextant/core/threads.hpp"
#include "support/close.hpp"

using namespace sextant;
using namespace sextant::studies;
using namespace sextant::studies::statistics;

namespace {

std::vector<double> normals(Random& random, std::size_t count, double mean = 0) {
  std::vector<double> values(count);
  for (double& value : values) value = mean + random.normal();
  return values;
}

}  // namespace

TEST_CASE("estimate: mean and standard error") {
  const Estimate four = estimate(std::vector<double>{1, 2, 3, 6});
  CHECK(four.mean == 3);
  CHECK(four.standard_error == test::close(std::sqrt((4 + 1 + 0 + 9) / 3.0 / 4), 1e-12));
  CHECK(std::isnan(estimate(std::vector<double>{5}).standard_error));
  CHECK_THROWS_AS(estimate({}), ArgumentError);
  const double nan = std::numeric_limits<double>::quiet_NaN();
  CHECK_THROWS_AS(estimate(std::vector<double>{1, nan}), ArgumentError);
}

TEST_CASE(
    "bootstrap_mean has the quantiles of the normal limit, moves and scales with the values") {
  Random random(1);
  const auto values = normals(random, 400);
  const Estimate center = estimate(values);
  ResamplingOptions options;
  options.resamples = 20'000;
  const Interval interval = bootstrap_mean(values, options);
  // The bootstrap's own deviation has n, not n - 1; quantiles of 20,000 means are good to 2%.
  const double half = 1.96 * center.standard_error;
  CHECK(std::abs(interval.low - (center.mean - half)) < 0.03 * half);
  CHECK(std::abs(interval.high - (center.mean + half)) < 0.03 * half);
  options.level = 0.5;
  const Interval narrow = bootstrap_mean(values, options);
  CHECK(narrow.high - narrow.low == test::close(2 * 0.6745 * center.standard_error, 0.05));

  std::vector<double> moved = values;
  for (double& value : moved) value = 3 + 2 * value;
  const Interval other = bootstrap_mean(moved, options);
  CHECK(other.low == test::close(3 + 2 * narrow.low, 1e-12));
  CHECK(other.high == test::close(3 + 2 * narrow.high, 1e-12));
  const Interval constant = bootstrap_mean(std::vector<double>(5, 7.0));
  CHECK(constant.low == 7);
  CHECK(constant.high == 7);
}

TEST_CASE("coverage of the bootstrap interval, by simulation") {
  // 400 intervals each: the standard error of a coverage of 0.95 is 0.011, of 0.91 0.014.
  ResamplingOptions options;
  options.resamples = 1000;
  const auto coverage = [&](std::size_t count, bool skewed) {
    int covered = 0;
    for (std::uint64_t i = 0; i < 400; ++i) {
      Random random(2, i);
      auto values = normals(random, count);
      if (skewed) {
        for (double& value : values) value = value * value - 1;
      }
      options.seed = i;
      const Interval interval = bootstrap_mean(values, options);
      covered += interval.low <= 0 && 0 <= interval.high;
    }
    return covered / 400.0;
  };
  CHECK(coverage(100, false) == test::close(0.945, 0.035));
  CHECK(coverage(10, false) == test::close(0.91, 0.05));
  CHECK(coverage(200, true) > 0.90);
}

TEST_CASE("the permutation test enumerates small samples") {
  // Of the 8 patterns only all-plus and all-minus reach the mean of (1, 2, 3).
  CHECK(sign_permutation_p_value(std::vector<double>{1, 2, 3}) == test::close(2 / 8.0, 1e-12));
  // |1 + 2 - 3| is reached by every pattern.
  CHECK(sign_permutation_p_value(std::vector<double>{1, 2, -3}) == 1);
  CHECK(sign_permutation_p_value(std::vector<double>{0, 0}) == 1);
  CHECK(sign_permutation_p_value(std::vector<double>{4}) == 1);
}

TEST_CASE("drawn signs agree with enumeration and with the normal limit") {
  Random random(3);
  const auto values = normals(random, 12, 0.4);
  ResamplingOptions options;
  options.resamples = 4096;  // enough for all patterns
  const double exact = sign_permutation_p_value(values, options);
  options.resamples = 4000;  // one pattern too few
  const double drawn = sign_permutation_p_value(values, options);
  CHECK(std::abs(drawn - exact) <= 4 * std::sqrt(exact * (1 - exact) / 4000));

  const auto many = normals(random, 500, 0.06);
  const Estimate center = estimate(many);
  double squares = 0;
  for (const double value : many) squares += value * value;
  const double z = std::abs(center.mean) * 500 / std::sqrt(squares);
  const double limit = std::erfc(z / std::sqrt(2.0));
  options.resamples = 20'000;
  CHECK(std::abs(sign_permutation_p_value(many, options) - limit) <=
        0.01 + 4 * std::sqrt(limit * (1 - limit) / 20'000));
}

TEST_CASE("p-values are uniform under the hypothesis, small under the alternative, never 0") {
  ResamplingOptions options;
  options.resamples = 500;
  int below = 0;
  for (std::uint64_t i = 0; i < 500; ++i) {
    Random random(4, i);
    options.seed = i;
    below += sign_permutation_p_value(normals(random, 40), options) <= 0.1;
  }
  CHECK(std::abs(below / 500.0 - 0.1) <= 4 * std::sqrt(0.1 * 0.9 / 500));
  Random random(5);
  CHECK(sign_permutation_p_value(normals(random, 100, 2), options) ==
        test::close(1 / 501.0, 1e-12));
}

TEST_CASE("holm adjusts step by step, in the order given") {
  // The example of Holm (1979) in numbers: sorted 0.01, 0.02, 0.03, 0.2 with factors 4, 3, 2, 1.
  const auto adjusted = holm(std::vector<double>{0.03, 0.01, 0.2, 0.02});
  const std::vector<double> expected = {0.06, 0.04, 0.2, 0.06};
  for (std::size_t i = 0; i < 4; ++i) CHECK(adjusted[i] == test::close(expected[i], 1e-12));
  CHECK(holm(std::vector<double>{0.9, 0.8}) == std::vector<double>{1, 1});
  CHECK(holm({}).empty());
  CHECK_THROWS_AS(holm(std::vector<double>{1.1}), ArgumentError);
}

TEST_CASE("compare_paired: sign, pairing, and the same whatever the threads") {
  Random random(6);
  const auto base = normals(random, 300, 10);
  std::vector<double> better = base;
  for (double& value : better) value -= 0.1 + 0.01 * random.normal();
  const Comparison comparison = compare_paired(better, base);
  CHECK(comparison.improvement.mean == test::close(0.1, 0.05));
  CHECK(comparison.interval.low > 0.09);
  CHECK(comparison.interval.high < 0.11);
  CHECK(comparison.p_value < 1e-3);
  set_threads(1);
  const Comparison one = compare_paired(better, base);
  set_threads(3);
  const Comparison three = compare_paired(better, base);
  set_threads(0);
  CHECK(one.interval.low == three.interval.low);
  CHECK(one.p_value == three.p_value);
  CHECK_THROWS_AS(compare_paired(better, std::vector<double>{1}), ArgumentError);
  ResamplingOptions few;
  few.resamples = 99;
  CHECK_THROWS_AS(compare_paired(better, base, few), ArgumentError);
}
