#pragma once

/// Eigen-decomposition of a kernel, the starting point of everything spectral (theory Sec. 1):
/// K = U diag(lambda) U', lambda in descending order and clipped at 0.

#include <Eigen/Core>

namespace sextant::spectral {

/// Which algorithm produced an eigensystem. Chosen by size alone, see `decompose`.
enum class EigenMethod {
  tridiagonal_qr,     ///< Eigen's SelfAdjointEigenSolver.
  divide_and_conquer  ///< LAPACK dsyevd.
};

/// K = U diag(values) U' for a symmetric positive semidefinite K [n, n].
struct Eigensystem {
  Eigen::VectorXd values;    ///< lambda [n], descending, each at least 0; the kernel's unit.
  Eigen::MatrixXd vectors;   ///< U [n, n]; column i belongs to values[i].
  double trace = 0;          ///< Sum of `values`, that is after clipping.
  double clipped = 0;        ///< Sum of |negative eigenvalues| that were set to 0.
  double most_negative = 0;  ///< The most negative of them, or 0.
  EigenMethod method = EigenMethod::tridiagonal_qr;

  Eigen::Index size() const { return values.size(); }
  /// lambda_max; 0 for a zero kernel.
  double largest() const { return values.size() == 0 ? 0.0 : values[0]; }
  /// U'v: a vector [n] in the eigenbasis (rt = U'r, kt = U'k). Throws `ArgumentError` on a wrong
  /// size.
  Eigen::VectorXd rotate(const Eigen::Ref<const Eigen::VectorXd>& v) const;
  /// U v: back from the eigenbasis. Throws `ArgumentError` on a wrong size.
  Eigen::VectorXd rotate_back(const Eigen::Ref<const Eigen::VectorXd>& v) const;
};

/// From this n on, `decompose` uses LAPACK's divide and conquer.
inline constexpr Eigen::Index divide_and_conquer_size = 128;

/// Decomposes (K + K')/2.
///
/// `kernel` [n, n], n >= 1, finite and symmetric within 1e-6 of its largest entry. Negative
/// eigenvalues are set to 0 and their mass is reported in `clipped`, whatever its size: judging it
/// is the caller's part, as `check_semidefinite` of kernel_checks.hpp does (a rounding error is
/// below about n eps trace). n below `divide_and_conquer_size` uses Eigen's own solver, larger n
/// LAPACK's dsyevd on one thread; the result names the method. Both scale the matrix, so entries
/// from 1e-150 to 1e150 are fine. Throws `ArgumentError` when empty, not square, not finite or not
/// symmetric, `NumericalError` when the solver does not converge. Cost O(n^3); deterministic,
/// independent of `threads()`.
Eigensystem decompose(const Eigen::Ref<const Eigen::MatrixXd>& kernel);

}  // namespace sextant::spectral
