#pragma once

/// What tokenizer.json does to text before a BPE model sees it: normalisers, which change it, and
/// pre-tokenizers, which cut it.

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "regular_expression.hpp"
#include "unicode.hpp"

namespace sextant::tokenizer {

/// Puts `text` before what is not empty.
struct Prepend {
  std::string text;
};

/// A string, or an expression.
using Pattern = std::variant<std::string, RegularExpression>;

/// Puts `content` in place of every match.
struct Replace {
  Pattern pattern;
  std::string content;
};

struct Lowercase {};

using NormalizerStep = std::variant<UnicodeForm, Prepend, Replace, Lowercase>;

std::string normalized(const std::vector<NormalizerStep>& steps, std::string_view text);

/// What becomes of what matches, beside what does not.
enum class SplitBehavior { removed, isolated, merged_with_previous, merged_with_next, contiguous };

struct Split {
  Pattern pattern;
  SplitBehavior behavior = SplitBehavior::isolated;
  bool invert = false;  ///< What does not match counts as what does.
};

/// Numbers (\p{N}) apart from the rest, digit by digit or run by run.
struct Digits {
  bool individually = false;
};

using SplitStep = std::variant<Split, Digits>;

/// The pieces of `text`, none of which is empty, after all steps. They point into `text`.
std::vector<std::string_view> split(const std::vector<SplitStep>& steps, std::string_view text);

/// Spaces as a visible mark, which begins words.
struct Metaspace {
  enum class Scheme { always, never, first };

  std::string mark = "\xE2\x96\x81";  ///< U+2581.
  Scheme scheme = Scheme::always;     ///< Whether a mark is put before a piece, or the first alone.
  bool splits = true;                 ///< Before every mark.
};

/// `piece` with marks; `is_first` where nothing stands before it in the text.
std::string with_marks(const Metaspace& metaspace, std::string_view piece, bool is_first);

/// What turns names of tokens into text again.
struct ByteFallback {};  ///< Runs of <0x41> become the bytes that they name.
struct Fuse {};          ///< Joins all.
/// Takes `content`, a character, off the ends of every piece, so many times at most.
struct Strip {
  std::string content;
  std::size_t start = 0;
  std::size_t stop = 0;
};
/// Names written in the byte-level alphabet become the bytes.
struct ByteLevelNames {};

using DecoderStep = std::variant<Replace, ByteFallback, Fuse, Strip, Metaspace, ByteLevelNames>;

std::string decoded(const std::vector<DecoderStep>& steps, std::vector<std::string> names);

}  // namespace sextant::tokenizer
