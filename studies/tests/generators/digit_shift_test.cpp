#include "sextant/studies/generators/digit_shift.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <set>

#include "sextant/core/errors.hpp"

using namespace sextant;
using namespace sextant::studies;
using namespace sextant::studies::generators;

TEST_CASE("a clean task has right labels and different queries") {
  const DigitShiftFamily family{{3, 8}, 0};
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    Random random(seed);
    const auto task = draw_digit_shift(family, 10, 10, random);
    CHECK((task.shift == 3 || task.shift == 8));
    REQUIRE(task.examples.size() == 10);
    for (const auto& [x, y] : task.examples) CHECK(y == (x + task.shift) % 10);
    std::set<int> digits;
    for (const auto& [x, y] : task.queries) {
      CHECK(y == (x + task.shift) % 10);
      digits.insert(x);
    }
    CHECK(digits.size() == 10);
  }
}

TEST_CASE("shifts, templates, digits and noise have the probabilities of the family") {
  const DigitShiftFamily family{{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}, 0.55};
  Random random(1);
  constexpr int tasks = 4000;
  std::vector<int> shifts(10), patterns(2), digits(10), queries(10);
  int wrong = 0;
  for (int i = 0; i < tasks; ++i) {
    const auto task = draw_digit_shift(family, 5, 2, random);
    ++shifts[static_cast<std::size_t>(task.shift)];
    ++patterns[static_cast<std::size_t>(task.pattern)];
    for (const auto& [x, y] : task.examples) {
      ++digits[static_cast<std::size_t>(x)];
      wrong += y != (x + task.shift) % 10;
    }
    for (const auto& query : task.queries) ++queries[static_cast<std::size_t>(query.x)];
  }
  // Within five standard deviations of a binomial count.
  const auto close = [](int count, double trials, double p) {
    return std::abs(count - trials * p) < 5 * std::sqrt(trials * p * (1 - p));
  };
  for (const int count : shifts) CHECK(close(count, tasks, 0.1));
  for (const int count : patterns) CHECK(close(count, tasks, 0.5));
  for (const int count : digits) CHECK(close(count, tasks * 5, 0.1));
  for (const int count : queries) CHECK(close(count, tasks * 2, 0.1));
  CHECK(close(wrong, tasks * 5, 0.55 * 0.9));
}

TEST_CASE("a task becomes a prompt file") {
  const DigitShiftTask task{4, 1, {{1, 5}, {9, 3}}, {{7, 1}}};
  const task::DecoderPrompt prompt = digit_shift_prompt(task);
  CHECK_NOTHROW(task::check_prompt(prompt, "task"));
  CHECK(task::render_example(prompt.pattern, prompt.examples[1].x, prompt.examples[1].y) ==
        "9:3\n");
  CHECK(task::render_query(prompt.pattern, prompt.queries[0].x) == "7:");
  CHECK(prompt.queries[0].y == "1");
  CHECK(prompt.labels[9].value == 1.0);
  const auto again =
      std::get<task::DecoderPrompt>(task::parse_prompt(task::format_prompt(prompt), "again"));
  CHECK(again.examples.size() == 2);
  CHECK(again.labels[4].value == prompt.labels[4].value);
}

TEST_CASE("a drawn prompt always has something to learn") {
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    const auto prompt = draw_digit_shift_prompt({{2}, 0}, 2, 3, seed);
    CHECK_NOTHROW(task::check_prompt(prompt, "prompt"));
    CHECK(prompt.queries.size() == 3);
    CHECK(task::format_prompt(prompt) ==
          task::format_prompt(draw_digit_shift_prompt({{2}, 0}, 2, 3, seed)));
  }
  CHECK_THROWS_AS(draw_digit_shift_prompt({{2}, 0}, 1, 0, 5), ArgumentError);
}

TEST_CASE("lists of shifts") {
  CHECK(parse_shifts("0-4") == std::vector<int>{0, 1, 2, 3, 4});
  CHECK(parse_shifts("7") == std::vector<int>{7});
  CHECK(parse_shifts("9,0-2") == std::vector<int>{0, 1, 2, 9});
  for (const char* wrong : {"", "a", "10", "0-", "-3", "3-1", "0-4,4", "1,,2", "1,", "0-1-2"}) {
    CHECK_THROWS_AS(parse_shifts(wrong), UsageError);
  }
}

TEST_CASE("families outside their range are rejected") {
  Random random(1);
  CHECK_THROWS_AS(draw_digit_shift({{}, 0}, 1, 1, random), ArgumentError);
  CHECK_THROWS_AS(draw_digit_shift({{10}, 0}, 1, 1, random), ArgumentError);
  CHECK_THROWS_AS(draw_digit_shift({{-1}, 0}, 1, 1, random), ArgumentError);
  CHECK_THROWS_AS(draw_digit_shift({{1}, 1.5}, 1, 1, random), ArgumentError);
  CHECK_THROWS_AS(draw_digit_shift({{1}, std::nan("")}, 1, 1, random), ArgumentError);
  CHECK_THROWS_AS(draw_digit_shift({{1}, 0}, -1, 1, random), ArgumentError);
  CHECK_THROWS_AS(draw_digit_shift({{1}, 0}, 1, 11, random), ArgumentError);
  CHECK(draw_digit_shift({{1}, 1}, 0, 0, random).examples.empty());
}
