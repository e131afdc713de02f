#include "sextant/model/linear_algebra.hpp"

#include <cblas.h>

#include <algorithm>

#include "sextant/core/blas.hpp"
#include "sextant/core/errors.hpp"
#include "sextant/core/threads.hpp"

namespace sextant::model {
namespace {

constexpr double serial_below = 1 << 19;  // multiply-adds that are not worth waking threads for

CBLAS_TRANSPOSE flag(bool transpose) { return transpose ? CblasTrans : CblasNoTrans; }

int round_up(int value, int multiple) { return (value + multiple - 1) / multiple * multiple; }

/// A part of an [m, n] product.
struct Tile {
  int row, rows, column, columns;
};

/// Calls body(tile) for tiles that cover [m, n], in parallel where that pays. Tiles depend on the
/// shape alone. Large ones, because each packs its factors anew; at least eight where m allows.
template <class Body>
void for_tiles(int m, int n, int k, const Body& body) {
  if (m == 0 || n == 0) return;
  if (static_cast<double>(m) * n * k < serial_below) {
    body(Tile{0, m, 0, n});
    return;
  }
  const int rows = std::clamp(round_up(m / 8, 16), 64, 384);
  const int row_tiles = (m + rows - 1) / rows;
  const int columns = row_tiles < 8 ? 256 : 768;
  const int column_tiles = (n + columns - 1) / columns;
  parallel_for(std::ptrdiff_t{row_tiles} * column_tiles, [&](std::ptrdiff_t index) {
    const int row = static_cast<int>(index / column_tiles) * rows;
    const int column = static_cast<int>(index % column_tiles) * columns;
    body(Tile{row, std::min(rows, m - row), column, std::min(columns, n - column)});
  });
}

/// The part of y = x W + beta y (+ bias) in one tile.
template <class Scalar>
void apply_tile(const MatrixView<Scalar>& weight, const Scalar* bias, const Rows<Scalar>& x,
                bool accumulate, Rows<Scalar>& y, const Tile& tile) {
  Scalar beta = accumulate ? 1 : 0;
  if (bias != nullptr) {
    const Eigen::Map<const Eigen::RowVector<Scalar, Eigen::Dynamic>> row(bias + tile.column,
                                                                         tile.columns);
    auto target = y.block(tile.row, tile.column, tile.rows, tile.columns);
    if (accumulate) {
      target.rowwise() += row;
    } else {
      target.rowwise() = row;
    }
    beta = 1;
  }
  const auto column = static_cast<std::size_t>(tile.column);
  gemm(false, weight.transposed, tile.rows, tile.columns, weight.in, Scalar(1),
       x.row(tile.row).data(), static_cast<std::size_t>(x.cols()),
       weight.data + (weight.transposed ? column * weight.stride : column), weight.stride, beta,
       y.row(tile.row).data() + column, static_cast<std::size_t>(y.cols()));
}

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
  for_tiles(m, n, k, [&](const Tile& tile) {
    const auto row = static_cast<std::size_t>(tile.row);
    const auto column = static_cast<std::size_t>(tile.column);
    gemm(transpose_a, transpose_b, tile.rows, tile.columns, k, alpha,
         a + (transpose_a ? row : row * stride_a), stride_a,
         b + (transpose_b ? column * stride_b : column), stride_b, beta,
         c + row * stride_c + column, stride_c);
  });
}

template <class Scalar>
void apply(const MatrixView<Scalar>& weight, const Scalar* bias, const Rows<Scalar>& x,
           Rows<Scalar>& y, bool accumulate) {
  check_size("apply", "x columns", static_cast<std::size_t>(x.cols()),
             static_cast<std::size_t>(weight.in));
  if (!accumulate) y.resize(x.rows(), weight.out);
  check_size("apply", "y rows", static_cast<std::size_t>(y.rows()),
             static_cast<std::size_t>(x.rows()));
  check_size("apply", "y columns", static_cast<std::size_t>(y.cols()),
             static_cast<std::size_t>(weight.out));
  for_tiles(static_cast<int>(x.rows()), weight.out, weight.in,
            [&](const Tile& tile) { apply_tile(weight, bias, x, accumulate, y, tile); });
}

template <class Scalar>
void apply_transposed(const MatrixView<Scalar>& weight, const Rows<Scalar>& y, Rows<Scalar>& x,
                      bool accumulate) {
  const MatrixView<Scalar> pulled_back{weight.data, weight.out, weight.in, weight.stride,
                                       !weight.transposed};
  apply<Scalar>(pulled_back, nullptr, y, x, accumulate);
}

#define SEXTANT_INSTANTIATE(Scalar)                                                             \
  template void tiled_gemm(bool, bool, int, int, int, Scalar, const Scalar*, std::size_t,       \
                           const Scalar*, std::size_t, Scalar, Scalar*, std::size_t);           \
  template void apply(const MatrixView<Scalar>&, const Scalar*, const Rows<Scalar>&,            \
                      Rows<Scalar>&, bool);                                                     \
  template void apply_transposed(const MatrixView<Scalar>&, const Rows<Scalar>&, Rows<Scalar>&, \
                                 bool);
SEXTANT_INSTANTIATE(float)
SEXTANT_INSTANTIATE(double)
#undef SEXTANT_INSTANTIATE

}  // namespace sextant::model
