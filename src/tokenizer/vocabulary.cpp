#include "vocabulary.hpp"

#include <algorithm>

namespace sextant::tokenizer {

void Vocabulary::set(std::string token, int id) {
  const auto [place, added] = ids_.try_emplace(std::move(token), id);
  if (!added) {
    names_.erase(place->second);
    place->second = id;
  }
  names_[id] = &place->first;
  end_ = std::max(end_, id + 1);
  longest_ = std::max(longest_, place->first.size());
}

std::optional<int> Vocabulary::find(std::string_view token) const {
  const auto found = ids_.find(token);
  if (found == ids_.end()) return std::nullopt;
  return found->second;
}

const std::string* Vocabulary::name(int id) const {
  const auto found = names_.find(id);
  return found == names_.end() ? nullptr : found->second;
}

}  // namespace sextant::tokenizer
