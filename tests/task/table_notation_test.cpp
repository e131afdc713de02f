/// One notation of numbers per column: what the examples show, and queries are read by it.

#include <doctest/doctest.h>

#include "sextant/task/class_table.hpp"
#include "task/table_case.hpp"

using namespace sextant;
using namespace sextant::task;
using namespace sextant::test;

namespace {

/// Cells of queries in a column, and what they are read as beside some examples.
struct QueryCells {
  std::string name;
  Strings examples;
  Strings cells;
  std::vector<double> values;
  Strings notes;  ///< Parts, one of each note but that on semicolons.
};

std::string rows_of(const Strings& cells, bool labelled) {
  std::string text = labelled ? "a;label\n" : "a\n";
  for (std::size_t i = 0; i < cells.size(); ++i) {
    text += cells[i] + (!labelled ? "\n" : i % 2 == 0 ? ";u\n" : ";v\n");
  }
  return text;
}

const std::string doubtful = "points are read as decimal points (";
const std::string another = "numbers in another notation than those of the examples";

}  // namespace

TEST_CASE("cells of queries are numbers in the one notation of the examples, or missing") {
  const double none = missing_value;
  for (const QueryCells& c : std::vector<QueryCells>{
           {"whole numbers, nothing decides",
            {"1234", "1700", "3200"},
            {"3.234", "3,234", "3234", "3,5", "3.500,5", "3.5"},
            {3.234, none, 3234, none, none, 3.5},
            {"q.csv: column \"a\": " + doubtful + "\"3.234\" in line 2, column 1 (a) is 3.234)",
             "q.csv: 3 cells of queries count as missing, being " + another +
                 " (write a column's numbers alike), first \"3,234\" in line 3, column 1 (a)"}},
           {"decimal points",
            {"1.5", "1.7", "3.2"},
            {"1,5", "3,234", "3.234", "1.234,5", "1,234.5"},
            {none, none, 3.234, none, none},
            {"q.csv: 4 cells of queries count as missing"}},
           {"decimal commas",
            {"1,5", "1,7", "3,2"},
            {"1.234", "1.5", "1.234,5", "2,25", "7"},
            {none, none, none, 2.25, 7},
            {"t.csv: column \"a\": numbers with decimal commas (\"1,5\" in line 2",
             "q.csv: 3 cells of queries count as missing"}},
           {"points between thousands and decimal commas",
            {"1.234,5", "12,25"},
            {"1.234", "1.5", "2,25", "1234.5"},
            {1234, none, 2.25, none},
            {"t.csv: column \"a\": numbers with points between thousands, decimal commas",
             "q.csv: 2 cells of queries count as missing"}},
           {"thousands may be points, with a word on the examples alone",
            {"752", "1.020"},
            {"3.234", "3,5"},
            {3.234, none},
            {"t.csv: column \"a\": " + doubtful + "\"1.020\" in line 3",
             "q.csv: 1 cell of queries counts as missing"}},
           {"a unit",
            {"$5", "$7"},
            {"$9", "9", "9 \xE2\x82\xAC", "abc"},
            {9, none, none, none},
            {"t.csv: column \"a\": numbers with \"$\" before them",
             "q.csv: 1 cell of queries counts as missing, not being numbers as",
             "q.csv: 2 cells of queries count as missing, being " + another}}}) {
    CAPTURE(c.name);
    const ClassTable table =
        parse_class_tables(io::parse_csv(rows_of(c.examples, true), "t.csv"),
                           io::parse_csv(rows_of(c.cells, false), "q.csv", {.delimiter = ';'}), {});
    CHECK(table.categories == std::vector<int>{0});
    CHECK(same(table.columns.col(0).tail(static_cast<Eigen::Index>(c.cells.size())), c.values));
    REQUIRE(table.notes.size() == c.notes.size() + 1);
    for (std::size_t i = 0; i < c.notes.size(); ++i) {
      CHECK_MESSAGE(table.notes[i + 1].starts_with(c.notes[i]), table.notes[i + 1]);
    }
  }
}

TEST_CASE("a query with a point beside whole numbers is told where nothing decides") {
  const std::string text = "a,label\n1234,u\n1700,u\n3200,v\n4100,v\n";
  const ClassTable one = read(text + "3.234,\n3234,\n");
  CHECK(same(one.columns.col(0).tail(2), {3.234, 3234}));
  CHECK(one.notes ==
        Strings{"t.csv: column \"a\": points are read as decimal points (\"3.234\" in line 6, "
                "column 1 (a) is 3.234), but may stand between thousands: if so, leave them out "
                "of the file"});
  CHECK(read(text + "3.25,\n1234.567,\n0.125,\n").notes.empty());  // cannot be thousands
  // Another column shows what points are.
  CHECK(read("b,a,label\n0.5,1234,u\n0.7,1700,v\n0.5,3.234,\n").notes.empty());
}

TEST_CASE("a column with several marks has one description") {
  const ClassTable table = read("a;label\n5;u\n2,5;v\n1.234;u\n1.234,5;v\n");
  CHECK(same(table.columns.col(0), {5, 2.5, 1234, 1234.5}));
  CHECK(table.notes ==
        Strings{"t.csv: cells are separated by semicolons, as the header shows",
                "t.csv: column \"a\": numbers with points between thousands, decimal commas "
                "(\"2,5\" in line 3, column 1 (a) is 2.5)"});
}
