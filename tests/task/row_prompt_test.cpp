#include "sextant/task/row_prompt.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <limits>
#include <numeric>
#include <set>

#include "sextant/core/errors.hpp"
#include "sextant/core/random.hpp"

using namespace sextant;
using namespace sextant::task;

namespace {

RowTask random_task(int rows, int queries, int classes, int columns = 3) {
  Random random(7);
  RowTask task;
  task.columns.resize(rows + queries, columns);
  for (double& cell : task.columns.reshaped()) cell = random.normal();
  for (int row = 0; row < rows + queries; ++row) {
    task.labels.push_back(row % classes);
    (row < rows ? task.context : task.queries).push_back(row);
  }
  task.classes = classes;
  return task;
}

}  // namespace

TEST_CASE("a supervised row never reads itself, and every fold reads almost all others") {
  const RowTask task = random_task(30, 2, 3);
  const EncodedPrompt prompt = encode(task, 100, {}, "t.csv");
  REQUIRE(prompt.table->scalars == 3);
  REQUIRE(prompt.example_tokens.size() == 30 * 3);
  REQUIRE(prompt.query_tokens.size() == 2 * 3);
  std::set<int> supervised;
  for (std::size_t i = 0; i < prompt.example_tokens.size(); ++i) {
    const auto& sequence = prompt.example_tokens[i];
    const int row = prompt.table->row_of(sequence.back());
    const int scalar = prompt.table->scalar_of(sequence.back());
    supervised.insert(row);
    CHECK(std::find(sequence.begin(), sequence.end() - 1, row) == sequence.end() - 1);
    CHECK(sequence.size() - 1 >= 30 - 4);  // eight folds of at most four rows
    CHECK(prompt.example_targets[i] ==
          (task.labels[static_cast<std::size_t>(row)] == scalar ? 1 : 0));
  }
  CHECK(supervised.size() == 30);
  for (const auto& sequence : prompt.query_tokens) CHECK(sequence.size() == 31);
  CHECK(prompt.query_targets[0] == 1.0);  // row 30 is of class 0
  CHECK(prompt.query_targets[1] == 0.0);
}

TEST_CASE("long contexts are supervised in part, with every class") {
  const RowTask task = random_task(400, 1, 4);
  const EncodedPrompt prompt = encode(task, 100, {20, 4, 50}, "t.csv");
  CHECK(prompt.example_tokens.size() == 20 * 4);
  std::set<int> classes;
  std::set<int> read;
  for (const auto& sequence : prompt.example_tokens) {
    CHECK(sequence.size() == 51);
    classes.insert(task.labels[static_cast<std::size_t>(prompt.table->row_of(sequence.back()))]);
    std::set<int> in_context;
    for (auto token = sequence.begin(); token != sequence.end() - 1; ++token) {
      in_context.insert(task.labels[static_cast<std::size_t>(*token)]);
      read.insert(*token);
    }
    CHECK(in_context.size() == 4);
  }
  CHECK(classes.size() == 4);
  CHECK(read.size() > 50);
  CHECK(prompt.query_tokens[0].size() == 401);
}

TEST_CASE("of two classes the second's probability is the only scalar") {
  const EncodedPrompt prompt = encode(random_task(6, 1, 2), 100, {}, "t.csv");
  CHECK(prompt.example_tokens.size() == 6);
  CHECK(prompt.table->scalars == 1);
  CHECK(prompt.query_targets == std::vector<std::optional<double>>{0.0});
}

TEST_CASE("the order of the examples and the labels of queries do not matter, to the last bit") {
  const RowTask task = random_task(25, 3, 3);
  const EncodedPrompt prompt = encode(task, 100, {}, "t.csv");
  RowTask shuffled = task;
  Random random(2);
  random.shuffle(shuffled.context);
  RowTask relabelled = task;
  for (const int row : task.queries) relabelled.labels[static_cast<std::size_t>(row)] = -1;
  for (const RowTask& other : {shuffled, relabelled}) {
    const EncodedPrompt same = encode(other, 100, {}, "t.csv");
    CHECK(same.example_tokens == prompt.example_tokens);
    CHECK(same.query_tokens == prompt.query_tokens);
    CHECK(same.example_targets == prompt.example_targets);
    CHECK(same.table->labels == prompt.table->labels);
    CHECK(same.table->features == prompt.table->features);
  }
  for (const int row : task.queries) {
    CHECK(prompt.table->labels[static_cast<std::size_t>(row)] == -1);
  }
}

TEST_CASE("tasks that cannot be learned from and wrong numbers are refused") {
  RowTask task = random_task(6, 1, 2);
  CHECK_THROWS_AS(encode(task, 2, {}, "t.csv"), InputError);  // three columns
  for (const RowSupervision& bad :
       {RowSupervision{0}, RowSupervision{8, 1}, RowSupervision{8, 2, 0}}) {
    CHECK_THROWS_AS(encode(task, 100, bad, "t.csv"), ArgumentError);
  }
  task.labels[2] = 5;
  CHECK_THROWS_AS(encode(task, 100, {}, "t.csv"), ArgumentError);
  task.labels = {0, 0, 0, 0, 0, 0, 1};
  CHECK_THROWS_AS(encode(task, 100, {}, "t.csv"), ArgumentError);
  task.context = {0};
  CHECK_THROWS_AS(encode(task, 100, {}, "t.csv"), ArgumentError);
}

TEST_CASE("two rows, columns that say nothing and cells that are missing are ordinary input") {
  RowTask task = random_task(2, 1, 2);
  task.columns.setConstant(std::numeric_limits<double>::quiet_NaN());
  const EncodedPrompt prompt = encode(task, 100, {}, "t.csv");
  CHECK(prompt.example_tokens.size() == 2);
  CHECK(prompt.example_tokens[0].size() == 2);
  CHECK(prompt.table->features.isZero());
}

TEST_CASE("rows of a prompt are counted by their scalars, also those that come twice") {
  for (const int classes : {2, 3}) {
    CAPTURE(classes);
    RowTask task = random_task(9, 3, classes);
    task.queries = {9, 9, 11, 10, 10, 10};
    EncodedPrompt prompt = encode(task, 100, {}, "t.csv");
    CHECK(prompt_rows(prompt).queries == task.queries);
    CHECK(prompt_rows(prompt).examples.size() == 9);
    CHECK(prompt_rows(prompt).scalars == (classes == 2 ? 1 : 3));
    if (classes == 2) continue;
    prompt.query_tokens.erase(prompt.query_tokens.begin(), prompt.query_tokens.begin() + 2);
    CHECK(prompt_rows(prompt).queries == task.queries);  // of the first row one scalar is left
  }
}

TEST_CASE("an empty sequence names no row") {
  EncodedPrompt prompt = encode(random_task(6, 2, 2), 100, {}, "t.csv");
  prompt.query_tokens[1].clear();
  CHECK_THROWS_WITH_AS(prompt_rows(prompt),
                       doctest::Contains("prompt_rows: prompt.query_tokens has an empty sequence"),
                       ArgumentError);
  prompt.example_tokens[0].clear();
  CHECK_THROWS_WITH_AS(prompt_rows(prompt), doctest::Contains("prompt.example_tokens has an empty"),
                       ArgumentError);
}
