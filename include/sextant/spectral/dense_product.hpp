#pragma once

/// Products of dense column-major matrices by BLAS, on the calling thread. Deterministic. Throw
/// `ArgumentError` on wrong sizes.

#include <Eigen/Core>

namespace sextant::spectral {

/// result = A' B for A [k, m], B [k, n], result [m, n], which must not overlap them.
void transposed_product(const Eigen::Ref<const Eigen::MatrixXd>& a,
                        const Eigen::Ref<const Eigen::MatrixXd>& b,
                        Eigen::Ref<Eigen::MatrixXd> result);

/// result += A B for A [m, k], B [k, n], result [m, n], which must not overlap them.
void add_product(const Eigen::Ref<const Eigen::MatrixXd>& a,
                 const Eigen::Ref<const Eigen::MatrixXd>& b, Eigen::Ref<Eigen::MatrixXd> result);

}  // namespace sextant::spectral
