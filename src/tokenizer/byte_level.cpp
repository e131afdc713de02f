#include "byte_level.hpp"

#include <array>

#include "unicode.hpp"

namespace sextant::tokenizer {
namespace {

constexpr std::size_t alphabet_size = 256;
/// 256 and as many symbols as there are bytes without a visible Latin-1 character.
constexpr std::size_t symbol_limit = 256 + 68;

struct Alphabet {
  std::array<char32_t, alphabet_size> symbols{};
  std::array<int, symbol_limit> bytes{};
};

constexpr bool is_visible(std::size_t byte) {
  return (byte >= 0x21 && byte <= 0x7E) || (byte >= 0xA1 && byte != 0xAD);
}

constexpr Alphabet make_alphabet() {
  Alphabet alphabet;
  for (int& byte : alphabet.bytes) byte = -1;
  char32_t next = alphabet_size;
  for (std::size_t byte = 0; byte < alphabet_size; ++byte) {
    const char32_t symbol = is_visible(byte) ? static_cast<char32_t>(byte) : next++;
    alphabet.symbols[byte] = symbol;
    alphabet.bytes[symbol] = static_cast<int>(byte);
  }
  return alphabet;
}

constexpr Alphabet alphabet = make_alphabet();

enum class Kind { letter, number, space, other };

Kind kind_of(char32_t c) {
  if (c < 0x80) {  // most text
    const char32_t lower = c | 0x20;
    if (lower >= 'a' && lower <= 'z') return Kind::letter;
    if (c >= '0' && c <= '9') return Kind::number;
    return c == ' ' || (c >= '\t' && c <= '\r') ? Kind::space : Kind::other;
  }
  if (is_letter(c)) return Kind::letter;
  if (is_number(c)) return Kind::number;
  return is_white_space(c) ? Kind::space : Kind::other;
}

/// The end of the characters of one kind from `at` on.
std::size_t run_end(std::string_view text, std::size_t at, Kind kind) {
  while (at < text.size()) {
    std::size_t next = at;
    if (kind_of(next_code_point(text, next)) != kind) break;
    at = next;
  }
  return at;
}

std::size_t contraction_length(std::string_view rest) {
  for (const std::string_view ending : {"'s", "'t", "'re", "'ve", "'m", "'ll", "'d"}) {
    if (rest.starts_with(ending)) return ending.size();
  }
  return 0;
}

}  // namespace

char32_t byte_symbol(unsigned char byte) { return alphabet.symbols[byte]; }

std::optional<unsigned char> symbol_byte(char32_t symbol) {
  if (symbol >= symbol_limit || alphabet.bytes[symbol] < 0) return std::nullopt;
  return static_cast<unsigned char>(alphabet.bytes[symbol]);
}

std::string byte_symbols(std::string_view bytes) {
  std::string result;
  for (const char byte : bytes)
    append_code_point(result, byte_symbol(static_cast<unsigned char>(byte)));
  return result;
}

std::string bytes_of_name(std::string_view name) {
  std::string bytes;
  for (std::size_t at = 0; at < name.size();) {
    const auto byte = symbol_byte(next_code_point(name, at));
    if (!byte) return std::string(name);
    bytes += static_cast<char>(*byte);
  }
  return bytes;
}

std::size_t word_end(std::string_view text, std::size_t begin) {
  if (const std::size_t length = contraction_length(text.substr(begin))) return begin + length;
  std::size_t at = begin;
  if (text[at] == ' ' && at + 1 < text.size()) ++at;
  std::size_t next = at;
  const Kind kind = kind_of(next_code_point(text, next));
  if (kind != Kind::space) return run_end(text, next, kind);

  const std::size_t end = run_end(text, next, Kind::space);
  if (end == text.size()) return end;
  std::size_t last = end;
  previous_code_point(text, last);
  return last > begin ? last : end;
}

}  // namespace sextant::tokenizer
