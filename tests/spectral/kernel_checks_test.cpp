#include "sextant/spectral/kernel_checks.hpp"

#include <doctest/doctest.h>

#include <functional>

#include "sextant/core/errors.hpp"
#include "sextant/core/random_matrix.hpp"
#include "sextant/spectral/kernel_operator.hpp"
#include "sextant/spectral/largest_eigenvalue.hpp"

using namespace sextant;
using namespace sextant::spectral;
using Eigen::MatrixXd;

namespace {

MatrixXd random_kernel_to_spoil(Eigen::Index n, Eigen::Index rank) {
  Random random(3);
  const MatrixXd jacobian = normal_matrix(n, rank, random);
  return jacobian * jacobian.transpose();
}

}  // namespace

TEST_CASE("an asymmetric kernel is refused wherever its place, rounding of 32 bits is not") {
  for (const Eigen::Index n : {2, 31, 32, 33, 70}) {
    CAPTURE(n);
    const MatrixXd kernel = random_kernel_to_spoil(n, 3);
    const double largest = kernel.cwiseAbs().maxCoeff();
    const std::vector<std::function<void(const MatrixXd&)>> entries = {
        [](const MatrixXd& k) { check_symmetric("here", "kernel", k); },
        [](const MatrixXd& k) { check_kernel("here", "kernel", k); },
        [](const MatrixXd& k) { decompose(k); }, [](const MatrixXd& k) { largest_eigenvalue(k); },
        [](const MatrixXd& k) { DenseKernel{k}; }};
    for (const auto& call : entries) {
      CHECK_NOTHROW(call(kernel));
      CHECK_NOTHROW(call(kernel.cast<float>().cast<double>()));
      for (const auto& [row, column] :
           std::vector<std::pair<Eigen::Index, Eigen::Index>>{{0, n - 1}, {n - 1, n - 2}}) {
        MatrixXd spoilt = kernel;
        spoilt(row, column) += 2e-6 * largest;
        CHECK_THROWS_WITH_AS(call(spoilt), doctest::Contains("expected a symmetric matrix"),
                             ArgumentError);
        spoilt(row, column) = kernel(row, column) + 1e-7 * largest;
        CHECK_NOTHROW(call(spoilt));
      }
      CHECK_THROWS_AS(call(kernel.leftCols(n - 1)), ArgumentError);
    }
  }
}

TEST_CASE("an entry that no positive semidefinite kernel has") {
  MatrixXd kernel = random_kernel_to_spoil(40, 2);
  kernel(7, 7) = 0;  // beside entries that are not 0
  CHECK_THROWS_WITH_AS(check_kernel("here", "kernel", kernel),
                       doctest::Contains("larger than its diagonal entries"), ArgumentError);
  kernel.row(7).setZero();
  kernel.col(7).setZero();
  CHECK_NOTHROW(check_kernel("here", "kernel", kernel));
  kernel(7, 7) = -1e-3 * kernel.cwiseAbs().maxCoeff();
  CHECK_THROWS_WITH_AS(check_kernel("here", "kernel", kernel),
                       doctest::Contains("here: kernel has the diagonal entry [7, 7]"),
                       ArgumentError);
  CHECK_NOTHROW(check_kernel("here", "kernel", MatrixXd::Zero(3, 3)));
}

TEST_CASE("eigenvalues decide what no single entry shows") {
  MatrixXd kernel = MatrixXd::Identity(3, 3);
  kernel(0, 1) = kernel(1, 0) = kernel(0, 2) = kernel(2, 0) = 0.9;
  kernel(1, 2) = kernel(2, 1) = -0.9;  // eigenvalues 1.9, 1.9, -0.8
  CHECK_NOTHROW(check_kernel("here", "kernel", kernel));
  const Eigensystem system = decompose(kernel);
  CHECK(std::abs(system.most_negative + 0.8) <= 1e-14);
  CHECK(system.most_negative == -system.clipped);
  CHECK_THROWS_WITH_AS(check_semidefinite("here", "kernel", system),
                       doctest::Contains("has the eigenvalue -0.8 beside the trace 3"),
                       ArgumentError);
  const Eigensystem rounded = decompose(random_kernel_to_spoil(30, 2).cast<float>().cast<double>());
  CHECK(rounded.most_negative < 0);
  CHECK_NOTHROW(check_semidefinite("here", "kernel", rounded));
  CHECK(decompose(MatrixXd::Identity(2, 2)).most_negative == 0);
}

TEST_CASE("asymmetry is the largest difference, whatever the unit of the entries") {
  for (const double unit : {1.0, 1e-300, 1e300}) {
    MatrixXd kernel = unit * MatrixXd::Identity(70, 70);
    CHECK(asymmetry(kernel).relative == 0);
    kernel(2, 60) += 1e-3 * unit;
    kernel(65, 3) += 2e-3 * unit;
    kernel(4, 4) = 4 * unit;
    const Asymmetry worst = asymmetry(kernel);
    CHECK(std::abs(worst.relative - 5e-4) < 1e-15);
    CHECK(worst.row == 3);
    CHECK(worst.column == 65);
  }
  CHECK(asymmetry(MatrixXd(0, 0)).relative == 0);
  CHECK_THROWS_AS(asymmetry(MatrixXd(2, 3)), ArgumentError);
}
