#pragma once

/// The largest eigenvalue alone, which is all that the step rho = c / lambda_max needs.

#include <Eigen/Core>

#include "sextant/spectral/kernel_operator.hpp"

namespace sextant::spectral {

/// lambda_max of a symmetric tridiagonal matrix and where its eigenvector ends.
struct TridiagonalTop {
  double value = 0;  ///< lambda_max, within a few eps of the matrix's norm.
  /// |last entry| of its unit eigenvector (of some top eigenvector when it is a multiple one).
  double last_component = 1;
};

/// lambda_max of the symmetric tridiagonal matrix with `diagonal` [n] and `subdiagonal` [n - 1], by
/// Laguerre's iteration from Gershgorin's bound: all roots are real, so it descends monotonically
/// to the largest. n >= 1, finite. Throws `ArgumentError` on wrong sizes. Cost O(n) an iteration,
/// usually 4 to 8 of them; deterministic.
TridiagonalTop largest_tridiagonal(const Eigen::Ref<const Eigen::VectorXd>& diagonal,
                                   const Eigen::Ref<const Eigen::VectorXd>& subdiagonal);

struct LargestEigenvalue {
  double value = 0;     ///< lambda_max, at least 0.
  double residual = 0;  ///< |K v - value v| of the unit Ritz vector: some eigenvalue is this close.
  Eigen::Index products = 0;  ///< Products with the kernel.
};

/// lambda_max of a symmetric positive semidefinite `kernel` [n, n] by Lanczos' iteration with full
/// reorthogonalisation, from a fixed start without structure.
///
/// Stops when the error bound min(residual, residual^2/gap), with the gap to the next Ritz value,
/// is below 1e-13 of the value, and at the latest after n products, when the value is exact up to
/// rounding. The bound proves that an eigenvalue is there; it is the largest unless the top
/// eigenvector is orthogonal to the start. A zero kernel gives 0.
///
/// `kernel` must be exactly symmetric and finite, or the result means nothing. Throws
/// `ArgumentError` when it is empty or not square. Cost 2 n^2 operations a product, usually 15 to
/// 40 products; memory n times their number; deterministic.
LargestEigenvalue largest_eigenvalue(const Eigen::Ref<const Eigen::MatrixXd>& kernel);

/// The same for a kernel known by its products. After `most_products` the value so far is returned
/// with its residual, which then bounds its error from below: lambda_max lies within the residual
/// of it unless the start missed the top eigenvector.
LargestEigenvalue largest_eigenvalue(const KernelOperator& kernel,
                                     Eigen::Index most_products = 200);

}  // namespace sextant::spectral
