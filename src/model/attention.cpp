#include "sextant/model/attention.hpp"

#include <algorithm>
#include <span>
#include <vector>

#include "attention_loops.hpp"
#include "row_slice.hpp"
#include "sextant/core/threads.hpp"
#include "sextant/model/functions.hpp"

namespace sextant::model {
namespace {

template <class Scalar>
std::size_t stride(const Rows<Scalar>& matrix) {
  return static_cast<std::size_t>(matrix.cols());
}

int query_count(const AttentionGroup& group) { return group.query_end - group.query_begin; }

/// A group's rows of the query activations.
std::span<const int> query_rows(const AttentionLayout& layout, const AttentionGroup& group) {
  return std::span(layout.query_activation)
      .subspan(static_cast<std::size_t>(group.query_begin),
               static_cast<std::size_t>(query_count(group)));
}

/// A group's rows in key space.
std::span<const int> key_rows(const AttentionLayout& layout, const AttentionGroup& group) {
  return std::span(layout.keys).subspan(group.keys_begin, group.keys_end - group.keys_begin);
}

/// A group's rows of the key activations.
std::vector<int> key_activation_rows(const AttentionLayout& layout, const AttentionGroup& group) {
  std::vector<int> rows;
  rows.reserve(group.keys_end - group.keys_begin);
  for (const int key : key_rows(layout, group)) {
    rows.push_back(layout.key_activation[static_cast<std::size_t>(key)]);
  }
  return rows;
}

/// One head of one group: what it reads, and its attention weights [queries, keys].
template <class Scalar>
struct HeadOfGroup {
  HeadOfGroup(const AttentionLayout& layout, const AttentionInput<Scalar>& input,
              const AttentionGroup& group, int head)
      : HeadOfGroup(layout, input, group, key_activation_rows(layout, group), head) {}

  RowSlice<Scalar> query, key, value;
  Rows<Scalar> weights;

 private:
  HeadOfGroup(const AttentionLayout& layout, const AttentionInput<Scalar>& input,
              const AttentionGroup& group, std::span<const int> keys, int head)
      : query(*input.query, query_rows(layout, group), head * input.head_width(),
              input.head_width()),
        key(*input.key, keys, input.key_head(head) * input.head_width(), input.head_width()),
        value(*input.value, keys, input.key_head(head) * input.head_width(), input.head_width()),
        weights(query.count(), key.count()) {
    gemm(false, true, query.count(), key.count(), input.head_width(), input.terms.scale,
         query.data(), query.stride(), key.data(), key.stride(), Scalar(0), weights.data(),
         stride(weights));
    for (int q = 0; q < query.count(); ++q) {
      const auto index = static_cast<std::size_t>(group.query_begin) + static_cast<std::size_t>(q);
      const int visible = layout.query_visible[index];
      masked_softmax(weights.row(q).data(), input.first_key(visible), visible, key.count());
    }
  }
};

/// Queries that one task works on: enough that preparing the keys for them costs little.
constexpr int queries_of_tile = 128;

/// Some queries of a group with those of its keys alone that one of them sees.
struct QueryTile {
  AttentionGroup group;
  int first_key = 0;  ///< Of the group's, the tile's first.
};

template <class Scalar>
std::vector<QueryTile> query_tiles(const AttentionLayout& layout,
                                   const AttentionInput<Scalar>& input) {
  std::vector<QueryTile> tiles;
  for (const AttentionGroup& group : layout.groups) {
    for (int begin = group.query_begin; begin < group.query_end; begin += queries_of_tile) {
      QueryTile tile{group, 0};
      tile.group.query_begin = begin;
      tile.group.query_end = std::min(begin + queries_of_tile, group.query_end);
      const auto rows = layout.query_visible.begin();
      const auto [least, most] = std::minmax_element(rows + begin, rows + tile.group.query_end);
      tile.first_key = input.first_key(*least);
      tile.group.keys_begin = group.keys_begin + static_cast<std::size_t>(tile.first_key);
      tile.group.keys_end = group.keys_begin + static_cast<std::size_t>(*most);
      tiles.push_back(tile);
    }
  }
  return tiles;
}

/// The keys of each query of `tile`, counted from the tile's first.
template <class Scalar>
std::vector<KeyRange> keys_seen(const AttentionLayout& layout, const AttentionInput<Scalar>& input,
                                const QueryTile& tile) {
  std::vector<KeyRange> seen;
  for (int q = tile.group.query_begin; q < tile.group.query_end; ++q) {
    const int visible = layout.query_visible[static_cast<std::size_t>(q)];
    seen.push_back({input.first_key(visible) - tile.first_key, visible - tile.first_key});
  }
  return seen;
}

/// Columns [first, first + width) of the given keys as `attend_rows` reads them.
template <class Scalar>
std::vector<Scalar> key_panels(const Rows<Scalar>& from, const std::vector<int>& keys,
                               Eigen::Index first, int width) {
  constexpr std::size_t size = keys_of_panel<Scalar>;
  const auto columns = static_cast<std::size_t>(width);
  std::vector<Scalar> panels((keys.size() + size - 1) / size * size * columns);
  for (std::size_t k = 0; k < keys.size(); ++k) {
    const Scalar* key = from.row(keys[k]).data() + first;
    Scalar* to = panels.data() + k / size * size * columns + k % size;
    for (std::size_t j = 0; j < columns; ++j) to[j * size] = key[j];
  }
  return panels;
}

/// Mixed values of one tile and the query heads of one key-value head.
template <class Scalar>
void attend_tile(const AttentionLayout& layout, const AttentionInput<Scalar>& input,
                 const QueryTile& tile, int key_head, Rows<Scalar>& mixed) {
  const int width = input.head_width();
  const std::vector<int> keys = key_activation_rows(layout, tile.group);
  const std::vector<Scalar> panels =
      key_panels(*input.key, keys, Eigen::Index{key_head} * width, width);
  // Rows a multiple of 4096 bytes apart would meet in the same places of the cache.
  const std::size_t weight_stride =
      panels.size() / static_cast<std::size_t>(width) + keys_of_panel<Scalar>;
  std::vector<Scalar> weights(attention_rows_at_once * weight_stride);
  const std::vector<KeyRange> seen = keys_seen(layout, input, tile);
  const RowSlice<Scalar> value(*input.value, keys, key_head * width, width);
  for (int i = 0; i < input.sharing(); ++i) {
    const int first = (key_head * input.sharing() + i) * width;
    const RowSlice<Scalar> query(*input.query, query_rows(layout, tile.group), first, width);
    attend_rows({static_cast<std::size_t>(width), panels.data(), value.data(), value.stride(),
                 input.terms.scale, weights.data(), weight_stride},
                query.data(), query.stride(), seen.data(), static_cast<std::size_t>(query.count()),
                mixed.row(tile.group.query_begin).data() + first, stride(mixed));
  }
}

/// Multiplies each row by the softmax's Jacobian, which is symmetric: for changes of the scores as
/// for cotangents of the weights.
template <class Scalar>
void through_softmax(const Rows<Scalar>& softmax, Rows<Scalar>& rows) {
  for (Eigen::Index q = 0; q < rows.rows(); ++q) {
    const auto weights = softmax.row(q).array();
    const Scalar mean = (weights * rows.row(q).array()).sum();
    rows.row(q).array() = weights * (rows.row(q).array() - mean);
  }
}

/// to[keys, head] += left' right, [keys, width] from factors with one row per query.
template <class Scalar>
void add_to_keys(const Rows<Scalar>& left, Scalar scale, const Scalar* right,
                 std::size_t right_stride, std::span<const int> keys, int head, int width,
                 Rows<Scalar>& to) {
  const auto queries = static_cast<int>(left.rows());
  const auto count = static_cast<int>(keys.size());
  const Eigen::Index first = Eigen::Index{head} * width;
  if (are_consecutive(keys)) {
    gemm(true, false, count, width, queries, scale, left.data(), stride(left), right, right_stride,
         Scalar(1), to.row(keys[0]).data() + first, stride(to));
    return;
  }
  Rows<Scalar> part(count, width);
  gemm(true, false, count, width, queries, scale, left.data(), stride(left), right, right_stride,
       Scalar(0), part.data(), stride(part));
  for (int i = 0; i < count; ++i) {
    to.block(keys[static_cast<std::size_t>(i)], first, 1, width) += part.row(i);
  }
}

/// Adds one group's and head's change of the scores, through the softmax, to the mixed values.
template <class Scalar>
void push_scores_forward(const AttentionInput<Scalar>& input, const HeadOfGroup<Scalar>& work,
                         const RowSlice<Scalar>& query_change, const RowSlice<Scalar>& key_change,
                         Scalar* mixed_change, std::size_t mixed_stride) {
  const int width = input.head_width();
  const int queries = work.query.count();
  const int keys = work.key.count();
  Rows<Scalar> scores(queries, keys);
  gemm(false, true, queries, keys, width, input.terms.scale, query_change.data(),
       query_change.stride(), work.key.data(), work.key.stride(), Scalar(0), scores.data(),
       stride(scores));
  gemm(false, true, queries, keys, width, input.terms.scale, work.query.data(), work.query.stride(),
       key_change.data(), key_change.stride(), Scalar(1), scores.data(), stride(scores));
  through_softmax(work.weights, scores);
  gemm(false, false, queries, width, keys, Scalar(1), scores.data(), stride(scores),
       work.value.data(), work.value.stride(), Scalar(1), mixed_change, mixed_stride);
}

/// Adds one group's and head's share to the cotangents.
template <class Scalar>
void pull_back_group(const AttentionLayout& layout, const AttentionInput<Scalar>& input,
                     const AttentionGroup& group, int head, const Rows<Scalar>& cotangent_mixed,
                     bool values_only, AttentionCotangents<Scalar>& result) {
  const HeadOfGroup<Scalar> work(layout, input, group, head);
  const int width = input.head_width();
  const int queries = query_count(group);
  const std::span<const int> keys = key_rows(layout, group);
  const int key_head = input.key_head(head);
  const Scalar* mixed = cotangent_mixed.row(group.query_begin).data() + head * width;
  add_to_keys(work.weights, Scalar(1), mixed, stride(cotangent_mixed), keys, key_head, width,
              result.value);
  if (values_only) return;

  Rows<Scalar> scores(queries, work.key.count());  // cotangent of the weights, then of the scores
  gemm(false, true, queries, work.key.count(), width, Scalar(1), mixed, stride(cotangent_mixed),
       work.value.data(), work.value.stride(), Scalar(0), scores.data(), stride(scores));
  through_softmax(work.weights, scores);
  gemm(false, false, queries, width, work.key.count(), input.terms.scale, scores.data(),
       stride(scores), work.key.data(), work.key.stride(), Scalar(0),
       result.query.row(group.query_begin).data() + head * width, stride(result.query));
  add_to_keys(scores, input.terms.scale, work.query.data(), work.query.stride(), keys, key_head,
              width, result.key);
}

}  // namespace

template <class Scalar>
void attend(const AttentionLayout& layout, const AttentionInput<Scalar>& input,
            Rows<Scalar>& mixed) {
  mixed.resize(static_cast<Eigen::Index>(layout.query_activation.size()), input.query_width());
  const std::vector<QueryTile> tiles = query_tiles(layout, input);
  const auto count = static_cast<std::ptrdiff_t>(tiles.size());
  const int key_heads = input.terms.key_heads;
  parallel_for(count * key_heads, [&](std::ptrdiff_t task) {
    attend_tile(layout, input, tiles[static_cast<std::size_t>(task / key_heads)],
                static_cast<int>(task % key_heads), mixed);
  });
}

template <class Scalar>
void attend_pull_back(const AttentionLayout& layout, const AttentionInput<Scalar>& input,
                      const Rows<Scalar>& cotangent_mixed, bool values_only,
                      AttentionCotangents<Scalar>& result) {
  const auto keys = static_cast<Eigen::Index>(layout.key_activation.size());
  const Eigen::Index width = input.key->cols();
  result.value = Rows<Scalar>::Zero(keys, width);
  result.key = values_only ? Rows<Scalar>() : Rows<Scalar>::Zero(keys, width);
  result.query = values_only
                     ? Rows<Scalar>()
                     : Rows<Scalar>::Zero(static_cast<Eigen::Index>(layout.query_activation.size()),
                                          input.query_width());
  const auto components = static_cast<std::ptrdiff_t>(layout.component.size()) - 1;
  const int key_heads = input.terms.key_heads;
  // One task for all query heads of a key-value head, to whose cotangents they add.
  parallel_for(components * key_heads, [&](std::ptrdiff_t task) {
    const auto component = static_cast<std::size_t>(task / key_heads);
    const int first = static_cast<int>(task % key_heads) * input.sharing();
    for (std::size_t g = layout.component[component]; g < layout.component[component + 1]; ++g) {
      for (int head = first; head < first + input.sharing(); ++head) {
        pull_back_group(layout, input, layout.groups[g], head, cotangent_mixed, values_only,
                        result);
      }
    }
  });
}

template <class Scalar>
void attend_push_forward(const AttentionLayout& layout, const AttentionInput<Scalar>& input,
                         const AttentionInput<Scalar>& change, Rows<Scalar>& mixed_change) {
  const int width = input.head_width();
  mixed_change.resize(static_cast<Eigen::Index>(layout.query_activation.size()),
                      input.query_width());
  const auto groups = static_cast<std::ptrdiff_t>(layout.groups.size());
  const int heads = input.terms.heads;
  parallel_for(groups * heads, [&](std::ptrdiff_t task) {
    const AttentionGroup& group = layout.groups[static_cast<std::size_t>(task / heads)];
    const int head = static_cast<int>(task % heads);
    const int key_head = input.key_head(head);
    const HeadOfGroup<Scalar> work(layout, input, group, head);
    const std::vector<int> keys = key_activation_rows(layout, group);
    const RowSlice<Scalar> value(*change.value, keys, key_head * width, width);
    Scalar* mixed = mixed_change.row(group.query_begin).data() + head * width;
    gemm(false, false, query_count(group), width, work.key.count(), Scalar(1), work.weights.data(),
         stride(work.weights), value.data(), value.stride(), Scalar(0), mixed,
         stride(mixed_change));
    if (change.query == nullptr) return;
    const RowSlice<Scalar> query(*change.query, query_rows(layout, group), head * width, width);
    const RowSlice<Scalar> key(*change.key, keys, key_head * width, width);
    push_scores_forward(input, work, query, key, mixed, stride(mixed_change));
  });
}

template <class Scalar>
Eigen::RowVector<Scalar, Eigen::Dynamic> attention_weights(const AttentionLayout& layout,
                                                           const AttentionInput<Scalar>& input,
                                                           const AttentionGroup& group, int query,
                                                           int head) {
  AttentionGroup single = group;
  single.query_begin = query;
  single.query_end = query + 1;
  return HeadOfGroup<Scalar>(layout, input, single, head).weights.row(0);
}

#define SEXTANT_INSTANTIATE(Scalar)                                                           \
  template void attend(const AttentionLayout&, const AttentionInput<Scalar>&, Rows<Scalar>&); \
  template void attend_pull_back(const AttentionLayout&, const AttentionInput<Scalar>&,       \
                                 const Rows<Scalar>&, bool, AttentionCotangents<Scalar>&);    \
  template void attend_push_forward(const AttentionLayout&, const AttentionInput<Scalar>&,    \
                                    const AttentionInput<Scalar>&, Rows<Scalar>&);            \
  template Eigen::RowVector<Scalar, Eigen::Dynamic> attention_weights(                        \
      const AttentionLayout&, const AttentionInput<Scalar>&, const AttentionGroup&, int, int);
SEXTANT_INSTANTIATE(float)
SEXTANT_INSTANTIATE(double)
#undef SEXTANT_INSTANTIATE

}  // namespace sextant::model
