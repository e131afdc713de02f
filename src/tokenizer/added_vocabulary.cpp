#include "added_vocabulary.hpp"

#include <fmt/format.h>

#include "sextant/core/errors.hpp"

namespace sextant::tokenizer {
namespace {

void check_declared_id(const DeclaredToken& declared, int id, bool known) {
  if (!declared.id || *declared.id == id) return;
  throw InputError(
      declared.file, declared.place,
      fmt::format("gives \"{}\" the id {}, expected {}", declared.token.content, *declared.id,
                  known ? fmt::format("{} as in the vocabulary", id)
                        : fmt::format("{}, the next free one", id)));
}

}  // namespace

AddedToken DeclaredToken::decided() const {
  AddedToken result = token;
  result.normalized = normalized.value_or(!token.special);
  return result;
}

std::vector<std::string> AddedVocabulary::add(const std::vector<DeclaredToken>& tokens,
                                              const Vocabulary& model) {
  std::vector<std::string> notes;
  int next = static_cast<int>(model.size());
  if (!tokens_.empty() && tokens_.rbegin()->first >= next) next = tokens_.rbegin()->first + 1;
  for (const DeclaredToken& declared : tokens) {
    const std::string& content = declared.token.content;
    if (content.empty()) {
      throw InputError(declared.file, declared.place, "is an added token without content");
    }
    std::optional<int> id = find(content);
    if (!id) id = model.find(content);
    check_declared_id(declared, id.value_or(next), id.has_value());
    if (!id) {
      id = next++;
      if (const std::string* other = model.name(*id)) {
        notes.push_back(
            fmt::format("{}: {} adds the token \"{}\", whose id {} the token \"{}\" of the "
                        "vocabulary has too, because the vocabulary's ids leave holes",
                        declared.file, declared.place, content, *id, *other));
      }
    }
    ids_[content] = *id;
    AddedToken token = declared.decided();
    token.id = *id;
    if (token.special) special_.insert(content);
    tokens_[*id] = std::move(token);
  }
  return notes;
}

std::optional<int> AddedVocabulary::find(std::string_view content) const {
  const auto found = ids_.find(content);
  if (found == ids_.end()) return std::nullopt;
  return found->second;
}

}  // namespace sextant::tokenizer
