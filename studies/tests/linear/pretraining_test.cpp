/// The pretrained optimum against reference values, against the normal equations solved for drawn
/// contexts, and against itself in its special cases.

#include "sextant/studies/linear/pretraining.hpp"

#include <doctest/doctest.h>

#include <limits>

#include "linear/simulation.hpp"
#include "sextant/core/errors.hpp"
#include "support/close.hpp"

using namespace sextant;
using namespace sextant::studies;
using namespace sextant::studies::linear;
using sextant::test::close;

namespace {

const double missing_number = std::numeric_limits<double>::quiet_NaN();

struct Case {
  std::int64_t n = 0;
  double sigma2 = 0;
  Eigen::VectorXd inputs;
  Eigen::VectorXd tasks;
};

Case power_law_case() {
  const Eigen::VectorXd i = Eigen::VectorXd::LinSpaced(20, 1, 20);
  return {30, 0.1, i.array().rsqrt(), i.cwiseInverse()};
}

Case spaced_pretraining() {
  return {12, 0.3, Eigen::VectorXd::LinSpaced(8, 0.5, 2), Eigen::VectorXd::LinSpaced(8, 2, 0.1)};
}

/// The risk of W0 = diag(weights) over tasks, contexts and queries that are all drawn.
statistics::RunningMean simulated_risk(const Case& c, const Eigen::VectorXd& weights, int draws,
                                       std::uint64_t seed) {
  Random random(seed);
  statistics::RunningMean mean;
  const Eigen::Index d = c.inputs.size();
  for (int i = 0; i < draws; ++i) {
    Diagonal setting{c.n, 1, c.inputs, normal_vector(d, random).cwiseProduct(c.tasks.cwiseSqrt()),
                     c.sigma2};
    // The last of n + 1 examples is the query.
    const test::Draw draw(setting, c.n + 1, random);
    const Eigen::VectorXd u = draw.x.topRows(c.n).transpose() * draw.y.head(c.n);
    const double residual = draw.y[c.n] - draw.x.row(c.n).dot(weights.cwiseProduct(u));
    mean.add(residual * residual);
  }
  return mean;
}

}  // namespace

TEST_CASE("reference values of the optimum and its risk") {
  CHECK(pretrained_risk(30, 20, 0.5) == close(8.84951456, 1e-8));
  CHECK(pretrained_risk(10, 20, 0) == close(13.54838710, 1e-8));
  CHECK(pretrained_risk(25, 6, 2) == close(3.58823529, 1e-8));
  CHECK(pretrained_scale(30, 20, 0.5) == close(1 / 51.5));
  CHECK(pretrained_scale(30, 20, 0.25, 1.0 / 20) == close(1.0 / 56));

  const Case power = power_law_case();
  const DiagonalOptimum optimum = diagonal_optimum(power.n, power.inputs, power.tasks, 0.1);
  CHECK(optimum.weights[0] == close(0.0300564923, 1e-8));
  CHECK(optimum.weights[19] == close(0.0191038564, 1e-8));
  CHECK(optimum.risk == close(0.7010148958, 1e-9));
  const Case spaced = spaced_pretraining();
  CHECK(diagonal_optimum(12, spaced.inputs, spaced.tasks, 0.3).risk == close(3.6716409120, 1e-9));
}

TEST_CASE("the risk is that of drawn tasks, and other weights have a larger one") {
  for (const Case& c : {power_law_case(), spaced_pretraining()}) {
    const DiagonalOptimum optimum = diagonal_optimum(c.n, c.inputs, c.tasks, c.sigma2);
    const auto best = simulated_risk(c, optimum.weights, 40000, 3);
    CHECK(std::abs(best.score(optimum.risk)) < 3.5);
    CHECK(best.standard_error() < 0.02 * optimum.risk);
    for (const double factor : {0.6, 1.4}) {
      // The same draws, so that the difference shows.
      CHECK(simulated_risk(c, factor * optimum.weights, 40000, 3).value() > best.value());
    }
  }
}

TEST_CASE("W* solves the normal equations E[u u'] W' = E[u beta'] of drawn contexts") {
  Random random(8);
  const Eigen::Index d = 3;
  const std::int64_t n = 6;
  const double sigma2 = 0.4;
  const Eigen::MatrixXd inputs = test::kernel_with(Eigen::Vector3d(0.5, 1, 1.5), random);
  const Eigen::MatrixXd tasks = test::kernel_with(Eigen::Vector3d(0.2, 0.8, 1.3), random);
  const Eigen::MatrixXd input_root = inputs.llt().matrixL();
  const Eigen::MatrixXd task_root = tasks.llt().matrixL();
  const Eigen::MatrixXd w = optimal_weights(n, inputs, tasks, sigma2);
  // (beta - W u) u' has mean zero at the optimum and nowhere else.
  statistics::RunningMean gradient[9];
  statistics::RunningMean wrong;
  for (int draw = 0; draw < 60000; ++draw) {
    const Eigen::VectorXd beta = task_root * normal_vector(d, random);
    const Eigen::MatrixXd x = normal_matrix(n, d, random) * input_root.transpose();
    const Eigen::VectorXd y = x * beta + std::sqrt(sigma2) * normal_vector(n, random);
    const Eigen::VectorXd u = x.transpose() * y;
    const Eigen::MatrixXd g = (beta - w * u) * u.transpose();
    for (int i = 0; i < 9; ++i) gradient[i].add(g.reshaped()[i]);
    wrong.add((beta - 1.1 * w * u).dot(u));
  }
  for (const auto& mean : gradient) CHECK(std::abs(mean.score(0)) < 3.5);
  CHECK(std::abs(wrong.score(0)) > 5);
}

TEST_CASE("one formula is the special case of the other") {
  Random random(2);
  const Eigen::VectorXd ones = Eigen::VectorXd::Ones(7);
  for (const double task_variance : {0.02, 1.0, 30.0}) {
    const DiagonalOptimum optimum = diagonal_optimum(11, ones, task_variance * ones, 0.6);
    CHECK(optimum.weights[3] == close(pretrained_scale(11, 7, 0.6, task_variance)));
    CHECK(optimum.risk == close(pretrained_risk(11, 7, 0.6, task_variance)));
    CHECK(optimum.remainder[0] == close(1 - 11 * optimum.weights[0], 1e-12));
  }
  const Case c = spaced_pretraining();
  const Eigen::VectorXd weights = diagonal_optimum(c.n, c.inputs, c.tasks, c.sigma2).weights;
  const Eigen::MatrixXd inputs = c.inputs.asDiagonal();
  const Eigen::MatrixXd tasks = c.tasks.asDiagonal();
  const Eigen::MatrixXd dense = optimal_weights(c.n, inputs, tasks, c.sigma2);
  CHECK((dense - Eigen::MatrixXd(weights.asDiagonal())).norm() < 1e-14);
  // In another orthonormal basis, the same matrix in that basis.
  const Eigen::MatrixXd basis = test::random_rotation(8, random);
  const Eigen::MatrixXd turned = optimal_weights(c.n, basis * inputs * basis.transpose(),
                                                 basis * tasks * basis.transpose(), c.sigma2);
  CHECK((turned - basis * dense * basis.transpose()).norm() < 1e-13);
  // A singular input covariance needs no inverse.
  Eigen::VectorXd some = c.inputs;
  some[2] = 0;
  const Eigen::MatrixXd singular = some.asDiagonal();
  CHECK((optimal_weights(c.n, singular, tasks, c.sigma2).diagonal() -
         diagonal_optimum(c.n, some, c.tasks, c.sigma2).weights)
            .norm() < 1e-14);
}

TEST_CASE("nothing to learn, and long contexts") {
  const Eigen::VectorXd zero = Eigen::VectorXd::Zero(4);
  const Eigen::VectorXd one = Eigen::VectorXd::Ones(4);
  CHECK(diagonal_optimum(5, zero, one, 0).weights == zero);
  CHECK(diagonal_optimum(5, one, zero, 0).risk == 0);
  CHECK(diagonal_optimum(5, one, zero, 2).risk == 2);
  CHECK(diagonal_optimum(5, one, zero, 2).weights == zero);
  CHECK(pretrained_scale(5, 4, 1, 0) == 0);
  CHECK(pretrained_risk(5, 4, 1, 0) == 1);
  CHECK(
      optimal_weights(5, Eigen::MatrixXd::Zero(2, 2), Eigen::MatrixXd::Identity(2, 2), 0).norm() ==
      0);
  // Without noise a long context identifies the task: the risk falls like d (d + 1)/n.
  CHECK(pretrained_risk(1'000'000, 1, 0) == close(2.0 / 1'000'002, 1e-14));
  CHECK(pretrained_risk(1, 100'000, 0) == close(100'000.0 * 100'001 / 100'002, 1e-14));
}

TEST_CASE("sizes and variances out of range are rejected") {
  const Eigen::VectorXd one = Eigen::VectorXd::Ones(3);
  Eigen::VectorXd bad = one;
  CHECK_THROWS_AS(pretrained_scale(0, 3, 0), ArgumentError);
  CHECK_THROWS_AS(pretrained_scale(3, 0, 0), ArgumentError);
  CHECK_THROWS_AS(pretrained_scale(3, 100'001, 0), ArgumentError);
  CHECK_THROWS_AS(pretrained_risk(3, 3, -1), ArgumentError);
  CHECK_THROWS_AS(pretrained_risk(3, 3, 0, missing_number), ArgumentError);
  for (const double value : {-1e-9, missing_number, std::numeric_limits<double>::infinity()}) {
    bad[1] = value;
    CHECK_THROWS_AS(diagonal_optimum(3, bad, one, 0), ArgumentError);
    CHECK_THROWS_AS(diagonal_optimum(3, one, bad, 0), ArgumentError);
    CHECK_THROWS_AS(diagonal_optimum(3, one, one, value), ArgumentError);
    CHECK_THROWS_AS(
        optimal_weights(3, bad.asDiagonal().toDenseMatrix(), Eigen::MatrixXd::Identity(3, 3), 0),
        ArgumentError);
  }
  CHECK_THROWS_AS(diagonal_optimum(3, one, Eigen::VectorXd::Ones(2), 0), ArgumentError);
  CHECK_THROWS_AS(diagonal_optimum(3, Eigen::VectorXd(), Eigen::VectorXd(), 0), ArgumentError);
  CHECK_THROWS_AS(
      optimal_weights(3, Eigen::MatrixXd::Random(3, 3), Eigen::MatrixXd::Identity(3, 3), 0),
      ArgumentError);
}
