#pragma once

/// Text to token ids and back.

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sextant::tokenizer {

/// A tokenizer as a model directory defines it. Evaluating never mutates: every member may be
/// called from several threads at once, and the answer depends on the arguments alone.
class Tokenizer {
 public:
  virtual ~Tokenizer() = default;

  /// The ids of `text` (UTF-8). With `add_special_tokens` also those that the directory's template
  /// puts around a single text, such as [CLS] and [SEP]. Nothing is truncated or padded: whether
  /// the result fits a model is for the caller to check. Throws `ArgumentError` naming the byte
  /// when `text` is not valid UTF-8. Cost: O(n log n) in the bytes of `text`.
  virtual std::vector<int> encode(std::string_view text, bool add_special_tokens) const = 0;

  /// The text of `ids`. With `skip_special_tokens` the special tokens are left out.
  /// Not always the inverse of `encode`: a normaliser may have changed the text, and bytes that do
  /// not form UTF-8 become U+FFFD. Throws `ArgumentError` for an id outside the vocabulary.
  virtual std::string decode(std::span<const int> ids, bool skip_special_tokens) const = 0;

  /// The id of a token by its name in the vocabulary, if there is one.
  virtual std::optional<int> id(std::string_view token) const = 0;

  /// The name of an id in the vocabulary. Throws `ArgumentError` when there is no such id: outside
  /// 0, ..., vocabulary_size() - 1, or where the vocabulary leaves a hole.
  virtual const std::string& token(int id) const = 0;

  /// One more than the largest id. The number of tokens, unless the vocabulary leaves holes.
  virtual std::size_t vocabulary_size() const = 0;
};

}  // namespace sextant::tokenizer
