// Any text through WordPiece, with the flags of BERT's normaliser taken from the first byte.

#include <array>
#include <cstdint>

#include "fuzz/check_tokenizer.hpp"
#include "sextant/tokenizer/load.hpp"

using namespace sextant;

namespace {

constexpr unsigned flag_sets = 8;

std::unique_ptr<tokenizer::Tokenizer> make_tokenizer(unsigned flags) {
  const auto flag = [&](unsigned bit) { return (flags >> bit & 1U) != 0 ? "true" : "false"; };
  tokenizer::TokenizerFiles files;
  files.vocab_txt =
      "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\na\nb\n##a\n##b\nab\n##ab\n##ba\n.\n!\ne\n##e\n\u00E9\n"
      "##\u00E9\n\u4E2D\n\u03C3\n##\u03C3\ni\u0307\n1\n##1\n##11\n";
  files.model_config = R"({"model_type":"bert"})";
  files.tokenizer_config = std::string("{\"do_lower_case\":") + flag(0) +
                           ",\"strip_accents\":" + flag(1) +
                           ",\"tokenize_chinese_chars\":" + flag(2) +
                           R"(,"added_tokens_decoder":{"25":{"content":"<Left>","lstrip":true},
                              "26":{"content":"<Word>","single_word":true,"rstrip":true}}})";
  return tokenizer::parse_tokenizer(files, "made");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const auto tokenizers = [] {
    std::array<std::unique_ptr<tokenizer::Tokenizer>, flag_sets> all;
    for (unsigned flags = 0; flags < flag_sets; ++flags) all[flags] = make_tokenizer(flags);
    return all;
  }();
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  const auto ids = fuzz::checked_ids(*tokenizers[data[0] % flag_sets], text);
  if (!ids.empty()) fuzz::expect(ids.front() == 2 && ids.back() == 3, "[CLS] first and [SEP] last");
  return 0;
}
