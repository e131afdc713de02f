#include "sextant/task/row_features.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <numeric>

#include "sextant/core/errors.hpp"
#include "sextant/core/random.hpp"
#include "support/close.hpp"

using namespace sextant;
using namespace sextant::task;

namespace {

constexpr double missing = std::numeric_limits<double>::quiet_NaN();

Eigen::MatrixXd random_columns(int rows, int columns) {
  Random random(3);
  Eigen::MatrixXd x(rows, columns);
  for (double& value : x.reshaped()) value = 5 + 3 * random.normal();
  return x;
}

std::vector<int> first(int count) {
  std::vector<int> rows(static_cast<std::size_t>(count));
  std::iota(rows.begin(), rows.end(), 0);
  return rows;
}

}  // namespace

TEST_CASE("columns are standardised by the context and rows have length one in the mean") {
  const Eigen::MatrixXd x = random_columns(60, 4);
  const RowFeatures features = standardized_features(x, first(40));
  REQUIRE(features.values.cols() == 4);
  for (int c = 0; c < 4; ++c) {
    const Eigen::VectorXd context = x.col(c).head(40);  // no value is four deviations out
    const double mean = context.mean();
    const double deviation = std::sqrt((context.array() - mean).square().mean());
    for (int r = 0; r < 60; ++r) {
      CHECK(features.values(r, c) == test::close((x(r, c) - mean) / deviation / 2, 1e-6));
    }
  }
  CHECK(features.values.topRows(40).rowwise().squaredNorm().mean() == test::close(1, 1e-5));
}

TEST_CASE("units, places and queries change nothing that they should not") {
  const Eigen::MatrixXd x = random_columns(30, 3);
  const auto features = standardized_features(x, first(20)).values;
  Eigen::MatrixXd scaled = x;
  scaled.col(1) = 1e300 * x.col(1).array();  // sums of squares would overflow
  scaled.col(2) = -1e-300 * x.col(2).array() + 7e-300;
  const auto other = standardized_features(scaled, first(20)).values;
  CHECK((other.col(1) - features.col(1)).cwiseAbs().maxCoeff() < 1e-5);
  CHECK((other.col(2) + features.col(2)).cwiseAbs().maxCoeff() < 1e-5);
  Eigen::MatrixXd moved = x;
  moved.row(25).setConstant(1e6);
  CHECK(standardized_features(moved, first(20)).values.topRows(25) == features.topRows(25));
}

TEST_CASE("huge values are limited and do not flatten the others") {
  Eigen::MatrixXd x = random_columns(50, 1);
  const auto before = standardized_features(x, first(50)).values;
  x(7, 0) = 1e12;
  x(8, 0) = -1e15;
  const auto after = standardized_features(x, first(40)).values;
  CHECK(after(7, 0) == largest_feature);
  CHECK(after(8, 0) == -largest_feature);
  // One outlier beyond four deviations leaves the others almost as they were.
  x(8, 0) = 5;
  const auto one = standardized_features(x, first(50)).values;
  CHECK((one - before).topRows(7).cwiseAbs().maxCoeff() < 0.2);
}

TEST_CASE("columns without information are left out and reported") {
  Eigen::MatrixXd x = random_columns(10, 4);
  x.col(0).setConstant(3);
  x.col(2).setConstant(missing);
  x(4, 1) = missing;
  x(9, 0) = 8;  // a query differs, which the context cannot know
  const RowFeatures features = standardized_features(x, first(9));
  CHECK(features.kept == std::vector<int>{1, 3});
  CHECK(features.constant == std::vector<int>{0});
  CHECK(features.all_missing == std::vector<int>{2});
  CHECK(features.values(4, 0) == 0);
  CHECK(features.values.allFinite());
  const RowFeatures none = standardized_features(Eigen::MatrixXd::Ones(3, 2), first(3));
  CHECK(none.values.cols() == 1);
  CHECK(none.values.isZero());
}

TEST_CASE("no context, rows outside the table and infinite values are refused") {
  Eigen::MatrixXd x = random_columns(5, 2);
  CHECK_THROWS_AS(standardized_features(x, {}), ArgumentError);
  CHECK_THROWS_AS(standardized_features(x, std::vector<int>{0, 5}), ArgumentError);
  x(4, 1) = std::numeric_limits<double>::infinity();
  CHECK_THROWS_AS(standardized_features(x, first(2)), ArgumentError);
}
