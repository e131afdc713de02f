#include "attention_loops.hpp"

#include "vector_widths.hpp"

namespace sextant::model {
namespace {

/// 64 bytes, that the compiler cuts into what the processor has.
template <class Scalar>
struct VectorOf {
  typedef Scalar type __attribute__((vector_size(64), aligned(alignof(Scalar)), may_alias));
};

template <class Scalar>
constexpr std::size_t lanes = 64 / sizeof(Scalar);

template <class Scalar>
SEXTANT_INLINE const typename VectorOf<Scalar>::type& load(const Scalar* from) {
  return *reinterpret_cast<const typename VectorOf<Scalar>::type*>(from);
}

/// weights[r] = scale q[r] k' for `Count` queries and the first `keys` keys, and some more of the
/// padding.
template <int Count, class Scalar>
SEXTANT_INLINE void scores(const AttentionHead<Scalar>& head, const Scalar* query,
                           std::size_t query_stride, std::size_t keys) {
  using Vector = typename VectorOf<Scalar>::type;
  constexpr std::size_t step = lanes<Scalar>;
  static_assert(keys_of_panel<Scalar> == 2 * step);
  const Scalar* row = head.panels;
  for (std::size_t k = 0; k < keys; k += 2 * step) {
    Vector left[Count] = {};
    Vector right[Count] = {};
    for (std::size_t j = 0; j < head.width; ++j, row += 2 * step) {
      const Vector first = load(row);
      const Vector second = load(row + step);
#pragma GCC unroll 8
      for (int r = 0; r < Count; ++r) {
        const Scalar q = query[static_cast<std::size_t>(r) * query_stride + j];
        left[r] += q * first;
        right[r] += q * second;
      }
    }
#pragma GCC unroll 8
    for (int r = 0; r < Count; ++r) {
      Scalar* to = head.weights + static_cast<std::size_t>(r) * head.weight_stride + k;
      *reinterpret_cast<Vector*>(to) = head.scale * left[r];
      *reinterpret_cast<Vector*>(to + step) = head.scale * right[r];
    }
  }
}

/// mixed[r] = factor[r] weights[r] v over `keys` keys.
template <int Count, class Scalar>
SEXTANT_INLINE void mix(const AttentionHead<Scalar>& head, const Scalar* factor, std::size_t keys,
                        Scalar* mixed, std::size_t mixed_stride) {
  using Vector = typename VectorOf<Scalar>::type;
  constexpr std::size_t step = lanes<Scalar>;
  std::size_t column = 0;
  for (; column + step <= head.width; column += step) {
    Vector sum[Count] = {};
    for (std::size_t k = 0; k < keys; ++k) {
      const Vector value = load(head.values + k * head.value_stride + column);
#pragma GCC unroll 8
      for (int r = 0; r < Count; ++r) {
        sum[r] += head.weights[static_cast<std::size_t>(r) * head.weight_stride + k] * value;
      }
    }
#pragma GCC unroll 8
    for (int r = 0; r < Count; ++r) {
      Scalar* to = mixed + static_cast<std::size_t>(r) * mixed_stride + column;
      *reinterpret_cast<Vector*>(to) = factor[r] * sum[r];
    }
  }
  // The columns that do not fill a vector.
  for (int r = 0; r < Count; ++r) {
    const Scalar* weights = head.weights + static_cast<std::size_t>(r) * head.weight_stride;
    Scalar* to = mixed + static_cast<std::size_t>(r) * mixed_stride;
    for (std::size_t j = column; j < head.width; ++j) to[j] = 0;
    for (std::size_t k = 0; k < keys; ++k) {
      const Scalar* value = head.values + k * head.value_stride;
      for (std::size_t j = column; j < head.width; ++j) to[j] += weights[k] * value[j];
    }
    for (std::size_t j = column; j < head.width; ++j) to[j] *= factor[r];
  }
}

template <int Count, class Scalar>
SEXTANT_INLINE void attend_some(const AttentionHead<Scalar>& head, const Scalar* query,
                                std::size_t query_stride, const KeyRange* seen, Scalar* mixed,
                                std::size_t mixed_stride) {
  int most = seen[0].end;
  for (int r = 1; r < Count; ++r) most = seen[r].end > most ? seen[r].end : most;
  const auto keys = static_cast<std::size_t>(most);
  scores<Count>(head, query, query_stride, keys);
  Scalar factor[Count];
  for (int r = 0; r < Count; ++r) {
    Scalar* weights = head.weights + static_cast<std::size_t>(r) * head.weight_stride;
    const auto first = static_cast<std::size_t>(seen[r].first);
    const auto end = static_cast<std::size_t>(seen[r].end);
    factor[r] = 1 / exponentials(weights + first, end - first);
    for (std::size_t k = 0; k < first; ++k) weights[k] = 0;
    for (std::size_t k = end; k < keys; ++k) weights[k] = 0;
  }
  mix<Count>(head, factor, keys, mixed, mixed_stride);
}

template <class Scalar>
SEXTANT_INLINE void attend_all(const AttentionHead<Scalar>& head, const Scalar* query,
                               std::size_t query_stride, const KeyRange* seen, std::size_t count,
                               Scalar* mixed, std::size_t mixed_stride) {
  std::size_t i = 0;
  for (; i + 8 <= count; i += 8) {
    attend_some<8>(head, query + i * query_stride, query_stride, seen + i, mixed + i * mixed_stride,
                   mixed_stride);
  }
  for (; i + 2 <= count; i += 2) {
    attend_some<2>(head, query + i * query_stride, query_stride, seen + i, mixed + i * mixed_stride,
                   mixed_stride);
  }
  if (i < count) {
    attend_some<1>(head, query + i * query_stride, query_stride, seen + i, mixed + i * mixed_stride,
                   mixed_stride);
  }
}

}  // namespace

#define SEXTANT_DEFINE(Scalar)                                                            \
  SEXTANT_VECTOR_WIDTHS void attend_rows(                                                 \
      const AttentionHead<Scalar>& head, const Scalar* query, std::size_t query_stride,   \
      const KeyRange* seen, std::size_t count, Scalar* mixed, std::size_t mixed_stride) { \
    attend_all(head, query, query_stride, seen, count, mixed, mixed_stride);              \
  }
SEXTANT_DEFINE(float)
SEXTANT_DEFINE(double)
#undef SEXTANT_DEFINE

}  // namespace sextant::model
