/// Kernel ridge regression and the in-context predictor.

#include <doctest/doctest.h>

#include <Eigen/Dense>
#include <cmath>

#include "sextant/core/errors.hpp"
#include "sextant/core/random_matrix.hpp"
#include "sextant/core/threads.hpp"
#include "sextant/studies/single_index/in_context.hpp"
#include "sextant/studies/single_index/kernel_ridge.hpp"
#include "single_index/setup.hpp"
#include "support/close.hpp"

using namespace sextant;
using namespace sextant::studies;
using namespace sextant::studies::single_index;
using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;
using sextant::test::close;
using sextant::test::DrawnTask;
using sextant::test::rank_four;

TEST_CASE("kernels are their formulas, and positive definite") {
  Random random(1);
  const MatrixXd a = normal_matrix(5, 30, random);
  const MatrixXd b = normal_matrix(5, 8, random);
  const MatrixXd gaussian = kernel_matrix(Kernel::gaussian, a, b);
  const MatrixXd wide = kernel_matrix(Kernel::wide_gaussian, a, b);
  const MatrixXd quartic = kernel_matrix(Kernel::quartic, a, b);
  for (Index i = 0; i < 30; ++i) {
    for (Index j = 0; j < 8; ++j) {
      const double square = (a.col(i) - b.col(j)).squaredNorm();
      CHECK(gaussian(i, j) == close(std::exp(-square / 10), 1e-12));
      CHECK(wide(i, j) == close(std::exp(-square / 40), 1e-12));
      CHECK(quartic(i, j) == close(std::pow(1 + a.col(i).dot(b.col(j)) / 5, 4), 1e-10));
    }
  }
  for (const Kernel kernel : {Kernel::gaussian, Kernel::wide_gaussian, Kernel::quartic}) {
    const MatrixXd square = kernel_matrix(kernel, a, a);
    CHECK((square - square.transpose()).norm() < 1e-12 * square.norm());
    CHECK(Eigen::SelfAdjointEigenSolver<MatrixXd>(square).eigenvalues()[0] >
          -1e-12 * square.trace());
  }
  CHECK_THROWS_AS(kernel_matrix(Kernel::quartic, a, b.topRows(4)), ArgumentError);
}

TEST_CASE("kernel ridge with one penalty is the regularised solution on all samples") {
  DrawnTask drawn(rank_four(), 150, 1);
  const MatrixXd x = normal_matrix(16, 20, drawn.random);
  const KernelRidge fit(drawn.samples, {{1e-2}, 0.2});
  CHECK(fit.relative_penalty() == 1e-2);
  MatrixXd kernel = kernel_matrix(fit.kernel(), drawn.samples.x, drawn.samples.x);
  const double unit = kernel.diagonal().mean();
  kernel.diagonal().array() += 1e-2 * unit;
  const VectorXd expected = kernel_matrix(fit.kernel(), drawn.samples.x, x).transpose() *
                            kernel.ldlt().solve(drawn.samples.y);
  CHECK((fit.predict(x) - expected).norm() < 1e-9 * expected.norm());
}

TEST_CASE("kernel and penalty are those with the smallest held-out error") {
  const DrawnTask drawn(rank_four(), 120, 2);
  const KernelRidgeOptions options;
  const KernelRidge fit(drawn.samples, options);
  const auto fitted = drawn.samples.part(0, 96);
  const auto held_out = drawn.samples.part(96, 24);
  const auto error = [&](Kernel kernel, double penalty) {
    MatrixXd gram = kernel_matrix(kernel, fitted.x, fitted.x);
    gram.diagonal().array() += penalty * gram.diagonal().mean();
    return (kernel_matrix(kernel, fitted.x, held_out.x).transpose() * gram.ldlt().solve(fitted.y) -
            held_out.y)
        .squaredNorm();
  };
  const double chosen = error(fit.kernel(), fit.relative_penalty());
  for (const Kernel kernel : {Kernel::gaussian, Kernel::wide_gaussian, Kernel::quartic}) {
    for (const double penalty : options.relative_penalties) {
      CHECK(chosen <= error(kernel, penalty) * (1 + 1e-9));
    }
  }
}

TEST_CASE("a choice on the first samples is the choice of a fit to them, the fit is to all") {
  DrawnTask drawn(rank_four(), 120, 2);
  const MatrixXd x = normal_matrix(16, 20, drawn.random);
  KernelRidgeOptions options;
  options.choice_samples = 60;
  const KernelRidge fit(drawn.samples, options);
  const KernelRidge half(drawn.samples.part(0, 60));
  CHECK(fit.kernel() == half.kernel());
  CHECK(fit.relative_penalty() == half.relative_penalty());
  CHECK((fit.predict(x) - half.predict(x)).norm() > 0.1);
}

TEST_CASE("kernel ridge learns in the subspace what it cannot in all dimensions") {
  DrawnTask drawn(rank_four(), 800, 3);
  const MatrixXd x = normal_matrix(16, 2000, drawn.random);
  const VectorXd signal =
      (x.transpose() * drawn.task.beta).unaryExpr([&](double z) { return drawn.task.signal(z); });
  const MatrixXd inside = rank_four().subspace.transpose();
  const KernelRidge full(drawn.samples);
  const KernelRidge projected({inside * drawn.samples.x, drawn.samples.y});
  const double full_error = (full.predict(x) - signal).squaredNorm() / 2000;
  const double projected_error = (projected.predict(inside * x) - signal).squaredNorm() / 2000;
  CHECK(projected_error < 0.1);
  CHECK(full_error > 3 * projected_error);
}

TEST_CASE("kernel ridge of impossible sizes") {
  const DrawnTask drawn(rank_four(), 20, 4);
  CHECK_NOTHROW(KernelRidge(drawn.samples.part(0, 5)));
  CHECK_THROWS_AS(KernelRidge(drawn.samples.part(0, 4)), ArgumentError);
  CHECK_THROWS_AS(KernelRidge(drawn.samples, {{}, 0.2}), ArgumentError);
  CHECK_THROWS_AS(KernelRidge(drawn.samples, {{0}, 0.2}), ArgumentError);
  CHECK_THROWS_AS(KernelRidge(drawn.samples, {{1}, 1}), ArgumentError);
  CHECK_THROWS_AS(KernelRidge(drawn.samples, {{1}, 0.2, 4}), ArgumentError);
  // The same input again and again: singular without a penalty, an answer with one.
  generators::LabelledInputs same = drawn.samples;
  same.x.colwise() = VectorXd(drawn.samples.x.col(0));
  CHECK_NOTHROW(KernelRidge{same});
}

TEST_CASE("the in-context predictor improves on nothing, and is the same for every thread") {
  const auto made = [] {
    InContextOptions options;
    options.tasks = 30;
    options.queries = 200;
    return InContextPredictor(rank_four().family, rank_four().subspace, rank_four().attention,
                              rank_four().pretrained.gamma, 1000, options);
  };
  set_threads(1);
  const InContextPredictor one = made();
  set_threads(0);
  const InContextPredictor predictor = made();
  double error = 0, nothing = 0;
  for (std::uint64_t i = 0; i < 10; ++i) {
    DrawnTask drawn(rank_four(), 1000, 100 + i);
    const MatrixXd x = normal_matrix(16, 500, drawn.random);
    const VectorXd signal =
        (x.transpose() * drawn.task.beta).unaryExpr([&](double z) { return drawn.task.signal(z); });
    const VectorXd predicted = predictor.predict(drawn.samples, x);
    CHECK(predicted == one.predict(drawn.samples, x));
    error += (predicted - signal).squaredNorm();
    nothing += signal.squaredNorm();
  }
  CHECK(error < 0.95 * nothing);
  InContextOptions bad;
  bad.scale = 0;
  CHECK_THROWS_AS(InContextPredictor(rank_four().family, rank_four().subspace, {},
                                     rank_four().pretrained.gamma, 1000, bad),
                  ArgumentError);
  CHECK_THROWS_AS(InContextPredictor(rank_four().family, rank_four().subspace, {},
                                     rank_four().pretrained.gamma, 0, {}),
                  ArgumentError);
}
