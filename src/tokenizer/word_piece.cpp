#include "word_piece.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "sextant/core/errors.hpp"
#include "unicode.hpp"

namespace sextant::tokenizer {
namespace {

/// `text` without control characters, and with plain spaces only.
std::string cleaned(std::string_view text) {
  std::string result;
  for (std::size_t at = 0; at < text.size();) {
    const char32_t c = next_code_point(text, at);
    if (c == 0 || c == 0xFFFD || is_bert_control(c)) continue;
    append_code_point(result, is_white_space(c) ? U' ' : c);
  }
  return result;
}

std::string with_spaced_ideographs(std::string_view text) {
  std::string result;
  for (std::size_t at = 0; at < text.size();) {
    const char32_t c = next_code_point(text, at);
    const char* const space = is_bert_ideograph(c) ? " " : "";
    result += space;
    append_code_point(result, c);
    result += space;
  }
  return result;
}

std::string without_accents(std::string_view text) {
  std::string result;
  const std::string apart = in_form(UnicodeForm::nfd, text);
  for (std::size_t at = 0; at < apart.size();) {
    const char32_t c = next_code_point(apart, at);
    if (!is_bert_accent(c)) append_code_point(result, c);
  }
  return result;
}

void replace_all(std::string& text, std::string_view from, std::string_view to) {
  for (std::size_t at = text.find(from); at != std::string::npos; at = text.find(from, at)) {
    text.replace(at, from.size(), to);
    at += to.size();
  }
}

/// Joins punctuation and English contractions to the word before them.
void clean_up(std::string& text) {
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 11> rules{
      {{" .", "."},
       {" ?", "?"},
       {" !", "!"},
       {" ,", ","},
       {" ' ", "'"},
       {" n't", "n't"},
       {" 'm", "'m"},
       {" do not", " don't"},
       {" 's", "'s"},
       {" 've", "'ve"},
       {" 're", "'re"}}};
  for (const auto& [from, to] : rules) replace_all(text, from, to);
}

}  // namespace

WordPiece::WordPiece(const Definition& definition, const WordPieceOptions& options)
    : vocabulary_(definition.vocabulary), options_(options) {
  const auto unknown = vocabulary_.find(options.unknown);
  if (!unknown) {
    throw InputError(definition.file, "",
                     fmt::format("lacks the token \"{}\" for unknown words", options.unknown));
  }
  unknown_ = *unknown;
}

std::string WordPiece::normalized(std::string_view text) const {
  std::string result(text);
  if (options_.clean_text) result = cleaned(result);
  if (options_.handle_ideographs) result = with_spaced_ideographs(result);
  if (options_.strips_accents()) result = without_accents(result);
  if (options_.lowercase) result = lowered(result);
  return result;
}

void WordPiece::append_ids(std::string_view text, bool, std::vector<int>& ids) const {
  std::size_t begin = 0;  // of the word that `at` is in or behind
  const auto end_word = [&](std::size_t end) {
    if (end > begin) append_word(text.substr(begin, end - begin), ids);
  };
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t here = at;
    const char32_t c = next_code_point(text, at);
    const bool punctuation = is_bert_punctuation(c);
    if (!punctuation && !is_white_space(c)) continue;
    end_word(here);
    begin = at;
    if (punctuation) append_word(text.substr(here, at - here), ids);
  }
  end_word(text.size());
}

std::optional<std::pair<int, std::size_t>> WordPiece::longest_piece(std::string_view word,
                                                                    std::size_t begin) const {
  std::string piece = begin > 0 ? options_.continuing_prefix : std::string();
  const std::size_t prefix = piece.size();
  if (prefix > vocabulary_.longest()) return std::nullopt;
  piece += word.substr(begin, vocabulary_.longest() - prefix);
  while (piece.size() > prefix) {
    if (const auto id = vocabulary_.find(piece))
      return std::pair(*id, begin + piece.size() - prefix);
    piece.pop_back();  // a piece cut inside a character is in no vocabulary of valid UTF-8
  }
  return std::nullopt;
}

void WordPiece::append_word(std::string_view word, std::vector<int>& ids) const {
  const std::size_t before = ids.size();
  if (count_code_points(word) > options_.longest_word) {
    ids.push_back(unknown_);
    return;
  }
  for (std::size_t begin = 0; begin < word.size();) {
    const auto piece = longest_piece(word, begin);
    if (!piece) {
      ids.resize(before);
      ids.push_back(unknown_);
      return;
    }
    ids.push_back(piece->first);
    begin = piece->second;
  }
}

std::string WordPiece::joined(std::span<const std::string_view> names) const {
  std::string text;
  for (std::size_t i = 0; i < names.size(); ++i) {
    std::string piece(names[i]);
    if (i > 0) {
      const bool continues = piece.starts_with(options_.decoder_prefix);
      piece.replace(0, continues ? options_.decoder_prefix.size() : 0, continues ? "" : " ");
    }
    if (options_.clean_up) clean_up(piece);
    text += piece;
  }
  return text;
}

}  // namespace sextant::tokenizer
