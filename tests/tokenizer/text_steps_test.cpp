#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "files.hpp"
#include "sextant/core/errors.hpp"
#include "sextant/io/json.hpp"

using namespace sextant;
using namespace sextant::tokenizer;

namespace {

using Ids = std::vector<int>;

/// A vocabulary of characters, in which spaces are marks and unknown characters have bytes.
const std::string characters = R"({"<unk>":0,"▁":1,"a":2,"b":3,"▁a":4,"<0xC3>":5,"<0xA9>":6,
    "-":7,"1":8,"2":9,"12":10,"a-":11,"-a":12,"--":13,"b-":14,"é":15,"ab":16})";

/// Ids by a BPE model of those characters behind the given parts of tokenizer.json.
Ids encode(const std::string& text, const std::string& parts, const std::string& model = "{}") {
  auto json = io::parse_json(R"({"version":"1.0","normalizer":null,"pre_tokenizer":null,
    "post_processor":null,"decoder":null,
    "model":{"type":"BPE","unk_token":"<unk>","fuse_unk":true,"byte_fallback":false,
             "merges":["▁ a","1 2","a -","- a","- -","b -","a b"]}})",
                             "test");
  json["model"]["vocab"] = io::parse_json(characters, "test");
  json.merge_patch(io::parse_json(parts, "parts"));
  json["model"].merge_patch(io::parse_json(model, "model"));
  TokenizerFiles files;
  files.tokenizer_json = json.dump();
  return parse_tokenizer(files, "m")->encode(text, false);
}

std::string split_at_dash(const std::string& behavior, bool invert = false) {
  return R"({"pre_tokenizer":{"type":"Split","pattern":{"String":"-"},"behavior":")" + behavior +
         R"(","invert":)" + (invert ? "true" : "false") + "}}";
}

}  // namespace

TEST_CASE("pieces are arranged by behaviour, and merges do not cross them") {
  // Of "a--a-b": whole, the merges make a- -a - b of it... by rank: "a -" first, wherever it
  // stands.
  CHECK(encode("a--a-b", "{}") == Ids{11, 7, 11, 3});
  CHECK(encode("a--a-b", split_at_dash("Removed")) == Ids{2, 2, 3});
  CHECK(encode("a--a-b", split_at_dash("Isolated")) == Ids{2, 7, 7, 2, 7, 3});
  CHECK(encode("a--a-b", split_at_dash("MergedWithPrevious")) == Ids{11, 7, 11, 3});
  CHECK(encode("a--a-b", split_at_dash("MergedWithNext")) == Ids{2, 7, 12, 7, 3});
  CHECK(encode("a--a-b", split_at_dash("Contiguous")) == Ids{2, 13, 2, 7, 3});
  CHECK(encode("a--a-b", split_at_dash("Removed", true)) == Ids{7, 7, 7});
}

TEST_CASE("expressions cut, and \\s is every white space") {
  const auto with = [](const std::string& expression) {
    return R"({"pre_tokenizer":{"type":"Split","pattern":{"Regex":")" + expression +
           R"("},"behavior":"Removed"}})";
  };
  CHECK(encode("ab\va\u0085b a", with("\\\\s+")) == Ids{16, 2, 3, 2});
  CHECK(encode("a1a\u24d0b", with("[^\\\\w]|1")) ==
        Ids{2, 2, 0, 3});  // a circled letter is a word's
  CHECK(encode("ab12", with("(?<=a)b|1(?=2)")) == Ids{2, 9});
  CHECK_THROWS_WITH_AS(encode("a", with("(")),
                       doctest::Contains("m/tokenizer.json: pre_tokenizer.pattern.Regex: is not a "
                                         "regular expression"),
                       InputError);
}

TEST_CASE("digits stand alone, or in runs") {
  const auto with = [](bool individually) {
    return std::string(R"({"pre_tokenizer":{"type":"Digits","individual_digits":)") +
           (individually ? "true}}" : "false}}");
  };
  CHECK(encode("a12b", with(false)) == Ids{2, 10, 3});
  CHECK(encode("a12b", with(true)) == Ids{2, 8, 9, 3});
}

TEST_CASE("normalizers put marks for spaces, and forms") {
  const std::string marks = R"({"normalizer":{"type":"Sequence","normalizers":[
      {"type":"Prepend","prepend":"▁"},
      {"type":"Replace","pattern":{"String":" "},"content":"▁"}]}})";
  CHECK(encode("a b", marks) == Ids{4, 1, 3});
  CHECK(encode("e\u0301", R"({"normalizer":{"type":"NFC"}})") == Ids{15});
  CHECK(encode("A", R"({"normalizer":{"type":"Lowercase"}})") == Ids{2});
  CHECK(encode("a", R"({"normalizer":{"type":"Replace","pattern":{"Regex":"[a-c]"},
                        "content":"12"}})") == Ids{10});
}

TEST_CASE("marks by Metaspace: before every piece, none, or the first alone") {
  const auto with = [](const std::string& scheme, bool splits) {
    return R"({"pre_tokenizer":{"type":"Metaspace","replacement":"▁","prepend_scheme":")" + scheme +
           R"(","split":)" + (splits ? "true" : "false") + R"(},
           "added_tokens":[{"id":17,"content":"<x>","special":true,"normalized":false}]})";
  };
  CHECK(encode("a<x>a", with("always", true)) == Ids{4, 17, 4});
  CHECK(encode("a<x>a", with("first", true)) == Ids{4, 17, 2});
  CHECK(encode("a<x>a", with("never", true)) == Ids{2, 17, 2});
  CHECK(encode("a a", with("never", true)) == Ids{2, 4});
}

TEST_CASE("characters without a token: bytes, once or each the unknown one, or nothing") {
  CHECK(encode("aéb", "{}") == Ids{2, 15, 3});
  CHECK(encode("a\u00e8\u00e8b", "{}") == Ids{2, 0, 3});
  CHECK(encode("a\u00e8\u00e8b", "{}", R"({"fuse_unk":false})") == Ids{2, 0, 0, 3});
  CHECK(encode("a\u00e8b", "{}", R"({"unk_token":null})") == Ids{16});
  // U+00E9 is C3 A9; without a token of its own it is its bytes. Of U+00E8, A8 is missing.
  const std::string bytes = R"({"byte_fallback":true,"vocab":{"é":null}})";
  CHECK(encode("é", "{}", bytes) == Ids{5, 6});
  CHECK(encode("\u00e8", "{}", bytes) == Ids{0});
}

TEST_CASE("decoders join, from bytes and from marks") {
  auto json = io::parse_json(R"({"version":"1.0","normalizer":null,"pre_tokenizer":null,
    "post_processor":null,"decoder":{"type":"Sequence","decoders":[
      {"type":"Replace","pattern":{"String":"▁"},"content":" "},{"type":"ByteFallback"},
      {"type":"Fuse"},{"type":"Strip","content":" ","start":1,"stop":0}]},
    "model":{"type":"BPE","merges":[]}})",
                             "test");
  json["model"]["vocab"] = io::parse_json(characters, "test");
  TokenizerFiles files;
  files.tokenizer_json = json.dump();
  const auto tokenizer = parse_tokenizer(files, "m");
  CHECK(tokenizer->decode(Ids{4, 5, 6, 4}, false) == "aé a");
  CHECK(tokenizer->decode(Ids{1, 4}, false) == " a");
  CHECK(tokenizer->decode(Ids{5, 2}, false) == "\uFFFDa");  // half of a character
}

TEST_CASE("nothing stands behind ByteLevel and Metaspace") {
  CHECK_THROWS_WITH_AS(
      encode("a", R"({"pre_tokenizer":{"type":"Sequence","pretokenizers":[
                      {"type":"Metaspace"},{"type":"Digits"}]}})"),
      doctest::Contains("pretokenizers[1].type: \"Digits\" stands behind ByteLevel or Metaspace"),
      InputError);
}
