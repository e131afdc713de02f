#pragma once

/// Products of dense column-major matrices by BLAS, on the calling thread. Deterministic.

#include <Eigen/Core>

namespace sextant::spectral {

/// result = A' B for A [k, m], B [k, n], result [m, n], which must not overlap them. Throws
/// `ArgumentError` for B or a result of other sizes.
void transposed_product(const Eigen::Ref<const Eigen::MatrixXd>& a,
                        const Eigen::Ref<const Eigen::MatrixXd>& b,
                        Eigen::Ref<Eigen::MatrixXd> result);

/// result += A B for A [m, k], B [k, n], result [m, n], which must not overlap them. Throws
/// `ArgumentError` for B or a result of other sizes.
void add_product(const Eigen::Ref<const Eigen::MatrixXd>& a,
                 const Eigen::Ref<const Eigen::MatrixXd>& b, Eigen::Ref<Eigen::MatrixXd> result);

}  // namespace sextant::spectral
