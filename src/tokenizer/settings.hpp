#pragma once

/// What the files beside the vocabulary say about a tokenizer.

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "added_vocabulary.hpp"
#include "sextant/io/json.hpp"
#include "sextant/tokenizer/load.hpp"

namespace sextant::tokenizer {

/// "<directory>/<name>".
std::string file_in(std::string_view directory, std::string_view name);

/// Whether `json` has `key` with a value other than null.
bool is_given(const io::JsonObject& json, std::string_view key);

/// An added token that is an object of content and flags. `place` is the object's, for messages.
DeclaredToken read_declared_token(const io::JsonObject& json, std::string_view place);

/// tokenizer_config.json, special_tokens_map.json, added_tokens.json and config.json, each an empty
/// object where it is missing. The views refer to this, which must outlive them.
class Settings {
 public:
  /// Throws `InputError` when a file is not a JSON object, and for what would change the tokens
  /// and is not supported.
  Settings(const TokenizerFiles& files, std::string_view directory);

  io::JsonObject configuration() const { return configuration_.view(); }
  io::JsonObject model() const { return model_.view(); }
  io::JsonObject added_tokens() const { return added_tokens_.view(); }

  /// Whether tokenizer_config.json lists the added tokens. Then special_tokens_map.json,
  /// added_tokens.json and the list of tokenizer.json are the older places, and not read.
  bool lists_added_tokens() const { return lists_added_tokens_; }

  /// A flag of tokenizer_config.json. Throws when it is there and neither true nor false.
  bool flag(std::string_view key, bool fallback) const;

  /// The token that a file gives a role such as "bos_token": nothing where no file has the key, one
  /// without content where it is null.
  std::optional<DeclaredToken> role(std::string_view key) const;
  /// Further special tokens with a name of their own, such as "image_token".
  std::vector<DeclaredToken> named() const;
  /// Further special tokens without one.
  std::vector<DeclaredToken> extra() const;
  /// The contents that make a token of added_tokens.json, which has no flags, a special one.
  std::set<std::string> special_contents() const;

 private:
  /// A file that stays valid together with its view.
  struct File {
    File(const std::optional<std::string>& text, std::string_view directory, std::string_view name);
    io::JsonObject view() const { return {json, path}; }

    io::Json json;
    std::string path;
  };
  void check_support() const;
  /// The further special tokens, without those of the older key of special_tokens_map.json.
  std::vector<DeclaredToken> main_extra() const;

  File configuration_;
  File special_tokens_;
  File added_tokens_;
  File model_;
  bool lists_added_tokens_ = false;
};

/// The roles that a token can have, in the order in which new tokens get their ids.
const std::vector<std::string>& token_roles();

}  // namespace sextant::tokenizer
