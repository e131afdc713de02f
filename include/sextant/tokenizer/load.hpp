#pragma once

/// Tokenizers from model directories in the Hugging Face layout.

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "sextant/tokenizer/tokenizer.hpp"

namespace sextant::tokenizer {

/// The contents of a directory's tokenizer files, where present.
struct TokenizerFiles {
  std::optional<std::string> tokenizer_json;      ///< tokenizer.json
  std::optional<std::string> vocab_json;          ///< vocab.json, with
  std::optional<std::string> merges;              ///< merges.txt
  std::optional<std::string> vocab_txt;           ///< vocab.txt
  std::optional<std::string> tokenizer_config;    ///< tokenizer_config.json
  std::optional<std::string> special_tokens_map;  ///< special_tokens_map.json
  std::optional<std::string> added_tokens;        ///< added_tokens.json
};

/// The tokenizer of a model directory: byte-level BPE (GPT-2) or WordPiece (BERT).
///
/// Read from tokenizer.json where there is one, otherwise from vocab.json and merges.txt (GPT-2) or
/// vocab.txt (BERT). What tokenizer_config.json says of lower case, accents, ideographs, a space in
/// front, added tokens and a begin or end token takes precedence over tokenizer.json, as in the
/// `transformers` library, whose fast tokenizers give the same ids. Differences, all deliberate:
///
/// - Truncation and padding in tokenizer.json are not applied: a text too long for a model is for
///   the caller to reject, not to be cut in silence.
/// - A byte without a token is an `ArgumentError` when encoding; there it vanishes from the text.
/// - "<|endoftext|>" is no token of a vocabulary that neither holds nor declares it.
///
/// Throws `InputError` naming file and place when files are missing or not valid JSON or UTF-8, a
/// kind of model, normaliser, pre-tokeniser, post-processor or option is not supported, the
/// vocabulary is empty, ids are repeated, leave holes or contradict each other, a merge names an
/// unknown token, or a token that the template or the model needs is missing.
/// Cost: linear in the size of the files.
std::unique_ptr<Tokenizer> load_tokenizer(const std::filesystem::path& directory);

/// The same from the contents of the files; `directory` only appears in messages.
std::unique_ptr<Tokenizer> parse_tokenizer(const TokenizerFiles& files, std::string_view directory);

}  // namespace sextant::tokenizer
