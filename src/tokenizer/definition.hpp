#pragma once

/// What a model directory says about its tokenizer, whichever files it says it in.

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "added_vocabulary.hpp"
#include "sextant/io/json.hpp"
#include "sextant/tokenizer/load.hpp"
#include "text_steps.hpp"
#include "vocabulary.hpp"

namespace sextant::tokenizer {

struct BpeOptions {
  std::vector<NormalizerStep> normalizer;
  std::vector<SplitStep> splits;  ///< Before the last two cut what is left.
  bool byte_level = true;         ///< Merges bytes; otherwise characters.
  bool add_prefix_space = false;  ///< Puts a space before a piece that does not begin with one.
  bool use_regex = true;          ///< Cuts pieces into words as GPT-2; otherwise they are words.
  std::optional<Metaspace> metaspace;  ///< Of characters alone.
  bool ignore_merges = false;          ///< A word that is a token needs no merges.
  bool byte_fallback = false;          ///< <0x41> and so on for characters that are no token.
  std::optional<std::string> unknown;  ///< Stands for what the vocabulary lacks.
  bool fuse_unknown = false;           ///< Once for characters that follow each other.
  std::vector<DecoderStep> decoder = {ByteLevelNames{}};
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

  bool strips_accents() const { return strip_accents.value_or(lowercase); }
};

struct Merge {
  std::string left;
  std::string right;
  std::string place;  ///< Where it stands, for messages.
};

/// Ids that encoding with special tokens puts before a text and behind it.
struct Surroundings {
  std::vector<int> prefix;
  std::vector<int> suffix;
  bool operator==(const Surroundings&) const = default;
};

struct Definition {
  std::string file;         ///< That the vocabulary comes from, and
  std::string merges_file;  ///< the merges, for messages.
  std::variant<BpeOptions, WordPieceOptions> model;
  Vocabulary vocabulary;      ///< Of the model.
  std::vector<Merge> merges;  ///< In order of rank.
  AddedVocabulary added;      ///< The tokens looked for in the text itself.
  Surroundings surroundings;
};

/// The id of an added token or a token of the model.
std::optional<int> find_token(const Definition& definition, std::string_view token);

/// tokenizer.json, parsed once. Every function throws `InputError`.
class TokenizerJson {
 public:
  TokenizerJson(const std::string& text, std::string_view directory);

  /// The vocabulary and merges alone, of a model of `type`, "BPE" or "WordPiece".
  void read_vocabulary(std::string_view type, Definition& definition) const;
  /// The vocabulary and merges, and all options of the model and its surroundings.
  void read_model(Definition& definition) const;
  /// The list of added tokens.
  std::vector<DeclaredToken> added_tokens() const;
  /// The template. Every token of `definition` must be known.
  Surroundings read_template(const Definition& definition) const;

  io::JsonObject top() const { return {json_, file_}; }

 private:
  std::string file_;
  io::Json json_;
};

/// vocab.json with merges.txt. Throws `InputError`.
void read_byte_level_files(const TokenizerFiles& files, std::string_view directory,
                           Definition& definition);
/// vocab.txt: a token on each line, white space at its end left out, with the number of the line
/// from 0 on as its id. Of a token on several lines, an empty one too, the last counts, and the
/// ids of the others belong to no token. Appends a sentence to `notes` where that happens.
/// Throws `InputError`.
void read_word_piece_file(const TokenizerFiles& files, std::string_view directory,
                          Definition& definition, std::vector<std::string>& notes);

/// A vocabulary from an object of names with their ids. `place` is the object's. Throws
/// `InputError` when it is empty, or an id is repeated or not from 0 to 2^30.
Vocabulary read_vocabulary(const io::JsonObject& entries, std::string_view place);

}  // namespace sextant::tokenizer
