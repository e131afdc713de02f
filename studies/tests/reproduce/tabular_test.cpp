#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "sextant/core/errors.hpp"
#include "sextant/core/threads.hpp"
#include "sextant/io/files.hpp"
#include "sextant/studies/reproduce/tabular_study.hpp"
#include "support/close.hpp"
#include "support/model_directory.hpp"

using namespace sextant;
using namespace sextant::studies;
using namespace sextant::studies::reproduce;

namespace {

/// A CSV file of `rows` rows whose label is told by the first column; text when `flip`.
std::string table_text(int rows, int columns, std::uint64_t seed, bool flip = false,
                       bool backwards = false) {
  Random random(seed);
  std::string text;
  for (int c = 0; c < columns; ++c) text += "f" + std::to_string(c) + ",";
  text += "label\n";
  std::vector<std::string> lines;
  for (int r = 0; r < rows; ++r) {
    std::string line;
    double first = 0;
    for (int c = 0; c < columns; ++c) {
      const double value = random.normal();
      if (c == 0) first = value;
      line += std::to_string(value) + ",";
    }
    lines.push_back(line + ((first > 0) != flip ? "1" : "0") + "\n");
  }
  if (backwards) std::ranges::reverse(lines);
  for (const std::string& line : lines) text += line;
  return text;
}

/// A folder with tables a and b, c with a's rows in another order and other names of classes, and d
/// with a's labels and other columns.
void write_folder(const std::filesystem::path& folder) {
  std::filesystem::create_directories(folder);
  io::write_file(folder / "index.csv",
                 "name,rows,categorical_features\na,40,\nb,60,1\nc,40,\nd,40,\n");
  io::write_file(folder / "a.csv", table_text(40, 3, 1));
  std::string coded = "f0,f1,label\n";
  for (int r = 0; r < 60; ++r) {
    coded += std::to_string(r * 7 % 60) + "," + std::to_string(r % 3) + "," +
             std::to_string(r % 4 == 0 ? 2 : r % 2) + "\n";
  }
  io::write_file(folder / "b.csv", coded);
  io::write_file(folder / "c.csv", table_text(40, 3, 1, true, true));
  std::string wider = table_text(40, 3, 1);
  for (std::size_t at = wider.find('\n') + 1; at < wider.size(); at = wider.find('\n', at) + 1) {
    wider[wider.find('.', at) + 3] = '5';  // other numbers, the same labels
  }
  io::write_file(folder / "d.csv", wider);
}

model::ModelConfig config() { return test::small_config(model::Family::rows, 2, 2, 12); }

}  // namespace

TEST_CASE("the context factor is exact on curves that are straight in log size") {
  const std::vector<int> sizes{16, 64, 256};
  const std::vector<double> plain{0.6, 0.7, 0.8};
  CHECK(log_context_factor(sizes, plain, plain) == 0);
  // Half a step up at every size but the last, which is cut short.
  CHECK(log_context_factor(sizes, plain, std::vector<double>{0.65, 0.75, 0.85}) ==
        test::close((std::log(2.0) + std::log(2.0) + 0) / 3, 1e-12));
  CHECK(log_context_factor(sizes, plain, std::vector<double>{0.5, 0.65, 0.75}) ==
        test::close((0 - std::log(2.0) - std::log(2.0)) / 3, 1e-12));
  // A curve that falls counts as its largest value so far.
  CHECK(log_context_factor(sizes, std::vector<double>{0.6, 0.8, 0.7},
                           std::vector<double>{0.8, 0.8, 0.7}) ==
        test::close(std::log(4.0) / 3, 1e-12));
  CHECK_THROWS_AS(
      log_context_factor(std::vector<int>{16}, std::vector<double>{1}, std::vector<double>{1}),
      ArgumentError);
  CHECK_THROWS_AS(log_context_factor(sizes, plain, std::vector<double>{1}), ArgumentError);
}

TEST_CASE("a folder of tables: the same rows twice, the same labels, categories") {
  const test::TemporaryDirectory directory("tables");
  write_folder(directory.path());
  const TableFolder folder = read_table_folder(directory.path(), config());
  REQUIRE(folder.tables.size() == 3);
  CHECK(folder.same == std::vector<std::string>{"c"});
  CHECK(folder.tables[0].group == "a");
  CHECK(folder.tables[1].group == "b");
  CHECK(folder.tables[2].group == "a");  // other columns of the same things
  CHECK(folder.tables[1].rows.columns.cols() == 1 + 3);
  CHECK(folder.tables[1].rows.classes == 3);
  io::write_file(directory.path() / "index.csv", "name,categorical_features\na,3\n");
  CHECK_THROWS_WITH_AS(read_table_folder(directory.path(), config()),
                       doctest::Contains("index.csv: line 2, column 2"), InputError);
}

TEST_CASE("splits are disjoint, nested, the same each time, and begin with two classes") {
  const test::TemporaryDirectory directory("splits");
  write_folder(directory.path());
  const NamedTable table = read_table_folder(directory.path(), config()).tables[1];
  const TableSplit split = split_table(table, 0, 300, 5);
  CHECK(split.test.size() == 18);
  CHECK(split_table(table, 0, 7, 5).test.size() == 7);
  std::set<int> all(split.test.begin(), split.test.end());
  all.insert(split.order.begin(), split.order.end());
  CHECK(all.size() == 60);
  CHECK(split_table(table, 0, 300, 5).order == split.order);
  CHECK(split_table(table, 1, 300, 5).order != split.order);
  CHECK(split_table(table, 0, 300, 6).order != split.order);
  const auto& labels = table.rows.labels;
  CHECK(labels[static_cast<std::size_t>(split.order[0])] !=
        labels[static_cast<std::size_t>(split.order[1])]);
  const auto small = table_task(table, split, 8);
  const auto large = table_task(table, split, 20);
  CHECK(std::equal(small.context.begin(), small.context.end(), large.context.begin()));
  CHECK(small.queries == split.test);
  CHECK_THROWS_AS(table_task(table, split, 43), ArgumentError);
}

TEST_CASE(
    "a small study ends in the same bytes whatever the threads, and its numbers fit together") {
  const test::TemporaryDirectory directory("tabular-study");
  write_folder(directory.path() / "data");
  std::filesystem::create_directory(directory.path() / "model");
  test::write_model(directory.path() / "model", test::random_parameters<float>(config(), 1));
  TabularOptions options;
  options.model = directory.path() / "model";
  options.data = directory.path() / "data";
  options.out = directory.path() / "one";
  options.sizes = {6, 16, 40};
  options.repeats = 2;
  options.pilot_tables = 2;
  options.supervision = {8, 2, 12};
  options.resampling.resamples = 200;
  set_threads(1);
  const TabularResult one = run_tabular_study(options);
  options.out = directory.path() / "two";
  set_threads(3);
  const TabularResult two = run_tabular_study(options);
  set_threads(0);
  for (const char* file : {"pilot.csv", "cases.csv", "splits.csv"}) {
    CHECK(io::read_file(directory.path() / "one" / file) ==
          io::read_file(directory.path() / "two" / file));
  }
  CHECK(to_json(one).dump() == to_json(two).dump());   // NaN differs from itself
  REQUIRE(one.cases.size() == 2 * 2 + 2 * 3 + 2 * 2);  // 40 rows after the test only in b
  CHECK(one.pilot.horizon >= 1);
  CHECK(one.pilot.step_scale > 0);
  CHECK(one.sizes.size() == 3);
  CHECK(one.sizes[0].tables == 3);
  CHECK(one.sizes[0].groups == 2);
  CHECK(one.sizes[2].tables == 1);
  double sum = 0;
  for (const TabularCase& entry : one.cases) {
    CHECK(TabularCase::from_row(entry.row()).row() == entry.row());
    for (const TabularScore& score : entry.scores) {
      CHECK(score.accuracy >= 0);
      CHECK(score.accuracy <= 1);
      CHECK(score.log_loss >= 0);
      CHECK(score.log_loss <= -std::log(0.01 / 4));  // bounded by the uniform share
    }
    if (!entry.kept) CHECK(entry.scores[2].accuracy == entry.scores[0].accuracy);
    if (entry.size == 40) sum += entry.scores[0].accuracy / 2;
  }
  CHECK(one.sizes[2].accuracy[0].mean == test::close(sum, 1e-12));
  REQUIRE(one.factors.size() == 4);
  CHECK(one.factors.back().name == "all");
  CHECK(one.factors.back().factor[1] > 0);

  // Continued from a torn run.
  const auto cases = directory.path() / "two" / "cases.csv";
  std::string text = io::read_file(cases);
  io::write_file(cases, text.substr(0, text.size() * 2 / 3));
  CHECK_THROWS_AS(run_tabular_study(options), InputError);
  options.resume = true;
  run_tabular_study(options);
  CHECK(io::read_file(cases) == text);

  // A row of another table, and other data below the same names.
  std::string other = text;
  other.replace(other.find("\n0,0,6,") + 1, 1, "7");
  io::write_file(cases, other);
  CHECK_THROWS_WITH_AS(run_tabular_study(options),
                       doctest::Contains("line 4: is not a row that case 1"), InputError);
  io::write_file(cases, text);
  const auto table = directory.path() / "data" / "a.csv";
  io::write_file(table, io::read_file(table) + "\n");
  CHECK_THROWS_WITH_AS(run_tabular_study(options), doctest::Contains("not from a run with these"),
                       InputError);
  options.sizes = {5000};
  CHECK_THROWS_WITH_AS(run_tabular_study(options), doctest::Contains("more than any table"),
                       ArgumentError);
}

TEST_CASE("a model that reads no rows is refused") {
  const test::TemporaryDirectory directory("tabular-refused");
  TabularOptions options;
  options.model = SEXTANT_SOURCE_DIR "/models/digits-gpt2";
  options.data = directory.path();
  options.out = directory.path() / "out";
  CHECK_THROWS_WITH_AS(run_tabular_study(options), doctest::Contains("is not a model of rows"),
                       InputError);
}
