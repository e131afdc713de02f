/// Which rows and columns of one or two tables are read: headers, delimiters, queries of their own.

#include <doctest/doctest.h>

#include "sextant/core/errors.hpp"
#include "sextant/task/class_table.hpp"
#include "sextant/task/row_prompt.hpp"
#include "task/table_case.hpp"

using namespace sextant;
using namespace sextant::task;
using namespace sextant::test;

TEST_CASE("tables that no file can be are refused") {
  const auto refused = [](const io::CsvTable& table, const char* message) {
    CHECK_THROWS_WITH_AS(parse_class_table(table, {}), doctest::Contains(message), ArgumentError);
    const io::CsvTable good = io::parse_csv("x,y\n1,a\n2,b\n", "t.csv");
    CHECK_THROWS_WITH_AS(parse_class_tables(good, table, {}), doctest::Contains(message),
                         ArgumentError);
    CHECK_THROWS_WITH_AS(parse_class_tables(table, good, {}), doctest::Contains(message),
                         ArgumentError);
  };
  refused({}, "has no columns");
  io::CsvTable table = io::parse_csv("x,y\n1,a\n2,b\n", "t.csv");
  table.rows[1].pop_back();
  refused(table, "has 1 cell in rows[1], expected 2 as in the header");
  table.rows[1].clear();
  refused(table, "has 0 cells in rows[1]");
  table.rows[1] = {{"", 0}, {"", 0}};
  refused(table, "has empty cells alone in rows[1], expected no such row");
  table = io::parse_csv("x,y\n1,a\n2,b\n", "t.csv");
  table.header[1] = "x";
  refused(table, "has the column name \"x\" twice");
  table.header[1] = "";
  refused(table, "has an empty name");
  table.header = {"x", "y"};
  table.rows.clear();
  CHECK(parse_class_table(table, {}).examples.empty());
}

TEST_CASE("rows of commas are not read, and every row is counted") {
  const ClassTable table = read("x,y\n1,a\n,\n2,b\n3,\n,\n,\n");
  CHECK(table.examples.size() == 2);
  CHECK(table.queries.size() == 1);
  CHECK(table.unread == 3);
  CHECK(table.notes == Strings{"t.csv: 3 rows of empty cells alone are not read, first in line 3"});
  const ClassTable both = parse_class_tables(io::parse_csv("x,y\n1,a\n2,b\n3,\n", "t.csv"),
                                             io::parse_csv("x,y\n3,\n,\n", "q.csv"), {});
  CHECK(both.examples.size() == 2);
  CHECK(both.queries.size() == 1);
  CHECK(both.unread == 2);
}

TEST_CASE("a first line that is a row is refused, and one that may be is told") {
  const auto refused = [](const std::string& text, const TableColumns& columns = {}) {
    CAPTURE(text);
    CHECK_THROWS_WITH_AS(read(text, columns),
                         doctest::Contains("say whether the first line is one"), InputError);
  };
  const std::string headless = "5.1,3.5,setosa\n4.9,3.0,setosa\n7,3.2,other\n6,3,other\n";
  refused(headless);
  refused(headless, {"species", {}});
  refused("1,0\n2,1\n3,0\n");                 // the label's numbers as numbers
  refused("red,a\nblue,b\nred,b\nblue,a\n");  // categories alone
  CHECK(read(headless, {}, {{}, io::Header::absent}).labels == std::vector<int>{1, 1, 0, 0});
  CHECK(read(headless, {}, {{}, io::Header::given}).names == Strings{"5.1", "3.5"});
  // The label's first cell does not come again, but all numbers have a number above them.
  const ClassTable doubtful = read("5.1,3.5,y\n4.9,3.0,a\n7,3.2,b\n");
  CHECK(says(doubtful, "line 1 is read as names of columns, although some are numbers (\"5.1\""));
  CHECK(read("5.1,3.5,y\n4.9,3.0,a\n7,3.2,b\n", {"y", {}}).notes.empty());
  for (const std::string text :
       {"x,y\n1,y\n2,n\n", "0,1,2\n1.5,2,a\n2.5,3,b\n", "1,2,class\n1.5,2,a\n2.5,3,b\n",
        "colour,y\nred,a\nblue,b\nred,b\n", "2020,name,y\n1.5,u,a\nx,u,b\n3,v,a\n"}) {
    CAPTURE(text);
    CHECK_FALSE(says(read(text), "header"));
  }
}

TEST_CASE("a first line whose names are values of later rows is told") {
  const auto told = [](const std::string& text, const std::string& names) {
    CAPTURE(text);
    CHECK(says(read(text), "t.csv: line 1 is read as names of columns, although some are " + names +
                               "; write a header, or say whether the first line is one (header: "
                               "yes or no)"));
    CHECK_FALSE(says(read(text, {}, {{}, io::Header::given}), "names of columns"));
  };
  const std::string text =
      "red,small,ca\nred,big,b\nblue,small,b\nblue,big,d\nred,big,d\nblue,small,\n";
  told(text, "values of later rows (\"red\", \"small\")");
  CHECK(read(text, {}, {{}, io::Header::absent}).examples.size() == 5);
  told("red,small,b\nblue,big,b\nblue,tiny,d\nblue,big,d\n", "values of later rows (\"b\")");
  told("colour,y\nred,y\nblue,n\nred,n\n", "values of later rows (\"y\")");
  told("5.1,red,ca\n4.9,red,b\n4.8,blue,d\n3,blue,d\n",
       "numbers (\"5.1\"), some values of later rows (\"red\")");
  // A column of numbers has a name, so that the line is a header.
  CHECK(read("weight,red,b\n1,red,b\n2,blue,c\n").notes.empty());
}

TEST_CASE("a table of one column names the likely delimiter") {
  const auto refused = [](const std::string& text, const char* message,
                          const io::CsvOptions& options = {}) {
    CHECK_THROWS_WITH_AS(read(text, {}, options), doctest::Contains(message), InputError);
  };
  refused("a:b\n1:2\n", "are cells separated by \":\" (then name the delimiter)");
  refused("\"a,b\"\n\"1,2\"\n", "or whole lines in quotes?");
  refused("a;b\n1;2\n", "are cells separated by semicolons (then name the delimiter)", {',', {}});
  refused("a\n1\n", "cells are separated by commas; name the delimiter if it is another");
}

TEST_CASE("columns of queries are found by name, and what is lacking or surplus is told") {
  const io::CsvTable examples = io::parse_csv("x,colour,kind\n1,u,a\n2,v,b\n", "t.csv");
  const auto with = [&](const std::string& text) {
    return parse_class_tables(examples, io::parse_csv(text, "q.csv"), {});
  };
  const ClassTable moved = with("id,kind,colour,x\n7,b,v,3\n");
  CHECK(same(moved.columns.row(2), {3, 1}));
  CHECK(moved.labels.back() == 1);
  CHECK(moved.unused == Strings{"id"});
  CHECK(says(moved, "q.csv: not used, since t.csv lacks them: \"id\""));
  const ClassTable unlabelled = with("x;colour\n3;u\n");
  CHECK(unlabelled.labels.back() == -1);
  CHECK(unlabelled.queries == std::vector<int>{2});
  const auto refused = [&](const std::string& text, const char* message) {
    CHECK_THROWS_WITH_AS(with(text), doctest::Contains(message), InputError);
  };
  refused("x,Colour,kind\n1,u,a\n",
          "q.csv: line 1: lacks the column \"colour\" of t.csv; is its \"Colour\" meant?");
  refused("kind\na\n", "lacks the columns \"x\", \"colour\" of t.csv");
  refused("3,u\n4,v\n", "is this line a header, with cells separated by commas?");
}

TEST_CASE("queries change nothing for each other or for the examples") {
  const std::string examples = "x,n,c,y\n1,5,u,a\n2,6,v,b\n3,7,u,a\n4,8,w,b\n";
  const std::string first = "2.5,6,v,\n";
  // A category, a text among numbers, a notation, a constant column and a class of their own.
  const std::string others = "abc,6,z,\n\"1,234\",-,q,\n$9,6,v,\nNA,6%,,\n1e300,7,w,\n";
  const auto features = [](const ClassTable& table) {
    return encode(row_task(table, 100, 10), 100, {}, "t.csv").table->features;
  };
  const ClassTable alone = read(examples + first);
  const auto expected = features(alone);
  REQUIRE(expected.rows() == 5);
  const ClassTable many = read(examples + first + others);
  CHECK(many.queries.size() == 6);
  CHECK(many.categories == alone.categories);
  CHECK(features(many).topRows(5) == expected);
  const io::CsvTable of_examples = io::parse_csv(examples, "t.csv");
  for (const std::string& text : {first, first + others, others + first}) {
    const ClassTable table =
        parse_class_tables(of_examples, io::parse_csv("x,n,c,y\n" + text, "q.csv"), {});
    const auto found = features(table);
    CHECK(found.topRows(4) == expected.topRows(4));
    const Eigen::Index row = text == others + first ? found.rows() - 1 : 4;
    CHECK(found.row(row) == expected.row(4));
  }
  // Rows that are not read have no part in it either.
  const ClassTable unread = parse_class_tables(io::parse_csv(examples + "abc,9,zz,\n", "t.csv"),
                                               io::parse_csv("x,n,c,y\n" + first, "q.csv"), {});
  const auto found = features(unread);
  CHECK(found.topRows(4) == expected.topRows(4));
  CHECK(found.row(5) == expected.row(4));
  CHECK(says(many,
             "1 cell of queries counts as missing, not being numbers as the examples "
             "write them, first \"abc\" in line 7, column 1 (x)"));
  CHECK(says(many,
             "3 cells of queries count as missing, being numbers in another notation than "
             "those of the examples (write a column's numbers alike), first \"1,234\" in line 8, "
             "column 1 (x)"));
  CHECK(says(many,
             "2 cells of queries count as missing, since no example has that category, first "
             "\"z\" in line 7, column 3 (c)"));
}

TEST_CASE("every row knows the line of its file that it begins in") {
  const ClassTable one = read("x,y\n1,a\n,\n\n\"2\",b\n3,\n");
  CHECK(one.lines == std::vector<std::size_t>{2, 5, 6});
  CHECK(one.query_file == "t.csv");
  const ClassTable two = parse_class_tables(io::parse_csv("x,y\n1,a\n2,b\n", "t.csv"),
                                            io::parse_csv("x\n\n3\n", "q.csv"), {});
  CHECK(two.lines == std::vector<std::size_t>{2, 3, 3});
  CHECK(two.query_file == "q.csv");
}

TEST_CASE("cells of a table that no file holds are named by their rows") {
  const auto table = [](const std::string& first, const std::string& label) {
    io::CsvTable csv;
    csv.header = {"a", "y"};
    csv.rows = {{{first, 0}, {"u", 0}}, {{"2", 0}, {label, 0}}, {{"3", 0}, {"v", 0}}};
    return csv;
  };
  CHECK_THROWS_WITH_AS(parse_class_table(table("inf", "v"), {}),
                       doctest::Contains("rows[0], column 1 (a): is \"inf\", expected a finite"),
                       InputError);
  try {
    parse_class_table(table("inf", "v"), {});
  } catch (const InputError& error) {
    CHECK(std::string(error.what()).starts_with("rows[0]"));
  }
  CHECK_THROWS_WITH_AS(parse_class_table(table("1", "v"), {"z", {}}),
                       "header: has no column \"z\", expected one of \"a\", \"y\"", InputError);
  CHECK(parse_class_table(table("1", "NA"), {})
            .notes.front()
            .starts_with("the label \"NA\" (1 row, first in rows[1]) is a class"));
  io::CsvTable queries = table("x", "");
  CHECK(parse_class_tables(table("1", ""), queries, {}).notes ==
        Strings{"1 row without a label is not read, first in rows[1]: the queries come from the "
                "table of queries",
                "1 cell of queries counts as missing, not being numbers as the examples "
                "write them, first \"x\" in rows[0], column 1 (a)"});
  queries.header = {"b", "y"};
  CHECK_THROWS_WITH_AS(parse_class_tables(table("1", "v"), queries, {}),
                       doctest::Contains("header: lacks the column \"a\" of the examples"),
                       InputError);
}
