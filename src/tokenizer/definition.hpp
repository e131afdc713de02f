#pragma once

/// What a model directory says about its tokenizer, whichever files it says it in.

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "added_tokens.hpp"
#include "sextant/io/json.hpp"
#include "sextant/tokenizer/load.hpp"
#include "vocabulary.hpp"

namespace sextant::tokenizer {

struct BpeOptions {
  bool add_prefix_space = false;       ///< Puts a space before text that does not begin with one.
  bool use_regex = true;               ///< Cuts text into words; otherwise it is one word.
  bool ignore_merges = false;          ///< A word that is a token needs no merges.
  std::optional<std::string> unknown;  ///< Stands for bytes that the vocabulary lacks.
};

struct WordPieceOptions {
  bool clean_text = true;
  bool handle_ideographs = true;
  std::optional<bool> strip_accents;  ///< Follows `lowercase` when not given.
  bool lowercase = true;
  std::string unknown = "[UNK]";
  std::string continuing_prefix = "##";
  std::size_t longest_word = 100;  ///< In code points; longer words are unknown.
  bool clean_up = true;            ///< Decoding joins punctuation and contractions to words.
  std::string decoder_prefix = "##";
};

struct Merge {
  std::string left;
  std::string right;
  std::string place;  ///< Where it stands, for messages.
};

struct Definition {
  std::string file;         ///< That the model comes from, and
  std::string merges_file;  ///< its merges, for messages.
  std::variant<BpeOptions, WordPieceOptions> model;
  Vocabulary vocabulary;          ///< Of the model, then the added tokens that it lacks.
  std::vector<Merge> merges;      ///< In order of rank.
  std::vector<AddedToken> added;  ///< No content twice.
  std::vector<int> prefix;        ///< Ids that encoding with special tokens puts before a text
  std::vector<int> suffix;        ///< and behind it.
};

/// Reads tokenizer.json. Throws `InputError`.
Definition read_tokenizer_json(const TokenizerFiles& files, std::string_view directory);
/// Reads vocab.json with merges.txt, or vocab.txt. Throws `InputError`.
Definition read_vocabulary_files(const TokenizerFiles& files, std::string_view directory);
/// Applies what tokenizer_config.json, special_tokens_map.json and added_tokens.json say.
/// Throws `InputError`.
void apply_configuration(Definition& definition, const TokenizerFiles& files,
                         std::string_view directory);

/// A vocabulary from an object of names with their ids. `place` is the object's. Throws
/// `InputError` when it is empty or the ids are not 0, 1, 2, ... in some order.
Vocabulary read_vocabulary(const io::JsonObject& entries, std::string_view place);

/// Adds `token` with the id that its content has in the vocabulary, otherwise the next free one, or
/// replaces the added token of that content. Throws `InputError` when `declared_id` is another.
void add_token(Definition& definition, AddedToken token, std::optional<int> declared_id,
               std::string_view file, std::string_view place);

/// The flags and content of an added token in JSON.
AddedToken read_added_token(const io::JsonObject& json);

/// Whether `json` has `key` with a value other than null.
bool is_given(const io::JsonObject& json, std::string_view key);

/// "<directory>/<name>".
std::string file_in(std::string_view directory, std::string_view name);

}  // namespace sextant::tokenizer
