#include "sextant/subspace/update.hpp"

#include <doctest/doctest.h>

#include <Eigen/Dense>
#include <cmath>

#include "sextant/core/errors.hpp"
#include "sextant/subspace/scores.hpp"
#include "support/close.hpp"
#include "support/random_blocks.hpp"

using namespace sextant;
using namespace sextant::subspace;
using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;
using spectral::Benchmark;
using test::RandomBlocks;

namespace {

constexpr UpdateMethod update_methods[] = {UpdateMethod::automatic, UpdateMethod::iteration,
                                           UpdateMethod::tridiagonal, UpdateMethod::decomposition};

/// Gradient descent in weight space on |r - J theta|^2/2 from theta = 0.
VectorXd descend(const MatrixXd& jacobian, const VectorXd& residuals, double rho,
                 std::int64_t horizon) {
  VectorXd theta = VectorXd::Zero(jacobian.cols());
  for (std::int64_t step = 0; step < horizon; ++step) {
    theta += rho * jacobian.transpose() * (residuals - jacobian * theta);
  }
  return theta;
}

}  // namespace

TEST_CASE("every method gives the weights that gradient descent has") {
  Random random(1);
  for (const Index n : {1, 2, 3, 10, 64, 140}) {
    for (const Index width : {Index{1}, n / 2 + 1, 2 * n}) {
      const MatrixXd jacobian = normal_matrix(n, width, random);
      const MatrixXd product = jacobian * jacobian.transpose();
      const MatrixXd kernel = (product + product.transpose()) / 2;
      const MatrixXd columns = jacobian * normal_matrix(width, 3, random);
      const VectorXd residuals = normal_matrix(n, 1, random);
      for (const std::int64_t horizon : {0, 1, 2, 8, 60}) {
        for (const UpdateMethod method : update_methods) {
          CAPTURE(n);
          CAPTURE(width);
          CAPTURE(horizon);
          CAPTURE(name_of(method));
          const UpdateWeights update =
              update_weights(kernel, columns, {horizon, {0.2, {}}, method});
          CHECK(update.method != UpdateMethod::automatic);
          if (method != UpdateMethod::automatic) CHECK(update.method == method);
          CHECK(update.rho * update.lambda_max == test::close(0.2, 1e-14));
          // w'r = k' q_T(K) r = k'K^+ (K q_T(K) r), so compare through the corrected predictions.
          const VectorXd theta = descend(jacobian, residuals, update.rho, horizon);
          const MatrixXd gradients =
              jacobian.transpose() * kernel.completeOrthogonalDecomposition().solve(columns);
          const VectorXd expected = gradients.transpose() * theta;
          const double scale = gradients.norm() * residuals.norm() + 1e-300;
          CHECK((update.weights.transpose() * residuals - expected).norm() <= 1e-9 * scale);
        }
      }
    }
  }
}

TEST_CASE("the methods agree far beyond what a selection needs") {
  Random random(2);
  for (const Index n : {1, 5, 33, 129}) {
    VectorXd spectrum = VectorXd::LinSpaced(n, 1, static_cast<double>(n)).cwiseInverse();
    if (n > 2) spectrum[1] = spectrum[0];  // a double top eigenvalue
    const MatrixXd basis = normal_matrix(n, n, random).householderQr().householderQ();
    const MatrixXd dense = basis * spectrum.asDiagonal() * basis.transpose();
    const MatrixXd kernel = (dense + dense.transpose()) / 2;
    const MatrixXd columns = normal_matrix(n, 2, random);
    for (const double scale : {1.0, 1e-140, 1e140}) {
      for (const std::int64_t horizon : {1, 30, 3000}) {
        const PlannedUpdate update{horizon, {0.1, {}}, UpdateMethod::decomposition};
        const UpdateWeights oracle = update_weights(scale * kernel, columns, update);
        for (const UpdateMethod method : {UpdateMethod::iteration, UpdateMethod::tridiagonal}) {
          const UpdateWeights found =
              update_weights(scale * kernel, columns, {horizon, {0.1, {}}, method});
          CHECK(found.lambda_max == test::close(oracle.lambda_max, 2e-13));
          CHECK((found.weights - oracle.weights).norm() <= 1e-11 * oracle.weights.norm());
        }
      }
    }
  }
}

TEST_CASE("a zero kernel and no steps change nothing; a fixed rho is kept and checked") {
  Random random(3);
  const MatrixXd columns = normal_matrix(4, 2, random);
  const MatrixXd kernel = VectorXd::LinSpaced(4, 1, 4).asDiagonal();
  for (const UpdateMethod method : update_methods) {
    const UpdateWeights none = update_weights(MatrixXd::Zero(4, 4), columns, {5, {}, method});
    CHECK(none.weights.isZero(0));
    CHECK(none.rho == 0);
    CHECK(update_weights(kernel, columns, {0, {}, method}).weights.isZero(0));
    const UpdateWeights fixed = update_weights(kernel, columns, {2, {0.1, 0.2}, method});
    CHECK(fixed.rho == 0.2);
    for (Index i = 0; i < 4; ++i) {
      const double l = kernel(i, i);
      CHECK(fixed.weights(i, 0) == test::close((0.4 - 0.04 * l) * columns(i, 0), 1e-12));
    }
    CHECK_THROWS_AS(update_weights(kernel, columns, {2, {0.1, 0.25}, method}), ArgumentError);
    CHECK_THROWS_AS(update_weights(kernel, columns, {2, {0.1, 0.0}, method}), ArgumentError);
    CHECK_THROWS_AS(update_weights(kernel, columns, {2, {1.0, {}}, method}), ArgumentError);
    CHECK_THROWS_AS(update_weights(kernel, columns, {-1, {}, method}), ArgumentError);
    CHECK_THROWS_AS(update_weights(kernel, MatrixXd(3, 1), {1, {}, method}), ArgumentError);
    CHECK_THROWS_AS(update_weights(MatrixXd(2, 3), columns, {1, {}, method}), ArgumentError);
  }
}

TEST_CASE("the cheapest method follows the counted operations") {
  CHECK(cheapest_method(10, 1, 8) == UpdateMethod::tridiagonal);
  CHECK(cheapest_method(512, 1, 8) == UpdateMethod::iteration);
  CHECK(cheapest_method(64, 64, 200) == UpdateMethod::decomposition);
  CHECK(cheapest_method(64, 1, 1'000'000) == UpdateMethod::decomposition);
  for (const UpdateMethod method : update_methods) CHECK_FALSE(name_of(method).empty());
}

TEST_CASE("risk equals its weight-space expression and a simulation") {
  Random random(4);
  const Index n = 5;
  const RandomBlocks blocks = test::random_blocks(random, n, 2, {2, 4, 1}, {1, 0.5, 1.5});
  const Benchmark model{0.8, 0.3};
  const std::vector<Index> set = {2, 0};
  const PlannedUpdate update{8, {0.1, {}}, UpdateMethod::automatic};
  const double risk = risk_of(blocks.view(), set, model, update);

  const MatrixXd jacobian = blocks.jacobian(blocks.all());
  const MatrixXd queries = blocks.query_gradient(blocks.all());
  const MatrixXd set_jacobian = blocks.jacobian(set);
  const MatrixXd set_queries = blocks.query_gradient(set);
  const UpdateWeights weights =
      update_weights(set_jacobian * set_jacobian.transpose(), set_jacobian * set_queries, update);
  // r = J u + e, so j'u - w'r = (j - J'w)'u - w'e.
  const double exact =
      (model.tau2 * (queries - jacobian.transpose() * weights.weights).squaredNorm() +
       model.sigma2 * weights.weights.squaredNorm()) /
      2;
  CHECK(risk == test::close(exact, 1e-12));

  const int draws = 20000;
  double sum = 0;
  double squares = 0;
  for (int draw = 0; draw < draws; ++draw) {
    const VectorXd u = std::sqrt(model.tau2) * normal_matrix(jacobian.cols(), 1, random);
    const VectorXd residuals = jacobian * u + std::sqrt(model.sigma2) * normal_matrix(n, 1, random);
    const VectorXd theta = descend(set_jacobian, residuals, weights.rho, update.horizon);
    const double error = (queries.transpose() * u - set_queries.transpose() * theta).squaredNorm();
    sum += error / 2;
    squares += error / 2 * error / 2;
  }
  const double mean = sum / draws;
  const double standard_error = std::sqrt((squares / draws - mean * mean) / draws);
  CHECK(standard_error < 0.02 * risk);
  CHECK(std::abs(mean - risk) < 4 * standard_error);
  // The effect is much larger than the test's own error.
  CHECK(risk_of(blocks.view(), {}, model, update) > risk + 20 * standard_error);
}

TEST_CASE("risk has the right limits") {
  Random random(5);
  const RandomBlocks blocks = test::random_blocks(random, 4, 3, {6, 7});
  const Benchmark model{1.5, 0.6};
  const UpdateRisk risk(blocks.view(), model);
  const double prior = model.tau2 * (geometry::mean_variance(blocks.view(), 0) +
                                     geometry::mean_variance(blocks.view(), 1));
  CHECK(risk.no_update() == test::close(prior, 1e-14));
  CHECK(risk.of(MatrixXd::Zero(4, 3)) == risk.no_update());
  CHECK(risk_of(blocks.view(), {}, model, {}) == risk.no_update());
  CHECK(risk_of(blocks.view(), blocks.all(), model, {0, {}, {}}) == risk.no_update());
  // The posterior mean's own weights reach the Bayes error, and nothing goes below it.
  MatrixXd covariance = model.tau2 * geometry::summed_kernel(blocks.view());
  covariance.diagonal().array() += model.sigma2;
  MatrixXd couplings = MatrixXd::Zero(4, 3);
  for (const Index b : {0, 1}) geometry::add_couplings(blocks.view(), b, couplings);
  const double bayes = bayes_error(
      blocks.view(), spectral::decompose(geometry::summed_kernel(blocks.view())), model);
  CHECK(risk.of(covariance.ldlt().solve(model.tau2 * couplings)) == test::close(bayes, 1e-12));
  for (const std::int64_t horizon : {1, 10, 100, 10000}) {
    CHECK(risk_of(blocks.view(), blocks.all(), model, {horizon, {}, {}}) >= bayes);
  }
  // Kernels in other units, with tau2 in theirs: nothing changes.
  RandomBlocks scaled = blocks;
  for (MatrixXd& kernel : scaled.kernels) kernel *= 16;
  for (MatrixXd& coupling : scaled.query_kernels) coupling *= 16;
  scaled.query_variances *= 16;
  CHECK(risk_of(scaled.view(), blocks.all(), {1.5 / 16, 0.6}, {}) ==
        test::close(risk_of(blocks.view(), blocks.all(), model, {}), 1e-13));
  CHECK_THROWS_AS(risk.of(MatrixXd::Zero(4, 2)), ArgumentError);
  const std::vector<Index> twice = {1, 1};
  const std::vector<Index> outside = {2};
  CHECK_THROWS_AS(risk_of(blocks.view(), twice, model, {}), ArgumentError);
  CHECK_THROWS_AS(risk_of(blocks.view(), outside, model, {}), ArgumentError);
  CHECK_THROWS_AS(UpdateRisk(blocks.view(), {-1, 0}), ArgumentError);
}
