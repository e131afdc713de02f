#include "unicode.hpp"

#include <fmt/format.h>
#include <unicode/bytestream.h>
#include <unicode/normalizer2.h>
#include <unicode/stringpiece.h>
#include <unicode/uchar.h>
#include <unicode/uniset.h>
#include <unicode/ustring.h>
#include <unicode/utf8.h>

#include <array>

#include "sextant/core/errors.hpp"
#include "sextant/io/content.hpp"

namespace sextant::tokenizer {
namespace {

constexpr char32_t replacement = 0xFFFD;
/// ICU counts bytes in 32 bits, and normalising can make a text several times longer.
constexpr std::size_t longest_text = std::size_t{1} << 28;

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wconversion"  // inside ICU's macros

/// The code point at `at`, negative when the bytes there are not UTF-8.
UChar32 decode(std::string_view text, std::size_t& at) {
  auto i = static_cast<std::int32_t>(at);
  const auto length = static_cast<std::int32_t>(text.size());
  UChar32 c = 0;
  U8_NEXT(text.data(), i, length, c);
  at = static_cast<std::size_t>(i);
  return c;
}

/// The code point before `at`, negative when the bytes there are not UTF-8.
UChar32 decode_backwards(std::string_view text, std::size_t& at) {
  auto i = static_cast<std::int32_t>(at);
  UChar32 c = 0;
  U8_PREV(text.data(), 0, i, c);
  at = static_cast<std::size_t>(i);
  return c;
}

#pragma GCC diagnostic pop

bool in_category(char32_t c, std::uint32_t mask) {
  return (U_GET_GC_MASK(static_cast<UChar32>(c)) & mask) != 0;
}

/// Whether `c` was assigned in Unicode `major`.0.
bool assigned_by(char32_t c, std::uint8_t major) {
  UVersionInfo age;
  u_charAge(static_cast<UChar32>(c), age);
  return age[0] != 0 && (age[0] < major || (age[0] == major && age[1] == 0));
}

void check_icu(UErrorCode status) {
  if (U_FAILURE(status)) {
    throw Error(fmt::format("the ICU library reports {}", u_errorName(status)));
  }
}

const icu::Normalizer2* form_instance(UnicodeForm form, UErrorCode& status) {
  switch (form) {
    case UnicodeForm::nfc:
      return icu::Normalizer2::getNFCInstance(status);
    case UnicodeForm::nfd:
      return icu::Normalizer2::getNFDInstance(status);
    case UnicodeForm::nfkc:
      return icu::Normalizer2::getNFKCInstance(status);
    case UnicodeForm::nfkd:
      return icu::Normalizer2::getNFKDInstance(status);
  }
  return nullptr;
}

/// The form over the characters of Unicode 9.
icu::FilteredNormalizer2 unicode_9_form(UnicodeForm form) {
  UErrorCode status = U_ZERO_ERROR;
  static const icu::UnicodeSet assigned(UNICODE_STRING_SIMPLE("[:Age=9.0:]"), status);
  check_icu(status);
  const icu::Normalizer2* plain = form_instance(form, status);
  check_icu(status);
  return {*plain, assigned};
}

}  // namespace

void check_utf8(std::string_view function, std::string_view argument, std::string_view text) {
  if (text.size() > longest_text) {
    throw ArgumentError(function, argument, fmt::format("has more than {} bytes", longest_text));
  }
  const std::string problem = io::utf8_problem(text);
  if (!problem.empty()) throw ArgumentError(function, argument, problem);
}

std::string replace_invalid_utf8(std::string_view text) {
  std::string result;
  result.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    const UChar32 c = decode(text, at);
    append_code_point(result, c < 0 ? replacement : static_cast<char32_t>(c));
  }
  return result;
}

char32_t next_code_point(std::string_view text, std::size_t& at) {
  const auto first = static_cast<unsigned char>(text[at]);
  if (first < 0x80) {
    ++at;
    return first;
  }
  const UChar32 c = decode(text, at);
  return c < 0 ? replacement : static_cast<char32_t>(c);
}

char32_t previous_code_point(std::string_view text, std::size_t& at) {
  const UChar32 c = decode_backwards(text, at);
  return c < 0 ? replacement : static_cast<char32_t>(c);
}

std::size_t count_code_points(std::string_view text) {
  std::size_t count = 0;
  for (std::size_t at = 0; at < text.size(); ++count) next_code_point(text, at);
  return count;
}

void append_code_point(std::string& text, char32_t c) {
  if (c < 0x80) {
    text += static_cast<char>(c);
    return;
  }
  std::array<std::uint8_t, U8_MAX_LENGTH> bytes{};
  std::size_t length = 0;
  U8_APPEND_UNSAFE(bytes.data(), length, c);
  text.append(reinterpret_cast<const char*>(bytes.data()), length);
}

bool is_letter(char32_t c) { return in_category(c, U_GC_L_MASK); }
bool is_number(char32_t c) { return in_category(c, U_GC_N_MASK); }
bool is_white_space(char32_t c) { return u_isUWhiteSpace(static_cast<UChar32>(c)) != 0; }

bool is_word(char32_t c) {
  return in_category(c, U_GC_M_MASK | U_GC_ND_MASK | U_GC_PC_MASK) ||
         u_isUAlphabetic(static_cast<UChar32>(c)) != 0 ||
         u_hasBinaryProperty(static_cast<UChar32>(c), UCHAR_JOIN_CONTROL) != 0;
}

bool is_bert_control(char32_t c) {
  if (c == '\t' || c == '\n' || c == '\r') return false;
  return in_category(c, U_GC_CC_MASK | U_GC_CF_MASK | U_GC_CO_MASK) && assigned_by(c, 8);
}

bool is_bert_punctuation(char32_t c) {
  if (c < 0x80) {
    return (c >= '!' && c <= '/') || (c >= ':' && c <= '@') || (c >= '[' && c <= '`') ||
           (c >= '{' && c <= '~');
  }
  if (c == 0x166D || c == 0x111C9) return true;  // punctuation until Unicode 12 and 11
  return in_category(c, U_GC_P_MASK) && assigned_by(c, 8);
}

bool is_bert_accent(char32_t c) {
  switch (c) {
    case 0x1734:  // became a spacing mark in Unicode 14
      return true;
    case 0x1885:  // became marks without width after Unicode 8
    case 0x1886:
    case 0xA9BD:
    case 0x111C9:
      return false;
    default:
      return in_category(c, U_GC_MN_MASK) && assigned_by(c, 8);
  }
}

bool is_bert_ideograph(char32_t c) {
  return (c >= 0x4E00 && c <= 0x9FFF) || (c >= 0x3400 && c <= 0x4DBF) ||
         (c >= 0x20000 && c <= 0x2A6DF) || (c >= 0x2A700 && c <= 0x2B81F) ||
         (c >= 0x2B920 && c <= 0x2CEAF) || (c >= 0xF900 && c <= 0xFAFF) ||
         (c >= 0x2F800 && c <= 0x2FA1F);
}

std::string in_form(UnicodeForm form, std::string_view text) {
  static const icu::FilteredNormalizer2 forms[] = {
      unicode_9_form(UnicodeForm::nfc), unicode_9_form(UnicodeForm::nfd),
      unicode_9_form(UnicodeForm::nfkc), unicode_9_form(UnicodeForm::nfkd)};
  std::string result;
  icu::StringByteSink<std::string> sink(&result, static_cast<std::int32_t>(text.size()));
  UErrorCode status = U_ZERO_ERROR;
  forms[static_cast<int>(form)].normalizeUTF8(
      0, icu::StringPiece(text.data(), static_cast<std::int32_t>(text.size())), sink, nullptr,
      status);
  check_icu(status);
  return result;
}

namespace {

void append_lower(std::string& text, char32_t c) {
  if (c < 0x80) {
    text += static_cast<char>(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
  } else if (c == 0x130) {  // the one letter whose lower case is two code points
    text += "i\u0307";
  } else {
    append_code_point(text, static_cast<char32_t>(u_tolower(static_cast<UChar32>(c))));
  }
}

}  // namespace

std::string lowered(std::string_view text) {
  std::string result;
  for (std::size_t at = 0; at < text.size();) append_lower(result, next_code_point(text, at));
  return result;
}

}  // namespace sextant::tokenizer
