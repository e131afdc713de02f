#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sextant::tokenizer {

/// An expression of tokenizer.json, which is written for the Oniguruma library, in ICU's: `\s` and
/// `\w` are made to mean the same characters. Immutable; copies share it.
class RegularExpression {
 public:
  /// Throws `InputError` naming `file` and `place` for an expression that ICU does not take.
  RegularExpression(const std::string& expression, std::string_view file, std::string_view place);

  /// Where the expression matches valid UTF-8, from left to right: [begin, end) in bytes. Throws
  /// `InputError` when a match takes more steps than any tokenizer's needs.
  std::vector<std::pair<std::size_t, std::size_t>> matches(std::string_view text) const;

 private:
  struct Compiled;
  std::shared_ptr<const Compiled> compiled_;
};

}  // namespace sextant::tokenizer
