#include "vocabulary.hpp"

#include <algorithm>

namespace sextant::tokenizer {

bool Vocabulary::add(std::string token) {
  const auto [place, added] = ids_.emplace(std::move(token), static_cast<int>(names_.size()));
  if (added) {
    names_.push_back(&place->first);
    longest_ = std::max(longest_, place->first.size());
  }
  return added;
}

std::optional<int> Vocabulary::find(std::string_view token) const {
  const auto found = ids_.find(token);
  if (found == ids_.end()) return std::nullopt;
  return found->second;
}

}  // namespace sextant::tokenizer
