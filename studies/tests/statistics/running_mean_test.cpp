#include "sextant/studies/statistics/running_mean.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <initializer_list>

#include "support/close.hpp"

using sextant::studies::statistics::RunningMean;

TEST_CASE("a running mean is that of the definition, far from zero too") {
  RunningMean mean;
  for (const double value : {1e9 + 4, 1e9 + 7, 1e9 + 13, 1e9 + 16}) mean.add(value);
  CHECK(mean.value() == sextant::test::close(1e9 + 10, 1e-15));
  // Variance 30 over three degrees of freedom.
  CHECK(mean.standard_error() == sextant::test::close(std::sqrt(30.0 / 4), 1e-12));
  CHECK(mean.score(1e9) == sextant::test::close(10 / std::sqrt(7.5), 1e-12));
}

TEST_CASE("one value has no standard error, equal values have none to count in") {
  RunningMean mean;
  mean.add(3);
  CHECK(mean.value() == 3);
  CHECK(std::isnan(mean.standard_error()));
  mean.add(3);
  CHECK(mean.standard_error() == 0);
  CHECK(mean.score(2) == 0);
}
