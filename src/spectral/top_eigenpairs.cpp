#include "sextant/spectral/top_eigenpairs.hpp"

#include <Spectra/SymEigsSolver.h>
#include <fmt/format.h>

#include <algorithm>

#include "sextant/core/errors.hpp"
#include "sextant/spectral/eigensystem.hpp"

namespace sextant::spectral {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

/// The interface that Spectra expects of a matrix.
class Product {
 public:
  using Scalar = double;
  explicit Product(const KernelOperator& kernel) : kernel_(kernel) {}
  Index rows() const { return kernel_.size(); }
  Index cols() const { return kernel_.size(); }
  void perform_op(const double* in, double* out) const {
    ++products_;
    Eigen::Map<VectorXd>(out, rows()) =
        kernel_.apply(Eigen::Map<const MatrixXd>(in, rows(), 1)).col(0);
  }
  Index products() const { return products_; }

 private:
  const KernelOperator& kernel_;
  mutable Index products_ = 0;
};

/// Few enough rows to multiply the identity and decompose.
TopEigenpairs from_dense(const KernelOperator& kernel, Index count) {
  const Index n = kernel.size();
  const Eigensystem system = decompose(kernel.apply(MatrixXd::Identity(n, n)));
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
  Product product(kernel);
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
  result.values = solver.eigenvalues().cwiseMax(0.0);
  result.vectors = solver.eigenvectors();
  result.products = product.products();
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
  const MatrixXd products = kernel.apply(result.vectors);
  result.products += result.vectors.cols();
  result.residuals =
      (products - result.vectors * result.values.asDiagonal()).colwise().norm().transpose();
  return result;
}

}  // namespace sextant::spectral
