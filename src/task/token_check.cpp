#include "sextant/task/token_check.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "sextant/core/errors.hpp"

namespace sextant::task {

void check_tokens(std::span<const int> tokens, int vocabulary,
                  const tokenizer::Tokenizer& tokenizer, std::string_view file,
                  std::string_view place) {
  for (const int token : tokens) {
    if (token < vocabulary) continue;
    throw InputError(
        file, place,
        fmt::format("holds the token \"{}\", number {}, but the model's embedding has {} rows: the "
                    "tokenizer is larger than the model, as when tokens were added to it alone; "
                    "use the tokenizer that the model was trained with",
                    tokenizer.token(token), token, vocabulary));
  }
}

std::string surplus_tokens(const tokenizer::Tokenizer& tokenizer, int vocabulary) {
  const std::size_t tokens = tokenizer.vocabulary_size();
  const auto rows = static_cast<std::size_t>(std::max(vocabulary, 0));
  if (tokens <= rows) return {};
  return fmt::format(
      "the tokenizer has {} tokens, the embedding {} rows: texts with one of the last {} are "
      "refused",
      tokens, rows, tokens - rows);
}

}  // namespace sextant::task
