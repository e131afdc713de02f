#include "sextant/task/token_check.hpp"

#include <fmt/format.h>

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

}  // namespace sextant::task
