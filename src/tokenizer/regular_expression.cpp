#include "regular_expression.hpp"

#include <fmt/format.h>
#include <unicode/regex.h>
#include <unicode/utext.h>

#include "sextant/core/errors.hpp"

namespace sextant::tokenizer {
namespace {

/// Classes that ICU takes for other characters than Oniguruma does.
std::string for_icu(std::string_view expression) {
  std::string result;
  for (std::size_t at = 0; at < expression.size(); ++at) {
    if (expression[at] != '\\' || at + 1 == expression.size()) {
      result += expression[at];
      continue;
    }
    const char next = expression[++at];
    switch (next) {
      case 's':
        result += "\\p{White_Space}";
        break;
      case 'S':
        result += "\\P{White_Space}";
        break;
      case 'w':
        result += "[\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}]";
        break;
      case 'W':
        result += "[^\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}]";
        break;
      default:
        result += '\\';
        result += next;
    }
  }
  return result;
}

/// Closes what it holds.
class Utf8Text {
 public:
  explicit Utf8Text(std::string_view text) {
    UErrorCode status = U_ZERO_ERROR;
    text_ = utext_openUTF8(nullptr, text.data(), static_cast<std::int64_t>(text.size()), &status);
    if (U_FAILURE(status)) throw Error("the ICU library cannot read a text");
  }
  ~Utf8Text() { utext_close(text_); }
  Utf8Text(const Utf8Text&) = delete;
  Utf8Text& operator=(const Utf8Text&) = delete;
  UText* get() const { return text_; }

 private:
  UText* text_ = nullptr;
};

constexpr std::int32_t step_limit = 10000;  // of ICU's time steps, some seconds

}  // namespace

struct RegularExpression::Compiled {
  std::unique_ptr<const icu::RegexPattern> pattern;
  std::string file;
  std::string place;
};

RegularExpression::RegularExpression(const std::string& expression, std::string_view file,
                                     std::string_view place) {
  UErrorCode status = U_ZERO_ERROR;
  UParseError where{};
  std::unique_ptr<const icu::RegexPattern> pattern(
      icu::RegexPattern::compile(icu::UnicodeString::fromUTF8(for_icu(expression)), where, status));
  if (U_FAILURE(status)) {
    throw InputError(
        file, place,
        fmt::format("is not a regular expression that is read here ({})", u_errorName(status)));
  }
  compiled_ = std::make_shared<Compiled>(
      Compiled{std::move(pattern), std::string(file), std::string(place)});
}

std::vector<std::pair<std::size_t, std::size_t>> RegularExpression::matches(
    std::string_view text) const {
  UErrorCode status = U_ZERO_ERROR;
  const Utf8Text input(text);
  const std::unique_ptr<icu::RegexMatcher> matcher(compiled_->pattern->matcher(status));
  std::vector<std::pair<std::size_t, std::size_t>> result;
  if (U_SUCCESS(status)) {
    matcher->setTimeLimit(step_limit, status);
    matcher->reset(input.get());
  }
  while (U_SUCCESS(status) && matcher->find(status) && U_SUCCESS(status)) {
    const std::int64_t begin = matcher->start64(status);
    const std::int64_t end = matcher->end64(status);
    result.emplace_back(static_cast<std::size_t>(begin), static_cast<std::size_t>(end));
  }
  if (U_SUCCESS(status)) return result;
  throw InputError(compiled_->file, compiled_->place,
                   fmt::format("cannot be matched with a text of {} bytes ({})", text.size(),
                               u_errorName(status)));
}

}  // namespace sextant::tokenizer
