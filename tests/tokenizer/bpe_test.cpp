#include <doctest/doctest.h>

#include "files.hpp"
#include "sextant/core/errors.hpp"
#include "sextant/core/random.hpp"

using namespace sextant;
using namespace sextant::tokenizer;

namespace {

using Ids = std::vector<int>;

Ids bpe(std::string_view text) { return parse_tokenizer(bpe_files(), "m")->encode(text, true); }

/// What BPE is defined by: join the pair of lowest rank, leftmost first, and start over.
Ids joined_naively(Ids ids, const std::vector<std::pair<std::pair<int, int>, int>>& merges) {
  for (;;) {
    std::size_t best_rank = merges.size();
    std::size_t place = 0;
    for (std::size_t i = 0; i + 1 < ids.size(); ++i) {
      for (std::size_t rank = 0; rank < best_rank; ++rank) {
        if (merges[rank].first == std::pair(ids[i], ids[i + 1])) {
          best_rank = rank;
          place = i;
        }
      }
    }
    if (best_rank == merges.size()) return ids;
    ids[place] = merges[best_rank].second;
    ids.erase(ids.begin() + static_cast<std::ptrdiff_t>(place) + 1);
  }
}

}  // namespace

TEST_CASE("pairs of lower rank are joined first") {
  CHECK(bpe("") == Ids{});
  CHECK(bpe("a") == Ids{0});
  CHECK(bpe("ab") == Ids{7});
  CHECK(bpe("abc") == Ids{0, 10});  // "b c" has rank 0, so "abc" is never reached
  CHECK(bpe("abab") == Ids{7, 7});
  CHECK(bpe("ab ab") == Ids{7, 9});
  CHECK(bpe("dede") == Ids{11, 11});
}

TEST_CASE("words end where GPT-2's expression says") {
  CHECK(bpe("  ab") == Ids{5, 9});        // the last space belongs to the word
  CHECK(bpe("  ") == Ids{5, 5});          // none follows
  CHECK(bpe("\n\n ab") == Ids{6, 6, 9});  // white space but its last character
  CHECK(bpe("\nab") == Ids{6, 7});        // a line end does not join a word
  CHECK(bpe("a's") == Ids{0, 14});        // contraction
  CHECK(bpe(" 's") == Ids{5, 12, 13});    // " '" is a word of its own kind, "s" the next
  CHECK(bpe("!'s") == Ids{16, 12, 13});   // "!'" runs together
  CHECK(bpe("d1e") == Ids{3, 15, 4});     // letters and digits part
  CHECK(bpe("d!e") == Ids{3, 16, 4});
}

TEST_CASE("both layouts and older merges give the same ids") {
  for (const char* text : {"abc de's  ab\n1!", "<|endoftext|>ab", " <|endoftext|> d"}) {
    CHECK(parse_tokenizer(bpe_json(), "m")->encode(text, true) == bpe(text));
  }
}

TEST_CASE("names and ids") {
  const auto tokenizer = parse_tokenizer(bpe_files(), "m");
  CHECK(tokenizer->vocabulary_size() == 18);
  CHECK(tokenizer->id("Ġab") == 9);
  CHECK_FALSE(tokenizer->id("zz").has_value());
  CHECK(tokenizer->token(17) == "<|endoftext|>");
  CHECK_THROWS_AS(tokenizer->token(18), ArgumentError);
  CHECK_THROWS_AS(tokenizer->token(-1), ArgumentError);
}

TEST_CASE("special tokens are found in the text and left out of plain decoding") {
  const auto tokenizer = parse_tokenizer(bpe_files(), "m");
  const Ids ids = tokenizer->encode("ab<|endoftext|> ab", true);
  CHECK(ids == Ids{7, 17, 9});
  CHECK(tokenizer->decode(ids, false) == "ab<|endoftext|> ab");
  CHECK(tokenizer->decode(ids, true) == "ab ab");
  CHECK_THROWS_AS(tokenizer->decode(Ids{99}, false), ArgumentError);
}

TEST_CASE("bytes without a token are named") {
  const auto tokenizer = parse_tokenizer(bpe_files(), "m");
  CHECK_THROWS_WITH_AS(tokenizer->encode("abz", true),
                       "encode: text holds 'z', for which the vocabulary has no token",
                       ArgumentError);
  CHECK_THROWS_WITH_AS(tokenizer->encode("a\xC3\xA9", true), doctest::Contains("0xC3"),
                       ArgumentError);
  CHECK_THROWS_WITH_AS(tokenizer->encode("a\xFF", true),
                       "encode: text is not valid UTF-8 at byte 1 (0xFF)", ArgumentError);
  CHECK_THROWS_AS(tokenizer->encode("\xED\xA0\x80", true), ArgumentError);  // a surrogate
  const auto with_unknown = parse_tokenizer(bpe_json(R"({"model":{"unk_token":"!"}})"), "m");
  CHECK(with_unknown->encode("az", true) == Ids{0, 16});
}

TEST_CASE("a cut character decodes to the replacement character") {
  const auto tokenizer = parse_tokenizer(bpe_json(R"({"model":{"vocab":{"Ã":18,"©":19}}})"), "m");
  CHECK(tokenizer->encode("é", true) == Ids{18, 19});
  CHECK(tokenizer->decode(Ids{18, 19}, false) == "é");
  CHECK(tokenizer->decode(Ids{18, 0}, false) == "\uFFFDa");
}

TEST_CASE("options of the byte level") {
  const auto encode = [](const std::string& patch, const char* text) {
    return parse_tokenizer(bpe_json(patch), "m")->encode(text, true);
  };
  const std::string prefix = R"({"pre_tokenizer":{"add_prefix_space":true}})";
  CHECK(encode(prefix, "ab") == Ids{9});
  CHECK(encode(prefix, " ab") == Ids{9});
  CHECK(encode(prefix, "") == Ids{});
  CHECK(encode(prefix, "ab<|endoftext|>ab") == Ids{9, 17, 9});  // every stretch of text
  CHECK(encode(R"({"pre_tokenizer":{"use_regex":false}})", "d ab") == Ids{3, 9});
  CHECK(encode(R"({"pre_tokenizer":{"use_regex":false}})", " 's") == Ids{5, 14});
  CHECK(encode(R"({"model":{"ignore_merges":true}})", "abc") == Ids{8});
}

TEST_CASE("a pair that another join has changed is not joined as it was") {
  TokenizerFiles files = bpe_files();
  files.vocab_json = R"({"a":0,"b":1,"c":2,"ab":3,"bc":4,"abc":5})";
  files.merges = "b c\na b\na bc\n";
  CHECK(parse_tokenizer(files, "m")->encode("abc", false) == Ids{5});
  CHECK(parse_tokenizer(files, "m")->encode("abab", false) == Ids{3, 3});
}

TEST_CASE("joining agrees with the definition on random words") {
  const std::vector<std::pair<std::pair<int, int>, int>> merges{
      {{0, 0}, 2}, {{1, 0}, 3}, {{2, 1}, 4}, {{2, 2}, 5}, {{3, 0}, 6}, {{5, 4}, 7}, {{4, 1}, 8}};
  TokenizerFiles files = bpe_files();
  files.vocab_json = R"({"a":0,"b":1,"aa":2,"ba":3,"aab":4,"aaaa":5,"baa":6,"aaaaaab":7,"aabb":8})";
  files.merges = "a a\nb a\naa b\naa aa\nba a\naaaa aab\naab b\n";
  const auto tokenizer = parse_tokenizer(files, "m");
  Random random(3);
  for (int trial = 0; trial < 500; ++trial) {
    std::string text;
    Ids bytes;
    for (std::uint64_t i = 0; i < 1 + random.below(40); ++i) {
      bytes.push_back(static_cast<int>(random.below(4) == 0));
      text += bytes.back() == 0 ? 'a' : 'b';
    }
    CHECK(tokenizer->encode(text, false) == joined_naively(bytes, merges));
  }
}

TEST_CASE("a word of a million bytes is no problem") {
  const std::string text(1'000'000, 'd');
  CHECK(bpe(text).size() == text.size());
  CHECK(bpe(std::string(1'000'000, 'a') + "b").size() == 1'000'000);
}

TEST_CASE("a wide vocabulary that lacks bytes leaves them out, and says so") {
  std::string vocabulary;
  int next = 256;
  for (int byte = 0; byte < 256; ++byte) {
    const bool is_visible = (byte > 0x20 && byte < 0x7F) || (byte > 0xA0 && byte != 0xAD);
    const int point = is_visible ? byte : next++;
    if (byte == 0xF2 || byte == '%') continue;
    std::string symbol(1, static_cast<char>(point));
    if (point > 0x7F) {
      symbol = {static_cast<char>(0xC0 | (point >> 6)), static_cast<char>(0x80 | (point & 0x3F))};
    }
    vocabulary +=
        (vocabulary.empty() ? "" : ",") + io::Json(symbol).dump() + ":" + std::to_string(byte);
  }
  vocabulary += R"(,"x1":256,"x2":257)";
  const std::string patch = R"({"added_tokens":[],"model":{"merges":[],"vocab":null}})";
  TokenizerFiles files = bpe_json(patch);
  auto json = io::parse_json(*files.tokenizer_json, "test");
  json["model"]["vocab"] = io::parse_json("{" + vocabulary + "}", "test");
  files.tokenizer_json = json.dump();
  const TokenizerReading reading = read_tokenizer(files, "m");
  CHECK(reading.tokenizer->encode("a%b", false) == std::vector<int>{'a', 'b'});
  REQUIRE(reading.notes.size() == 1);
  CHECK(
      reading.notes[0] ==
      "m/tokenizer.json: the vocabulary has no token for the bytes 0x25, 0xF2, which are left out "
      "of texts, as in transformers");
}
