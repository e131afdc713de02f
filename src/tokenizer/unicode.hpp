#pragma once

/// Text as code points, and the character classes that tokenizers are defined by.
///
/// BERT's classes are those of Unicode 8 and normal forms are those of Unicode 9, because the
/// tables of the implementation that made these vocabularies stopped there; a character added later
/// counts as unassigned. The other classes are those of the ICU library in use.

#include <cstddef>
#include <string>
#include <string_view>

namespace sextant::tokenizer {

/// Throws `ArgumentError` naming the byte unless `text` is valid UTF-8.
void check_utf8(std::string_view function, std::string_view argument, std::string_view text);
/// `text` with each maximal invalid byte sequence replaced by U+FFFD.
std::string replace_invalid_utf8(std::string_view text);

/// The code point at byte `at` of valid UTF-8; `at` moves behind it.
char32_t next_code_point(std::string_view text, std::size_t& at);
/// The last code point before byte `at`; `at` moves before it.
char32_t previous_code_point(std::string_view text, std::size_t& at);
std::size_t count_code_points(std::string_view text);
void append_code_point(std::string& text, char32_t c);

bool is_letter(char32_t c);       ///< \p{L}
bool is_number(char32_t c);       ///< \p{N}
bool is_white_space(char32_t c);  ///< \s
bool is_word(char32_t c);         ///< \w

/// Control, format and private use, but not the tab and line ends.
bool is_bert_control(char32_t c);
/// Unicode punctuation and every ASCII symbol.
bool is_bert_punctuation(char32_t c);
/// A combining mark without width (Mn).
bool is_bert_accent(char32_t c);
/// In one of the blocks of CJK ideographs that BERT takes as words of their own.
bool is_bert_ideograph(char32_t c);

enum class UnicodeForm { nfc, nfd, nfkc, nfkd };

/// `text` in a normal form.
std::string in_form(UnicodeForm form, std::string_view text);
/// `text` with every code point in lower case by itself, whatever stands around it.
std::string lowered(std::string_view text);

}  // namespace sextant::tokenizer
