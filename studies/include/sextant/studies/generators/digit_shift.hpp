#pragma once

/// The digit-shift family of tasks: y = (x + shift) mod 10, in context.

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "sextant/core/random.hpp"
#include "sextant/task/prompt.hpp"

namespace sextant::studies::generators {

inline constexpr int digit_count = 10;

/// A distribution over tasks ([W, App. I.1] has all ten shifts and label_noise 0 or 0.55).
struct DigitShiftFamily {
  std::vector<int> shifts;  ///< The shift is uniform on these; each in 0, ..., 9.
  /// Probability that an example's label is replaced by a uniform digit (which may be the right
  /// one: a label is wrong with probability 0.9 label_noise). Targets of queries are never touched.
  double label_noise = 0;
};

struct DigitPair {
  int x = 0;
  int y = 0;
};

struct DigitShiftTask {
  int shift = 0;
  int pattern = 0;                  ///< Index into `digit_shift_templates`.
  std::vector<DigitPair> examples;  ///< x uniform and independent; y as the family says.
  std::vector<DigitPair> queries;   ///< Different digits; y = (x + shift) mod 10.
};

/// The two templates, "{x}->{y}\n" and "{x}:{y}\n".
std::span<const task::PromptTemplate> digit_shift_templates();

/// (x + shift) mod 10.
int shifted_digit(int x, int shift);

/// Draws a task: shift, template, `examples` examples and `queries` queries, whose digits are drawn
/// without replacement (each by itself is uniform). Deterministic given the state of `random`.
/// Throws `ArgumentError` for a negative count, more than ten queries, no shifts, a shift outside
/// 0, ..., 9, or a label_noise outside [0, 1].
DigitShiftTask draw_digit_shift(const DigitShiftFamily& family, int examples, int queries,
                                Random& random);

/// The task as a prompt whose ten labels "0", ..., "9" have the values y / 9.
task::DecoderPrompt digit_shift_prompt(const DigitShiftTask& task);

/// The prompt of the first task that has something to learn (two examples with different labels)
/// among those drawn from Random(seed, 0), Random(seed, 1), ... Throws as `draw_digit_shift` does,
/// and for fewer than two examples.
task::DecoderPrompt draw_digit_shift_prompt(const DigitShiftFamily& family, int examples,
                                            int queries, std::uint64_t seed);

/// "0-4", "7" or "0-4,7,9" as an ascending list of shifts. Throws `UsageError` for anything else,
/// for digits outside 0, ..., 9 and for repeated ones.
std::vector<int> parse_shifts(std::string_view text);

}  // namespace sextant::studies::generators
