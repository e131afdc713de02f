#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <unordered_map>

#include "definition.hpp"
#include "model.hpp"

namespace sextant::tokenizer {

/// Byte-level BPE: a word's bytes are joined pair by pair, the pair of lowest rank first and of
/// those the leftmost, until no pair has a rank. Cost: O(n log n) in the bytes of a word.
class Bpe : public Model {
 public:
  /// `definition` must outlive this. Throws `InputError` for a merge of or to an unknown token.
  Bpe(const Definition& definition, const BpeOptions& options);

  std::string normalized(std::string_view text) const override { return std::string(text); }
  void append_ids(std::string_view text, std::vector<int>& ids) const override;
  std::string joined(std::span<const std::string_view> names) const override;

 private:
  struct Join {
    int rank = 0;
    int id = 0;  ///< Of the token that the pair becomes.
  };
  const Join* find_join(int left, int right) const;
  int byte_id(char byte) const;
  struct Workspace;
  void append_word(std::string_view word, Workspace& work, std::vector<int>& ids) const;

  const Vocabulary& vocabulary_;
  const BpeOptions options_;
  std::optional<int> unknown_;
  std::array<int, 256> byte_ids_{};  // negative where the vocabulary lacks the byte
  std::unordered_map<std::uint64_t, Join> joins_;
};

}  // namespace sextant::tokenizer
