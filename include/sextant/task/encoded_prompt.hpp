#pragma once

/// A prompt as the token sequences that a model sees.

#include <cstddef>
#include <limits>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "sextant/model/token_batch.hpp"
#include "sextant/task/prompt.hpp"
#include "sextant/tokenizer/tokenizer.hpp"

namespace sextant::task {

struct ClassTable;

/// n examples and m queries as tokens. A decoder's sequence i is what example i's prediction reads
/// (`Supervision`), then the query template with x_i; its prediction is read at the last token.
struct EncodedPrompt {
  std::vector<std::vector<int>> example_tokens = {};      ///< n sequences, none empty.
  std::vector<double> example_targets = {};               ///< n targets y_i.
  std::vector<std::vector<int>> query_tokens = {};        ///< m sequences: the examples, then x.
  std::vector<std::optional<double>> query_targets = {};  ///< m targets, where known.
  /// m numbers in the prompt file where some queries were left out; empty: 0, ..., m - 1.
  std::vector<std::ptrdiff_t> query_numbers = {};
  std::vector<int> label_tokens = {};     ///< Distinct; empty for an encoder.
  std::vector<double> label_values = {};  ///< One for each label token.
  bool causal = false;                    ///< Whether this is a decoder's prompt.
  /// Of a row model's prompt the rows that its sequences refer to.
  std::shared_ptr<const model::RowTable> table = {};
  /// What the rows were read from, where that was a table: names of classes, counts, notes.
  std::shared_ptr<const ClassTable> source = {};
};

/// Packs some of a prompt's sequences as its kind of model wants them. Throws `ArgumentError` for
/// an empty sequence, and for rows outside the prompt's table.
model::TokenBatch pack(const EncodedPrompt& prompt, const std::vector<std::vector<int>>& sequences);

inline constexpr std::size_t unlimited_context = std::numeric_limits<std::size_t>::max();

/// Tokenises a decoder's prompt. Each text is tokenised as a whole, with the tokenizer's special
/// tokens. Every label must be exactly one token after every text, and the same one:
/// encode(text + label) = encode(text) followed by that id. Throws `InputError` naming `file`, the
/// label, the example and the tokens that came out when it is not, when two labels share a token,
/// when a text has no tokens or is not UTF-8, and for whatever `check_prompt` rejects.
/// Deterministic for any number of threads. Cost: (number of labels + 1) (n + m) tokenisations of
/// texts of n examples each.
///
/// With `Supervision::every_label` no sequence is longer than `context_length` tokens: example i
/// reads the examples of its window before it, and a window ends where the next example would not
/// fit; a query reads as many of the last examples as fit. Leave-one-out sequences are as long as
/// they are, see `check_context_length`.
EncodedPrompt encode(const DecoderPrompt& prompt, const tokenizer::Tokenizer& tokenizer,
                     std::string_view file, std::size_t context_length = unlimited_context);

/// Tokenises an encoder's prompt: each text with the tokenizer's special tokens.
/// Throws `InputError` when a text has no tokens or is not UTF-8, or `check_prompt` rejects the
/// prompt.
EncodedPrompt encode(const EncoderPrompt& prompt, const tokenizer::Tokenizer& tokenizer,
                     std::string_view file);

/// Either of the above.
EncodedPrompt encode(const Prompt& prompt, const tokenizer::Tokenizer& tokenizer,
                     std::string_view file, std::size_t context_length = unlimited_context);

/// Throws `InputError` naming the first example or query whose sequence is longer than
/// `context_length` tokens, with both lengths.
void check_context_length(const EncodedPrompt& prompt, std::size_t context_length,
                          std::string_view file);

}  // namespace sextant::task
