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
  reject("text\ty\na\t1\n", "t.tsv: line 1: is not the header sentence<TAB>label");
  reject(header + "a\t1\nb 1\n", "t.tsv: line 3: has 0 tabs, expected sentence<TAB>label");
  reject(header + "a\tb\t1\n", "t.tsv: line 2: has 2 tabs, expected sentence<TAB>label");
  reject(header + "a\t1\n\n", "t.tsv: line 3: has 0 tabs, expected sentence<TAB>label");
  reject(header + " \t1\n", "t.tsv: line 2: has a blank sentence");
  reject(header + "a\tgood\n", "t.tsv: line 2: has the label \"good\", expected a finite number");
  reject(header + "a\t1 \n", "t.tsv: line 2: has the label \"1 \", expected a finite number");
  reject(header + "a\tnan\n", "t.tsv: line 2: has the label \"nan\", expected a finite number");
  reject(header + "a\t\n", "t.tsv: line 2: has the label \"\", expected a finite number");
}
