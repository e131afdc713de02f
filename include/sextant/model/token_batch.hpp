#pragma once

/// Many token sequences as one tree of tokens, so that what they share is computed once.

#include <cstddef>
#include <vector>

namespace sextant::model {

/// A run of consecutive rows whose tokens follow one another in some sequence.
struct Segment {
  int begin = 0;
  int length = 0;
  int parent = -1;  ///< The segment it continues (all of it), or -1.
};

/// N sequences packed into R rows, one row per distinct (prefix, token). In a causal model a row's
/// activations depend on its prefix alone, so leave-one-out prompts, which share prefixes, share
/// rows. Bidirectional sequences share nothing: R is then the total number of tokens.
struct TokenBatch {
  bool causal = true;
  std::vector<int> tokens;              ///< [R]
  std::vector<int> positions;           ///< [R] distance from the sequence's first token.
  std::vector<Segment> segments;        ///< Parents come before children; rows in segment order.
  std::vector<std::vector<int>> paths;  ///< [N] rows of each sequence, first token first.
  /// [O] rows whose final hidden state is wanted, ascending and distinct.
  std::vector<int> outputs;
  /// [N] per sequence, indices into `outputs`, in the order of the sequence's tokens.
  std::vector<std::vector<int>> sequence_outputs;

  std::size_t rows() const { return tokens.size(); }
  std::size_t sequences() const { return paths.size(); }
  /// Tokens of all sequences, shared ones counted each time.
  std::size_t total_tokens() const;
};

/// Packs sequences for a causal model; `output_positions[i]` lists, ascending, the positions of
/// sequence i whose hidden states are wanted. Throws `ArgumentError` for an empty sequence or a
/// position outside it. Cost: linear in the total number of tokens.
TokenBatch pack_causal(const std::vector<std::vector<int>>& sequences,
                       const std::vector<std::vector<int>>& output_positions);

/// As above, wanting the last token of each sequence.
TokenBatch pack_causal(const std::vector<std::vector<int>>& sequences);

/// Packs sequences for a bidirectional model, wanting every token.
TokenBatch pack_bidirectional(const std::vector<std::vector<int>>& sequences);

}  // namespace sextant::model
