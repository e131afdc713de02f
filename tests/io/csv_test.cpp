#include "sextant/io/csv.hpp"

#include <doctest/doctest.h>

#include "sextant/core/errors.hpp"

using namespace sextant;
using namespace sextant::io;

namespace {

std::vector<std::vector<std::string>> texts(const CsvTable& table) {
  std::vector<std::vector<std::string>> result;
  for (const auto& row : table.rows) {
    auto& cells = result.emplace_back();
    for (const CsvCell& cell : row) cells.push_back(cell.text);
  }
  return result;
}

using Texts = std::vector<std::vector<std::string>>;

struct Bad {
  std::string text;
  std::string message;
};

}  // namespace

TEST_CASE("line ends, a byte-order mark, quotes, blanks and empty lines") {
  const Texts expected = {{"1", "x y"}, {"", "3"}};
  for (const std::string text :
       {"a,b\n1,x y\n,3\n", "a,b\r\n1,x y\r\n,3\r\n", "a,b\r1,x y\r,3\r", "a,b\n1,x y\n,3",
        "\xEF\xBB\xBF"
        "a,b\n1,x y\n,3\n",
        "a,b\n\n1,x y\n\r\n\n,3\n\n", "\n a , b \n 1\t, x y \n ,3\n",
        "\"a\",\"b\"\n\"1\",\"x y\"\n\"\",\"3\""}) {
    CAPTURE(text);
    const CsvTable table = parse_csv(text, "t.csv");
    CHECK(table.header == std::vector<std::string>{"a", "b"});
    CHECK(texts(table) == expected);
  }
}

TEST_CASE("quoted cells hold commas, quotes and line ends, and lines are counted through them") {
  const CsvTable table =
      parse_csv("name,v\n\"a \"\"b\"\", c\",1\n\"two\r\nlines\",2\n x,3\n", "t.csv");
  CHECK(texts(table) == Texts{{"a \"b\", c", "1"}, {"two\r\nlines", "2"}, {"x", "3"}});
  CHECK(table.rows[1][0].line == 3);
  CHECK(table.rows[1][1].line == 4);
  CHECK(table.rows[2][0].line == 5);
  CHECK(table.place(2, 1) == "line 5, column 2 (v)");
  CHECK(table.column("v") == 1);
  CHECK_THROWS_WITH_AS(table.column("w"), doctest::Contains("expected one of name, v"), InputError);
}

TEST_CASE("what is no table is refused with its place") {
  for (const Bad& bad : std::vector<Bad>{
           {"", "t.csv: is empty"},
           {"\n\r\n", "t.csv: is empty"},
           {"a,b\n", "no rows"},
           {"a,b\n1,2\n1,2,3\n", "line 3, column 3: the row has 3 cells, expected 2"},
           {"a,b\n\n1\n", "line 3, column 2: the row has 1 cells, expected 2"},
           {"a,b\n1,x\"y\n", "line 2, column 2: has a quote inside"},
           {"a,b\n1,\"x\"y\n", "line 2, column 2: has a quote inside"},
           {"a,b\n1,2\n\"3,\n4\n", "line 3, column 1: begins with a quote that is never closed"},
           {"a,a\n1,2\n", "line 1, column 2: repeats the column name \"a\""},
           {"a,\n1,2\n", "line 1, column 2: is empty"},
           {"a,b\n1,2\n3,\xE9t\xE9\n", "line 3, column 2: has bytes that are not UTF-8"},
           {std::string("a,b\n1,\0\n", 8), "line 2, column 2: has a null byte"}}) {
    CAPTURE(bad.text);
    CHECK_THROWS_WITH_AS(parse_csv(bad.text, "t.csv"), doctest::Contains(bad.message.c_str()),
                         InputError);
  }
  CHECK_THROWS_AS(read_csv("/nowhere/t.csv"), InputError);
}

TEST_CASE("cells in messages are cut between characters") {
  CHECK(quoted_cell("two words") == "\"two words\"");
  CHECK(quoted_cell(std::string(100, 'x')) == '"' + std::string(60, 'x') + "...\" (100 bytes)");
  // 59 bytes, then a character of two that does not fit.
  CHECK(quoted_cell(std::string(59, 'x') + "\xC3\xA9 and more") ==
        '"' + std::string(59, 'x') + "...\" (70 bytes)");
}
