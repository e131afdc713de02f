#pragma once

#include "definition.hpp"

namespace sextant::tokenizer {

/// A BPE model's options and what stands around it: normalizer, pre_tokenizer and decoder, each one
/// component or a sequence. Throws `InputError` for what is not supported.
BpeOptions read_bpe_options(const io::JsonObject& top, const io::JsonObject& model);

}  // namespace sextant::tokenizer
