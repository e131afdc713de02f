#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <map>

#include "definition.hpp"
#include "sextant/core/errors.hpp"

namespace sextant::tokenizer {
namespace {

using io::Json;
using io::JsonObject;

constexpr std::array roles{"bos_token", "eos_token", "unk_token", "sep_token",
                           "pad_token", "cls_token", "mask_token"};

/// A side file that stays valid together with its view.
struct SideFile {
  Json json;
  std::string name;

  SideFile(const std::optional<std::string>& text, std::string_view directory,
           std::string_view file)
      : json(Json::object()), name(file_in(directory, file)) {
    if (text) json = io::parse_json(*text, name);
  }
  JsonObject view() const { return {json, name}; }
};

struct SideFiles {
  SideFile configuration;
  SideFile special_tokens;
  SideFile added_tokens;

  SideFiles(const TokenizerFiles& files, std::string_view directory)
      : configuration(files.tokenizer_config, directory, "tokenizer_config.json"),
        special_tokens(files.special_tokens_map, directory, "special_tokens_map.json"),
        added_tokens(files.added_tokens, directory, "added_tokens.json") {}

  /// Where `role` is declared: special_tokens_map.json is the older place and counts only where
  /// tokenizer_config.json does not list added tokens.
  std::optional<JsonObject> declaring(std::string_view role) const {
    const JsonObject first = configuration.view();
    const JsonObject second = special_tokens.view();
    if (!is_given(first, "added_tokens_decoder") && is_given(second, role)) return second;
    if (is_given(first, role)) return first;
    return std::nullopt;
  }
};

/// A token given as a string or as an object with flags.
AddedToken role_token(const JsonObject& json, std::string_view role) {
  AddedToken token;
  if (json.at(role).is_object()) {
    token = read_added_token(json.object(role));
  } else {
    token.content = json.string(role);
  }
  token.special = true;
  return token;
}

void override_flag(const JsonObject& json, std::string_view key, bool& value) {
  if (is_given(json, key)) value = json.boolean(key);
}

void apply_options(const JsonObject& json, BpeOptions& options) {
  override_flag(json, "add_prefix_space", options.add_prefix_space);
}

void apply_options(const JsonObject& json, WordPieceOptions& options) {
  override_flag(json, "do_lower_case", options.lowercase);
  override_flag(json, "tokenize_chinese_chars", options.handle_ideographs);
  if (is_given(json, "strip_accents")) options.strip_accents = json.boolean("strip_accents");
}

/// The tokens of "added_tokens_decoder": an object of ids with tokens.
void apply_added_tokens_decoder(const JsonObject& decoder, Definition& definition) {
  std::map<int, std::string> keys;
  for (auto entry = decoder.value().begin(); entry != decoder.value().end(); ++entry) {
    const std::string& key = entry.key();
    int id = -1;
    const auto [end, error] = std::from_chars(key.data(), key.data() + key.size(), id);
    if (error != std::errc() || end != key.data() + key.size() || id < 0) {
      throw InputError(decoder.file(), decoder.place(key), "is not an id");
    }
    keys[id] = key;
  }
  for (const auto& [id, key] : keys) {
    add_token(definition, read_added_token(decoder.object(key)), id, decoder.file(),
              decoder.place(key));
  }
}

/// The tokens of added_tokens.json: an object of contents with ids.
void apply_added_tokens(const SideFiles& side, Definition& definition) {
  const JsonObject json = side.added_tokens.view();
  std::map<int, std::string> contents;
  for (auto entry = json.value().begin(); entry != json.value().end(); ++entry) {
    contents[static_cast<int>(json.integer(entry.key(), 0, 1LL << 30))] = entry.key();
  }
  if (contents.size() != json.value().size()) throw InputError(json.file(), "", "repeats an id");
  for (const auto& [id, content] : contents) {
    AddedToken token;
    token.content = content;
    for (const char* role : roles) {
      const auto declaring = side.declaring(role);
      if (declaring && role_token(*declaring, role).content == content) token.special = true;
    }
    token.normalized = !token.special;
    add_token(definition, std::move(token), id, json.file(), content);
  }
}

bool is_added(const Definition& definition, std::string_view content) {
  return std::any_of(definition.added.begin(), definition.added.end(),
                     [&](const AddedToken& token) { return token.content == content; });
}

/// Further special tokens, given as an array of strings or objects.
void apply_extra_tokens(const JsonObject& json, std::string_view key, Definition& definition) {
  if (!is_given(json, key) || !json.at(key).is_array()) return;
  const Json& array = json.at(key);
  for (std::size_t i = 0; i < array.size(); ++i) {
    const Json wrapped = {{"token", array[i]}};
    const std::string place = fmt::format("{}[{}]", json.place(key), i);
    AddedToken token = role_token(JsonObject(wrapped, json.file(), place), "token");
    if (is_added(definition, token.content)) continue;
    add_token(definition, std::move(token), std::nullopt, json.file(), place);
  }
}

/// Makes the tokens that have a role special. `defaults` are the names of those not declared, which
/// count only where the vocabulary holds them.
void apply_roles(const SideFiles& side, const std::map<std::string, std::string>& defaults,
                 Definition& definition) {
  for (const char* role : roles) {
    const auto declaring = side.declaring(role);
    AddedToken token;
    token.special = true;
    if (declaring) {
      token = role_token(*declaring, role);
    } else if (const auto name = defaults.find(role);
               name != defaults.end() && definition.vocabulary.find(name->second)) {
      token.content = name->second;
    } else {
      continue;
    }
    if (is_added(definition, token.content)) continue;
    add_token(definition, std::move(token), std::nullopt,
              declaring ? declaring->file() : definition.file, role);
  }
}

/// The name of the token with `role`, declared or default.
std::string role_name(const SideFiles& side, const std::map<std::string, std::string>& defaults,
                      const char* role) {
  const auto declaring = side.declaring(role);
  return declaring ? role_token(*declaring, role).content : defaults.at(role);
}

int required_id(const Definition& definition, const std::string& name, std::string_view role) {
  const auto id = definition.vocabulary.find(name);
  if (!id) {
    throw InputError(definition.file, "",
                     fmt::format("lacks the token \"{}\" that serves as {}", name, role));
  }
  return *id;
}

/// An explicit "add_bos_token" or "add_eos_token" replaces the template of a BPE tokenizer.
void apply_begin_and_end(const SideFiles& side, const std::map<std::string, std::string>& defaults,
                         Definition& definition) {
  const JsonObject json = side.configuration.view();
  if (!is_given(json, "add_bos_token") && !is_given(json, "add_eos_token")) return;
  definition.prefix.clear();
  definition.suffix.clear();
  if (is_given(json, "add_bos_token") && json.boolean("add_bos_token")) {
    definition.prefix = {
        required_id(definition, role_name(side, defaults, "bos_token"), "bos_token")};
  }
  if (is_given(json, "add_eos_token") && json.boolean("add_eos_token")) {
    definition.suffix = {
        required_id(definition, role_name(side, defaults, "eos_token"), "eos_token")};
  }
}

/// Files without tokenizer.json mean what the class that tokenizer_config.json names makes of them.
void check_class(const JsonObject& json, std::initializer_list<std::string_view> known) {
  if (!is_given(json, "tokenizer_class")) return;
  std::string name = json.string("tokenizer_class");
  if (name.ends_with("Fast")) name.resize(name.size() - 4);
  if (std::find(known.begin(), known.end(), name) == known.end()) {
    throw InputError(json.file(), "tokenizer_class",
                     fmt::format("{} is not supported without tokenizer.json, expected {}", name,
                                 *known.begin()));
  }
}

}  // namespace

void apply_configuration(Definition& definition, const TokenizerFiles& files,
                         std::string_view directory) {
  const SideFiles side(files, directory);
  const JsonObject configuration = side.configuration.view();
  std::visit([&](auto& options) { apply_options(configuration, options); }, definition.model);
  if (is_given(configuration, "added_tokens_decoder")) {
    apply_added_tokens_decoder(configuration.object("added_tokens_decoder"), definition);
  } else {
    apply_added_tokens(side, definition);
  }

  auto* word_piece = std::get_if<WordPieceOptions>(&definition.model);
  const std::map<std::string, std::string> defaults =
      word_piece != nullptr ? std::map<std::string, std::string>{{"unk_token", "[UNK]"},
                                                                 {"sep_token", "[SEP]"},
                                                                 {"pad_token", "[PAD]"},
                                                                 {"cls_token", "[CLS]"},
                                                                 {"mask_token", "[MASK]"}}
                            : std::map<std::string, std::string>{{"unk_token", "<|endoftext|>"},
                                                                 {"bos_token", "<|endoftext|>"},
                                                                 {"eos_token", "<|endoftext|>"}};
  apply_roles(side, defaults, definition);
  for (const char* key : {"extra_special_tokens", "additional_special_tokens"}) {
    apply_extra_tokens(configuration, key, definition);
    apply_extra_tokens(side.special_tokens.view(), key, definition);
  }
  if (word_piece == nullptr) {
    if (!files.tokenizer_json) check_class(configuration, {"GPT2Tokenizer"});
    apply_begin_and_end(side, defaults, definition);
  } else if (!files.tokenizer_json) {
    check_class(configuration, {"BertTokenizer", "DistilBertTokenizer", "ElectraTokenizer"});
    word_piece->unknown = role_name(side, defaults, "unk_token");
    definition.prefix = {
        required_id(definition, role_name(side, defaults, "cls_token"), "cls_token")};
    definition.suffix = {
        required_id(definition, role_name(side, defaults, "sep_token"), "sep_token")};
  }
}

}  // namespace sextant::tokenizer
