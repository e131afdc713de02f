#pragma once

/// Products with a symmetric matrix, the work of every iteration on a kernel.

#include <Eigen/Core>

namespace sextant::spectral {

/// result = K V for an exactly symmetric `kernel` K [n, n] and `columns` V [n, m]; `result` [n, m]
/// must not overlap them. One column of a large K reads half of K (BLAS dsymv), several columns are
/// one matrix product (dgemm). Throws `ArgumentError` on wrong sizes. Cost 2 n^2 m; deterministic,
/// on the calling thread.
void symmetric_product(const Eigen::Ref<const Eigen::MatrixXd>& kernel,
                       const Eigen::Ref<const Eigen::MatrixXd>& columns,
                       Eigen::Ref<Eigen::MatrixXd> result);

}  // namespace sextant::spectral
