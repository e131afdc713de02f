// Any text through byte-level BPE: rejected when it is not UTF-8, otherwise its tokens spell it.

#include <cstdint>

#include "fuzz/check_tokenizer.hpp"
#include "sextant/io/json.hpp"
#include "sextant/tokenizer/load.hpp"

using namespace sextant;

namespace {

/// Every byte, and joins that overlap in many ways.
std::unique_ptr<tokenizer::Tokenizer> make_tokenizer() {
  io::Json vocabulary = io::Json::object();
  const auto add = [&](const std::string& token) {
    if (!vocabulary.contains(token)) vocabulary[token] = vocabulary.size();
  };
  for (char32_t c = 0x21; c < 0x144; ++c) {  // the visible Latin-1 characters and U+0100 to U+0143
    if ((c > 0x7E && c < 0xA1) || c == 0xAD) continue;
    std::string symbol;
    if (c < 0x80) {
      symbol = static_cast<char>(c);
    } else {
      symbol = {static_cast<char>(0xC0 | (c >> 6)), static_cast<char>(0x80 | (c & 0x3F))};
    }
    add(symbol);
  }
  std::string merges;
  for (const std::string merge :
       {"a a", "aa a", "aa aa", "a b", "b a", "ab ab", "Ġ a", "Ġ Ġ", "ĠĠ a", "' s", "Ã ©", "1 1",
        "Ġa b", "aaa b", "Ċ Ċ", "! !", "!! !!"}) {
    const std::size_t space = merge.find(' ');
    add(merge.substr(0, space) + merge.substr(space + 1));
    merges += merge + '\n';
  }
  add("<|endoftext|>");
  tokenizer::TokenizerFiles files;
  files.vocab_json = vocabulary.dump();
  files.merges = merges;
  files.model_config = R"({"model_type":"gpt2"})";
  return tokenizer::parse_tokenizer(files, "made");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const auto tokenizer = make_tokenizer();
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::vector<int> ids = fuzz::checked_ids(*tokenizer, text);
  if (!ids.empty()) fuzz::expect(tokenizer->decode(ids, false) == text, "tokens spell the text");
  return 0;
}
