#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace sextant::tokenizer {

/// Token names and their ids 0, 1, 2, ...
class Vocabulary {
 public:
  Vocabulary() = default;
  Vocabulary(Vocabulary&&) = default;
  Vocabulary& operator=(Vocabulary&&) = default;

  /// Gives `token` the next id. False when it is already there.
  bool add(std::string token);

  std::optional<int> find(std::string_view token) const;
  /// Requires 0 <= id < size().
  const std::string& name(int id) const { return *names_[static_cast<std::size_t>(id)]; }
  std::size_t size() const { return names_.size(); }
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
  std::vector<const std::string*> names_;  // into ids_, whose nodes do not move
  std::size_t longest_ = 0;
};

}  // namespace sextant::tokenizer
