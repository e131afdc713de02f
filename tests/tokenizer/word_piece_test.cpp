#include <doctest/doctest.h>

#include "files.hpp"
#include "sextant/core/errors.hpp"

using namespace sextant;
using namespace sextant::tokenizer;

namespace {

using Ids = std::vector<int>;

constexpr int unknown = 1;

Ids pieces(std::string_view text, const std::string& configuration = "{}") {
  TokenizerFiles files = word_piece_files();
  files.tokenizer_config = configuration;
  return parse_tokenizer(files, "m")->encode(text, false);
}

}  // namespace

TEST_CASE("words are covered by the longest pieces from the left") {
  CHECK(pieces("unaffable") == Ids{5, 6, 7});
  CHECK(pieces("able") == Ids{8});
  CHECK(pieces("unable") == Ids{5, 7});
  CHECK(pieces("unaffableness") == Ids{unknown});  // one piece missing: the whole word
  CHECK(pieces("un affable") == Ids{5, unknown});
  CHECK(pieces("") == Ids{});
  CHECK(pieces(" \n\t ") == Ids{});
}

TEST_CASE("the template surrounds the text") {
  const auto tokenizer = parse_tokenizer(word_piece_files(), "m");
  CHECK(tokenizer->encode("un able", true) == Ids{2, 5, 8, 3});
  CHECK(tokenizer->encode("", true) == Ids{2, 3});
  CHECK(tokenizer->decode(Ids{2, 5, 7, 9, 3}, false) == "[CLS] unable. [SEP]");
  CHECK(tokenizer->decode(Ids{2, 5, 7, 9, 3}, true) == "unable.");
}

TEST_CASE("truncation and padding are not applied") {
  const auto tokenizer = parse_tokenizer(word_piece_json(), "m");
  CHECK(tokenizer->encode("un un un un un un", true) == Ids{2, 5, 5, 5, 5, 5, 5, 3});
  CHECK(tokenizer->encode("un", true) == Ids{2, 5, 3});
}

TEST_CASE("text is cleaned, lower-cased and cut as in BERT") {
  CHECK(pieces("UN.Able!") == Ids{5, 9, 8, 14});
  CHECK(pieces("Café") == Ids{10});                        // one code point
  CHECK(pieces("Cafe\u0301") == Ids{10});                  // two
  CHECK(pieces("un\u00ADa\u200Bffable") == Ids{5, 6, 7});  // format characters vanish
  CHECK(pieces(std::string_view("un\0able", 7)) == Ids{5, 7});
  CHECK(pieces("un\u00A0able\u3000un") == Ids{5, 8, 5});
  CHECK(pieces("un中able") == Ids{5, 11, 8});              // an ideograph is a word of its own
  CHECK(pieces("$+`") == Ids{unknown, unknown, unknown});  // ASCII symbols are punctuation
  CHECK(pieces("€€") == Ids{unknown});                     // other symbols are not
  CHECK(pieces("ẞ") == Ids{13});
}

TEST_CASE("tokenizer_config.json sets case, accents and ideographs") {
  CHECK(pieces("CAFE", R"({"do_lower_case":false})") == Ids{unknown});
  CHECK(pieces("café", R"({"do_lower_case":false})") == Ids{unknown});
  CHECK(pieces("café", R"({"do_lower_case":false,"strip_accents":true})") == Ids{10});
  CHECK(pieces("CAFE", R"({"strip_accents":false})") == Ids{10});
  CHECK(pieces("CAFÉ", R"({"strip_accents":false})") == Ids{unknown});
  CHECK(pieces("CAFÉ", R"({"strip_accents":null})") == Ids{10});
  CHECK(pieces("中able", R"({"tokenize_chinese_chars":false})") == Ids{11, 7});
}

TEST_CASE("words longer than the limit are unknown, counted in code points") {
  const auto encode = [](std::size_t length) {
    return pieces("un" + std::string(length - 3, 'a') + "x");
  };
  CHECK(encode(100).size() == 99);
  CHECK(encode(101) == Ids{unknown});
  const auto limited =
      parse_tokenizer(word_piece_json(R"({"model":{"max_input_chars_per_word":1}})"), "m");
  CHECK(limited->encode("中 ß un", false) == Ids{11, 13, unknown});
}

TEST_CASE("special tokens in the text are found before it is lower-cased") {
  CHECK(pieces("un [MASK] able") == Ids{5, 4, 8});
  CHECK(pieces("un[MASK]able") == Ids{5, 4, 8});
  CHECK(pieces("[mask]") == Ids{unknown, unknown, unknown});
}

TEST_CASE("both layouts give the same ids") {
  for (const char* text : {"Unaffable [CLS] 中able.", "café [SEP]!", "x"}) {
    CHECK(parse_tokenizer(word_piece_json(), "m")->encode(text, true) ==
          parse_tokenizer(word_piece_files(), "m")->encode(text, true));
  }
}

TEST_CASE("marks that are younger than the reference's tables are not put in canonical order") {
  // By today's classes U+1DF9 goes before U+1DF7; both came with Unicode 10.
  TokenizerFiles files = word_piece_files();
  files.vocab_txt = "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\na\n##\u1df7\n##\u1df9\n";
  const auto tokenizer = parse_tokenizer(files, "m");
  CHECK(tokenizer->encode("a\u1df7\u1df9", false) == Ids{5, 6, 7});
  CHECK(tokenizer->encode("a\u1df9\u1df7", false) == Ids{5, 7, 6});
  CHECK(tokenizer->encode("a\u0301\u1df9", false) == Ids{5, 7});  // an old mark is still removed
}
