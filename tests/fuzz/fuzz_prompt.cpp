// Any text as a prompt file: rejected with an InputError, or a prompt that can be written, read
// back and rendered.

#include <cstdint>
#include <string_view>

#include "fuzz/expect.hpp"
#include "sextant/core/errors.hpp"
#include "sextant/task/prompt.hpp"

using namespace sextant;

namespace {

void check_rendering(const task::DecoderPrompt& prompt) {
  const bool in_context = prompt.supervision != task::Supervision::alone;
  for (const auto& [x, y] : prompt.examples) {
    fuzz::expect(
        !in_context || task::render_example(prompt.pattern, x, y).size() >= x.size() + y.size(),
        "an example holds x and y");
  }
  for (const auto& query : prompt.queries) {
    fuzz::expect(task::render_query(prompt.pattern, query.x).size() >= query.x.size(),
                 "a query holds x");
  }
}

void check_rendering(const task::EncoderPrompt&) {}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  task::Prompt prompt;
  try {
    prompt = task::parse_prompt({reinterpret_cast<const char*>(data), size}, "input");
  } catch (const InputError&) {
    return 0;
  }
  std::visit([](const auto& kind) { check_rendering(kind); }, prompt);
  const std::string written = task::format_prompt(prompt);
  fuzz::expect(task::format_prompt(task::parse_prompt(written, "written")) == written,
               "what is written reads back the same");
  return 0;
}
