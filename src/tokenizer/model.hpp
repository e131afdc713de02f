#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sextant::tokenizer {

/// What tells the families apart: how text between added tokens is normalised, cut into words and
/// looked up. Immutable once made.
class Model {
 public:
  virtual ~Model() = default;

  /// The text that is tokenised in place of `text`.
  virtual std::string normalized(std::string_view text) const = 0;
  /// Appends the ids of normalised, not empty text; `is_first` where nothing stands before it.
  virtual void append_ids(std::string_view text, bool is_first, std::vector<int>& ids) const = 0;
  /// The text that tokens of these names stand for.
  virtual std::string joined(std::span<const std::string_view> names) const = 0;
};

}  // namespace sextant::tokenizer
