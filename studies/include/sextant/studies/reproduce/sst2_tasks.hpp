#pragma once

/// Sentiment of sentences (SST-2), with decoders as in [W, App. J] and with sentence encoders.

#include <cstdint>
#include <filesystem>

#include "sextant/studies/reproduce/study.hpp"

namespace sextant::studies::reproduce {

struct Sst2Options {
  int examples = 10;      ///< Labelled sentences of a prompt, both labels among them.
  int queries = 1;        ///< Further sentences, with known labels.
  bool balanced = false;  ///< As many examples of one label as of the other (one more if odd).
  /// The encoder's head is fitted on the first so many sentences of train_2000.tsv; 0: on all.
  int head_sentences = 0;
  std::uint64_t seed = 1;  ///< Prompt i is drawn from the stream (seed, i).
};

/// `data` holds dev.tsv and, for encoders, train_2000.tsv (sentence<TAB>label, labels 0 and 1).
///
/// Prompts and queries are drawn from dev.tsv without replacement within a prompt; the pilot's come
/// from the other half of the file, so that no sentence serves both. Decoder: template
/// "Text: {x} Label: {y}", labels "0" and "1"; the query's label is what it expects. Encoder: the
/// linear head is fitted on train_2000.tsv alone (`fit-head`).
///
/// Throws `InputError` for files that do not hold what is needed.
Study sst2_study(const std::filesystem::path& model, const std::filesystem::path& data,
                 const Sst2Options& options);

}  // namespace sextant::studies::reproduce
