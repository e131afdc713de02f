#pragma once

/// Multi-head attention over a tree of tokens or over separate sequences, and its pull-back. The
/// passes of transformer.hpp, which check what they are given, are made of these, which do not:
/// layouts and sizes must fit.

#include <vector>

#include "sextant/model/linear_algebra.hpp"
#include "sextant/model/token_batch.hpp"

namespace sextant::model {

/// Queries that share one list of keys, the tokens of a path from a sequence's start.
struct AttentionGroup {
  int query_begin = 0;  ///< Rows of the query side.
  int query_end = 0;
  std::size_t keys_begin = 0;  ///< Range of `AttentionLayout::keys`.
  std::size_t keys_end = 0;
};

/// Who attends to whom. Q queries and K keys are numbered in spaces of their own, so that the same
/// code serves the token tree (forward) and separate sequences (per-example gradients).
struct AttentionLayout {
  std::vector<int> query_activation;  ///< [Q] row of each query in the layer's query activations.
  std::vector<int> query_visible;     ///< [Q] how many of its group's keys each query sees.
  std::vector<int> query_key;         ///< [Q] the query's own row in key space.
  std::vector<int> key_activation;    ///< [K] row of each key in the layer's key activations.
  std::vector<int> query_position;    ///< [Q] distance of each query from its sequence's start.
  std::vector<int> key_position;      ///< [K] the same of each key.
  std::vector<int> keys;              ///< Concatenated key lists of the groups, in key space.
  std::vector<AttentionGroup> groups;
  /// Groups [component[c], component[c + 1]) share no key with groups of another component.
  std::vector<std::size_t> component;
};

/// Query heads h of key-value head g are those with h / (heads / key_heads) = g.
template <class Scalar>
struct AttentionTerms {
  int heads = 1;
  int key_heads = 1;  ///< A divisor of heads.
  Scalar scale = 1;
  int window = 0;  ///< A query sees the last so many of its visible keys; 0: all.
};

/// What attention reads: queries [Q', H w], keys and values [R, G w], heads side by side.
template <class Scalar>
struct AttentionInput {
  const Rows<Scalar>* query = nullptr;
  const Rows<Scalar>* key = nullptr;
  const Rows<Scalar>* value = nullptr;
  AttentionTerms<Scalar> terms = {};

  int head_width() const { return static_cast<int>(key->cols()) / terms.key_heads; }
  int query_width() const { return terms.heads * head_width(); }
  /// Query heads that read one key-value head.
  int sharing() const { return terms.heads / terms.key_heads; }
  int key_head(int head) const { return head / sharing(); }
  /// The first of `visible` keys that a query sees.
  int first_key(int visible) const {
    return terms.window > 0 && visible > terms.window ? visible - terms.window : 0;
  }
};

/// mixed [Q, H w]: for each head, softmax(scale q k') v over the visible keys.
template <class Scalar>
void attend(const AttentionLayout& layout, const AttentionInput<Scalar>& input,
            Rows<Scalar>& mixed);

/// Cotangents of queries [Q, H w], keys and values [K, G w].
template <class Scalar>
struct AttentionCotangents {
  Rows<Scalar> query;
  Rows<Scalar> key;
  Rows<Scalar> value;
};

/// The pull-back of `attend`. Attention weights are recomputed, not stored, which keeps memory
/// linear in the number of tokens. With `values_only`, queries and keys are left empty.
template <class Scalar>
void attend_pull_back(const AttentionLayout& layout, const AttentionInput<Scalar>& input,
                      const Rows<Scalar>& cotangent_mixed, bool values_only,
                      AttentionCotangents<Scalar>& result);

/// The derivative of `attend` along changes of queries, keys and values, `change` (shaped as
/// `input`'s; queries and keys both null where they do not change): the change of mixed [Q, H w].
template <class Scalar>
void attend_push_forward(const AttentionLayout& layout, const AttentionInput<Scalar>& input,
                         const AttentionInput<Scalar>& change, Rows<Scalar>& mixed_change);

/// The attention weights of one query and query head over its group's keys, 0 for those that it
/// does not see.
template <class Scalar>
Eigen::RowVector<Scalar, Eigen::Dynamic> attention_weights(const AttentionLayout& layout,
                                                           const AttentionInput<Scalar>& input,
                                                           const AttentionGroup& group, int query,
                                                           int head);

/// Layouts of a batch: `full` has a query for every row, `top` only for the rows whose final hidden
/// state is wanted, which is all the last layer needs.
struct AttentionLayouts {
  AttentionLayout full;
  AttentionLayout top;
};

/// One key space row per row of the batch: for the forward pass and for gradients summed over
/// sequences.
AttentionLayouts tree_layouts(const TokenBatch& batch);

/// Half-open range of rows.
struct RowRange {
  int begin = 0;
  int end = 0;
};

/// One key space row per token of each sequence: for gradients of each sequence by itself.
struct SequenceLayouts {
  AttentionLayouts layouts;
  std::vector<RowRange> full;  ///< [N] rows of each sequence in key space.
  std::vector<RowRange> top;   ///< [N] rows of each sequence among the top queries.
};
SequenceLayouts sequence_layouts(const TokenBatch& batch);

}  // namespace sextant::model
