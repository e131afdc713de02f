#include "sextant/model/linear_algebra.hpp"

#include <cblas.h>

#include <algorithm>
#include <cassert>

#include "sextant/core/blas.hpp"
#include "sextant/core/threads.hpp"

namespace sextant::model {
namespace {

constexpr int tile_rows = 128;
constexpr int tile_columns = 256;
constexpr double serial_below = 1 << 19;  // multiply-adds that are not worth waking threads for

CBLAS_TRANSPOSE flag(bool transpose) { return transpose ? CblasTrans : CblasNoTrans; }

}  // namespace

void gemm(bool transpose_a, bool transpose_b, int m, int n, int k, float alpha, const float* a,
          std::size_t stride_a, const float* b, std::size_t stride_b, float beta, float* c,
          std::size_t stride_c) {
  prepare_blas();
  if (m == 0 || n == 0) return;
  cblas_sgemm(CblasRowMajor, flag(transpose_a), flag(transpose_b), m, n, k, alpha, a,
              static_cast<int>(stride_a), b, static_cast<int>(stride_b), beta, c,
              static_cast<int>(stride_c));
}

void gemm(bool transpose_a, bool transpose_b, int m, int n, int k, double alpha, const double* a,
          std::size_t stride_a, const double* b, std::size_t stride_b, double beta, double* c,
          std::size_t stride_c) {
  prepare_blas();
  if (m == 0 || n == 0) return;
  cblas_dgemm(CblasRowMajor, flag(transpose_a), flag(transpose_b), m, n, k, alpha, a,
              static_cast<int>(stride_a), b, static_cast<int>(stride_b), beta, c,
              static_cast<int>(stride_c));
}

template <class Scalar>
void tiled_gemm(bool transpose_a, bool transpose_b, int m, int n, int k, Scalar alpha,
                const Scalar* a, std::size_t stride_a, const Scalar* b, std::size_t stride_b,
                Scalar beta, Scalar* c, std::size_t stride_c) {
  if (static_cast<double>(m) * n * k < serial_below) {
    gemm(transpose_a, transpose_b, m, n, k, alpha, a, stride_a, b, stride_b, beta, c, stride_c);
    return;
  }
  const int row_tiles = (m + tile_rows - 1) / tile_rows;
  const int column_tiles = (n + tile_columns - 1) / tile_columns;
  parallel_for(std::ptrdiff_t{row_tiles} * column_tiles, [&](std::ptrdiff_t tile) {
    const int row = static_cast<int>(tile / column_tiles) * tile_rows;
    const int column = static_cast<int>(tile % column_tiles) * tile_columns;
    const auto r = static_cast<std::size_t>(row);
    const auto s = static_cast<std::size_t>(column);
    gemm(transpose_a, transpose_b, std::min(tile_rows, m - row), std::min(tile_columns, n - column),
         k, alpha, a + (transpose_a ? r : r * stride_a), stride_a,
         b + (transpose_b ? s * stride_b : s), stride_b, beta, c + r * stride_c + s, stride_c);
  });
}

template <class Scalar>
void apply(const MatrixView<Scalar>& weight, const Scalar* bias, const Rows<Scalar>& x,
           Rows<Scalar>& y) {
  assert(x.cols() == weight.in);
  y.resize(x.rows(), weight.out);
  Scalar beta = 0;
  if (bias != nullptr) {
    y.rowwise() = Eigen::Map<const Eigen::RowVector<Scalar, Eigen::Dynamic>>(bias, weight.out);
    beta = 1;
  }
  tiled_gemm<Scalar>(false, weight.transposed, static_cast<int>(x.rows()), weight.out, weight.in, 1,
                     x.data(), static_cast<std::size_t>(x.cols()), weight.data, weight.stride, beta,
                     y.data(), static_cast<std::size_t>(y.cols()));
}

template <class Scalar>
void apply_transposed(const MatrixView<Scalar>& weight, const Rows<Scalar>& y, Rows<Scalar>& x,
                      bool accumulate) {
  assert(y.cols() == weight.out);
  if (!accumulate) x.resize(y.rows(), weight.in);
  tiled_gemm<Scalar>(false, !weight.transposed, static_cast<int>(y.rows()), weight.in, weight.out,
                     1, y.data(), static_cast<std::size_t>(y.cols()), weight.data, weight.stride,
                     accumulate ? Scalar{1} : Scalar{0}, x.data(),
                     static_cast<std::size_t>(x.cols()));
}

#define SEXTANT_INSTANTIATE(Scalar)                                                             \
  template void tiled_gemm(bool, bool, int, int, int, Scalar, const Scalar*, std::size_t,       \
                           const Scalar*, std::size_t, Scalar, Scalar*, std::size_t);           \
  template void apply(const MatrixView<Scalar>&, const Scalar*, const Rows<Scalar>&,            \
                      Rows<Scalar>&);                                                           \
  template void apply_transposed(const MatrixView<Scalar>&, const Rows<Scalar>&, Rows<Scalar>&, \
                                 bool);
SEXTANT_INSTANTIATE(float)
SEXTANT_INSTANTIATE(double)
#undef SEXTANT_INSTANTIATE

}  // namespace sextant::model
