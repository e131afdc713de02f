#pragma once

/// Gram matrices of per-sequence gradients of one weight matrix, without the n x p Jacobian.

#include <Eigen/Core>
#include <span>
#include <vector>

#include "sextant/model/attention.hpp"
#include "sextant/model/linear_algebra.hpp"

namespace sextant::model {

/// Inner products of the gradients of N = n + m sequences, the n prompt examples first.
struct SequenceGram {
  Eigen::MatrixXd kernel;    ///< [n, n]
  Eigen::MatrixXd coupling;  ///< [n, m]
  Eigen::VectorXd variance;  ///< [m]
};

/// Token factors of a weight matrix: the gradient of sequence i is the sum over its rows of
/// (input row)' (cotangent row).
template <class Scalar>
struct TokenFactors {
  const Rows<Scalar>* input = nullptr;      ///< [rows, in]
  std::span<const int> input_row;           ///< Input row of each cotangent row.
  const Rows<Scalar>* cotangent = nullptr;  ///< [rows', out]
  std::span<const RowRange> sequences;      ///< [N] ascending, disjoint cotangent rows.
};

/// A block is a rectangle of the weight matrix: some inputs (rows) and some outputs (columns).
struct BlockSlice {
  int input_first = 0;
  int input_count = 0;
  int output_first = 0;
  int output_count = 0;

  /// That rectangle of a matrix [in, out].
  template <class Matrix>
  auto of(Matrix& matrix) const {
    return matrix.block(input_first, output_first, input_count, output_count);
  }
};

/// Two exact ways to the same matrix. `features` forms each sequence's p_b-vector and multiplies
/// those: sum_i L_i p_b + n^2 p_b / 2 multiply-adds. `tokens` sums products of inner products over
/// pairs of tokens: (sum_i L_i)^2 / 2 (in + out), inner products shared by blocks counted once.
enum class GramForm { features, tokens };

/// The form with fewer multiply-adds for all `blocks` of one matrix together (features of the first
/// `examples` sequences are the prompt's). Single-precision work counts half.
GramForm cheaper_form(std::span<const RowRange> sequences, int examples,
                      std::span<const BlockSlice> blocks);

/// Gram matrices of each block. Products of features are summed in double precision, so that the
/// result is positive semidefinite to double rounding. Extra memory: `features` at most 16 MiB per
/// thread beside n^2; `tokens` the factors in double and L_i x sum_j L_j per thread.
/// Deterministic for any thread count. Throws `ArgumentError` for rows, sequences and slices that
/// are not inside the factors.
template <class Scalar>
std::vector<SequenceGram> gram(const TokenFactors<Scalar>& factors, int examples,
                               std::span<const BlockSlice> blocks, GramForm form);

}  // namespace sextant::model
