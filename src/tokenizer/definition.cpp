#include "definition.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "sextant/core/errors.hpp"

namespace sextant::tokenizer {

std::string file_in(std::string_view directory, std::string_view name) {
  return directory.empty() ? std::string(name) : fmt::format("{}/{}", directory, name);
}

bool is_given(const io::JsonObject& json, std::string_view key) {
  return json.has(key) && !json.at(key).is_null();
}

Vocabulary read_vocabulary(const io::JsonObject& entries, std::string_view place) {
  const io::Json& json = entries.value();
  if (json.empty()) throw InputError(entries.file(), place, "has no tokens");
  std::vector<const std::string*> names(json.size());
  for (auto entry = json.begin(); entry != json.end(); ++entry) {
    const long long last = static_cast<long long>(json.size()) - 1;
    const std::string*& name =
        names[static_cast<std::size_t>(entries.integer(entry.key(), 0, last))];
    if (name != nullptr) {
      throw InputError(entries.file(), entries.place(entry.key()),
                       fmt::format("has the id {} that \"{}\" has too", entry->dump(), *name));
    }
    name = &entry.key();
  }
  Vocabulary vocabulary;
  for (const std::string* name : names) vocabulary.add(*name);
  return vocabulary;
}

AddedToken read_added_token(const io::JsonObject& json) {
  const auto flag = [&](std::string_view key, bool fallback) {
    return is_given(json, key) ? json.boolean(key) : fallback;
  };
  AddedToken token;
  token.content = json.string("content");
  token.single_word = flag("single_word", false);
  token.lstrip = flag("lstrip", false);
  token.rstrip = flag("rstrip", false);
  token.special = flag("special", false);
  token.normalized = flag("normalized", !token.special);
  return token;
}

void add_token(Definition& definition, AddedToken token, std::optional<int> declared_id,
               std::string_view file, std::string_view place) {
  if (token.content.empty()) throw InputError(file, place, "is an added token without content");
  const auto known = definition.vocabulary.find(token.content);
  token.id = known.value_or(static_cast<int>(definition.vocabulary.size()));
  if (declared_id && *declared_id != token.id) {
    throw InputError(file, place,
                     fmt::format("gives \"{}\" the id {}, expected {}", token.content, *declared_id,
                                 known ? fmt::format("{} as in the vocabulary", token.id)
                                       : fmt::format("{}, the next free one", token.id)));
  }
  if (!known) definition.vocabulary.add(token.content);
  const auto same = std::find_if(definition.added.begin(), definition.added.end(),
                                 [&](const AddedToken& other) { return other.id == token.id; });
  if (same == definition.added.end()) {
    definition.added.push_back(std::move(token));
  } else {
    *same = std::move(token);
  }
}

}  // namespace sextant::tokenizer
