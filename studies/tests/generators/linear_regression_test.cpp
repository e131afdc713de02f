#include "sextant/studies/generators/linear_regression.hpp"

#include <doctest/doctest.h>

#include <Eigen/LU>
#include <cmath>

#include "sextant/core/errors.hpp"
#include "sextant/studies/statistics/running_mean.hpp"

using namespace sextant;
using namespace sextant::studies;
using namespace sextant::studies::generators;
using Eigen::MatrixXd;
using Eigen::VectorXd;

TEST_CASE("pairs have the family's variances, and one task keeps its coefficients") {
  RegressionFamily family{VectorXd{{4, 0.25}}, VectorXd{{1, 9}}, 0.5};
  Random random(1);
  statistics::RunningMean first, second, beta, noise;
  for (int i = 0; i < 2000; ++i) {
    const RegressionTask task = draw_regression(family, 3, random);
    REQUIRE(task.x.rows() == 3);
    first.add(task.x(0, 0) * task.x(0, 0));
    second.add(task.x(2, 1) * task.x(2, 1));
    beta.add(task.beta[1] * task.beta[1]);
    const double error = task.y[1] - task.x.row(1).dot(task.beta);
    noise.add(error * error);
    CHECK(draw_regression(family, task.beta, 2, random).beta == task.beta);
  }
  CHECK(std::abs(first.score(4)) < 4);
  CHECK(std::abs(second.score(0.25)) < 4);
  CHECK(std::abs(beta.score(9)) < 4);
  CHECK(std::abs(noise.score(0.5)) < 4);
  CHECK(std::abs(noise.score(0)) > 10);
}

TEST_CASE("the posterior mean is generalised ridge regression, and nothing without data") {
  const RegressionFamily family{VectorXd{{1, 2, 0.5}}, VectorXd{{0.3, 1, 2}}, 0.2};
  Random random(2);
  for (const int n : {1, 2, 5, 20}) {
    const RegressionTask task = draw_regression(family, n, random);
    const MatrixXd precision = task.x.transpose() * task.x / 0.2 +
                               MatrixXd(family.task_variances.cwiseInverse().asDiagonal());
    const VectorXd expected = precision.inverse() * (task.x.transpose() * task.y / 0.2);
    CHECK((posterior_coefficients(family, task.x, task.y) - expected).norm() < 1e-10);
  }
  CHECK(posterior_coefficients(family, MatrixXd(0, 3), VectorXd(0)).norm() == 0);
}

TEST_CASE("the posterior mean has the smallest error among shrunken and grown ones") {
  const RegressionFamily family = isotropic_regression(4, 0.5);
  Random random(3);
  statistics::RunningMean shrunken, grown;
  for (int i = 0; i < 4000; ++i) {
    const RegressionTask task = draw_regression(family, 6, random);
    const VectorXd best = posterior_coefficients(family, task.x, task.y);
    const double error = (best - task.beta).squaredNorm();
    shrunken.add((0.8 * best - task.beta).squaredNorm() - error);
    grown.add((1.2 * best - task.beta).squaredNorm() - error);
  }
  CHECK(shrunken.score(0) > 4);
  CHECK(grown.score(0) > 4);
}

TEST_CASE("without noise as many pairs as dimensions determine the task") {
  const RegressionFamily family = isotropic_regression(3, 0);
  Random random(4);
  const RegressionTask task = draw_regression(family, 5, random);
  CHECK((posterior_coefficients(family, task.x, task.y) - task.beta).norm() < 1e-5);
}

TEST_CASE("families out of range are refused") {
  Random random(5);
  CHECK_THROWS_AS(draw_regression({VectorXd{{1}}, VectorXd{{1, 1}}, 0}, 1, random), ArgumentError);
  CHECK_THROWS_AS(draw_regression({VectorXd{{0}}, VectorXd{{1}}, 0}, 1, random), ArgumentError);
  CHECK_THROWS_AS(draw_regression({VectorXd{{1}}, VectorXd{{-1}}, 0}, 1, random), ArgumentError);
  CHECK_THROWS_AS(draw_regression({VectorXd{{1}}, VectorXd{{1}}, -1}, 1, random), ArgumentError);
  CHECK_THROWS_AS(draw_regression({VectorXd(0), VectorXd(0), 0}, 1, random), ArgumentError);
}
