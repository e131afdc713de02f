#pragma once

#include "definition.hpp"
#include "model.hpp"

namespace sextant::tokenizer {

/// BERT: cleaned and lower-cased text, cut at white space and punctuation, each word covered from
/// the left by the longest pieces in the vocabulary. Cost: linear in the text for given limits on
/// the lengths of words and of tokens.
class WordPiece : public Model {
 public:
  /// `definition` must outlive this. Throws `InputError` when the unknown token is missing.
  WordPiece(const Definition& definition, const WordPieceOptions& options);

  std::string normalized(std::string_view text) const override;
  void append_ids(std::string_view text, bool is_first, std::vector<int>& ids) const override;
  std::string joined(std::span<const std::string_view> names) const override;

 private:
  void append_word(std::string_view word, std::vector<int>& ids) const;
  /// The id and the end of the longest piece of `word` from byte `begin` on.
  std::optional<std::pair<int, std::size_t>> longest_piece(std::string_view word,
                                                           std::size_t begin) const;

  const Vocabulary& vocabulary_;
  const WordPieceOptions options_;
  int unknown_ = 0;
};

}  // namespace sextant::tokenizer
