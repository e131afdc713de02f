#include "sextant/model/attention.hpp"

#include <algorithm>

#include "sextant/core/threads.hpp"
#include "sextant/model/functions.hpp"

namespace sextant::model {
namespace {

/// One head's queries, keys and values of one group, gathered into contiguous rows.
template <class Scalar>
struct HeadRows {
  Rows<Scalar> query, key, value, weights;
};

template <class Scalar>
void gather_head(const Rows<Scalar>& from, const std::vector<int>& rows, int head, int width,
                 Rows<Scalar>& to) {
  to.resize(static_cast<Eigen::Index>(rows.size()), width);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    to.row(static_cast<Eigen::Index>(i)) = from.block(rows[i], head * width, 1, width);
  }
}

/// Row indices of a group's queries and keys in the activations.
struct GroupRows {
  std::vector<int> query;
  std::vector<int> key;
};

GroupRows group_rows(const AttentionLayout& layout, const AttentionGroup& group) {
  GroupRows rows;
  for (int q = group.query_begin; q < group.query_end; ++q) {
    rows.query.push_back(layout.query_activation[static_cast<std::size_t>(q)]);
  }
  for (std::size_t k = group.keys_begin; k < group.keys_end; ++k) {
    rows.key.push_back(layout.key_activation[static_cast<std::size_t>(layout.keys[k])]);
  }
  return rows;
}

template <class Scalar>
std::size_t stride(const Rows<Scalar>& matrix) {
  return static_cast<std::size_t>(matrix.cols());
}

/// c = alpha op(a) op(b), all contiguous.
template <class Scalar>
void multiply(bool transpose_a, const Rows<Scalar>& a, bool transpose_b, const Rows<Scalar>& b,
              Scalar alpha, Rows<Scalar>& c) {
  const auto m = transpose_a ? a.cols() : a.rows();
  const auto k = transpose_a ? a.rows() : a.cols();
  const auto n = transpose_b ? b.rows() : b.cols();
  c.resize(m, n);
  gemm(transpose_a, transpose_b, static_cast<int>(m), static_cast<int>(n), static_cast<int>(k),
       alpha, a.data(), stride(a), b.data(), stride(b), Scalar(0), c.data(), stride(c));
}

/// Fills in the group's rows and attention weights for one head.
template <class Scalar>
void weigh(const AttentionLayout& layout, const AttentionInput<Scalar>& input,
           const AttentionGroup& group, const GroupRows& rows, int head, HeadRows<Scalar>& work) {
  const int width = static_cast<int>(input.key->cols()) / input.heads;
  gather_head(*input.query, rows.query, head, width, work.query);
  gather_head(*input.key, rows.key, head, width, work.key);
  gather_head(*input.value, rows.key, head, width, work.value);
  multiply(false, work.query, true, work.key, input.scale, work.weights);
  for (Eigen::Index q = 0; q < work.weights.rows(); ++q) {
    masked_softmax(work.weights.row(q).data(),
                   layout.query_visible[static_cast<std::size_t>(group.query_begin) +
                                        static_cast<std::size_t>(q)],
                   static_cast<int>(work.weights.cols()));
  }
}

template <class Scalar>
void scatter_add(const Rows<Scalar>& from, const std::vector<int>& rows, int head,
                 Rows<Scalar>& to) {
  for (std::size_t i = 0; i < rows.size(); ++i) {
    to.block(rows[i], head * from.cols(), 1, from.cols()) += from.row(static_cast<Eigen::Index>(i));
  }
}

/// Rows of a group's keys in key space.
std::vector<int> key_rows(const AttentionLayout& layout, const AttentionGroup& group) {
  const auto begin = layout.keys.begin();
  return {begin + static_cast<std::ptrdiff_t>(group.keys_begin),
          begin + static_cast<std::ptrdiff_t>(group.keys_end)};
}

/// Adds one group's and head's share to the cotangents.
template <class Scalar>
void pull_back_group(const AttentionLayout& layout, const AttentionInput<Scalar>& input,
                     const AttentionGroup& group, int head, const Rows<Scalar>& cotangent_mixed,
                     bool values_only, AttentionCotangents<Scalar>& result) {
  const GroupRows rows = group_rows(layout, group);
  HeadRows<Scalar> work;
  weigh(layout, input, group, rows, head, work);
  const Eigen::Index width = work.key.cols();
  const Rows<Scalar> mixed = cotangent_mixed.block(group.query_begin, head * width,
                                                   group.query_end - group.query_begin, width);
  const std::vector<int> keys = key_rows(layout, group);
  Rows<Scalar> part;
  multiply(true, work.weights, false, mixed, Scalar(1), part);
  scatter_add(part, keys, head, result.value);
  if (values_only) return;

  Rows<Scalar> scores;  // cotangent of the weights, then of the scores before softmax
  multiply(false, mixed, true, work.value, Scalar(1), scores);
  for (Eigen::Index q = 0; q < scores.rows(); ++q) {
    const auto weights = work.weights.row(q).array();
    const Scalar mean = (weights * scores.row(q).array()).sum();
    scores.row(q).array() = weights * (scores.row(q).array() - mean);
  }
  multiply(false, scores, false, work.key, input.scale, part);
  result.query.block(group.query_begin, head * width, part.rows(), width) = part;
  multiply(true, scores, false, work.query, input.scale, part);
  scatter_add(part, keys, head, result.key);
}

}  // namespace

template <class Scalar>
void attend(const AttentionLayout& layout, const AttentionInput<Scalar>& input,
            Rows<Scalar>& mixed) {
  const Eigen::Index width = input.key->cols() / input.heads;
  mixed.resize(static_cast<Eigen::Index>(layout.query_activation.size()), input.key->cols());
  const auto groups = static_cast<std::ptrdiff_t>(layout.groups.size());
  parallel_for(groups * input.heads, [&](std::ptrdiff_t task) {
    const AttentionGroup& group = layout.groups[static_cast<std::size_t>(task / input.heads)];
    const int head = static_cast<int>(task % input.heads);
    HeadRows<Scalar> work;
    weigh(layout, input, group, group_rows(layout, group), head, work);
    Rows<Scalar> part;
    multiply(false, work.weights, false, work.value, Scalar(1), part);
    mixed.block(group.query_begin, head * width, part.rows(), width) = part;
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
  result.query =
      values_only
          ? Rows<Scalar>()
          : Rows<Scalar>::Zero(static_cast<Eigen::Index>(layout.query_activation.size()), width);
  const auto components = static_cast<std::ptrdiff_t>(layout.component.size()) - 1;
  parallel_for(components * input.heads, [&](std::ptrdiff_t task) {
    const auto component = static_cast<std::size_t>(task / input.heads);
    const int head = static_cast<int>(task % input.heads);
    for (std::size_t g = layout.component[component]; g < layout.component[component + 1]; ++g) {
      pull_back_group(layout, input, layout.groups[g], head, cotangent_mixed, values_only, result);
    }
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
  HeadRows<Scalar> work;
  weigh(layout, input, single, group_rows(layout, single), head, work);
  return work.weights.row(0);
}

#define SEXTANT_INSTANTIATE(Scalar)                                                           \
  template void attend(const AttentionLayout&, const AttentionInput<Scalar>&, Rows<Scalar>&); \
  template void attend_pull_back(const AttentionLayout&, const AttentionInput<Scalar>&,       \
                                 const Rows<Scalar>&, bool, AttentionCotangents<Scalar>&);    \
  template Eigen::RowVector<Scalar, Eigen::Dynamic> attention_weights(                        \
      const AttentionLayout&, const AttentionInput<Scalar>&, const AttentionGroup&, int, int);
SEXTANT_INSTANTIATE(float)
SEXTANT_INSTANTIATE(double)
#undef SEXTANT_INSTANTIATE

}  // namespace sextant::model
