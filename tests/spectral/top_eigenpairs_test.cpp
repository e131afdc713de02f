/// Spectra on products against the dense decomposition, degenerate spectra included.

#include "sextant/spectral/top_eigenpairs.hpp"

#include <doctest/doctest.h>

#include "sextant/core/errors.hpp"
#include "sextant/spectral/eigensystem.hpp"
#include "support/spectra.hpp"

using namespace sextant;
using namespace sextant::spectral;
using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace {

void check_pairs(const MatrixXd& kernel, Index count, double scale) {
  const Eigensystem dense = decompose(kernel);
  const TopEigenpairs top = top_eigenpairs(DenseKernel(kernel), count);
  const Index found = std::min(count, kernel.rows());
  REQUIRE(top.values.size() == found);
  CHECK((top.values - dense.values.head(found)).cwiseAbs().maxCoeff() < 1e-9 * scale);
  CHECK((top.vectors.transpose() * top.vectors - MatrixXd::Identity(found, found)).norm() < 1e-9);
  CHECK(top.residuals.maxCoeff() < 1e-8 * scale);
  CHECK(top.products >= found);
}

}  // namespace

TEST_CASE("top eigenpairs are those of the dense decomposition") {
  Random random(1);
  for (const Index n : {1, 2, 20, 33, 200}) {
    VectorXd values(n);
    for (Index i = 0; i < n; ++i) values[i] = 1.0 / static_cast<double>((i + 1) * (i + 1));
    const MatrixXd kernel = test::kernel_with(values, random);
    for (const Index count : {Index{1}, Index{5}, n}) check_pairs(kernel, count, 1);
  }
}

TEST_CASE("degenerate spectra: zero, rank one, all equal, a spike, and rounding level") {
  Random random(2);
  const Index n = 60;
  VectorXd values = VectorXd::Zero(n);
  check_pairs(test::kernel_with(values, random), 4, 1);
  values[0] = 3;
  check_pairs(test::kernel_with(values, random), 4, 3);
  check_pairs(test::kernel_with(VectorXd::Constant(n, 2), random), 4, 2);
  values = VectorXd::LinSpaced(n, 1, 2);
  values[0] = 1e12;
  check_pairs(test::kernel_with(values, random), 1, 1e12);
  values = VectorXd::Constant(n, 1e-17);
  values[3] = 1;
  check_pairs(test::kernel_with(values, random), 3, 1);
}

TEST_CASE("what cannot be asked for is refused") {
  const MatrixXd kernel = MatrixXd::Identity(4, 4);
  CHECK_THROWS_AS(top_eigenpairs(DenseKernel(kernel), 0), ArgumentError);
  CHECK_THROWS_AS(top_eigenpairs(DenseKernel(kernel), 1, 0), ArgumentError);
  CHECK_THROWS_AS(top_eigenpairs(DenseKernel(kernel), 1, 1), ArgumentError);
}
