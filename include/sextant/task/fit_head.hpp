#pragma once

/// A linear readout of an encoder, fitted on labelled sentences.

#include <cstddef>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "sextant/model/directory.hpp"
#include "sextant/model/weights.hpp"
#include "sextant/readout/linear_head.hpp"
#include "sextant/task/labelled_text.hpp"
#include "sextant/tokenizer/tokenizer.hpp"

namespace sextant::task {

/// `readout::fit_ridge` on the embeddings of `data`, which come from `file`, pooled as the model's
/// directory asks (`readout::read_sentence_settings`); the head remembers how. `on_progress`
/// gets the number of sentences embedded so far and may be empty.
///
/// Throws `InputError` naming the file and, where there is one, the line, for fewer than
/// `readout::fewest_ridge_examples` sentences, labels that are all equal, a sentence that is not
/// UTF-8 or longer than the model's context; `NumericalError` when an embedding is not finite.
/// Cost: a forward pass over all sentences and one singular value decomposition.
readout::RidgeFit fit_head(const model::Weights<float>& weights,
                           const tokenizer::Tokenizer& tokenizer, const readout::Pooling& pooling,
                           const std::vector<LabelledText>& data, std::string_view file,
                           const std::function<void(std::size_t)>& on_progress = {});

/// A sentence encoder as a head is fitted for it.
struct SentenceEncoder {
  std::filesystem::path directory = {};  ///< Empty when it was not loaded.
  model::Weights<float> weights = {};
  std::shared_ptr<const tokenizer::Tokenizer> tokenizer = {};
  readout::Pooling pooling = {};  ///< As the directory asks (`readout::read_sentence_settings`).
  std::optional<int> max_length = {};  ///< Likewise; sentences are not cut, see `fit_head`.
  /// What was read otherwise than the directory's files may have meant, and what is not used.
  model::DirectoryNotes notes = {};
};

/// Reads an encoder's directory. Throws `InputError` naming the file for a model that takes no head
/// (a decoder, whose readout is its prompt's labels, and models of rows and of series, which have
/// one) and for whatever is wrong in the files.
SentenceEncoder load_sentence_encoder(const std::filesystem::path& directory);

/// The same as above with what was loaded. Sentences longer than `max_length` tokens, which
/// sentence-transformers would cut, are embedded in full, and `warnings` says how many they are.
/// Throws `ArgumentError` without a tokenizer. An embedding that is not finite is an `InputError`
/// naming the weight to blame, where the directory is known and a weight is.
readout::RidgeFit fit_head(const SentenceEncoder& encoder, const std::vector<LabelledText>& data,
                           std::string_view file,
                           const std::function<void(std::size_t)>& on_progress = {});

}  // namespace sextant::task
