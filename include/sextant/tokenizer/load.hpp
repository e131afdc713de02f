#pragma once

/// Tokenizers from model directories in the Hugging Face layout.

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sextant/tokenizer/tokenizer.hpp"

namespace sextant::tokenizer {

/// The release of the `transformers` library whose tokens are meant, "the reference".
inline constexpr std::string_view reference_release = "5.24.0";

/// The contents of a directory's files that say something about its tokenizer, where present.
struct TokenizerFiles {
  std::optional<std::string> tokenizer_json = {};      ///< tokenizer.json
  std::optional<std::string> vocab_json = {};          ///< vocab.json, with
  std::optional<std::string> merges = {};              ///< merges.txt
  std::optional<std::string> vocab_txt = {};           ///< vocab.txt
  std::optional<std::string> tokenizer_config = {};    ///< tokenizer_config.json
  std::optional<std::string> special_tokens_map = {};  ///< special_tokens_map.json
  std::optional<std::string> added_tokens = {};        ///< added_tokens.json
  std::optional<std::string> model_config = {};        ///< config.json
};

/// A tokenizer, and what its files say that it is not.
struct TokenizerReading {
  std::unique_ptr<Tokenizer> tokenizer;  ///< Never null.
  /// The class of the `transformers` library whose rules were followed, such as "BertTokenizer",
  /// and where it was found: "config.json: model_type bert".
  std::string class_name;
  std::string class_reason;
  /// A sentence for each thing that was found in the files and not used as it stands there: a file
  /// that another one takes the place of, a part of tokenizer.json or a setting that the class does
  /// not read and that says otherwise, lines of vocab.txt that are repeated, a token that only the
  /// class names, and a new token with an id in use. Empty when the files agree.
  std::vector<std::string> notes;
  /// The first note, and how many more there are; empty without any. For one line of a warning.
  std::string notes_line() const;
};

/// The tokenizer of a model directory: byte-level BPE (GPT-2, RoBERTa) or WordPiece (BERT).
///
/// The files mean what the class of the `transformers` library (release 5.24.0) that reads them
/// makes of them. The class is the one that tokenizer_config.json names ("tokenizer_class"), else
/// the one that config.json names, else the one that its "model_type" stands for, else the one that
/// takes tokenizer.json as it stands; "...Fast" makes no difference.
///
/// - TokenizersBackend (PreTrainedTokenizerFast) takes tokenizer.json as it stands, and reads no
///   setting of case, accents, ideographs, space in front or begin and end.
/// - BertTokenizer (also of DistilBERT and ELECTRA) takes the vocabulary of tokenizer.json, without
///   that file vocab.txt, and nothing else of it but the added tokens: lower case unless
///   "do_lower_case" says otherwise, accents as "strip_accents" says or else as the case does,
///   ideographs set apart unless "tokenize_chinese_chars" says otherwise, cls_token in front of a
///   text and sep_token behind it.
/// - GPT2Tokenizer takes vocabulary, merges and template of tokenizer.json, without that file
///   vocab.json and merges.txt: a space in front only if "add_prefix_space" says so; begin and end
///   token as "add_bos_token" and "add_eos_token" say, but only without tokenizer.json.
/// - RobertaTokenizer does so too, but with cls_token in front and sep_token behind always.
///
/// With these the ids are those of that release. Differences, all deliberate:
///
/// - Truncation and padding in tokenizer.json are not applied: a text too long for a model is for
///   the caller to reject, not to be cut in silence.
/// - A byte without a token is an `ArgumentError` when encoding; there it vanishes from the text.
/// - A vocabulary without the tokens that BertTokenizer or RobertaTokenizer puts around a text is
/// an
///   `InputError`, where no file declares others; there they get ids that no model knows.
/// - An added token that a file gives another id than it would get is an `InputError`; there the
///   id in the file is ignored.
///
/// Throws `InputError` naming file and place when the files of the class are missing or not valid
/// JSON or UTF-8, the class, the kind of model, a normaliser, pre-tokeniser, post-processor or an
/// option that changes the tokens is not supported, the vocabulary is empty, ids of vocab.json or
/// tokenizer.json are repeated or contradict each other, a merge names an unknown token, or a token
/// that the template or the model needs is missing.
/// Cost: linear in the size of the files. Deterministic.
TokenizerReading read_tokenizer(const std::filesystem::path& directory);

/// The same from the contents of the files; `directory` only appears in messages.
TokenizerReading read_tokenizer(const TokenizerFiles& files, std::string_view directory);

/// The tokenizer alone.
std::unique_ptr<Tokenizer> load_tokenizer(const std::filesystem::path& directory);
std::unique_ptr<Tokenizer> parse_tokenizer(const TokenizerFiles& files, std::string_view directory);

}  // namespace sextant::tokenizer
