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
  CHECK_THROWS_WITH_AS(table.column("w"), doctest::Contains("expected one of \"name\", \"v\""),
                       InputError);
}

TEST_CASE("quoted cells of a tab-separated table hold tabs") {
  for (const CsvOptions& options : {CsvOptions(), CsvOptions{.delimiter = '\t'}}) {
    const CsvTable table = parse_csv(
        "\"na\tme\"\tv\n\"a\tb\"\t1\n\"\t\"\t\"2\t\"\nc\t3\n\"d\" \t 4\n", "t.tsv", options);
    CHECK(table.delimiter == '\t');
    CHECK(table.header == std::vector<std::string>{"na\tme", "v"});
    CHECK(texts(table) == Texts{{"a\tb", "1"}, {"\t", "2\t"}, {"c", "3"}, {"d", "4"}});
  }
}

TEST_CASE("what is no table is refused with its place") {
  for (const Bad& bad : std::vector<Bad>{
           {"", "t.csv: is empty"},
           {"\n\r\n", "t.csv: is empty"},
           {"a,b\n", "no rows"},
           {"a,b\n1,2\n1,2,3\n", "line 3, column 3: the row has 3 cells, expected 2"},
           {"a,b\n\n1\n", "line 3, column 2: the row has 1 cell, expected 2"},
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

TEST_CASE("the delimiter is found from the header, and any but the comma is told") {
  struct Case {
    std::string text;
    char delimiter;
    Texts rows;
  };
  for (const Case& one : std::vector<Case>{
           {"a;b\n1,5;x\n2,5;y\n", ';', {{"1,5", "x"}, {"2,5", "y"}}},
           {"a\tb\n\tx y\n1\t\n", '\t', {{"", "x y"}, {"1", ""}}},
           {"a|b\n1|2\n", '|', {{"1", "2"}}},
           {"a,b|c\n1,2\n", ',', {{"1", "2"}}},               // only commas make equal rows
           {"a;b,c;d\n1;2,5;3\n", ';', {{"1", "2,5", "3"}}},  // more columns than with commas
           {"\"a;b\",c\n1,2\n", ',', {{"1", "2"}}},           // what is in quotes does not count
           {"\n ,, \na,b\n1;2,3;4\n", ',', {{"1;2", "3;4"}}},
           {"a\n1\n", ',', {{"1"}}}}) {
    CAPTURE(one.text);
    const CsvTable table = parse_csv(one.text, "t.csv");
    CHECK(table.delimiter == one.delimiter);
    CHECK(texts(table) == one.rows);
    CHECK(table.notes.size() == (one.delimiter == ',' ? 0 : 1));
  }
  const CsvTable semicolons = parse_csv("a;b\n1;2\n", "t.csv");
  CHECK(semicolons.notes.front() ==
        "t.csv: cells are separated by semicolons, as the header shows");
  const CsvTable tabs = parse_csv("a\tb\n\n\tx\n", "t.csv");
  CHECK(tabs.rows[0][0].line == 3);  // a row that begins with a tab begins there
  CsvOptions colon;
  colon.delimiter = ':';
  CHECK(texts(parse_csv("a:b,c\n1:2,3\n", "t.csv", colon)) == Texts{{"1", "2,3"}});
  CHECK(parse_csv("a:b,c\n1:2,3\n", "t.csv", colon).notes.empty());
  for (const char bad : {'"', '\n', ' ', 'x', '1', '\xE9'}) {
    CsvOptions options;
    options.delimiter = bad;
    CHECK_THROWS_AS(parse_csv("a,b\n1,2\n", "t.csv", options), ArgumentError);
  }
}

TEST_CASE("a first line for Excel says the delimiter and is no header") {
  for (const std::string text : {"sep=;\na;b\n1,5;x\n", "\"sep=;\"\r\na;b\r\n1,5;x\r\n",
                                 "\xEF\xBB\xBFsep=;\ra;b\r1,5;x\r"}) {
    CAPTURE(text);
    const CsvTable table = parse_csv(text, "t.csv");
    CHECK(table.header == std::vector<std::string>{"a", "b"});
    CHECK(texts(table) == Texts{{"1,5", "x"}});
    CHECK(table.header_line == 2);
    CHECK(table.rows[0][1].line == 3);
    CHECK(table.notes ==
          std::vector<std::string>{"t.csv: cells are separated by semicolons, as line 1 says"});
  }
  CHECK(parse_csv("sep=,\na,b\n1,x\n", "t.csv").notes.empty());
  CHECK(texts(parse_csv("sep=;\na,b\n1,x\n", "t.csv", {',', {}})) == Texts{{"1", "x"}});
  CHECK(parse_csv("sep=x,b\n1,x\n", "t.csv").header.front() == "sep=x");
  CHECK_THROWS_WITH_AS(parse_csv("sep=;", "t.csv"), doctest::Contains("is empty"), InputError);
}

TEST_CASE("rows of empty cells are counted and left out, wherever they stand") {
  const CsvTable table = parse_csv(",,\na,b\n1,2\n,\n\"\",\"\"\n\n3,4\n,,,\n", "t.csv");
  CHECK(texts(table) == Texts{{"1", "2"}, {"3", "4"}});
  CHECK(table.header_line == 2);
  CHECK(table.blank_rows == 4);
  CHECK(table.first_blank_row == 1);
  CHECK(table.rows[1][0].line == 7);
  CHECK_THROWS_WITH_AS(parse_csv("a,b\n,\n", "t.csv"), doctest::Contains("no rows"), InputError);
  CHECK(parse_csv("a,b\n1,2\n", "t.csv").blank_rows == 0);
}

TEST_CASE("a table without a header has its first row") {
  CsvOptions options;
  options.header = Header::absent;
  const CsvTable table = parse_csv("1,1\n2,3\n", "t.csv", options);
  CHECK(table.header == std::vector<std::string>{"column1", "column2"});
  CHECK(texts(table) == Texts{{"1", "1"}, {"2", "3"}});
  CHECK(table.place(0, 1) == "line 1, column 2 (column2)");
  CHECK(parse_csv("1,1\n", "t.csv", options).rows.size() == 1);
  CHECK_THROWS_WITH_AS(parse_csv("1,1\n2\n", "t.csv", options),
                       doctest::Contains("expected 2 as the first row has"), InputError);
}

TEST_CASE("messages name the likely cause") {
  for (const Bad& bad : std::vector<Bad>{
           {"5.1,5.1,a\n1,2,b\n",
            "column 2: repeats the column name \"5.1\"; if this line is a row"},
           {"NA,NA,a\n1,2,b\n",
            "column 2: repeats the column name \"NA\"; if this line is a row, say that there is no "
            "header"},
           {"?,,a\n1,2,b\n", "column 2: is empty, expected a column's name; if this line is a row"},
           {"1,,a\n1,2,b\n", "column 2: is empty, expected a column's name; if this line is a row"},
           {",x,y\n0,1,b\n", "column 1: is empty, expected a column's name (pandas: to_csv"},
           {"a;b\n1;2\n1,5\n",
            "line 3, column 2: the row has 1 cell, expected 2 as the header has; "
            "cells are separated by semicolons"},
           {"a,b\n1,5,2\n",
            "cells are separated by commas, and one that holds commas stands in "
            "quotes"},
           {"\xFF\xFE"
            "a",
            "is text in UTF-16, expected text (CSV or TSV): save it as UTF-8"},
           {std::string("a\0,\0", 4), "has a null byte, expected text; is the file in UTF-16?"},
           {"a,b\n1,\xE9\n", "has bytes that are not UTF-8; save the file in that encoding"},
           {"version https://git-lfs.github.com/spec/v1\noid sha256:1\nsize 9\n",
            "t.csv: is a Git LFS pointer, expected text (CSV or TSV): run `git lfs pull`"},
           {"\xEF\xBB\xBF<!DOCTYPE html>\n<html></html>\n",
            "t.csv: is a web page, expected text (CSV or TSV): a server answered with a login"},
           {"PK\x03\x04...",
            "is a zip archive, as spreadsheets (.xlsx) and checkpoints of PyTorch are, expected "
            "text (CSV or TSV): export a spreadsheet as text"},
           {"PK\x03\x04" + std::string(26, '.') + "pytorch_model/data.pkl",
            "is a zip archive, as PyTorch writes checkpoints, expected text (CSV or TSV): convert"},
           {"PK\x03\x04" + std::string(26, '.') + "[Content_Types].xml",
            "is a zip archive, as spreadsheets (.xlsx, .ods) are, expected text (CSV or TSV): "
            "export it as text (CSV)"}}) {
    CAPTURE(bad.text);
    CHECK_THROWS_WITH_AS(parse_csv(bad.text, "t.csv"), doctest::Contains(bad.message.c_str()),
                         InputError);
  }
  const CsvTable table = parse_csv("sepal length,Species\n1,a\n", "t.csv");
  CHECK_THROWS_WITH_AS(table.column("species"), doctest::Contains("; is \"Species\" meant?"),
                       InputError);
  CHECK_THROWS_WITH_AS(table.column("colour"),
                       "t.csv: line 1: has no column \"colour\", expected one of \"sepal length\", "
                       "\"Species\"",
                       InputError);
}

TEST_CASE("a file that holds something else than a table is named as such") {
  const auto refused = [](const std::string& text, const std::string& what) {
    CAPTURE(text);
    CHECK_THROWS_WITH_AS(parse_csv(text, "t.csv"),
                         doctest::Contains(("t.csv: is " + what + ", expected text").c_str()),
                         InputError);
  };
  refused("{\n  \"examples\": [{\"x\": \"3\", \"y\": \"1\"}]\n}\n", "JSON");
  refused("{\"a\": 1}\n{\"a\": 2}\n", "JSON");
  refused("[1, 2, 3]", "JSON");
  refused("[{\"a\": 1}, {\"a\"", "JSON");
  using namespace std::string_literals;
  refused("\x40\0\0\0\0\0\0\0{\"__metadata__\":{}}"s, "a safetensors file");
  refused("\x93NUMPY\x01\0v"s, "a NumPy array");
  refused("\x1f\x8b\x08\0\0\0\0\0"s, "compressed by gzip");
  CHECK(parse_csv("[x],{y}\n1,2\n", "t.csv").header == std::vector<std::string>{"[x]", "{y}"});
  CHECK(parse_csv("[1],b\n1,2\n", "t.csv", {.header = Header::given}).rows.size() == 1);
  CHECK_THROWS_WITH_AS(parse_csv("[1] length,b\n1,x\"y\n", "t.csv"),
                       doctest::Contains("line 2, column 2: has a quote inside a cell"),
                       InputError);
  CHECK_THROWS_WITH_AS(parse_csv("[1] length,b\n1,\xE9\n", "t.csv"),
                       doctest::Contains("line 2, column 2: has bytes that are not UTF-8"),
                       InputError);
  CHECK_THROWS_WITH_AS(parse_csv("h\xE4user,b\n1,2\n", "t.csv"),
                       doctest::Contains("has bytes that are not UTF-8"), InputError);
}
