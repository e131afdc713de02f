#pragma once

/// The byte-level alphabet of GPT-2 and its cutting of text into words.

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace sextant::tokenizer {

/// The printable character that stands for a byte in token names: the byte itself where Latin-1 has
/// a visible character there, otherwise U+0100 and up in the order of the bytes.
char32_t byte_symbol(unsigned char byte);
/// The inverse, where there is one.
std::optional<unsigned char> symbol_byte(char32_t symbol);
/// `bytes` written in that alphabet, as UTF-8.
std::string byte_symbols(std::string_view bytes);

/// The bytes that the name of a token stands for, or the name itself where it is not written in
/// that alphabet: an added token, which is text as it stands.
std::string bytes_of_name(std::string_view name);

/// Where the word that begins at `begin` ends. Words are what GPT-2's expression matches: an
/// English contraction ('s 't 're 've 'm 'll 'd), letters, numbers, or other visible characters,
/// each of the last three with at most one space before it, or white space, which leaves its last
/// character to the word that follows. Requires begin < text.size() and valid UTF-8.
std::size_t word_end(std::string_view text, std::size_t begin);

}  // namespace sextant::tokenizer
