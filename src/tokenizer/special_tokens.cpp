#include "special_tokens.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <set>

#include "sextant/core/errors.hpp"

namespace sextant::tokenizer {
namespace {

using io::JsonObject;

bool has_same_flags(const AddedToken& a, const AddedToken& b) {
  return a.single_word == b.single_word && a.lstrip == b.lstrip && a.rstrip == b.rstrip &&
         a.normalized == b.normalized && a.special == b.special;
}

/// "added_tokens_decoder": an object of ids with tokens.
std::map<int, DeclaredToken> read_decoder(const JsonObject& decoder) {
  std::map<int, DeclaredToken> tokens;
  for (const auto& [key, value] : decoder.value().items()) {
    int id = -1;
    const auto [end, error] = std::from_chars(key.data(), key.data() + key.size(), id);
    if (error != std::errc() || end != key.data() + key.size() || id < 0) {
      throw InputError(decoder.file(), decoder.place(key), "is not an id");
    }
    tokens[id] = read_declared_token(decoder.object(key), decoder.place(key));
    tokens[id].id = id;
  }
  return tokens;
}

/// added_tokens.json: an object of contents with ids.
std::map<int, DeclaredToken> read_contents(const Settings& settings) {
  const JsonObject json = settings.added_tokens();
  const std::set<std::string> special = settings.special_contents();
  std::map<int, DeclaredToken> tokens;
  for (const auto& [content, value] : json.value().items()) {
    DeclaredToken declared;
    declared.token.content = content;
    declared.token.special = special.contains(content);
    declared.normalized = !declared.token.special;
    declared.id = static_cast<int>(json.integer(content, 0, 1LL << 30));
    declared.file = json.file();
    declared.place = content;
    tokens[*declared.id] = std::move(declared);
  }
  if (tokens.size() != json.value().size()) throw InputError(json.file(), "", "repeats an id");
  return tokens;
}

/// The tokens that are listed with their ids, in the order of these.
std::map<int, DeclaredToken> listed_tokens(const Settings& settings,
                                           const std::vector<DeclaredToken>& saved) {
  if (settings.lists_added_tokens()) {
    return read_decoder(settings.configuration().object("added_tokens_decoder"));
  }
  std::map<int, DeclaredToken> tokens = read_contents(settings);
  for (const DeclaredToken& token : saved) tokens[*token.id] = token;
  return tokens;
}

[[noreturn]] void fail_lacking(const Definition& definition, std::string_view content,
                               std::string_view role) {
  throw InputError(definition.file, "",
                   fmt::format("lacks the token \"{}\" that serves as {}", content, role));
}

/// The token that `rule` gives a role for which no file names one. One that is new has a note.
std::optional<DeclaredToken> default_token(const ClassRule& rule, const std::string& role,
                                           bool is_new, const Definition& definition,
                                           std::vector<std::string>& notes) {
  const auto found =
      std::find_if(rule.defaults.begin(), rule.defaults.end(),
                   [&](const DefaultRole& fallback) { return fallback.role == role; });
  if (found == rule.defaults.end()) return std::nullopt;
  DeclaredToken token;
  token.token.content = found->token;
  token.token.special = true;
  token.file = definition.file;
  token.place = role;
  if (!is_new) return token;
  if (rule.surround == Template::cls_and_sep && (role == "cls_token" || role == "sep_token")) {
    fail_lacking(definition, found->token, role);
  }
  notes.push_back(
      fmt::format("{}: lacks the token \"{}\" that serves as {} of {}, which gets an id "
                  "behind the vocabulary",
                  definition.file, found->token, role, rule.name));
  return token;
}

/// The tokens with a role or a name.
std::vector<DeclaredToken> named_tokens(const ClassRule& rule, const Settings& settings,
                                        const Definition& definition, std::set<std::string> known,
                                        std::vector<std::string>& notes) {
  const auto is_new = [&](const std::string& content) {
    return !known.contains(content) && !find_token(definition, content);
  };
  std::vector<DeclaredToken> tokens;
  for (const std::string& role : token_roles()) {
    std::optional<DeclaredToken> token = settings.role(role);
    if (!token) {
      const std::string content = role_content(rule, settings, role);
      token = default_token(rule, role, is_new(content), definition, notes);
    }
    if (!token || token->token.content.empty()) continue;
    known.insert(token->token.content);
    tokens.push_back(std::move(*token));
  }
  int unordered = 0;
  for (DeclaredToken& token : settings.named()) {
    const std::string& content = token.token.content;
    if (is_new(content) && ++unordered > 1) {
      throw InputError(
          token.file, token.place,
          fmt::format("is a further token without an id, \"{}\": list such tokens with "
                      "their ids in added_tokens_decoder",
                      content));
    }
    known.insert(content);
    tokens.push_back(std::move(token));
  }
  return tokens;
}

}  // namespace

void add_declared_tokens(const ClassRule& rule, const Settings& settings,
                         const TokenizerJson* saved, Definition& definition,
                         std::vector<std::string>& notes) {
  const auto add = [&](const std::vector<DeclaredToken>& tokens) {
    const auto more = definition.added.add(tokens, definition.vocabulary);
    notes.insert(notes.end(), more.begin(), more.end());
  };
  const auto in_saved = saved != nullptr ? saved->added_tokens() : std::vector<DeclaredToken>();
  if (rule.build == Build::as_saved) add(in_saved);

  std::vector<DeclaredToken> tokens;
  std::set<std::string> listed;
  for (const auto& [id, token] : definition.added.tokens()) listed.insert(token.content);
  for (auto& [id, declared] : listed_tokens(settings, in_saved)) {
    listed.insert(declared.token.content);
    const auto known = definition.added.find(declared.token.content);
    const bool same =
        known && has_same_flags(definition.added.tokens().at(*known), declared.decided());
    if (!same) tokens.push_back(std::move(declared));
  }
  const std::vector<DeclaredToken> named = named_tokens(rule, settings, definition, listed, notes);
  std::set<std::string> names;
  for (const DeclaredToken& declared : named) names.insert(declared.token.content);
  for (const auto& list : {named, settings.extra()}) {
    std::copy_if(list.begin(), list.end(), std::back_inserter(tokens),
                 [&](const auto& declared) { return !listed.contains(declared.token.content); });
  }
  for (DeclaredToken& declared : tokens) {
    if (names.contains(declared.token.content)) declared.token.special = true;
  }
  add(tokens);
}

std::string role_content(const ClassRule& rule, const Settings& settings, std::string_view role) {
  if (const auto declared = settings.role(role)) return declared->token.content;
  for (const DefaultRole& fallback : rule.defaults) {
    if (fallback.role == role) return std::string(fallback.token);
  }
  return {};
}

int role_id(const ClassRule& rule, const Settings& settings, std::string_view role,
            const Definition& definition) {
  const std::string content = role_content(rule, settings, role);
  if (content.empty()) {
    throw InputError(settings.configuration().file(), role,
                     fmt::format("names no token, and {} needs one", rule.name));
  }
  const auto id = find_token(definition, content);
  if (!id) fail_lacking(definition, content, role);
  return *id;
}

}  // namespace sextant::tokenizer
