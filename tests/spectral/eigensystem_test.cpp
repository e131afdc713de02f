#include "sextant/spectral/eigensystem.hpp"

#include <doctest/doctest.h>

#include <limits>

#include "sextant/core/errors.hpp"
#include "support/close.hpp"
#include "support/spectra.hpp"

using namespace sextant;
using namespace sextant::spectral;

namespace {

/// Orthogonality and K = U diag(l) U', each within C n eps of its scale.
void check_decomposition(const Eigen::MatrixXd& kernel, const Eigensystem& system) {
  const Eigen::Index n = kernel.rows();
  const double tolerance = 30.0 * static_cast<double>(n) * std::numeric_limits<double>::epsilon();
  const Eigen::MatrixXd gram = system.vectors.transpose() * system.vectors;
  CHECK((gram - Eigen::MatrixXd::Identity(n, n)).cwiseAbs().maxCoeff() < tolerance);
  const Eigen::MatrixXd again =
      system.vectors * system.values.asDiagonal() * system.vectors.transpose();
  CHECK((again - kernel).norm() <= tolerance * kernel.norm());
  for (Eigen::Index i = 0; i + 1 < n; ++i) CHECK(system.values[i] >= system.values[i + 1]);
  CHECK(system.values.minCoeff() >= 0);
}

}  // namespace

TEST_CASE("eigensystem of ordinary and degenerate kernels") {
  Random random(1);
  for (const test::NamedSpectrum& spectrum : test::spectra(random)) {
    const Eigen::VectorXd& values = spectrum.values;
    CAPTURE(spectrum.name);
    const Eigen::MatrixXd kernel = test::kernel_with(values, random);
    const Eigensystem system = decompose(kernel);
    check_decomposition(kernel, system);
    CHECK(system.clipped <= 1e-14 * values.sum());
    CHECK(system.trace == test::close(values.sum(), 1e-13));
    CHECK(system.largest() == test::close(values.maxCoeff(), 1e-13));
  }
}

TEST_CASE("both solvers agree, and the result says which one ran") {
  Random random(2);
  const Eigen::Index n = divide_and_conquer_size;
  const Eigen::MatrixXd phi = normal_matrix(n, 3 * n, random);
  const Eigen::MatrixXd kernel = phi * phi.transpose();
  const Eigensystem large = decompose(kernel);
  CHECK(large.method == EigenMethod::divide_and_conquer);
  check_decomposition(kernel, large);
  const Eigensystem small = decompose(kernel.topLeftCorner(n - 1, n - 1));
  CHECK(small.method == EigenMethod::tridiagonal_qr);
  const Eigen::VectorXd oracle =
      Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd>(kernel).eigenvalues().reverse();
  CHECK((large.values - oracle).cwiseAbs().maxCoeff() < 1e-12 * oracle[0]);
}

TEST_CASE(
    "n = 1, a negative rounding error, a real negative eigenvalue, rounded halves, tiny scale") {
  CHECK(decompose(Eigen::MatrixXd::Constant(1, 1, 4.0)).values[0] == 4.0);

  const Eigensystem rounding = decompose(Eigen::MatrixXd::Constant(1, 1, -1e-16));
  CHECK(rounding.values[0] == 0.0);
  CHECK(rounding.clipped == test::close(1e-16));
  CHECK(rounding.trace == 0.0);

  const Eigensystem indefinite =
      decompose(Eigen::Matrix3d(Eigen::Vector3d(2, -0.5, -0.25).asDiagonal()));
  CHECK(indefinite.clipped == test::close(0.75));
  CHECK(indefinite.values.isApprox(Eigen::Vector3d(2, 0, 0)));

  Eigen::Matrix2d skewed;
  skewed << 2, 0.5, 0.5 - 1e-6, 1;  // half of what single precision may leave
  const Eigen::Matrix2d symmetric = (skewed + skewed.transpose()) / 2;
  check_decomposition(symmetric, decompose(skewed));
  skewed(1, 0) = 0.1;
  CHECK_THROWS_AS(decompose(skewed), ArgumentError);

  Random random(3);
  const Eigen::MatrixXd kernel = test::kernel_with(Eigen::Vector3d(3, 2, 1), random);
  for (const double scale : {1e-140, 1e140}) {
    CHECK(decompose(scale * kernel).values.isApprox(scale * Eigen::Vector3d(3, 2, 1)));
  }
}

TEST_CASE("rotation to the eigenbasis and back") {
  Random random(4);
  const Eigensystem system =
      decompose(test::kernel_with(Eigen::VectorXd::LinSpaced(5, 5, 1), random));
  const Eigen::VectorXd v = normal_vector(5, random);
  CHECK(system.rotate(v).isApprox(system.vectors.transpose() * v));
  CHECK(system.rotate_back(system.rotate(v)).isApprox(v, 1e-13));
  CHECK_THROWS_AS(system.rotate(Eigen::VectorXd::Zero(4)), ArgumentError);
  CHECK_THROWS_AS(system.rotate_back(Eigen::VectorXd::Zero(6)), ArgumentError);
}

TEST_CASE("kernels that cannot be decomposed") {
  CHECK_THROWS_AS(decompose(Eigen::MatrixXd(0, 0)), ArgumentError);
  CHECK_THROWS_AS(decompose(Eigen::MatrixXd::Zero(2, 3)), ArgumentError);
  Eigen::MatrixXd bad = Eigen::MatrixXd::Identity(3, 3);
  bad(1, 2) = std::numeric_limits<double>::quiet_NaN();
  CHECK_THROWS_AS(decompose(bad), ArgumentError);
  bad(1, 2) = std::numeric_limits<double>::infinity();
  CHECK_THROWS_AS(decompose(bad), ArgumentError);
}
