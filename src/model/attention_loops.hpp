#pragma once

/// The inner loops of attention: scores, softmax and mixed values of a few queries at a time, so
/// that their attention weights stay in the nearest cache. In a file of its own for the reasons of
/// row_loops.hpp. A matrix product is at its worst here: heads are narrow, and packing the weights
/// costs as much as multiplying by them.

#include <cstddef>

namespace sextant::model {

/// Keys are read in panels of this many: [panels, width, keys of a panel], the last panel padded
/// with zeros.
template <class Scalar>
constexpr std::size_t keys_of_panel = 128 / sizeof(Scalar);

/// Rows of attention weights that `attend_rows` works on at once.
constexpr std::size_t attention_rows_at_once = 8;

/// One head's keys and values, and room for the weights of some of its queries.
template <class Scalar>
struct AttentionHead {
  std::size_t width = 0;
  const Scalar* panels = nullptr;  ///< The keys, see `keys_of_panel`.
  const Scalar* values = nullptr;  ///< [keys, value_stride], one key per row.
  std::size_t value_stride = 0;
  Scalar scale = 1;
  Scalar* weights = nullptr;      ///< [attention_rows_at_once, weight_stride], overwritten.
  std::size_t weight_stride = 0;  ///< At least the number of keys in panels.
};

/// The keys that a query sees.
struct KeyRange {
  int first = 0;
  int end = 1;  ///< Above `first`.
};

/// mixed[i] = softmax(scale q[i] k') v over the keys of seen[i], for `count` queries. Rows of
/// `query` and `mixed` are `width` values long, with the given strides between rows.
void attend_rows(const AttentionHead<float>& head, const float* query, std::size_t query_stride,
                 const KeyRange* seen, std::size_t count, float* mixed, std::size_t mixed_stride);
void attend_rows(const AttentionHead<double>& head, const double* query, std::size_t query_stride,
                 const KeyRange* seen, std::size_t count, double* mixed, std::size_t mixed_stride);

}  // namespace sextant::model
