#include "sextant/studies/generators/digit_shift.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <numeric>

#include "sextant/core/errors.hpp"

namespace sextant::studies::generators {
namespace {

void check_family(const DigitShiftFamily& family, int examples, int queries) {
  constexpr std::string_view here = "draw_digit_shift";
  if (family.shifts.empty()) throw ArgumentError(here, "family.shifts", "is empty");
  for (const int shift : family.shifts) {
    if (shift < 0 || shift >= digit_count) {
      throw ArgumentError(here, "family.shifts",
                          fmt::format("has {}, expected 0 to {}", shift, digit_count - 1));
    }
  }
  if (!(family.label_noise >= 0 && family.label_noise <= 1)) {
    throw ArgumentError(here, "family.label_noise",
                        fmt::format("is {}, expected 0 to 1", family.label_noise));
  }
  if (examples < 0) {
    throw ArgumentError(here, "examples", fmt::format("is {}, expected at least 0", examples));
  }
  if (queries < 0 || queries > digit_count) {
    throw ArgumentError(here, "queries",
                        fmt::format("is {}, expected 0 to {}", queries, digit_count));
  }
}

int uniform_digit(Random& random) { return static_cast<int>(random.below(digit_count)); }

/// `text` as one digit.
int parse_digit(std::string_view text, std::string_view whole) {
  if (text.size() != 1 || text[0] < '0' || text[0] > '9') {
    throw UsageError(
        fmt::format("\"{}\" is not a list of shifts, expected digits and ranges of digits such as "
                    "0-4 or 0-4,7",
                    whole));
  }
  return text[0] - '0';
}

}  // namespace

std::span<const task::PromptTemplate> digit_shift_templates() {
  static const std::array<task::PromptTemplate, 2> templates{
      task::PromptTemplate{"{x}->{y}\n", "{x}->"},
      task::PromptTemplate{"{x}:{y}\n", "{x}:"},
  };
  return templates;
}

int shifted_digit(int x, int shift) { return (x + shift) % digit_count; }

DigitShiftTask draw_digit_shift(const DigitShiftFamily& family, int examples, int queries,
                                Random& random) {
  check_family(family, examples, queries);
  DigitShiftTask task;
  task.shift = family.shifts[random.below(family.shifts.size())];
  task.pattern = static_cast<int>(random.below(digit_shift_templates().size()));
  for (int i = 0; i < examples; ++i) {
    const int x = uniform_digit(random);
    const bool replaced = random.uniform() < family.label_noise;
    task.examples.push_back({x, replaced ? uniform_digit(random) : shifted_digit(x, task.shift)});
  }
  std::vector<int> digits(digit_count);
  std::iota(digits.begin(), digits.end(), 0);
  random.shuffle(digits);
  for (int i = 0; i < queries; ++i) {
    const int x = digits[static_cast<std::size_t>(i)];
    task.queries.push_back({x, shifted_digit(x, task.shift)});
  }
  return task;
}

task::DecoderPrompt digit_shift_prompt(const DigitShiftTask& task) {
  task::DecoderPrompt prompt;
  prompt.pattern = digit_shift_templates()[static_cast<std::size_t>(task.pattern)];
  for (int digit = 0; digit < digit_count; ++digit) {
    prompt.labels.push_back({std::to_string(digit), static_cast<double>(digit) / 9});
  }
  for (const auto& [x, y] : task.examples) {
    prompt.examples.push_back({std::to_string(x), std::to_string(y)});
  }
  for (const auto& [x, y] : task.queries) {
    prompt.queries.push_back({std::to_string(x), std::to_string(y)});
  }
  return prompt;
}

task::DecoderPrompt draw_digit_shift_prompt(const DigitShiftFamily& family, int examples,
                                            int queries, std::uint64_t seed) {
  if (examples < 2) {
    throw ArgumentError("draw_digit_shift_prompt", "examples",
                        fmt::format("is {}, expected at least 2", examples));
  }
  for (std::uint64_t stream = 0;; ++stream) {
    Random random(seed, stream);
    const DigitShiftTask task = draw_digit_shift(family, examples, queries, random);
    const auto same_label = [&](const DigitPair& pair) { return pair.y == task.examples[0].y; };
    const bool constant = std::all_of(task.examples.begin(), task.examples.end(), same_label);
    if (!constant) return digit_shift_prompt(task);
  }
}

std::vector<int> parse_shifts(std::string_view text) {
  std::vector<int> shifts;
  std::size_t begin = 0;
  while (begin <= text.size()) {
    const std::size_t end = std::min(text.find(',', begin), text.size());
    const std::string_view part = text.substr(begin, end - begin);
    const std::size_t dash = part.find('-');
    const int low = parse_digit(part.substr(0, dash), text);
    const int high =
        dash == std::string_view::npos ? low : parse_digit(part.substr(dash + 1), text);
    if (low > high) throw UsageError(fmt::format("\"{}\" has a range that runs backwards", text));
    for (int shift = low; shift <= high; ++shift) shifts.push_back(shift);
    begin = end + 1;
  }
  std::sort(shifts.begin(), shifts.end());
  if (std::adjacent_find(shifts.begin(), shifts.end()) != shifts.end()) {
    throw UsageError(fmt::format("\"{}\" has a shift twice", text));
  }
  return shifts;
}

}  // namespace sextant::studies::generators
