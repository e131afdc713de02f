#include "sextant/task/class_table.hpp"

#include <doctest/doctest.h>

#include <cmath>

#include "sextant/core/errors.hpp"
#include "sextant/task/row_prompt.hpp"

using namespace sextant;
using namespace sextant::task;

namespace {

ClassTable table_of(const std::string& text, const TableColumns& columns = {}) {
  return parse_class_table(io::parse_csv(text, "t.csv"), columns);
}

void check_refused(const std::string& text, const std::string& message,
                   const TableColumns& columns = {}) {
  CAPTURE(text);
  CHECK_THROWS_WITH_AS(row_task(table_of(text, columns), 100, 10),
                       doctest::Contains(message.c_str()), InputError);
}

}  // namespace

TEST_CASE("numbers, categories, missing cells and labels") {
  const ClassTable table = table_of(
      "x,colour,code,class\n1e3,red,2,b\n-2.5E-1,?,1,a\n+7,blue,2,b\nNA,red,,b\n1e-999,nan,1,a\n"
      "8,red,2,\n",
      {"", {"code"}});
  CHECK(table.names == std::vector<std::string>{"x", "colour", "code"});
  CHECK(table.categories == std::vector<int>{0, 2, 2});
  CHECK(table.classes == std::vector<std::string>{"a", "b"});
  CHECK(table.labels == std::vector<int>{1, 0, 1, 1, 0, -1});
  CHECK(table.label == "class");
  CHECK(table.notes ==
        std::vector<std::string>{"t.csv: 2 cells of categories count as missing, first \"?\" in "
                                 "line 3, column 2 (colour)"});
  CHECK(table.unused.empty());
  CHECK(table.columns(0, 0) == 1000);
  CHECK(table.columns(1, 0) == -0.25);
  CHECK(table.columns(2, 0) == 7);
  CHECK(std::isnan(table.columns(3, 0)));
  CHECK(table.columns(4, 0) == 0);
  CHECK(table.columns(0, 1) == 1);  // blue, red
  CHECK(std::isnan(table.columns(1, 1)));
  CHECK(table.columns(0, 2) == 1);
  CHECK(std::isnan(table.columns(3, 2)));
}

TEST_CASE("the label may be any column, and classes that are numbers are in their order") {
  const ClassTable table = table_of("y,x\n10,1\n9,2\n-1,3\n", {"y", {}});
  CHECK(table.classes == std::vector<std::string>{"-1", "9", "10"});
  CHECK(table.labels == std::vector<int>{2, 1, 0});
  CHECK_THROWS_WITH_AS(table_of("y,x\n1,1\n", {"z", {}}), doctest::Contains("has no column \"z\""),
                       InputError);
}

TEST_CASE("categories become indicators as long as there is room") {
  std::string text = "n,two,three,many,y\n";
  for (int i = 0; i < 24; ++i) {
    text += std::to_string(i) + "," + "pq"[i % 2] + "," + "rst"[i % 3] + "," +
            static_cast<char>('A' + i % 12) + "," + std::to_string(i % 2) + "\n";
  }
  const ClassTable table = table_of(text);
  CHECK(table.categories == std::vector<int>{0, 2, 3, 12});
  const Eigen::MatrixXd coded = coded_columns(table, 100);
  REQUIRE(coded.cols() == 1 + 1 + 3 + 1);
  CHECK(coded(5, 0) == 5);
  CHECK(coded(5, 1) == 1);
  CHECK(coded.row(5).segment(2, 3) == Eigen::RowVector3d(0, 0, 1));
  CHECK(coded(5, 5) == 5);
  const Eigen::MatrixXd tight = coded_columns(table, 5);  // no room for three indicators
  REQUIRE(tight.cols() == 4);
  CHECK(tight(5, 2) == 2);
  CHECK_THROWS_WITH_AS(coded_columns(table, 3),
                       "t.csv: has 4 columns beside the label, the model reads at most 3",
                       InputError);
}

TEST_CASE("bad tables are refused with line and column") {
  check_refused("x,y\n1,a\ninf,b\n", "t.csv: line 3, column 1 (x): is \"inf\", expected a finite");
  check_refused("x,y\n1,a\n2,b\n-inf,\n", "line 4, column 1 (x): is \"-inf\"");
  check_refused("x,y\n1,a\n1e999,b\n", "line 3, column 1 (x): is \"1e999\"");
  check_refused("x,y\n1,a\n2,a\n", "one class alone (\"a\" in column \"y\")");
  check_refused("x,y\n1,a\n2,\n", "has 1 labelled row,");
  check_refused("y\na\nb\n", "line 1: has the label's column alone");
  std::string many = "x,y\n";
  for (int i = 0; i < 11; ++i) many += "1,c" + std::to_string(i) + "\n";
  check_refused(many,
                "has 11 classes, the model tells at most 10 apart (\"c0\", \"c1\", \"c10\" and 8 "
                "others): is");
  CHECK_THROWS_WITH_AS(row_task(table_of("x,y\n1,a\n2,b\n"), 10, 1),
                       doctest::Contains("has 2 classes, the model tells at most 1 apart (\"a\", "
                                         "\"b\"): is the label's column (\"y\") the right one?"),
                       InputError);
}

TEST_CASE("rows without a label are queries, and so are those of a second table") {
  const io::CsvTable examples = io::parse_csv("x,c,y\n1,u,a\n2,v,b\n3,u,\n", "t.csv");
  const RowTask one = row_task(parse_class_table(examples, {}), 100, 10);
  CHECK(one.context == std::vector<int>{0, 1});
  CHECK(one.queries == std::vector<int>{2});
  CHECK(parse_class_table(examples, {}).unread == 0);
  const io::CsvTable queries = io::parse_csv("x,c,y\n4,w,b\n5,u,z\n6,,\n", "q.csv");
  const ClassTable both = parse_class_tables(examples, queries, {});
  CHECK(both.classes == std::vector<std::string>{"a", "b"});
  CHECK(both.categories == std::vector<int>{0, 2});
  CHECK(both.labels == std::vector<int>{0, 1, -1, 1, -1, -1});
  CHECK(both.unread == 1);
  CHECK(std::isnan(both.columns(3, 1)));  // no example has the category w
  CHECK(both.columns(4, 1) == 0);
  CHECK(both.notes ==
        std::vector<std::string>{
            "t.csv: 1 row without a label is not read, first in line 4: the queries come from "
            "q.csv",
            "q.csv: 1 label is no class of the examples and counts as unknown, first \"z\" in line "
            "3, column 3 (y)",
            "q.csv: 1 cell of queries counts as missing, since no example has that category, first "
            "\"w\" in line 2, column 2 (c)"});
  const RowTask two = row_task(both, 100, 10);
  CHECK(two.context == std::vector<int>{0, 1});
  CHECK(two.queries == std::vector<int>{3, 4, 5});
  CHECK_THROWS_WITH_AS(parse_class_tables(examples, io::parse_csv("x,d,y\n1,u,a\n", "q.csv"), {}),
                       doctest::Contains("q.csv: line 1: lacks the column \"c\" of t.csv"),
                       InputError);
}
