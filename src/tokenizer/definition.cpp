#include "definition.hpp"

#include <fmt/format.h>

#include "sextant/core/errors.hpp"

namespace sextant::tokenizer {

std::optional<int> find_token(const Definition& definition, std::string_view token) {
  if (const auto id = definition.added.find(token)) return id;
  return definition.vocabulary.find(token);
}

Vocabulary read_vocabulary(const io::JsonObject& entries, std::string_view place) {
  const io::Json& json = entries.value();
  if (json.empty()) throw InputError(entries.file(), place, "has no tokens");
  Vocabulary vocabulary;
  for (auto entry = json.begin(); entry != json.end(); ++entry) {
    const auto id = static_cast<int>(entries.integer(entry.key(), 0, 1LL << 30));
    if (const std::string* other = vocabulary.name(id)) {
      throw InputError(entries.file(), entries.place(entry.key()),
                       fmt::format("has the id {} that \"{}\" has too", id, *other));
    }
    vocabulary.set(entry.key(), id);
  }
  return vocabulary;
}

}  // namespace sextant::tokenizer
