#include "sextant/spectral/top_eigenpairs.hpp"

#include <Spectra/SymEigsSolver.h>
#include <fmt/format.h>

#include <Eigen/QR>
#include <algorithm>

#include "sextant/core/errors.hpp"
#include "sextant/spectral/eigensystem.hpp"
#include "sextant/spectral/largest_eigenvalue.hpp"

namespace sextant::spectral {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

/// K / lambda_max + I, in the interface that Spectra expects: its iteration breaks down on spaces
/// that the kernel maps to zero and on numbers far from 1.
class Product {
 public:
  using Scalar = double;
  Product(const KernelOperator& kernel, double scale) : kernel_(kernel), scale_(scale) {}
  Index rows() const { return kernel_.size(); }
  Index cols() const { return kernel_.size(); }
  void perform_op(const double* in, double* out) const {
    ++products_;
    const Eigen::Map<const MatrixXd> column(in, rows(), 1);
    Eigen::Map<VectorXd>(out, rows()) = kernel_.apply(column) / scale_ + column;
  }
  Index products() const { return products_; }

 private:
  const KernelOperator& kernel_;
  double scale_;
  mutable Index products_ = 0;
};

/// Products of 32-bit numbers leave a kernel symmetric only within their rounding.
MatrixXd symmetrised(const MatrixXd& matrix) { return (matrix + matrix.transpose()) / 2; }

/// Few enough rows to multiply the identity and decompose.
TopEigenpairs from_dense(const KernelOperator& kernel, Index count) {
  const Index n = kernel.size();
  const Eigensystem system = decompose(symmetrised(kernel.apply(MatrixXd::Identity(n, n))));
  TopEigenpairs result;
  result.values = system.values.head(count);
  result.vectors = system.vectors.leftCols(count);
  result.products = n;
  return result;
}

TopEigenpairs from_products(const KernelOperator& kernel, Index count, double tolerance) {
  constexpr Index most_restarts = 1000;
  const Index n = kernel.size();
  const Index columns = std::min(n, std::max<Index>(2 * count + 1, 20));
  const LargestEigenvalue largest = largest_eigenvalue(kernel);
  if (largest.value == 0) {
    return {VectorXd::Zero(count), MatrixXd::Identity(n, count), {}, largest.products};
  }
  Product product(kernel, largest.value);
  Spectra::SymEigsSolver<Product> solver(product, count, columns);
  solver.init();
  solver.compute(Spectra::SortRule::LargestAlge, most_restarts, tolerance,
                 Spectra::SortRule::LargestAlge);
  if (solver.info() != Spectra::CompInfo::Successful) {
    throw NumericalError(fmt::format(
        "top_eigenpairs: {} eigenpairs have not converged to {} after {} products; a larger "
        "tolerance or another count may",
        count, tolerance, product.products()));
  }
  TopEigenpairs result;
  result.values = largest.value * (solver.eigenvalues().array() - 1).cwiseMax(0.0);
  result.vectors = solver.eigenvectors();
  result.products = largest.products + product.products();
  return result;
}

}  // namespace

TopEigenpairs top_eigenpairs(const KernelOperator& kernel, Index count, double tolerance) {
  constexpr std::string_view here = "top_eigenpairs";
  if (count < 1)
    throw ArgumentError(here, "count", fmt::format("is {}, expected 1 or more", count));
  check_between(here, "tolerance", tolerance, 0, 1);
  const Index n = kernel.size();
  constexpr Index small = 32;
  TopEigenpairs result = count >= n || n <= small ? from_dense(kernel, std::min(count, n))
                                                  : from_products(kernel, count, tolerance);
  // Spectra's vectors lose their orthogonality where eigenvalues coincide. In their span the best
  // values and vectors follow from one more product, and so do their residuals.
  const MatrixXd basis = Eigen::HouseholderQR<MatrixXd>(result.vectors).householderQ() *
                         MatrixXd::Identity(n, result.vectors.cols());
  const MatrixXd product = kernel.apply(basis);
  const Eigensystem inside = decompose(symmetrised(basis.transpose() * product));
  result.products += basis.cols();
  result.values = inside.values;
  result.vectors = basis * inside.vectors;
  result.residuals =
      (product * inside.vectors - result.vectors * result.values.asDiagonal()).colwise().norm();
  return result;
}

}  // namespace sextant::spectral
