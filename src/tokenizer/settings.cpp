#include "settings.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "sextant/core/errors.hpp"

namespace sextant::tokenizer {
namespace {

using io::Json;
using io::JsonObject;

constexpr std::string_view extra_key = "extra_special_tokens";
constexpr std::string_view older_extra_key = "additional_special_tokens";

/// Settings that change the tokens in a way that is not supported. Null, false and what is empty
/// are their defaults.
constexpr std::array unsupported{
    "split_special_tokens", "fast_tokenizer_files", "init_inputs", "vocab", "merges",
    "tokenizer_object",     "post_processor",       "gguf_file"};

bool is_role(std::string_view key) {
  const auto& roles = token_roles();
  return std::find(roles.begin(), roles.end(), key) != roles.end();
}

/// Whether `key` gives a token a name of its own.
bool names_token(const JsonObject& json, std::string_view key) {
  return key.ends_with("_token") && !is_role(key) &&
         (json.at(key).is_string() || json.at(key).is_object());
}

/// A special token given as a string or as an object with flags.
DeclaredToken special_token(const JsonObject& json, std::string_view key) {
  DeclaredToken result;
  if (json.at(key).is_object()) {
    result = read_declared_token(json.object(key), json.place(key));
  } else {
    result.token.content = json.string(key);
    result.file = json.file();
    result.place = json.place(key);
  }
  result.token.special = true;
  return result;
}

/// The elements of an array of special tokens.
void append_list(const JsonObject& json, std::string_view key, std::vector<DeclaredToken>& list) {
  const Json& array = json.at(key);
  if (!array.is_array()) throw InputError(json.file(), json.place(key), "must be an array");
  for (std::size_t i = 0; i < array.size(); ++i) {
    const std::string place = fmt::format("{}[{}]", json.place(key), i);
    const Json wrapped = {{place, array[i]}};
    DeclaredToken token = special_token(JsonObject(wrapped, json.file()), place);
    // An object that says what it is keeps its flag.
    if (array[i].is_object() && array[i].contains("__type")) {
      token.token.special =
          read_declared_token({array[i], json.file(), place}, place).token.special;
    }
    list.push_back(std::move(token));
  }
}

void append_named(const JsonObject& json, std::vector<DeclaredToken>& list) {
  for (const auto& [key, value] : json.value().items()) {
    if (names_token(json, key)) list.push_back(special_token(json, key));
  }
  if (!json.has(extra_key) || !json.at(extra_key).is_object()) return;
  const JsonObject names = json.object(extra_key);
  for (const auto& [key, value] : names.value().items()) {
    list.push_back(special_token(names, key));
  }
}

bool has_list(const JsonObject& json, std::string_view key) {
  return is_given(json, key) && !json.at(key).is_object();
}

bool has_filled_list(const JsonObject& json, std::string_view key) {
  return has_list(json, key) && !json.at(key).empty();
}

}  // namespace

std::string file_in(std::string_view directory, std::string_view name) {
  return directory.empty() ? std::string(name) : fmt::format("{}/{}", directory, name);
}

bool is_given(const JsonObject& json, std::string_view key) {
  return json.has(key) && !json.at(key).is_null();
}

DeclaredToken read_declared_token(const JsonObject& json, std::string_view place) {
  const auto flag = [&](std::string_view key) { return is_given(json, key) && json.boolean(key); };
  DeclaredToken result;
  result.token.content = json.string("content");
  result.token.single_word = flag("single_word");
  result.token.lstrip = flag("lstrip");
  result.token.rstrip = flag("rstrip");
  result.token.special = flag("special");
  if (is_given(json, "normalized")) result.normalized = json.boolean("normalized");
  result.file = json.file();
  result.place = place;
  result.is_object = true;
  return result;
}

const std::vector<std::string>& token_roles() {
  static const std::vector<std::string> roles{"bos_token", "eos_token", "unk_token", "sep_token",
                                              "pad_token", "cls_token", "mask_token"};
  return roles;
}

Settings::File::File(const std::optional<std::string>& text, std::string_view directory,
                     std::string_view name)
    : json(Json::object()), path(file_in(directory, name)) {
  if (text) json = io::parse_json(*text, path);
}

Settings::Settings(const TokenizerFiles& files, std::string_view directory)
    : configuration_(files.tokenizer_config, directory, "tokenizer_config.json"),
      special_tokens_(files.special_tokens_map, directory, "special_tokens_map.json"),
      added_tokens_(files.added_tokens, directory, "added_tokens.json"),
      model_(files.model_config, directory, "config.json"),
      lists_added_tokens_(configuration().has("added_tokens_decoder")) {
  check_support();
}

void Settings::check_support() const {
  const JsonObject json = configuration();
  for (const char* key : unsupported) {
    if (!is_given(json, key) || json.at(key) == false || json.at(key).empty()) continue;
    throw InputError(json.file(), key,
                     "is a setting that changes the tokens and is not supported: leave it out and "
                     "compare the tokens, or save the tokenizer without it");
  }
  const JsonObject special = special_tokens_.view();
  if (lists_added_tokens()) return;
  for (const auto& [key, value] : special.value().items()) {
    if (is_role(key) || key == extra_key || key == older_extra_key) continue;
    if (!names_token(special, key)) {
      throw InputError(special.file(), key, "is not known as a special token");
    }
  }
}

bool Settings::flag(std::string_view key, bool fallback) const {
  return configuration().has(key) ? configuration().boolean(key) : fallback;
}

std::optional<DeclaredToken> Settings::role(std::string_view key) const {
  JsonObject json = special_tokens_.view();
  if (lists_added_tokens() || !json.has(key)) json = configuration();
  if (!json.has(key)) return std::nullopt;
  if (!json.at(key).is_null()) return special_token(json, key);
  DeclaredToken none;
  none.file = json.file();
  none.place = json.place(key);
  return none;
}

std::vector<DeclaredToken> Settings::named() const {
  std::vector<DeclaredToken> list;
  append_named(configuration(), list);
  if (!lists_added_tokens()) append_named(special_tokens_.view(), list);
  return list;
}

std::vector<DeclaredToken> Settings::main_extra() const {
  const JsonObject json = configuration();
  std::vector<DeclaredToken> list;
  if (has_filled_list(json, extra_key)) {
    append_list(json, extra_key, list);
  } else if (is_given(json, older_extra_key)) {
    append_list(json, older_extra_key, list);
  }
  if (!lists_added_tokens() && has_list(special_tokens_.view(), extra_key)) {
    append_list(special_tokens_.view(), extra_key, list);
  }
  return list;
}

std::vector<DeclaredToken> Settings::extra() const {
  std::vector<DeclaredToken> list = main_extra();
  if (lists_added_tokens()) return list;
  // The older key counts only where the others say nothing.
  const JsonObject json = configuration();
  const JsonObject special = special_tokens_.view();
  const bool said = (json.has(extra_key) && !json.at(extra_key).is_object()) ||
                    json.has(older_extra_key) || has_list(special, extra_key);
  if (!said && is_given(special, older_extra_key)) append_list(special, older_extra_key, list);
  return list;
}

std::set<std::string> Settings::special_contents() const {
  std::vector<DeclaredToken> list = main_extra();
  for (const std::string& key : token_roles()) {
    if (const auto token = role(key)) list.push_back(*token);
  }
  std::set<std::string> contents;
  for (const DeclaredToken& declared : list) {
    // The reference looks at tokenizer_config.json before it makes tokens of the objects there.
    if (declared.is_object && declared.file == configuration_.path) continue;
    contents.insert(declared.token.content);
  }
  return contents;
}

}  // namespace sextant::tokenizer
