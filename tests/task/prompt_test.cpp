#include "sextant/task/prompt.hpp"

#include <doctest/doctest.h>

#include <limits>

#include "sextant/core/errors.hpp"
#include "sextant/io/json.hpp"

using namespace sextant;
using namespace sextant::task;

namespace {

const std::string decoder_text = R"({
  "template": {"example": "{x}->{y}\n", "query": "{x}->"},
  "labels": [{"text": "0", "value": 0.0}, {"text": "1", "value": 0.5}],
  "examples": [{"x": "3", "y": "0"}, {"x": "{y}", "y": "1"}],
  "queries": [{"x": "5", "y": "1"}, {"x": "6"}]})";

const std::string encoder_text =
    R"({"examples":[{"text":"good","y":1},{"text":"","y":-2.5}],"queries":[{"text":"q"}]})";

/// The good decoder prompt with a JSON merge patch applied.
std::string patched(const std::string& text, const std::string& patch) {
  auto json = io::parse_json(text, "good");
  json.merge_patch(io::parse_json(patch, "patch"));
  return json.dump();
}

void check_rejected(const std::string& text, const std::string& place, const std::string& words) {
  CAPTURE(text);
  try {
    parse_prompt(text, "p.json");
    FAIL("was accepted");
  } catch (const InputError& error) {
    const std::string message = error.what();
    CAPTURE(message);
    CHECK(message.starts_with("p.json: " + place));
    CHECK(message.find(words) != std::string::npos);
  }
}

}  // namespace

TEST_CASE("a decoder's prompt is read and written") {
  const auto prompt = std::get<DecoderPrompt>(parse_prompt(decoder_text, "p.json"));
  CHECK(prompt.pattern.query == "{x}->");
  CHECK(prompt.labels[1].value == 0.5);
  CHECK(prompt.examples[1].x == "{y}");
  CHECK(prompt.queries[0].y == "1");
  CHECK_FALSE(prompt.queries[1].y.has_value());
  const std::string written = format_prompt(prompt);
  CHECK(format_prompt(parse_prompt(written, "again")) == written);
  CHECK(io::parse_json(written, "again") == io::parse_json(decoder_text, "first"));
}

TEST_CASE("an encoder's prompt is read and written") {
  const auto prompt = std::get<EncoderPrompt>(parse_prompt(encoder_text, "p.json"));
  CHECK(prompt.examples[1].y == -2.5);
  CHECK(prompt.queries.size() == 1);
  const std::string written = format_prompt(prompt);
  CHECK(format_prompt(parse_prompt(written, "again")) == written);
}

TEST_CASE("no queries are ordinary, one example is not enough") {
  CHECK_NOTHROW(parse_prompt(R"({"examples":[{"text":"a","y":3},{"text":"a","y":4}]})", "p.json"));
  CHECK_NOTHROW(parse_prompt(patched(decoder_text, R"({"queries":null})"), "p.json"));
  check_rejected(R"({"examples":[{"text":"a","y":3}]})", "examples", "one example");
  check_rejected(patched(decoder_text, R"({"examples":[{"x":"3","y":"0"}],"queries":null})"),
                 "examples", "one example");
}

TEST_CASE("templates are filled in one pass") {
  const PromptTemplate pattern{"{{{x}}} {x}={y};", "{x}?{{"};
  CHECK(render_example(pattern, "{y}", "{x}") == "{{y}} {y}={x};");
  CHECK(render_query(pattern, "a") == "a?{");
  CHECK_THROWS_AS(render_query({"", "{x"}, "a"), ArgumentError);
}

TEST_CASE("wrong prompts are rejected at their place") {
  const auto reject = [](const std::string& patch, const std::string& place,
                         const std::string& words) {
    check_rejected(patched(decoder_text, patch), place, words);
  };
  check_rejected("{", "line 1", "not valid JSON");
  check_rejected("[]", "is a JSON array", "object");
  check_rejected("{}", "examples", "missing");
  check_rejected(R"({"examples":[]})", "examples", "empty");
  check_rejected(R"({"examples":[{"text":"a","y":1}],"colour":1})", "colour", "unknown key");
  check_rejected(R"({"examples":[{"text":"a","y":"1"}]})", "examples[0].y", "number");
  check_rejected(R"({"examples":[{"x":"a","y":"1"}]})", "examples[0].x", "template");
  check_rejected(R"({"examples":[{"text":"a","y":1},{"text":"b","y":1}]})", "examples", "nothing");
  check_rejected(R"({"examples":[{"text":"a","y":1}],"queries":[{"text":"b","y":null}]})",
                 "queries[0].y", "number");
  reject(R"({"labels":null})", "labels", "missing");
  reject(R"({"template":null})", "template", "missing");
  reject(R"({"template":{"extra":"1"}})", "template.extra", "unknown key");
  reject(R"({"supervision":"all"})", "supervision", "expected \"leave-one-out\"");
  reject(R"({"supervision":1})", "supervision", "string");
  reject(R"({"template":{"example":"{x}"}})", "template.example", "{y}");
  reject(R"({"template":{"example":"{y}"}})", "template.example", "{x}");
  reject(R"({"template":{"example":"{x}{y}{z}"}})", "template.example", "\"{z}\" at byte 6");
  reject(R"({"template":{"example":"{x}{y}}"}})", "template.example", "\"}\" at byte 6");
  reject(R"({"template":{"query":"{x}{"}})", "template.query", "doubled brace");
  reject(R"({"template":{"query":"->"}})", "template.query", "{x}");
  reject(R"({"template":{"query":"{x}{y}"}})", "template.query", "{y}");
  reject(R"({"labels":[]})", "labels", "empty");
  reject(R"({"labels":[{"text":"0","value":1},{"text":"1","value":1}]})", "labels", "all have");
  reject(R"({"labels":[{"text":"","value":1},{"text":"1","value":2}]})", "labels[0].text", "empty");
  reject(R"({"labels":[{"text":"1","value":1},{"text":"1","value":2}]})", "labels[1].text",
         "already");
  reject(R"({"labels":[{"text":"1","value":"1"}]})", "labels[0].value", "number");
  reject(R"({"examples":[{"x":"a","y":"2"}]})", "examples[0].y", "one of \"0\", \"1\"");
  reject(R"({"examples":[{"x":"a","y":2}]})", "examples[0].y", "string");
  reject(R"({"examples":[{"x":"a"}]})", "examples[0].y", "missing");
  reject(R"({"examples":[{"x":"a","y":"0"},{"x":"b","y":"0"}]})", "examples", "nothing to learn");
  reject(R"({"queries":[{"x":"a","y":"2"}]})", "queries[0].y", "not a label");
  reject(R"({"queries":[{"x":"a","z":"2"}]})", "queries[0].z", "unknown key");
}

TEST_CASE("prompts made in memory obey the same rules") {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  CHECK_THROWS_AS(check_prompt(EncoderPrompt{{{"a", nan}}, {}}, "p"), InputError);
  CHECK_THROWS_AS(check_prompt(EncoderPrompt{{{"a", 1}}, {{"b", nan}}}, "p"), InputError);
  DecoderPrompt prompt = std::get<DecoderPrompt>(parse_prompt(decoder_text, "p"));
  CHECK_NOTHROW(check_prompt(prompt, "p"));
  prompt.labels[0].value = nan;
  CHECK_THROWS_AS(check_prompt(prompt, "p"), InputError);
}
