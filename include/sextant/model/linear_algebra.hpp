#pragma once

/// Matrix products for the model half: row-major matrices, BLAS underneath, the same result for
/// every number of threads.

#include <Eigen/Core>
#include <cstddef>
#include <vector>

namespace sextant::model {

/// Row-major matrix: one token (or one sequence) per row.
template <class Scalar>
using Rows = Eigen::Matrix<Scalar, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

/// The given rows, one after another.
template <class Scalar>
Rows<Scalar> gather_rows(const Rows<Scalar>& from, const std::vector<int>& rows) {
  Rows<Scalar> to(static_cast<Eigen::Index>(rows.size()), from.cols());
  for (std::size_t i = 0; i < rows.size(); ++i)
    to.row(static_cast<Eigen::Index>(i)) = from.row(rows[i]);
  return to;
}

/// A weight matrix of y = x W, W [in, out], wherever it is stored.
template <class Scalar>
struct MatrixView {
  const Scalar* data = nullptr;
  int in = 0;
  int out = 0;
  std::size_t stride = 0;   ///< Elements between stored rows.
  bool transposed = false;  ///< Stored as [out, in] (PyTorch Linear) instead of [in, out].

  /// Element W(i, o).
  Scalar operator()(int i, int o) const {
    return transposed ? data[static_cast<std::size_t>(o) * stride + i]
                      : data[static_cast<std::size_t>(i) * stride + o];
  }
};

/// C = alpha op(A) op(B) + beta C on one thread; op(A) is [m, k], op(B) [k, n], row-major with the
/// given strides. When beta is 0, C is not read.
void gemm(bool transpose_a, bool transpose_b, int m, int n, int k, float alpha, const float* a,
          std::size_t stride_a, const float* b, std::size_t stride_b, float beta, float* c,
          std::size_t stride_c);
void gemm(bool transpose_a, bool transpose_b, int m, int n, int k, double alpha, const double* a,
          std::size_t stride_a, const double* b, std::size_t stride_b, double beta, double* c,
          std::size_t stride_c);

/// As `gemm` on all threads: C is cut into tiles whose size depends on the shape alone, and each
/// tile is one serial product, so the result does not depend on the number of threads.
template <class Scalar>
void tiled_gemm(bool transpose_a, bool transpose_b, int m, int n, int k, Scalar alpha,
                const Scalar* a, std::size_t stride_a, const Scalar* b, std::size_t stride_b,
                Scalar beta, Scalar* c, std::size_t stride_c);

/// y = x W (+ bias when not null), or with `accumulate` y += x W (+ bias). Without `accumulate`,
/// `y` is resized to [rows of x, out]. Throws `ArgumentError` where shapes do not fit.
template <class Scalar>
void apply(const MatrixView<Scalar>& weight, const Scalar* bias, const Rows<Scalar>& x,
           Rows<Scalar>& y, bool accumulate = false);

/// x = y W' (accumulate: x += y W'), the pull-back of `apply`. Without `accumulate`, `x` is resized
/// to [rows of y, in].
template <class Scalar>
void apply_transposed(const MatrixView<Scalar>& weight, const Rows<Scalar>& y, Rows<Scalar>& x,
                      bool accumulate);

}  // namespace sextant::model
