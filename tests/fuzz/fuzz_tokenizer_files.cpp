// Any texts as the files of a tokenizer: rejected with an InputError, or a tokenizer that works.
//
// An input is a list of pieces with the byte 0xFF, which no text holds, between them: a text to
// encode, then tokenizer.json, tokenizer_config.json, special_tokens_map.json, added_tokens.json,
// vocab.json, merges.txt, vocab.txt and config.json, of which the empty ones are missing.

#include <array>
#include <cstdint>

#include "fuzz/check_tokenizer.hpp"
#include "sextant/tokenizer/load.hpp"

using namespace sextant;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  const auto next = [&] {
    const std::size_t end = rest.find('\xFF');
    const std::string_view piece = rest.substr(0, end);
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
    return piece;
  };
  const std::string_view text = next();
  tokenizer::TokenizerFiles files;
  for (auto* file : {&files.tokenizer_json, &files.tokenizer_config, &files.special_tokens_map,
                     &files.added_tokens, &files.vocab_json, &files.merges, &files.vocab_txt,
                     &files.model_config}) {
    if (const std::string_view piece = next(); !piece.empty()) file->emplace(piece);
  }
  try {
    fuzz::checked_ids(*tokenizer::parse_tokenizer(files, "input"), text);
  } catch (const InputError&) {
  }
  return 0;
}
