/// The optimal subspace against its definition with explicit Jacobians, and the global design.

#include "sextant/subspace/optimal.hpp"

#include <doctest/doctest.h>

#include <Eigen/Dense>
#include <cmath>

#include "sextant/core/errors.hpp"
#include "sextant/subspace/global_design.hpp"
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
  const Eigen::MatrixXd information = captured_information(jacobian, root.root, model);
  const Eigen::MatrixXd plain =
      std::pow(model.tau2, 2) * jacobian.transpose() * covariance.inverse() * jacobian;
  CHECK((information - root.root * plain * root.root).norm() < 1e-12 * information.norm());

  const Eigen::VectorXd residuals = normal_matrix(7, 1, random);
  const auto full = spectral::decompose(summed_kernel(blocks.view()));
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
  const auto full = spectral::decompose(summed_kernel(blocks.view()));
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

TEST_CASE("choosing by the average of prompts costs no more than the bound, at its rate") {
  Random random(3);
  const Eigen::Index d = 6;
  const Benchmark model{1, 0.5};
  const Eigen::VectorXd scales = Eigen::VectorXd::LinSpaced(d, 1.5, 0.5);
  const Eigen::MatrixXd root = Eigen::MatrixXd::Identity(d, d);
  const auto information = [&] {
    const Eigen::MatrixXd jacobian = normal_matrix(4, d, random) * scales.asDiagonal();
    return captured_information(jacobian, root, model);
  };
  GlobalDesign many;
  for (int i = 0; i < 4000; ++i) many.add(information());
  const Eigen::MatrixXd truth = many.mean();
  const auto spread = many.spread();
  double few_regret = 0;
  double more_regret = 0;
  int misses = 0;
  const int repeats = 60;
  for (int repeat = 0; repeat < repeats; ++repeat) {
    for (const int prompts : {5, 80}) {
      GlobalDesign design;
      for (int i = 0; i < prompts; ++i) design.add(information());
      const double regret = design_regret(design.subspace(2), truth);
      // The variation is a sum over prompts.
      const GlobalDesign::Spread of_these = {spread.variation * prompts / 4000, spread.largest};
      misses += regret > design_regret_bound(2, d, prompts, of_these, 0.05);
      (prompts == 5 ? few_regret : more_regret) += regret / repeats;
    }
  }
  CHECK(misses <= 2 * repeats * 0.05);
  CHECK(few_regret > 0);
  CHECK(more_regret < few_regret / 3);
  CHECK(design_regret(many.subspace(3), truth) < 1e-12);
  CHECK(design_regret_bound(2, d, 10, {1, 0.5}, 0.1) ==
        close(4 * (std::sqrt(2 * std::log(120.0)) + std::log(120.0) / 3) / 10));
}

TEST_CASE("arguments out of range are rejected") {
  Random random(4);
  const auto blocks = test::random_blocks(random, 3, 1, {2});
  const auto full = spectral::decompose(summed_kernel(blocks.view()));
  CHECK_THROWS_AS(optimal_subspace(blocks.view(), full, Eigen::VectorXd::Ones(2), {1, 1}),
                  ArgumentError);
  const auto optimal = optimal_subspace(blocks.view(), full, Eigen::VectorXd::Ones(3), {1, 1});
  CHECK_THROWS_AS(optimal.risk(-1), ArgumentError);
  // Nothing to learn: no direction captures anything.
  CHECK(optimal_subspace(blocks.view(), full, Eigen::VectorXd::Ones(3), {0, 1}).captured.isZero());
  GlobalDesign design;
  CHECK_THROWS_AS(design.mean(), ArgumentError);
  design.add(Eigen::MatrixXd::Identity(2, 2));
  CHECK_THROWS_AS(design.add(Eigen::MatrixXd::Identity(3, 3)), ArgumentError);
  CHECK_THROWS_AS(design.subspace(3), ArgumentError);
  CHECK_THROWS_AS(design_regret_bound(3, 2, 1, {1, 1}, 0.05), ArgumentError);
}
