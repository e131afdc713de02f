#pragma once

/// The largest eigenvalues and their vectors from products alone.

#include <Eigen/Core>

#include "sextant/spectral/kernel_operator.hpp"

namespace sextant::spectral {

struct TopEigenpairs {
  Eigen::VectorXd values;     ///< [k] descending, each at least 0.
  Eigen::MatrixXd vectors;    ///< [n, k] orthonormal.
  Eigen::VectorXd residuals;  ///< [k] |K v - value v|: an eigenvalue lies within this of each.
  Eigen::Index products = 0;  ///< Columns multiplied.
};

/// The `count` largest eigenpairs of a symmetric positive semidefinite kernel [n, n], all n of them
/// where count exceeds n - 1, by Spectra's implicitly restarted Lanczos iteration from a fixed
/// start. It ends when every residual is about `tolerance` times the largest eigenvalue; products
/// that are themselves rounded to single precision allow about 1e-6.
///
/// Throws `ArgumentError` for a count below 1 and a tolerance outside (0, 1), `NumericalError` when
/// it has not converged after 1,000 restarts. Cost: some 3 products for each pair, O(n count^2)
/// beside them; memory n (2 count + 1) doubles. Deterministic.
TopEigenpairs top_eigenpairs(const KernelOperator& kernel, Eigen::Index count,
                             double tolerance = 1e-10);

}  // namespace sextant::spectral
