#include "sextant/spectral/largest_eigenvalue.hpp"

#include <doctest/doctest.h>

#include <Eigen/Eigenvalues>
#include <cmath>
#include <vector>

#include "sextant/core/errors.hpp"
#include "sextant/spectral/symmetric_product.hpp"
#include "support/close.hpp"
#include "support/spectra.hpp"

using namespace sextant;
using namespace sextant::spectral;
using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

TEST_CASE("largest_eigenvalue finds the top of ordinary and of degenerate spectra") {
  Random random(1);
  for (const Index n : {1, 2, 3, 9, 40, 130}) {
    const VectorXd ramp = VectorXd::LinSpaced(n, 1, static_cast<double>(n));
    VectorXd spike = VectorXd::Constant(n, 1e-3);
    spike[n / 2] = 1e6;
    VectorXd negative = VectorXd::Zero(n);
    negative[0] = -1e-16;
    negative[n - 1] = 1;
    VectorXd clustered = VectorXd::Constant(n, 1.0);
    clustered[0] = 1 + 1e-9;
    const std::vector<VectorXd> spectra = {ramp,
                                           ramp.cwiseInverse(),
                                           ramp.cwiseInverse().cwiseAbs2(),
                                           spike,
                                           VectorXd::Constant(n, 2.5),
                                           negative,
                                           clustered,
                                           VectorXd::Ones(n) - ramp.cwiseInverse() * 1e-4,
                                           1e-150 * ramp,
                                           1e150 * ramp};
    for (std::size_t s = 0; s < spectra.size(); ++s) {
      CAPTURE(n);
      CAPTURE(s);
      const double expected = spectra[s].maxCoeff();
      const LargestEigenvalue found = largest_eigenvalue(test::kernel_with(spectra[s], random));
      CHECK(found.value == test::close(expected, 2e-13));
      CHECK(found.products <= n);
    }
    CHECK(largest_eigenvalue(MatrixXd::Zero(n, n)).value == 0);
  }
  const LargestEigenvalue large = largest_eigenvalue(
      test::kernel_with(VectorXd::LinSpaced(300, 1, 300).cwiseInverse(), random));
  CHECK(large.products < 40);
  CHECK_THROWS_AS(largest_eigenvalue(MatrixXd(0, 0)), ArgumentError);
  CHECK_THROWS_AS(largest_eigenvalue(MatrixXd::Zero(2, 3)), ArgumentError);
}

TEST_CASE("largest_eigenvalue sees directions that a few examples alone span") {
  // Two groups of examples that know nothing of each other; the smaller has the larger eigenvalue.
  for (const Index n : {10, 64, 200}) {
    MatrixXd kernel = MatrixXd::Zero(n, n);
    kernel.topLeftCorner(n - 1, n - 1).setConstant(1.0 / static_cast<double>(n - 1));
    kernel(n - 1, n - 1) = 1 + 1e-6;
    CHECK(largest_eigenvalue(kernel).value == test::close(1 + 1e-6, 1e-13));
  }
}

TEST_CASE("largest_tridiagonal agrees with the dense solver, value and last component") {
  Random random(2);
  for (const Index n : {1, 2, 5, 20, 80}) {
    for (int repeat = 0; repeat < 10; ++repeat) {
      VectorXd diagonal = normal_matrix(n, 1, random);
      VectorXd subdiagonal = normal_matrix(n - 1, 1, random);
      if (repeat == 1) subdiagonal.setZero();
      if (repeat == 2) diagonal.setConstant(3);
      if (repeat == 3) subdiagonal *= 1e-9;
      if (repeat == 4 && n > 2) subdiagonal[n / 2] = 0;
      if (repeat == 5) diagonal *= 1e150;
      if (repeat == 6) diagonal.array() -= 100;
      MatrixXd dense = MatrixXd::Zero(n, n);
      dense.diagonal() = diagonal;
      if (n > 1) dense.diagonal(-1) = dense.diagonal(1) = subdiagonal;
      const Eigen::SelfAdjointEigenSolver<MatrixXd> oracle(dense);
      const TridiagonalTop top = largest_tridiagonal(diagonal, subdiagonal);
      CAPTURE(n);
      CAPTURE(repeat);
      CHECK(std::abs(top.value - oracle.eigenvalues()[n - 1]) <= 1e-14 * dense.norm());
      if (repeat == 0 || repeat > 6) {
        CHECK(std::abs(top.last_component - std::abs(oracle.eigenvectors()(n - 1, n - 1))) <= 1e-7);
      }
    }
  }
  CHECK(largest_tridiagonal(VectorXd::Zero(3), VectorXd::Zero(2)).value == 0);
  CHECK_THROWS_AS(largest_tridiagonal(VectorXd(0), VectorXd(0)), ArgumentError);
  CHECK_THROWS_AS(largest_tridiagonal(VectorXd::Zero(2), VectorXd::Zero(2)), ArgumentError);
}

TEST_CASE("symmetric_product multiplies, whatever the sizes and strides") {
  Random random(3);
  for (const Index n : {1, 7, 95, 96, 200}) {
    const MatrixXd half = normal_matrix(n, n, random);
    const MatrixXd kernel = half + half.transpose();
    for (const Index m : {0, 1, 3}) {
      // Parts of larger matrices, whose other rows and columns stay as they are.
      const MatrixXd columns = normal_matrix(n + 2, m + 1, random);
      const auto used = columns.block(1, 0, n, m);
      MatrixXd result = MatrixXd::Constant(n + 1, m + 1, 7);
      symmetric_product(kernel, used, result.topLeftCorner(n, m));
      const MatrixXd expected = half * used + half.transpose() * used;
      CHECK((result.topLeftCorner(n, m) - expected).norm() <= 1e-13 * expected.norm());
      CHECK((result.row(n).array() == 7).all());
      CHECK((result.col(m).array() == 7).all());
    }
  }
  MatrixXd result(2, 1);
  CHECK_THROWS_AS(symmetric_product(MatrixXd(2, 3), MatrixXd(2, 1), result), ArgumentError);
  CHECK_THROWS_AS(symmetric_product(MatrixXd(2, 2), MatrixXd(3, 1), result), ArgumentError);
  CHECK_THROWS_AS(symmetric_product(MatrixXd(2, 2), MatrixXd(2, 2), result), ArgumentError);
}
