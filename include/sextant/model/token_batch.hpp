#pragma once

/// Many token sequences as one tree of tokens, so that what they share is computed once.

#include <cstddef>
#include <memory>
#include <vector>

#include "sextant/model/row_table.hpp"

namespace sextant::model {

/// A run of consecutive rows whose tokens follow one another in some sequence.
struct Segment {
  int begin = 0;
  int length = 0;
  int parent = -1;  ///< The segment it continues (all of it), or -1.
};

/// N sequences packed into R rows, one row per distinct (prefix, token). In a causal model a row's
/// activations depend on its prefix alone, so leave-one-out prompts, which share prefixes, share
/// rows. Bidirectional sequences share nothing: R is then the total number of tokens. Over the rows
/// of a table, a segment without a parent is a context, whose rows attend to one another, and the
/// segments that continue it are queries, which attend to the context alone: neither to each other
/// nor to themselves.
struct TokenBatch {
  bool causal = true;
  std::vector<int> tokens;              ///< [R]; over a table 0 for a query, else its class + 1.
  std::vector<int> positions;           ///< [R] distance from the sequence's first token.
  std::vector<Segment> segments;        ///< Parents come before children; rows in segment order.
  std::vector<std::vector<int>> paths;  ///< [N] rows of each sequence, first token first.
  /// [O] rows whose final hidden state is wanted, ascending and distinct.
  std::vector<int> outputs;
  /// [N] per sequence, indices into `outputs`, in the order of the sequence's tokens.
  std::vector<std::vector<int>> sequence_outputs;

  std::shared_ptr<const RowTable> table;  ///< Only for a model that reads rows.
  std::vector<int> table_rows;            ///< [R] row of the table; empty without one.
  std::vector<int> scalars;  ///< [N] which of the readout's scalars; empty: the only one.

  std::size_t rows() const { return tokens.size(); }
  int scalar(std::size_t sequence) const { return scalars.empty() ? 0 : scalars[sequence]; }
  std::size_t sequences() const { return paths.size(); }
  /// Tokens of all sequences, shared ones counted each time.
  std::size_t total_tokens() const;
};

/// Packs sequences for a causal model; `output_positions[i]` lists, ascending, the positions of
/// sequence i whose hidden states are wanted. Throws `ArgumentError` for an empty sequence, another
/// number of lists than of sequences, and a position outside its sequence. Cost: linear in the
/// total number of tokens.
TokenBatch pack_causal(const std::vector<std::vector<int>>& sequences,
                       const std::vector<std::vector<int>>& output_positions);

/// As above, wanting the last token of each sequence. Throws `ArgumentError` for an empty one.
TokenBatch pack_causal(const std::vector<std::vector<int>>& sequences);

/// Packs sequences for a bidirectional model, wanting every token. Throws `ArgumentError` for an
/// empty one.
TokenBatch pack_bidirectional(const std::vector<std::vector<int>>& sequences);

/// Packs sequences of rows of `table` for a series model, wanting the given positions; a row's
/// label is its kind. Throws as `pack_causal`, and for a table that is null or lacks rows or
/// labels.
TokenBatch pack_series(std::shared_ptr<const RowTable> table,
                       const std::vector<std::vector<int>>& sequences,
                       const std::vector<std::vector<int>>& output_positions);

/// Packs sequences over the rows of `table` (see there), wanting each one's query. Sequences with
/// the same context, in the same order, share its rows; those with the same query too share that.
/// Throws `ArgumentError` for a table that is null or lacks labels, and unless every sequence is a
/// context of at least one labelled row and then one query. Cost: linear in the total number of
/// tokens, but for comparing contexts.
TokenBatch pack_rows(std::shared_ptr<const RowTable> table,
                     const std::vector<std::vector<int>>& sequences);

}  // namespace sextant::model
