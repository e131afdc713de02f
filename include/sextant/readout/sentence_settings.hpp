#pragma once

/// What the files of a sentence encoder (the layout of sentence-transformers) ask for.

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "sextant/readout/pooling.hpp"
#include "sextant/tokenizer/tokenizer.hpp"

namespace sextant::readout {

struct SentenceSettings {
  Pooling pooling = {};     ///< Mean, not normalised, where the directory says nothing.
  std::string source = {};  ///< The file that says it; empty where none does.
  /// Tokens after which sentence-transformers cuts a text; here texts are never cut.
  std::optional<int> max_length = {};
  /// What was read otherwise than a file may have meant: one sentence each.
  std::vector<std::string> notes = {};
};

/// Reads modules.json, or, where that is missing, the stages by their folders' names (1_Pooling,
/// 2_Normalize), and sentence_bert_config.json. An encoder in a folder of its own that the
/// modules.json above names is read with those settings. Throws `InputError` that names the stage
/// and its file for everything but mean or [CLS] pooling with or without normalisation: maximum,
/// last token, weighted or several poolings at once, dense and unknown stages, a normalisation of
/// single tokens; and where every pooling is off, or modules.json lists none. A stage that says
/// another width than the encoder's, or [CLS] and nothing of the mean, which versions of
/// sentence-transformers read differently, has a word in `notes`.
SentenceSettings read_sentence_settings(const std::filesystem::path& directory);
/// The same for texts that `tokenizer` reads. Throws also what `check_lower_case` throws.
SentenceSettings read_sentence_settings(const std::filesystem::path& directory,
                                        const tokenizer::Tokenizer& tokenizer);

/// "2 texts are longer than max_seq_length ...": how many of the sequences, examples and queries,
/// sentence-transformers would cut, which is not done here. Empty where there is none.
std::string long_texts_note(const std::optional<int>& max_length,
                            const std::vector<std::vector<int>>& examples,
                            const std::vector<std::vector<int>>& queries = {});

/// Throws `InputError` where sentence_bert_config.json asks for lower case and the tokenizer keeps
/// the case of the letters, so that texts would be read otherwise than by sentence-transformers.
void check_lower_case(const std::filesystem::path& directory,
                      const tokenizer::Tokenizer& tokenizer);

}  // namespace sextant::readout
