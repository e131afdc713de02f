#pragma once

/// A linear readout of an encoder, fitted on labelled sentences.

#include <cstddef>
#include <functional>
#include <string_view>
#include <vector>

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

}  // namespace sextant::task
