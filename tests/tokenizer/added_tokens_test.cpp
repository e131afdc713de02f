#include <doctest/doctest.h>

#include "files.hpp"
#include "sextant/core/errors.hpp"

using namespace sextant;
using namespace sextant::tokenizer;

namespace {

using Ids = std::vector<int>;

/// The byte-level tokenizer with "<x>" as its token 18.
std::unique_ptr<Tokenizer> with_token(const std::string& flags) {
  TokenizerFiles files = bpe_files();
  files.tokenizer_config =
      R"({"added_tokens_decoder":{"17":{"content":"<|endoftext|>","special":true},)"
      R"("18":{"content":"<x>",)" +
      flags + R"("special":false}}})";
  return parse_tokenizer(files, "m");
}

}  // namespace

TEST_CASE("added tokens take white space where they strip it") {
  CHECK(with_token("")->encode("a <x> b", false) == Ids{0, 5, 18, 5, 1});
  CHECK(with_token(R"("lstrip":true,)")->encode("a \n<x> b", false) == Ids{0, 18, 5, 1});
  CHECK(with_token(R"("rstrip":true,)")->encode("a <x> \u2003b", false) == Ids{0, 5, 18, 1});
  CHECK(with_token(R"("lstrip":true,"rstrip":true,)")->encode(" <x>  <x> ", false) == Ids{18, 18});
}

TEST_CASE("single words do not touch word characters") {
  const auto tokenizer = with_token(R"("single_word":true,)");
  TokenizerFiles files = bpe_json(R"({"model":{"vocab":{"<":18,"x":19,">":20}},
    "added_tokens":[{"id":21,"content":"<x>","single_word":true,"lstrip":false,"rstrip":false,
                     "normalized":false,"special":false}]})");
  const auto letters = parse_tokenizer(files, "m");
  CHECK(letters->encode("a<x>", false) == Ids{0, 18, 19, 20});
  CHECK(letters->encode("<x>1", false) == Ids{18, 19, 20, 15});
  CHECK(letters->encode("!<x> a", false) == Ids{16, 21, 5, 0});
  CHECK(letters->encode("<x>", false) == Ids{21});
  CHECK(tokenizer->encode("!<x>!", false) == Ids{16, 18, 16});
}

TEST_CASE("of several added tokens the leftmost and then the longest is taken") {
  TokenizerFiles files = bpe_files();
  files.added_tokens = R"({"<a":18,"<ab>":19,"b><":20})";
  const auto tokenizer = parse_tokenizer(files, "m");
  CHECK(tokenizer->encode("<ab>", false) == Ids{19});
  CHECK(tokenizer->encode("<ab><ab>", false) == Ids{19, 19});
  CHECK(tokenizer->encode("b><a", false) == Ids{20, 0});
}

TEST_CASE("normalised added tokens are looked for in normalised text") {
  TokenizerFiles files = word_piece_files();
  files.tokenizer_config =
      R"({"added_tokens_decoder":{"16":{"content":"Foo","normalized":true,"single_word":true},
                                  "17":{"content":"Bar","normalized":false}}})";
  const auto tokenizer = parse_tokenizer(files, "m");
  CHECK(tokenizer->encode("un FOO", false) == Ids{5, 16});
  CHECK(tokenizer->encode("un foó", false) == Ids{5, 16});
  CHECK(tokenizer->encode("un Bar", false) == Ids{5, 17});
  CHECK(tokenizer->encode("un bar", false) == Ids{5, 1});
  CHECK(tokenizer->decode(Ids{16, 17}, false) == "foo Bar");
}

TEST_CASE("roles make tokens special and add what the vocabulary lacks") {
  TokenizerFiles files = bpe_files();
  files.tokenizer_config = R"({"pad_token":"<pad>","add_bos_token":true,"add_eos_token":true})";
  files.special_tokens_map = R"({"eos_token":{"content":"!","lstrip":true}})";
  const auto tokenizer = parse_tokenizer(files, "m");
  CHECK(tokenizer->id("<pad>") == 18);
  CHECK(tokenizer->encode("a !<pad>", false) == Ids{0, 16, 18});
  CHECK(tokenizer->encode("a", true) == Ids{17, 0, 16});
  CHECK(tokenizer->decode(Ids{18, 0, 16}, true) == "a");
}

TEST_CASE("a token of added_tokens.json is special where a file names it as a string") {
  TokenizerFiles files = word_piece_files();
  files.added_tokens = R"({"<x>":16})";
  const auto decoded = [&] {
    const auto tokenizer = parse_tokenizer(files, "m");
    CHECK(tokenizer->encode("<x>", false) == Ids{16});
    return std::pair(tokenizer->encode("<X>", false).size(), tokenizer->decode(Ids{16, 5}, true));
  };
  CHECK(decoded() == std::pair<std::size_t, std::string>{1, "<x> un"});  // normalised, ordinary
  files.tokenizer_config = R"({"pad_token":"<x>"})";
  CHECK(decoded() == std::pair<std::size_t, std::string>{3, "un"});
  files.tokenizer_config = R"({"pad_token":{"__type":"AddedToken","content":"<x>"}})";
  CHECK(decoded() == std::pair<std::size_t, std::string>{1, "un"});  // special, but normalised
  files.tokenizer_config = R"({"additional_special_tokens":["<x>"]})";
  CHECK(decoded() == std::pair<std::size_t, std::string>{3, "un"});
  files.tokenizer_config = "{}";
  files.special_tokens_map = R"({"additional_special_tokens":["<x>"]})";
  CHECK(decoded() == std::pair<std::size_t, std::string>{1, "<x> un"});
}
