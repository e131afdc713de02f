#pragma once

#include <string_view>
#include <vector>

#include "fuzz/expect.hpp"
#include "sextant/core/errors.hpp"
#include "sextant/tokenizer/tokenizer.hpp"

namespace sextant::fuzz {

/// Encodes `text` and stops the process when the ids make no sense. Empty when it was rejected.
inline std::vector<int> checked_ids(const tokenizer::Tokenizer& tokenizer, std::string_view text) {
  std::vector<int> ids;
  try {
    ids = tokenizer.encode(text, true);
  } catch (const ArgumentError&) {
    return ids;
  }
  const std::vector<int> bare = tokenizer.encode(text, false);
  expect(bare.size() <= ids.size(), "special tokens only add");
  for (const int id : ids) {
    expect(id >= 0 && static_cast<std::size_t>(id) < tokenizer.vocabulary_size(), "known ids");
    expect(tokenizer.id(tokenizer.token(id)) == id, "names and ids agree");
  }
  tokenizer.decode(ids, true);
  tokenizer.decode(ids, false);
  return ids;
}

}  // namespace sextant::fuzz
