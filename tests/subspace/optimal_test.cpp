/// The optimal subspace against its definition with explicit Jacobians.

#include "sextant/subspace/optimal.hpp"

#include <doctest/doctest.h>

#include <Eigen/Dense>
#include <cmath>

#include "sextant/core/errors.hpp"
#include "sextant/subspace/scores.hpp"
#include "support/close.hpp"
#include "support/random_blocks.hpp"

using namespace sextant;
using namespace sextant::subspace;
using sextant::spectral::Benchmark;
using sextant::test::close;

namespace {

/// Symmetric square root of a positive semidefinite matrix, and its pseudo-inverse.
struct Root {
  explicit Root(const Eigen::MatrixXd& matrix) {
    const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> solver(matrix);
    const Eigen::VectorXd values = solver.eigenvalues().cwiseMax(0.0).cwiseSqrt();
    const Eigen::VectorXd inverses =
        (values.array() > 1e-8 * values.maxCoeff()).select(values.cwiseInverse(), 0.0);
    root = solver.eigenvectors() * values.asDiagonal() * solver.eigenvectors().transpose();
    inverse = solver.eigenvectors() * inverses.asDiagonal() * solver.eigenvectors().transpose();
  }
  Eigen::MatrixXd root;
  Eigen::MatrixXd inverse;
};

}  // namespace

TEST_CASE("the optimal subspace is the top eigenspace of the whitened information") {
  Random random(1);
  const auto blocks = test::random_blocks(random, 7, 4, {3, 9, 2}, {1, 0.4, 2});
  const Benchmark model{0.8, 0.5};
  const Eigen::MatrixXd jacobian = blocks.jacobian(blocks.all());
  const Eigen::MatrixXd queries = blocks.query_gradient(blocks.all());
  const Eigen::MatrixXd metric = queries * queries.transpose() / 4;
  Eigen::MatrixXd covariance = model.tau2 * jacobian * jacobian.transpose();
  covariance.diagonal().array() += model.sigma2;
  const Root root(metric);
  const Eigen::MatrixXd plain =
      std::pow(model.tau2, 2) * jacobian.transpose() * covariance.inverse() * jacobian;
  const Eigen::MatrixXd information = root.root * plain * root.root;

  const Eigen::VectorXd residuals = normal_matrix(7, 1, random);
  const auto full = spectral::decompose(geometry::summed_kernel(blocks.view()));
  const OptimalSubspace optimal = optimal_subspace(blocks.view(), full, residuals, model);
  const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> solver(information);
  const Eigen::VectorXd posterior =
      model.tau2 * jacobian.transpose() * covariance.inverse() * residuals;
  CHECK(optimal.prior_risk == close(model.tau2 * metric.trace()));
  CHECK((optimal.bayes - queries.transpose() * posterior).norm() < 1e-12);
  for (Eigen::Index k = 0; k <= 4; ++k) {
    CAPTURE(k);
    if (k < 4) {
      CHECK(optimal.captured[k] == close(solver.eigenvalues()[14 - 1 - k], 1e-10));
    }
    const Eigen::MatrixXd top = solver.eigenvectors().rightCols(k);
    const Eigen::VectorXd update =
        root.inverse * (top * (top.transpose() * (root.root * posterior)));
    CHECK((optimal.corrections(k) - queries.transpose() * update).norm() < 1e-9);
    // The update of the weights along the queries' gradients makes the same corrections.
    const Eigen::VectorXd coefficients =
        query_coefficients(queries.transpose() * queries, optimal.corrections(k));
    CHECK((queries.transpose() * (queries * coefficients) - optimal.corrections(k)).norm() < 1e-9);
    CHECK((queries * coefficients - update).norm() < 1e-9);
  }
  CHECK(optimal.risk(4) == close(bayes_error(blocks.view(), full, model), 1e-10));
  CHECK(optimal.risk(100) == optimal.risk(4));
  CHECK(optimal.risk(0) == optimal.prior_risk);
}

TEST_CASE(
    "the risk of every rank is what simulated updates lose, and no other subspace loses less") {
  Random random(2);
  const auto blocks = test::random_blocks(random, 5, 3, {4, 3});
  const Benchmark model{1, 0.7};
  const Eigen::MatrixXd jacobian = blocks.jacobian(blocks.all());
  const Eigen::MatrixXd queries = blocks.query_gradient(blocks.all());
  const auto full = spectral::decompose(geometry::summed_kernel(blocks.view()));
  const int draws = 4000;
  Eigen::VectorXd mean = Eigen::VectorXd::Zero(4);
  Eigen::VectorXd square = Eigen::VectorXd::Zero(4);
  Eigen::VectorXd risks(4);
  double other = 0;
  const Eigen::MatrixXd foreign =
      Eigen::HouseholderQR<Eigen::MatrixXd>(normal_matrix(3, 3, random)).householderQ();
  for (int i = 0; i < draws; ++i) {
    const Eigen::VectorXd u = normal_matrix(7, 1, random);
    const Eigen::VectorXd r = jacobian * u + std::sqrt(model.sigma2) * normal_matrix(5, 1, random);
    const OptimalSubspace optimal = optimal_subspace(blocks.view(), full, r, model);
    const Eigen::VectorXd truth = queries.transpose() * u;
    for (Eigen::Index k = 0; k < 4; ++k) {
      risks[k] = optimal.risk(k);
      const double loss = (optimal.corrections(k) - truth).squaredNorm() / 3;
      mean[k] += loss / draws;
      square[k] += loss * loss / draws;
    }
    const auto line = foreign.leftCols(1);
    other += (line * (line.transpose() * optimal.bayes) - truth).squaredNorm() / 3 / draws;
  }
  for (Eigen::Index k = 0; k < 4; ++k) {
    CAPTURE(k);
    CHECK(std::abs(mean[k] - risks[k]) < 4 * std::sqrt((square[k] - mean[k] * mean[k]) / draws));
    if (k > 0) CHECK(risks[k] < risks[k - 1]);
  }
  CHECK(other > risks[1]);
}

TEST_CASE("arguments out of range are rejected") {
  Random random(4);
  const auto blocks = test::random_blocks(random, 3, 1, {2});
  const auto full = spectral::decompose(geometry::summed_kernel(blocks.view()));
  CHECK_THROWS_AS(optimal_subspace(blocks.view(), full, Eigen::VectorXd::Ones(2), {1, 1}),
                  ArgumentError);
  const auto optimal = optimal_subspace(blocks.view(), full, Eigen::VectorXd::Ones(3), {1, 1});
  CHECK_THROWS_AS(optimal.risk(-1), ArgumentError);
  // Nothing to learn: no direction captures anything.
  CHECK(optimal_subspace(blocks.view(), full, Eigen::VectorXd::Ones(3), {0, 1}).captured.isZero());
}
