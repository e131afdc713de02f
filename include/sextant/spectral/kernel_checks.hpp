#pragma once

/// What a kernel in memory must be, checked at a cost far below that of a decomposition.

#include <Eigen/Core>
#include <string_view>

#include "sextant/spectral/eigensystem.hpp"

namespace sextant::spectral {

/// How far rounding, of 32 bits too, may take a kernel from symmetric (against its largest |entry|)
/// and from positive semidefinite (its most negative eigenvalue against its trace).
inline constexpr double kernel_tolerance = 1e-6;

/// Where a matrix is farthest from symmetric.
struct Asymmetry {
  double relative = 0;  ///< |K_ij - K_ji| over the largest |entry|; 0 of a symmetric matrix.
  Eigen::Index row = 0;
  Eigen::Index column = 0;  ///< Above `row`, unless the matrix is symmetric.
};

/// The largest difference between a finite square `kernel` and its transpose. Throws
/// `ArgumentError` for a matrix that is not square. O(n^2), without a copy.
Asymmetry asymmetry(const Eigen::Ref<const Eigen::MatrixXd>& kernel);

/// Throws `ArgumentError` in the name of `function`, naming the entries, unless `kernel` is square,
/// finite and symmetric within `kernel_tolerance`. O(n^2).
void check_symmetric(std::string_view function, std::string_view argument,
                     const Eigen::Ref<const Eigen::MatrixXd>& kernel);

/// Throws `ArgumentError` also where an entry shows that `kernel` is not positive semidefinite: a
/// negative diagonal, or |K_ij| above sqrt(K_ii K_jj), within `kernel_tolerance` of the largest
/// entry. O(n^2), and necessary only: eigenvalues decide, see below and `geometry::validate`.
void check_kernel(std::string_view function, std::string_view argument,
                  const Eigen::Ref<const Eigen::MatrixXd>& kernel);

/// Throws `ArgumentError` where the decomposed kernel was not positive semidefinite: an eigenvalue
/// below -`kernel_tolerance` times the trace. O(1).
void check_semidefinite(std::string_view function, std::string_view argument,
                        const Eigensystem& system);

}  // namespace sextant::spectral
