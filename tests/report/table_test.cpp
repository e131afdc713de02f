#include "sextant/report/table.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <sstream>
#include <string>
#include <vector>

#include "sextant/core/errors.hpp"

using namespace sextant::report;

namespace {

std::vector<std::string> lines(const std::string& text) {
  std::istringstream stream(text);
  std::vector<std::string> result;
  for (std::string line; std::getline(stream, line);) result.push_back(line);
  return result;
}

}  // namespace

TEST_CASE("text stands left, numbers right with their points aligned") {
  Table table;
  table.text("block", {"h.0.attn.v.11", "λ 模型"}).numbers("score", {0.5, 12.25});
  CHECK(lines(to_terminal(table, {})) == std::vector<std::string>{
                                             "block          score",
                                             "─────────────  ─────",
                                             "h.0.attn.v.11   0.50",
                                             "λ 模型         12.25",
                                         });
}

TEST_CASE("a wide table fits 80 columns without losing a number") {
  Table table;
  table.text("block", {std::string(90, 'x'), "a.very.long.block.name.that.goes.on"});
  std::vector<std::string> expected;
  for (int i = 0; i < 12; ++i) {
    const double value = 1.0 + i * 0.001;
    table.numbers("column " + std::to_string(i), {value, 1000 + value});
    expected.push_back(formatted_cells(table.columns().back())[1]);
  }
  const std::string text = to_terminal(table, {});
  for (const auto& line : lines(text)) CHECK(display_width(line) <= 80);
  for (const auto& number : expected) CHECK(text.find(number) != std::string::npos);
  CHECK(text.find("…") != std::string::npos);
  CHECK(text.find("\n\n") != std::string::npos);  // A second table with the remaining columns.
}

TEST_CASE("long tables are cut and counted") {
  Table table;
  table.numbers("i", {1, 2, 3, 4, 5});
  CHECK(to_terminal(table, {}, 2) == "i\n─\n1\n2\n… 3 more rows\n");
  CHECK(to_terminal(table, {}, 4) == "i\n─\n1\n2\n3\n4\n… 1 more row\n");
  CHECK(lines(to_terminal(table, {}, 5)).size() == 7);
}

TEST_CASE("empty tables") {
  CHECK(to_terminal(Table(), {}).empty());
  CHECK(to_csv(Table()).empty());
  CHECK(to_json(Table()).dump() == "[]");
  Table table;
  table.text("block", {}).numbers("score", {});
  CHECK(to_terminal(table, {}) == "block  score\n─────  ─────\n");
  CHECK(to_csv(table) == "block,score\n");
}

TEST_CASE("colour only where it is asked for") {
  Table table;
  table.text("a", {"\x1b[31mred"});
  CHECK(to_terminal(table, {80, false}).find('\x1b') == std::string::npos);
  CHECK(to_terminal(table, {80, true}).find("\x1b[1ma\x1b[0m") == 0);
}

TEST_CASE("columns must have equal length") {
  Table table;
  table.text("a", {"x"});
  CHECK_THROWS_AS(table.numbers("b", {1, 2}), sextant::ArgumentError);
}

TEST_CASE("CSV quotes and round-trips") {
  Table table;
  table.text("na\"me", {"plain", "a,b", "say \"hi\"", "two\nlines"})
      .numbers("value", {0.1, 1.0 / 3, std::nan(""), -HUGE_VAL});
  CHECK(to_csv(table) ==
        "\"na\"\"me\",value\nplain,0.1\n\"a,b\",0.3333333333333333\n\"say \"\"hi\"\"\",\n"
        "\"two\nlines\",-inf\n");
}

TEST_CASE("JSON rows have null for what is not finite") {
  Table table;
  table.numbers("x", {0.1, std::nan(""), HUGE_VAL}).text("s", {"a", "b", ""});
  CHECK(to_json(table).dump() == R"([{"x":0.1,"s":"a"},{"x":null,"s":"b"},{"x":null,"s":""}])");
}

TEST_CASE("two columns of one name are refused: the second would overwrite the first in JSON") {
  Table table;
  table.text("class", {"a"}).numbers("P", {0.1});
  CHECK_THROWS_WITH_AS(table.numbers("P", {0.2}), doctest::Contains("\"P\" names two columns"),
                       sextant::ArgumentError);
  CHECK(table.columns().size() == 2);
}
