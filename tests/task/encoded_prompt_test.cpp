#include "sextant/task/encoded_prompt.hpp"

#include <doctest/doctest.h>

#include "sextant/core/errors.hpp"
#include "sextant/core/threads.hpp"

using namespace sextant;
using namespace sextant::task;

namespace {

/// One token per byte, except that "->" and "11" are one token each: small enough to do by hand.
class ByteTokenizer : public tokenizer::Tokenizer {
 public:
  explicit ByteTokenizer(bool framed = false) : framed_(framed) {
    for (int i = 0; i < 256; ++i) names_.push_back(std::string(1, static_cast<char>(i)));
    for (const char* name : {"->", "11", "[CLS]", "[SEP]"}) names_.emplace_back(name);
  }
  std::vector<int> encode(std::string_view text, bool add_special_tokens) const override {
    std::vector<int> ids;
    if (framed_ && add_special_tokens) ids.push_back(258);
    for (std::size_t i = 0; i < text.size(); ++i) {
      const std::string_view pair = text.substr(i, 2);
      const bool joined = pair == "->" || pair == "11";
      ids.push_back(joined ? (pair == "->" ? 256 : 257) : static_cast<unsigned char>(text[i]));
      if (joined) ++i;
    }
    if (framed_ && add_special_tokens) ids.push_back(259);
    return ids;
  }
  std::string decode(std::span<const int> ids, bool) const override {
    std::string text;
    for (const int id : ids) text += token(id);
    return text;
  }
  std::optional<int> id(std::string_view) const override { return std::nullopt; }
  const std::string& token(int id) const override {
    return names_.at(static_cast<std::size_t>(id));
  }
  std::size_t vocabulary_size() const override { return names_.size(); }

 private:
  bool framed_;
  std::vector<std::string> names_;
};

const ByteTokenizer bytes;

DecoderPrompt small_prompt() {
  return {{"{x}->{y}\n", "{x}->"},
          Supervision::leave_one_out,
          {{"7", 0.75}, {"8", 0.5}},
          {{"a", "7"}, {"b", "8"}, {"c", "7"}},
          {{"d", "8"}, {"e", {}}}};
}

std::string message_of(const DecoderPrompt& prompt, const tokenizer::Tokenizer& tokenizer = bytes) {
  try {
    encode(prompt, tokenizer, "p.json");
  } catch (const InputError& error) {
    return error.what();
  }
  return "accepted";
}

}  // namespace

TEST_CASE("leave-one-out sequences drop the example they predict") {
  const EncodedPrompt encoded = encode(small_prompt(), bytes, "p.json");
  CHECK(encoded.causal);
  CHECK(bytes.decode(encoded.example_tokens[0], false) == "b->8\nc->7\na->");
  CHECK(bytes.decode(encoded.example_tokens[1], false) == "a->7\nc->7\nb->");
  CHECK(bytes.decode(encoded.example_tokens[2], false) == "a->7\nb->8\nc->");
  CHECK(bytes.decode(encoded.query_tokens[1], false) == "a->7\nb->8\nc->7\ne->");
  CHECK(encoded.example_tokens[2].back() == 256);
  CHECK(encoded.example_targets == std::vector<double>{0.75, 0.5, 0.75});
  CHECK(encoded.query_targets == std::vector<std::optional<double>>{0.5, std::nullopt});
  CHECK(encoded.label_tokens == std::vector<int>{'7', '8'});
  CHECK(encoded.label_values == std::vector<double>{0.75, 0.5});
}

TEST_CASE("with every label supervised an example reads those before it") {
  DecoderPrompt prompt = small_prompt();
  prompt.supervision = Supervision::every_label;
  const EncodedPrompt encoded = encode(prompt, bytes, "p.json");
  CHECK(bytes.decode(encoded.example_tokens[0], false) == "a->");
  CHECK(bytes.decode(encoded.example_tokens[1], false) == "a->7\nb->");
  CHECK(bytes.decode(encoded.example_tokens[2], false) == "a->7\nb->8\nc->");
  CHECK(bytes.decode(encoded.query_tokens[1], false) == "a->7\nb->8\nc->7\ne->");
  CHECK(encoded.example_targets == std::vector<double>{0.75, 0.5, 0.75});
}

TEST_CASE("alone, an example and a query read themselves") {
  DecoderPrompt prompt = small_prompt();
  prompt.supervision = Supervision::alone;
  prompt.pattern.example.clear();
  const EncodedPrompt encoded = encode(prompt, bytes, "p.json");
  CHECK(bytes.decode(encoded.example_tokens[0], false) == "a->");
  CHECK(bytes.decode(encoded.example_tokens[2], false) == "c->");
  CHECK(bytes.decode(encoded.query_tokens[1], false) == "e->");
  CHECK(encoded.example_targets == std::vector<double>{0.75, 0.5, 0.75});
  const std::string text = format_prompt(prompt);
  CHECK(text.find("\"example\"") == std::string::npos);
  const auto again = std::get<DecoderPrompt>(parse_prompt(text, "p.json"));
  CHECK(again.supervision == Supervision::alone);
  CHECK(again.pattern.query == prompt.pattern.query);
  prompt.pattern.example = "no place";
  CHECK_THROWS_WITH_AS(encode(prompt, bytes, "p.json"),
                       doctest::Contains("template.example: lacks the placeholder {x}"),
                       InputError);
}

TEST_CASE("a text longer than the context is cut into windows") {
  DecoderPrompt prompt = small_prompt();
  prompt.supervision = Supervision::every_label;
  prompt.examples.push_back({"f", "8"});
  prompt.examples.push_back({"g", "7"});
  // An example takes 4 tokens, a query 2: a window holds two examples and the query of a third.
  for (const std::size_t context : {10, 11, 13}) {
    const EncodedPrompt encoded = encode(prompt, bytes, "p.json", context);
    CHECK(bytes.decode(encoded.example_tokens[2], false) == "a->7\nb->8\nc->");
    CHECK(bytes.decode(encoded.example_tokens[3], false) == "f->");
    CHECK(bytes.decode(encoded.example_tokens[4], false) == "f->8\ng->");
    CHECK(bytes.decode(encoded.query_tokens[0], false) == "f->8\ng->7\nd->");
    CHECK_NOTHROW(check_context_length(encoded, context, "p.json"));
  }
  // Not even a query fits: the sequences are left as they are, for the check to name.
  const EncodedPrompt tiny = encode(prompt, bytes, "p.json", 1);
  CHECK(bytes.decode(tiny.example_tokens[1], false) == "b->");
  CHECK(bytes.decode(tiny.query_tokens[0], false) == "d->");
  CHECK_THROWS_AS(check_context_length(tiny, 1, "p.json"), InputError);
}

TEST_CASE("an encoder's texts carry their special tokens") {
  const EncoderPrompt prompt{{{"a", 1}, {"", 2}}, {{"b", {}}}};
  const EncodedPrompt encoded = encode(prompt, ByteTokenizer(true), "p.json");
  CHECK_FALSE(encoded.causal);
  CHECK(encoded.example_tokens == std::vector<std::vector<int>>{{258, 'a', 259}, {258, 259}});
  CHECK(encoded.query_tokens == std::vector<std::vector<int>>{{258, 'b', 259}});
  CHECK(encoded.label_tokens.empty());
  CHECK_THROWS_WITH_AS(encode(prompt, bytes, "p.json"),
                       "p.json: examples[1]: gives a text without any token", InputError);
}

TEST_CASE("a label of several tokens is named with the tokens that came out") {
  DecoderPrompt prompt = small_prompt();
  prompt.labels.push_back({"72", 1});
  CHECK(message_of(prompt) ==
        "p.json: examples[0]: the label \"72\" must be exactly one token after the query text, but "
        "the text ends in \"->\" without the label and in \"->\" \"7\" \"2\" with it");
}

TEST_CASE("a label that merges with the text before it is rejected") {
  DecoderPrompt prompt = small_prompt();
  prompt.pattern.query = "{x}";
  prompt.examples[1].x = std::string{'1'};
  prompt.labels.push_back({"1", 1});
  CHECK(message_of(prompt) ==
        "p.json: examples[1]: the label \"1\" must be exactly one token after the query text, but "
        "the text ends in \"1\" without the label and in \"11\" with it");
}

TEST_CASE("a template that ends in a special token leaves no room for a label") {
  CHECK(message_of(small_prompt(), ByteTokenizer(true)).find("must be exactly one token") !=
        std::string::npos);
}

TEST_CASE("a label must be the same token everywhere and no other label's") {
  class Odd : public ByteTokenizer {  // '7' is '8' in texts that hold a 'd', or everywhere
   public:
    explicit Odd(bool everywhere) : everywhere_(everywhere) {}
    std::vector<int> encode(std::string_view text, bool add_special_tokens) const override {
      auto ids = ByteTokenizer::encode(text, add_special_tokens);
      if (ids.back() == '7' && (everywhere_ || text.find('d') != text.npos)) ids.back() = '9';
      if (ids.back() == '8' && everywhere_) ids.back() = '9';
      return ids;
    }

   private:
    bool everywhere_;
  };
  CHECK(message_of(small_prompt(), Odd(false)) ==
        "p.json: queries[0]: the label \"7\" is the token \"9\" here but \"7\" after examples[0]");
  CHECK(message_of(small_prompt(), Odd(true)) ==
        "p.json: labels[1].text: \"8\" is the same token \"9\" as label \"7\"");
}

TEST_CASE("bytes that are not UTF-8 are named where they stand") {
  const auto refused = [](const std::string& place, const auto& spoil) {
    DecoderPrompt prompt = small_prompt();
    spoil(prompt);
    CHECK(message_of(prompt).starts_with("p.json: " + place + ": is not valid UTF-8 at byte"));
  };
  const std::string bad = "\xFF";
  refused("template.example", [&](DecoderPrompt& prompt) { prompt.pattern.example += bad; });
  refused("template.query", [&](DecoderPrompt& prompt) { prompt.pattern.query += bad; });
  refused("labels[1].text", [&](DecoderPrompt& prompt) { prompt.labels[1].text += bad; });
  refused("examples[2].x", [&](DecoderPrompt& prompt) { prompt.examples[2].x += bad; });
  refused("examples[2].y", [&](DecoderPrompt& prompt) { prompt.examples[2].y += bad; });
  refused("queries[1].x", [&](DecoderPrompt& prompt) { prompt.queries[1].x += bad; });
  refused("queries[0].y", [&](DecoderPrompt& prompt) { *prompt.queries[0].y += bad; });
}

TEST_CASE("sequences longer than the context are named with both lengths") {
  const EncodedPrompt encoded = encode(small_prompt(), bytes, "p.json");
  CHECK(encoded.example_tokens[0].size() == 10);
  CHECK(encoded.query_tokens[0].size() == 14);
  CHECK_NOTHROW(check_context_length(encoded, 14, "p.json"));
  CHECK_THROWS_WITH_AS(check_context_length(encoded, 13, "p.json"),
                       "p.json: queries[0]: needs 14 tokens, but the model's context holds 13",
                       InputError);
  CHECK_THROWS_WITH_AS(check_context_length(encoded, 9, "p.json"),
                       "p.json: examples[0]: needs 10 tokens, but the model's context holds 9",
                       InputError);
}

TEST_CASE("encoding does not depend on the number of threads") {
  set_threads(1);
  const EncodedPrompt one = encode(small_prompt(), bytes, "p.json");
  set_threads(3);
  const EncodedPrompt three = encode(small_prompt(), bytes, "p.json");
  set_threads(0);
  CHECK(one.example_tokens == three.example_tokens);
  CHECK(one.query_tokens == three.query_tokens);
}
