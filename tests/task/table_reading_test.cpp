/// How a table's cells and columns are understood: by whole columns, by the examples alone, and
/// never in silence.

#include <doctest/doctest.h>

#include "sextant/core/errors.hpp"
#include "sextant/task/class_table.hpp"
#include "task/table_case.hpp"

using namespace sextant;
using namespace sextant::task;
using namespace sextant::test;

namespace {

struct Column {
  Strings cells;
  std::vector<double> values;  ///< Empty: categories.
  std::string note;            ///< A part; empty: none.
};

}  // namespace

TEST_CASE("markers of missing values are missing in the first row as in the last") {
  for (const std::string marker :
       {"",        "#N/A",   "#n/a n/a",     "#NA",     "-1.#IND", "1.#QNAN", "-NaN", "<NA>",
        "N/A",     "NA",     "NULL",         "NaN",     "None",    "null",    "?",    "\\N",
        "-",       "--",     "\xE2\x80\x93", "#DIV/0!", "#VALUE!", " NA ",    "#NV",  "#WERT!",
        "#BEZUG!", "#ZAHL!", "N.A.",         "n.a.",    "k.A.",    "k. A."}) {
    CAPTURE(marker);
    for (const Strings& cells : {Strings{marker, "1.5", "2", "-3"}, {"1.5", "2", "-3", marker}}) {
      const ClassTable table = read(column_text(cells));
      CHECK(table.categories == std::vector<int>{0});
      CHECK(table.columns.array().isNaN().count() == 1);
      CHECK(table.notes.empty());
    }
  }
}

TEST_CASE("numbers in another notation are numbers where the whole column follows it") {
  const std::string minus = "\xE2\x88\x92";
  for (const Column& column : std::vector<Column>{
           {{"1", "-2.5e3", "+.5"}, {1, -2500, 0.5}, ""},
           {{"$5", "-$7", "$1,000.50"}, {5, -7, 1000.5}, "\"$\" before them, commas between"},
           {{"5 \xE2\x82\xAC", "7\xE2\x82\xAC", "?"}, {5, 7, missing_value}, "\" after them"},
           {{"12%", "0.5 %", "100%"}, {12, 0.5, 100}, "\"%\" after them (\"12%\" in line 2"},
           {{"1,234", "567", "12,345,678"}, {1234, 567, 12345678}, "commas between thousands"},
           {{"1,5", "2,25", "-3"}, {1.5, 2.25, -3}, "decimal commas (\"1,5\" in line 2"},
           {{"1.234,5", "12,25", "1.000.000,0"}, {1234.5, 12.25, 1e6}, "points between thousands"},
           {{"1 234",
             "12\xC2\xA0"
             "345",
             "7"},
            {1234, 12345, 7},
            "blanks between thousands"},
           {{minus + "3", "4", "1e" + minus + "2"}, {-3, 4, 0.01}, "U+2212"},
           {{"$5", "7", "$9"},
            {},
            "mostly numbers (2 of 3), but is read as categories because "
            "of \"7\" in line 3, column 1 (x)"},
           {{"1,5", "2.5", "3"}, {}, "mostly numbers (2 of 3)"},
           {{"12,34", "1,234", "5,6"}, {12.34, 1.234, 5.6}, "decimal commas"},
           {{"1,23,4", "12", "5"}, {}, "mostly numbers (2 of 3)"},
           {{"1.2e+05", "3.4e+05", "5.6e+04"}, {1.2e5, 3.4e5, 5.6e4}, ""},
           {{"1,5e10", "2,5e10", "3,5e-10"}, {1.5e10, 2.5e10, 3.5e-10}, "decimal commas"},
           {{"1,234.5e3", "1,000.0", "7"}, {1234500, 1000, 7}, "commas between thousands"},
           {{"1 2e05", "1 2e06", "1 2e07"}, {}, ""},
           {{"2020-01-02", "2020-01-03", "2020-01-02"}, {}, ""},
           {{"--5", "+-3", "0x1F"}, {}, ""}}) {
    CAPTURE(column.cells);
    const ClassTable table = read(column_text(column.cells));
    CHECK((table.categories[0] == 0) == !column.values.empty());
    if (!column.values.empty()) CHECK(same(table.columns.col(0), column.values));
    CHECK_MESSAGE((column.note.empty() || says(table, column.note)),
                  (table.notes.empty() ? "" : table.notes.front()));
    if (column.note.empty() && !column.values.empty()) CHECK(table.notes.empty());
  }
}

TEST_CASE("a comma is a decimal comma where cells are not separated by commas") {
  CHECK(same(read("x;y\n1,234;a\n2,345;b\n").columns.col(0), {1.234, 2.345}));
  CHECK(same(read("x,y\n\"1,234\",a\n\"2,345\",b\n").columns.col(0), {1234, 2345}));
}

TEST_CASE("digits of an exponent are no thousands, beside a decimal comma either") {
  const ClassTable table = read("x;z;y\n1.25e3;1,5;a\n2.25e3;2,5;b\n12;3,5;a\n");
  CHECK(same(table.columns.col(0), {1250, 2250, 12}));
  CHECK_FALSE(says(table, "thousands"));
  const ClassTable alone = read("x,y\n1.2e+05,a\n3,b\n3.4e+05,a\n");
  CHECK(same(alone.columns.col(0), {1.2e5, 3, 3.4e5}));
  CHECK(alone.notes.empty());
}

TEST_CASE("points stand between thousands where another column has decimal commas") {
  const std::string note =
      "column \"n\": numbers with points between thousands, decimal commas (\"1.020\" in line 3, "
      "column 1 (n) is 1020)";
  for (const std::string text : {"n;x;y\n752;2,6;a\n1.020;2,6;b\n12.345;3,5;a\n",
                                 "n\tx\ty\n752\t2,6\ta\n1.020\t2,6\tb\n"
                                 "12.345\t3,5\ta\n",
                                 "n,x,y\n752,\"2,6\",a\n1.020,\"2,6\",b\n12.345,\"3,5\",a\n"}) {
    CAPTURE(text);
    const ClassTable table = read(text);
    CHECK(same(table.columns.col(0), {752, 1020, 12345}));
    CHECK(same(table.columns.col(1), {2.6, 2.6, 3.5}));
    CHECK(says(table, note));
    CHECK_FALSE(says(table, "may stand between thousands"));
  }
  // A cell that cannot be thousands shows decimal points, and so does a zero before the point.
  for (const std::string other : {"1.5", "0.125", "1234.567"}) {
    CAPTURE(other);
    const ClassTable table = read("n;x;y\n1.020;2,6;a\n" + other + ";3,5;b\n");
    CHECK(table.columns(0, 0) == 1.02);
  }
  // Whole numbers and their queries follow the file, too.
  CHECK(same(read("n;x;y\n752;2,6;a\n9;3,5;b\n1.020;1,5;\n").columns.col(0), {752, 9, 1020}));
  // Likewise with commas, whatever separates cells.
  CHECK(same(read("n,x,y\n\"1,234\",\"2,6\",a\n5,\"3,5\",b\n").columns.col(0), {1.234, 5}));
  CHECK(same(read("n;x;y\n1,234;2.6;a\n5;3.5;b\n").columns.col(0), {1234, 5}));
  CHECK(same(read("n,y\n\"0,125\",a\n\"0,250\",b\n").columns.col(0), {0.125, 0.25}));
}

TEST_CASE("points that may stand between thousands are told where nothing decides") {
  const std::string doubt =
      "column \"n\": points are read as decimal points (\"1.020\" in line 3, column 1 (n) is "
      "1.02), "
      "but may stand between thousands";
  for (const std::string text :
       {"n;y\n752;a\n1.020;b\n", "n,y\n752,a\n1.020,b\n", "n\ty\n752\ta\n1.020\tb\n"}) {
    CAPTURE(text);
    const ClassTable table = read(text);
    CHECK(same(table.columns.col(0), {752, 1.02}));
    CHECK(says(table, doubt));
  }
  for (const std::string text : {"n,y\n1.125,a\n1.020,b\n", "n,y\n752,a\n1.020,b\n1.5,a\n",
                                 "n,y\n0,a\n0.125,b\n", "n,x,y\n752,1.5,a\n1.020,2.5,b\n"}) {
    CAPTURE(text);
    CHECK(read(text).notes.empty());
  }
}

TEST_CASE("one line for all columns of a notation") {
  const ClassTable table = read("p;q;r;y\n1,5;2,5;3;a\n2,5;3,5;4;b\n");
  CHECK(table.notes ==
        Strings{"t.csv: cells are separated by semicolons, as the header shows",
                "t.csv: columns \"p\", \"q\": numbers with decimal commas (\"1,5\" in line 2, "
                "column 1 (p) is 1.5)"});
}

TEST_CASE("a few cells that are no numbers make categories, with a word") {
  Strings cells;
  for (int i = 0; i < 100; ++i) cells.push_back(std::to_string(i));
  cells[10] = "abc";
  cells[20] = "1.2.3";
  cells[30] = "z";
  const ClassTable table = read(column_text(cells));
  CHECK(table.categories == std::vector<int>{100});
  CHECK(table.notes ==
        Strings{"t.csv: column \"x\" is mostly numbers (97 of 100), but is read as categories "
                "because of \"abc\" in line 12, column 1 (x)"});
  CHECK(table.columns(0, 0) == 0);
  CHECK(table.columns(2, 0) == 2);  // numbers in order of their values, before other texts
  CHECK(table.columns(99, 0) == 96);
}

TEST_CASE("identifiers, and columns that say nothing, are told") {
  const ClassTable table =
      read("id,name,same,none,x,y\n1,Ann,7,,1,a\n2,Bob,7,NA,2,b\n3,Cid,7,,3,a\n4,Dan,8,5,4,\n");
  CHECK(table.unused == Strings{"same", "none"});
  CHECK(says(table, "column \"name\": every example has a category of its own"));
  CHECK(says(table, "column \"same\": not used, since all examples have one value there"));
  CHECK(says(table, "column \"none\": not used, since no example has a value there"));
  CHECK(table.notes.size() == 4);  // and Dan is a category that no example has
}

TEST_CASE("a dash beside a plus is a category, and a class") {
  const ClassTable table = read("sign,y\n+,+\n-,-\n+,+\n");
  CHECK(same(table.columns.col(0), {0, 1, 0}));
  CHECK(table.classes == Strings{"+", "-"});
  CHECK(table.notes.empty());
}

TEST_CASE("a label is missing where its cell is empty, and only there") {
  const ClassTable table =
      read("x,y\n1,None\n2,Some\n3,None\n4,\n5,NA\n6,\" \"\n7,null\n8,?\n9,nan\n10,NaN\n");
  CHECK(table.classes == Strings{"?", "NA", "NaN", "None", "Some", "nan", "null"});
  CHECK(table.examples == std::vector<int>{0, 1, 2, 4, 6, 7, 8, 9});
  CHECK(table.queries == std::vector<int>{3, 5});
  CHECK(says(table, "the label \"None\" (2 rows, first in line 2) is a class like others"));
  CHECK(says(table, "the label \"NA\" (1 row, first in line 6)"));
  CHECK(says(table, "the classes \"NaN\" and \"nan\" differ in case alone"));
  CHECK(read("x,y\n1,yes\n2,no\n3,\n").notes.empty());
}

TEST_CASE("labels that are numbers are compared as numbers") {
  const ClassTable table = read("x,y\n1,1.0\n2,0\n3,\" 1\"\n4,0.0\n5,1\n6,1e0\n7,10\n8,9\n9,-1\n");
  CHECK(table.classes == Strings{"-1", "0", "1", "9", "10"});
  CHECK(table.labels == std::vector<int>{2, 1, 2, 1, 2, 2, 4, 3, 0});
  CHECK(says(table, "labels are compared as numbers, so \"0\" and \"0.0\" are one class"));
  // Beside a word they are texts.
  CHECK(read("x,y\n1,1\n2,1.0\n3,one\n").classes == Strings{"1", "1.0", "one"});
  const ClassTable queries =
      parse_class_tables(io::parse_csv("x,y\n1,0\n2,1\n", "t.csv"),
                         io::parse_csv("x,y\n3,1.0\n4,0.0\n5,2\n", "q.csv"), {});
  CHECK(queries.labels == std::vector<int>{0, 1, 1, 0, -1});
  // Codes of categories, too.
  const ClassTable codes = read("x,y\n1,a\n1.0,b\n2,a\n3,b\n", {"", {"x"}});
  CHECK(codes.categories == std::vector<int>{3});
  CHECK(codes.columns(0, 0) == codes.columns(1, 0));
  CHECK(says(codes, "column \"x\" has numbers as categories, so \"1\" and \"1.0\" are one"));
}

TEST_CASE("names that differ in spelling or case alone are told") {
  const auto spelling = [](const std::string& text, const std::string& names) {
    CAPTURE(text);
    CHECK(says(read(text), "the classes " + names + " differ in spelling alone"));
  };
  spelling("x,y\n1,1\n2,1.0\n3,x\n", "\"1\" and \"1.0\"");
  spelling("x,y\n1,1\n2,1.0\n3,0\n4,NA\n", "\"1\" and \"1.0\"");
  spelling("x;y\n1,5;1,0\n2,5;1\n3,5;0\n", "\"1\" and \"1,0\"");
  // 1,000 is a thousand rather than 1.
  const ClassTable thousand = read("x;y\n1,5;1,000\n2,5;1\n3,5;0\n1,5;1000\n");
  CHECK(says(thousand, "the classes \"1000\" and \"1,000\" differ in spelling alone"));
  CHECK_FALSE(says(thousand, "\"1\""));
  CHECK(says(read("x,y\n1,50%\n2,50 %\n3,7\n"), "\"50 %\" and \"50%\" differ in spelling alone"));
  CHECK(says(read("x,y\n1,caf\u00e9\n2,cafe\u0301\n3,te\n"), "differ in spelling alone"));
  CHECK_FALSE(says(read("x,y\n1,cafe\n2,caf\u00e9\n3,te\n"), "spelling"));
  const ClassTable table = read("c,d,e,y\nRed,u,1,a\nred,U,1.0,b\nRed,u,x,a\nblue,u,1,b\n");
  CHECK(table.categories == std::vector<int>{3, 2, 3});
  CHECK(table.notes ==
        Strings{
            "t.csv: column \"e\" is mostly numbers (3 of 4), but is read as categories because of "
            "\"x\" in line 4, column 3 (e)",
            "t.csv: columns \"c\", \"d\": categories differ in case alone (\"Red\" and \"red\")",
            "t.csv: column \"e\": categories differ in spelling alone (\"1\" and \"1.0\")"});
  CHECK(says(read("x,y\n1,a\n2,b\nu,a\nv,b\n"), "column \"x\" is half numbers (2 of 4)"));
}

TEST_CASE("all names that differ in case alone are told") {
  const ClassTable table = read("c,y\nU,Ja\nu,ja\nV,nein\nv,Nein\nu,1\nu,1.0\n");
  CHECK(says(table, "the classes \"Ja\" and \"ja\", \"Nein\" and \"nein\" differ in case alone"));
  CHECK(says(table, "the classes \"1\" and \"1.0\" differ in spelling alone"));
  CHECK(says(table,
             "column \"c\": categories differ in case alone (\"U\" and \"u\", \"V\" and \"v\")"));
  std::string many = "x,y\n";
  for (char c = 'a'; c <= 'k'; ++c) many += std::string("1,") + c + "\n2," + char(c - 32) + "\n";
  CHECK(says(read(many), "\"H\" and \"h\" and 3 more pairs differ in case alone"));
}

TEST_CASE("columns of numbers with a unit and of dates are told as such") {
  const auto told = [](const Strings& cells, const std::string& what) {
    CAPTURE(cells);
    const ClassTable table = read(column_text(cells));
    CHECK(table.categories[0] > 1);
    CHECK(says(table, "identifiers") == (what == "identifiers"));
    CHECK(says(table,
               "are numbers with a unit, which are read as categories; write the numbers "
               "alone") == (what == "unit"));
    CHECK(says(table,
               "are dates or times, which are read as categories; write numbers in their "
               "place") == (what == "dates"));
  };
  told({"10m", "20m", "120m", "10m"}, "unit");
  told({"5 EUR", "7,50 EUR", "1.200 EUR"}, "unit");
  told({"EUR 5", "EUR 7", "EUR -9"}, "unit");
  told({"-3 \xC2\xB0"
        "C",
        "\xE2\x88\x92"
        "4 \xC2\xB0"
        "C",
        "5 \xC2\xB0"
        "C",
        "5 \xC2\xB0"
        "C"},
       "unit");
  told({"10 m2", "12.5 m2", "9 m2", ""}, "unit");
  told({"2020-01-02", "2020-01-03", "2021-12-31", "NA"}, "dates");
  told({"1.2.2020", "31.12.1999", "1.2.2020"}, "dates");
  told({"2020-01-02T09:30:00Z", "2020-01-02 09:30", "2020-01-03T1:00"}, "dates");
  told({"1/31/20", "12/1/21", "2/2/22"}, "dates");
  told({"9:30", "12:15", "23:59"}, "dates");
  told({"A1", "A2", "A3"}, "identifiers");
  told({"1.2.1", "1.2.3", "1.3.0"}, "identifiers");
  told({"10.0.0.1", "10.0.0.2", "10.0.0.3"}, "identifiers");
  told({"10m", "20km", "30m"}, "identifiers");
  told({"red", "blue", "red"}, "");
  CHECK(says(read(column_text({"10m", "20m", "10m"})),
             "column \"x\": all cells of examples, such as \"10m\" in line 2, column 1 (x), are"));
  CHECK_FALSE(says(read(column_text({"1m", "2m", "1m"}), {"", {"x"}}), "unit"));  // as it was said
}

TEST_CASE("labels of which every one occurs once are told") {
  const std::string note = "a class of one row says little; is it the label's column?";
  const std::string numbers = "rows are classified and no number is predicted, and ";
  CHECK(says(read("x,p\n1,1.5\n2,2.5\n4,3.5\n3,\n"),
             "t.csv: every label occurs once (column \"p\"): " + numbers + note));
  CHECK(says(read("x,p\n1,u\n2,v\n4,w\n3,\n"), "every label occurs once (column \"p\"): " + note));
  CHECK(says(read("x,p\n1,1.5\n2,2.5\n3,3.5\n4,4.5\n5,5.5\n6,6.5\n7,1.5\n8,2.5\n"),
             "the labels are 6 numbers in 8 rows (column \"p\"): " + numbers + note));
  CHECK(read("x,p\n1,1\n2,2\n4,3\n3,1\n").notes.empty());
  CHECK(read("x,p\n1,u\n2,v\n4,w\n3,w\n").notes.empty());
  CHECK(read("x,p\n1,1\n2,2\n4,1\n3,3\n1,2\n2,3\n").notes.empty());
  CHECK(read("x,p\n1,1\n2,0\n").notes.empty());
}

TEST_CASE("whole numbers that a double does not tell apart are texts") {
  const ClassTable table =
      read("x,y\n1,9007199254740993\n2,9007199254740992\n3,9007199254740993\n4,7\n");
  CHECK(table.classes == Strings{"7", "9007199254740992", "9007199254740993"});
  CHECK(table.labels == std::vector<int>{2, 1, 2, 0});
  CHECK(table.notes.empty());
  CHECK(read("x,y\n1,9007199254740991\n2,9007199254740990\n3,9007199254740990.0\n").classes ==
        Strings{"9007199254740990", "9007199254740991"});
  const ClassTable codes = read("x,y\n-9007199254740993,a\n-9007199254740992,b\n", {"", {"x"}});
  CHECK(codes.categories == std::vector<int>{2});
}

TEST_CASE("every marker of a missing value among categories is counted") {
  const ClassTable table = read("c,y\nyes,a\nno,b\n-,a\nNone,b\n-,a\n?,b\nyes,a\n,b\n");
  CHECK(table.columns.array().isNaN().count() == 5);
  CHECK(says(table, "4 cells of categories count as missing, first \"-\" in line 4, column 1 (c)"));
}

TEST_CASE("a marker of a missing value in line 1 is a sign of a row") {
  for (const std::string text : {"NA,x,a\n752,y,a\n9,x,b\n8,y,b\n",
                                 "NA,3.5,a\n752,2.5,a\n9,1.5,b\n", "1,5;?;a\n2,5;3;b\n3,5;4;a\n"}) {
    CAPTURE(text);
    CHECK_THROWS_WITH_AS(read(text), doctest::Contains("looks like a row"), InputError);
  }
  CHECK(says(read("NA,x,c\n752,y,a\n9,x,b\n"),
             "line 1 is read as names of columns, although some are markers of missing values "
             "(\"NA\")"));
  CHECK_FALSE(says(read("Na,Mg,Type\n1.5,2,a\n2.5,3,b\n"), "header"));
}

TEST_CASE("a table whose columns all say nothing is told") {
  const std::string note =
      "no column differs between the labelled rows, so that every query is predicted from the "
      "labels alone";
  CHECK(says(read("a,b,c,y\n1,,u,p\n1,,u,q\n2,3,v,\n"), "t.csv: " + note));
  CHECK_FALSE(says(read("a,b,y\n1,,p\n2,,q\n"), note));
  CHECK_FALSE(says(read("a,b,y\n1,u,p\n1,v,q\n"), note));
  CHECK_FALSE(says(read("a,y\n1,\n1,\n"), note));  // no labelled rows
}
