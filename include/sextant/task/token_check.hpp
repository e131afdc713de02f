#pragma once

/// Tokenizers that know more tokens than their model.

#include <span>
#include <string>
#include <string_view>

#include "sextant/tokenizer/tokenizer.hpp"

namespace sextant::task {

/// Throws `InputError` naming `file`, `place` and the token unless every one of `tokens` has a row
/// in the model's embedding of `vocabulary` rows.
void check_tokens(std::span<const int> tokens, int vocabulary,
                  const tokenizer::Tokenizer& tokenizer, std::string_view file,
                  std::string_view place);

/// A sentence for tokenizers with tokens that the model's embedding of `vocabulary` rows lacks;
/// empty for others.
std::string surplus_tokens(const tokenizer::Tokenizer& tokenizer, int vocabulary);

}  // namespace sextant::task
