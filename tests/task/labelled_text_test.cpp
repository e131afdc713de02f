#include "sextant/task/labelled_text.hpp"

#include <doctest/doctest.h>

#include "sextant/core/errors.hpp"

using namespace sextant;
using namespace sextant::task;

TEST_CASE("labelled sentences are read with or without carriage returns and a last newline") {
  const auto lines = parse_labelled_texts("sentence\tlabel\r\na b \t1\r\n\"q\"\t-2.5e1", "t.tsv");
  REQUIRE(lines.size() == 2);
  CHECK(lines[0].text == "a b ");
  CHECK(lines[0].label == 1);
  CHECK(lines[1].text == "\"q\"");
  CHECK(lines[1].label == -25);
}

TEST_CASE("wrong lines are named by number") {
  const auto reject = [](const std::string& text, const char* message) {
    CHECK_THROWS_WITH_AS(parse_labelled_texts(text, "t.tsv"), message, InputError);
  };
  const std::string header = "sentence\tlabel\n";
  reject("", "t.tsv: has no sentences");
  reject(header, "t.tsv: has no sentences");
  reject("text\ty\na\t1\n",
         "t.tsv: line 1: is not the header sentence<TAB>label; has the columns \"text\", \"y\" and "
         "lacks \"sentence\", \"label\": rename or add what is meant");
  reject(header + "a\t1\nb 1\n",
         "t.tsv: line 3: has 0 tabs, expected sentence<TAB>label; is another character between "
         "sentence and label?");
  reject(
      header + "a\tb\t1\n",
      "t.tsv: line 2: has 2 tabs, expected sentence<TAB>label; put blanks for tabs in sentences, "
      "and leave out other columns");
  reject(header + "\"a\tb\"\t1\n",
         "t.tsv: line 2: has 2 tabs, expected sentence<TAB>label; quotes do not keep a tab in a "
         "sentence: put a blank for it");
  reject(header + "a\t1\n\n", "t.tsv: line 3: is empty, expected sentence<TAB>label");
  reject(header + " \t1\n", "t.tsv: line 2: has a blank sentence");
  reject(header + "a\tgood\n", "t.tsv: line 2: has the label \"good\", expected a finite number");
  reject(header + "a\t1 \n",
         "t.tsv: line 2: has the label \"1 \", expected a finite number without blanks and quotes");
  reject(header + "a\tnan\n", "t.tsv: line 2: has the label \"nan\", expected a finite number");
  reject(header + "a\t\n", "t.tsv: line 2: has the label \"\", expected a finite number");
}

TEST_CASE("quotes that a program put around sentences are told") {
  const auto note = [](const std::string& rows) {
    return note_on_quotes(parse_labelled_texts("sentence\tlabel\n" + rows, "t.tsv"), "t.tsv");
  };
  CHECK(note("plain\t1\n\"he said \"\"great\"\"\"\t0\n\"dull\"\t1\n") ==
        "t.tsv: 2 sentences stand in quotes, first in line 3, which are read as part of the text; "
        "where a program put them around cells, write the file without (Python: "
        "quoting=csv.QUOTE_NONE)");
  CHECK(note("\"dull\"\t1\n").starts_with("t.tsv: 1 sentence stands in quotes, first in line 2"));
  CHECK(note("a \"b\"\t1\n").empty());
  CHECK(note("\"dull\"\t1\n\"great\" , he said\t1\n").empty());
  CHECK(note("\"dull\" and \"great\"\t1\n").empty());
  CHECK(note("\"\t1\n").empty());
}

TEST_CASE("a byte-order mark is skipped, and a wrong header names its likely cause") {
  const auto lines = parse_labelled_texts("\xEF\xBB\xBFsentence\tlabel\na\t1\n", "t.tsv");
  REQUIRE(lines.size() == 1);
  CHECK(lines[0].text == "a");
  const auto reject = [](const std::string& text, const char* message) {
    CAPTURE(text);
    CHECK_THROWS_WITH_AS(parse_labelled_texts(text, "t.tsv"), doctest::Contains(message),
                         InputError);
  };
  reject("sentence,label\na,1\n", "cells are separated by commas, expected a tab and no quotes");
  reject("sentence;label\na;1\n", "cells are separated by semicolons");
  reject("label\tsentence\n1\ta\n",
         "has the columns \"label\", \"sentence\", expected these two alone in this order");
  reject("sentence\tlabel\tsplit\na\t1\ttrain\n", "expected these two alone in this order");
  reject("sentence\ty\na\t1\n", "has the columns \"sentence\", \"y\" and lacks \"label\"");
  reject("sentence\na\n", "put it above the sentences");
  reject("a good film\t1\na bad one\t0\n", "put it above the sentences");
  reject("sentence\tlabel\na\t0,5\n", "has the label \"0,5\", expected a finite number; decimals");
  reject("version https://git-lfs.github.com/spec/v1\noid sha256:1\nsize 9\n",
         "is a Git LFS pointer, expected text (CSV or TSV)");
  reject("sentence\tlabel\na\t-1e200\n",
         "line 2: has a label that is -1e+200, beyond 1e+15: its square overflows a 32-bit number; "
         "divide");
  reject("\xFF\xFEs\0e\0", "is text in UTF-16, expected text (CSV or TSV): save it as UTF-8");
}
