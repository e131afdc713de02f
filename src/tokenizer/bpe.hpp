#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <unordered_map>

#include "definition.hpp"
#include "model.hpp"

namespace sextant::tokenizer {

/// Whether a vocabulary is of fewer tokens than there are bytes, so that it cannot be meant for any
/// text: what it lacks is refused. Of others it is left out, as in transformers, with a note.
inline bool is_narrow(const Vocabulary& vocabulary) { return vocabulary.size() < 256; }

/// The bytes of UTF-8 that a byte-level vocabulary lacks.
std::vector<unsigned char> missing_bytes(const Vocabulary& vocabulary);

/// BPE: a word's bytes, or characters, are joined pair by pair, the pair of lowest rank first and
/// of those the leftmost, until no pair has a rank. Cost: O(n log n) in the bytes of a word.
class Bpe : public Model {
 public:
  /// `definition` must outlive this. Throws `InputError` for a merge of or to an unknown token.
  Bpe(const Definition& definition, const BpeOptions& options);

  std::string normalized(std::string_view text) const override {
    return tokenizer::normalized(options_.normalizer, text);
  }
  void append_ids(std::string_view text, bool is_first, std::vector<int>& ids) const override;
  std::string joined(std::span<const std::string_view> names) const override;

 private:
  struct Join {
    int rank = 0;
    int id = 0;  ///< Of the token that the pair becomes.
  };
  const Join* find_join(int left, int right) const;
  /// None for a byte that is left out.
  std::optional<int> byte_id(char byte) const;
  struct Workspace;
  void append_bytes(std::string_view piece, Workspace& work, std::vector<int>& ids) const;
  void append_marked(std::string_view piece, bool is_first, Workspace& work,
                     std::vector<int>& ids) const;
  void append_word(std::string_view word, Workspace& work, std::vector<int>& ids) const;
  /// Append the ids that a word is made of before anything is joined.
  void append_byte_ids(std::string_view word, std::vector<int>& ids) const;
  void append_character_ids(std::string_view word, std::vector<int>& ids) const;

  const Vocabulary& vocabulary_;
  const BpeOptions options_;
  std::optional<int> unknown_;
  /// Of bytes in the byte-level alphabet, or, for characters, of <0x00> to <0xFF>; negative where
  /// the vocabulary lacks one.
  std::array<int, 256> byte_ids_{};
  std::unordered_map<std::uint64_t, Join> joins_;
};

}  // namespace sextant::tokenizer
