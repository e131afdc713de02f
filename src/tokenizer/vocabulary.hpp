#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

namespace sextant::tokenizer {

/// Token names and their ids, which may leave holes.
class Vocabulary {
 public:
  Vocabulary() = default;
  Vocabulary(Vocabulary&&) = default;
  Vocabulary& operator=(Vocabulary&&) = default;

  /// Gives `token` the id `id` >= 0, which no other token has. A token that is already there moves
  /// to the new id and leaves a hole.
  void set(std::string token, int id);

  std::optional<int> find(std::string_view token) const;
  /// The token of an id, null for a hole and outside the vocabulary.
  const std::string* name(int id) const;
  /// The number of tokens.
  std::size_t size() const { return ids_.size(); }
  /// One more than the largest id.
  int end() const { return end_; }
  /// Bytes of the longest name.
  std::size_t longest() const { return longest_; }

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const {
      return std::hash<std::string_view>()(text);
    }
  };
  std::unordered_map<std::string, int, Hash, std::equal_to<>> ids_;
  std::unordered_map<int, const std::string*> names_;  // into ids_, whose nodes do not move
  int end_ = 0;
  std::size_t longest_ = 0;
};

}  // namespace sextant::tokenizer
