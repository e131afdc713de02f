#include "sextant/spectral/symmetric_product.hpp"

#include <cblas.h>

#include "sextant/core/blas.hpp"
#include "sextant/core/errors.hpp"

namespace sextant::spectral {

void symmetric_product(const Eigen::Ref<const Eigen::MatrixXd>& kernel,
                       const Eigen::Ref<const Eigen::MatrixXd>& columns,
                       Eigen::Ref<Eigen::MatrixXd> result) {
  check_size("symmetric_product", "kernel", kernel.cols(), kernel.rows());
  check_size("symmetric_product", "columns", columns.rows(), kernel.rows());
  check_size("symmetric_product", "result", result.rows(), kernel.rows());
  check_size("symmetric_product", "result", result.cols(), columns.cols());
  constexpr Eigen::Index blas_size = 96;  // below it, calling BLAS costs more than it saves
  const int n = static_cast<int>(kernel.rows());
  const int m = static_cast<int>(columns.cols());
  if (n == 0 || m == 0) return;
  if (m == 1 && n < blas_size) {
    result.col(0).noalias() = kernel * columns.col(0);
    return;
  }
  prepare_blas();
  const int stride = static_cast<int>(kernel.outerStride());
  if (m == 1) {
    cblas_dsymv(CblasColMajor, CblasLower, n, 1.0, kernel.data(), stride, columns.data(), 1, 0.0,
                result.data(), 1);
    return;
  }
  cblas_dgemm(CblasColMajor, CblasNoTrans, CblasNoTrans, n, m, n, 1.0, kernel.data(), stride,
              columns.data(), static_cast<int>(columns.outerStride()), 0.0, result.data(),
              static_cast<int>(result.outerStride()));
}

}  // namespace sextant::spectral
