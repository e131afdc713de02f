#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace sextant::tokenizer {

/// A token that is looked for in the text itself, before any splitting into words.
struct AddedToken {
  std::string content;
  int id = 0;
  bool single_word = false;  ///< Only where no word character touches it.
  bool lstrip = false;       ///< Takes the white space before it.
  bool rstrip = false;       ///< Takes the white space behind it.
  bool normalized = false;   ///< Looked for, itself normalised, in the normalised text.
  bool special = false;      ///< Left out when decoding without special tokens.
};

/// A stretch of text: an added token, or text between such.
struct Stretch {
  std::string_view text;
  int id = -1;  ///< Of the added token, negative for text.
};

/// Finds added tokens in a text: leftmost first, of several at one place the longest.
class AddedTokenMatcher {
 public:
  /// Looks for `patterns[i]` in place of `tokens[i].content`. Patterns must not be empty.
  void add(std::string pattern, const AddedToken& token);

  /// Cuts `text` at the tokens found. Stretches of text are not empty; white space between a token
  /// that strips on its right and one that strips on its left may belong to both.
  std::vector<Stretch> split(std::string_view text) const;

 private:
  struct Pattern {
    std::string text;
    AddedToken token;
  };
  const Pattern* match_at(std::string_view text, std::size_t at) const;

  std::array<std::vector<Pattern>, 256> by_first_byte_;  // each with the longest first
};

}  // namespace sextant::tokenizer
