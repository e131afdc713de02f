#include "sextant/report/text.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "sextant/core/errors.hpp"
#include "sextant/report/sketch.hpp"

using namespace sextant::report;

TEST_CASE("display width counts columns, not bytes or code points") {
  CHECK(display_width("") == 0);
  CHECK(display_width("h.4.attn.v.3") == 12);
  CHECK(display_width("λ_max") == 5);
  CHECK(display_width("模型") == 4);
  CHECK(display_width("e\u0301") == 1);  // Combining acute accent.
  CHECK(display_width("🙂") == 2);
  CHECK(display_width("\xff") == 1);
}

TEST_CASE("printable text cannot move the cursor") {
  CHECK(printable("a\tb\nc") == "a b c");
  CHECK(printable("\x1b[2J") == "\uFFFD[2J");
  CHECK(printable("a\u202Eb") == "a\uFFFDb");
  CHECK(printable("\xc3") == "\uFFFD");
  CHECK(printable(std::string_view("\0", 1)) == "\uFFFD");
  CHECK(printable("模型 λ") == "模型 λ");
}

TEST_CASE("shortening keeps both ends and the width") {
  CHECK(shorten("h.4.attn.v.3", 12) == "h.4.attn.v.3");
  CHECK(shorten("h.4.attn.v.3", 9) == "h.4.….v.3");
  CHECK(shorten("abc", 1) == "…");
  for (int width = 1; width < 12; ++width) {
    CAPTURE(width);
    CHECK(display_width(shorten("模型的注意力头", width)) <= width);
    CHECK(display_width(shorten("h.4.attn.v.3", width)) == width);
  }
  CHECK_THROWS_AS(shorten("abc", 0), sextant::ArgumentError);
}

TEST_CASE("padding fills columns") {
  CHECK(pad_right("模", 4) == "模  ");
  CHECK(pad_left("é", 3) == "  é");
  CHECK(pad_left("long", 2) == "long");
}

TEST_CASE("wrapping breaks at spaces and keeps long words whole") {
  CHECK(wrap("a bb ccc", 5) == "a bb\nccc");
  CHECK(wrap("one two", 80, "  ") == "  one two");
  CHECK(wrap("a incomprehensible b", 6, "> ") == "> a\n> incomprehensible\n> b");
  CHECK(wrap("", 10, "- ") == "- ");
}

TEST_CASE("numbers for people") {
  CHECK(format_number(0) == "0");
  CHECK(format_number(-0.0) == "0");
  CHECK(format_number(0.5) == "0.5");
  CHECK(format_number(0.074723) == "0.07472");
  CHECK(format_number(-1.23456) == "-1.235");
  CHECK(format_number(9.9999) == "10");
  CHECK(format_number(1234567) == "1234567");
  CHECK(format_number(12345.678) == "12346");
  CHECK(format_number(1e7) == "1e7");
  CHECK(format_number(1.5e-7) == "1.5e-7");
  CHECK(format_number(0.0001) == "0.0001");
  CHECK(format_number(std::nan("")) == "–");
  CHECK(format_number(-HUGE_VAL) == "-∞");
  CHECK(format_number(std::numeric_limits<double>::denorm_min()) == "4.941e-324");
  CHECK(format_number(0.12345, 2) == "0.12");
}

TEST_CASE("columns of numbers share their decimals") {
  using Numbers = std::vector<double>;
  using Strings = std::vector<std::string>;
  CHECK(format_numbers(Numbers{}) == Strings{});
  CHECK(format_numbers(Numbers{1, 20, 300}) == Strings{"1", "20", "300"});
  CHECK(format_numbers(Numbers{0, 0}) == Strings{"0", "0"});
  CHECK(format_numbers(Numbers{0.5, 0.25}) == Strings{"0.50", "0.25"});
  CHECK(format_numbers(Numbers{1.23456, 0.001}) == Strings{"1.2346", "0.0010"});
  CHECK(format_numbers(Numbers{1.5, std::nan(""), 0}) == Strings{"1.5", "–", "0.0"});
  CHECK(format_numbers(Numbers{1.5, 3e-17}) == Strings{"1.5", "3e-17"});
  CHECK(format_numbers(Numbers{2500000000000, 1}) == Strings{"2500000000000", "1"});
  CHECK(format_numbers(Numbers{2.5e12, 1.5}) == Strings{"2.5e12", "1.5e0"});
  CHECK(format_numbers(Numbers{2e-7, -4.5e-8}) == Strings{"2e-7", "-4.5e-8"});
  CHECK(format_numbers(Numbers{3e-12, 0}) == Strings{"3e-12", "0"});
  CHECK(format_numbers(Numbers{-0.25, 0.5}) == Strings{"-0.25", "0.50"});
}

TEST_CASE("sparklines") {
  CHECK(sparkline(std::vector<double>{}).empty());
  CHECK(sparkline(std::vector<double>{1, 1}) == "▁▁");
  CHECK(sparkline(std::vector<double>{0, 3.5, 7}) == "▁▅█");
  CHECK(sparkline(std::vector<double>{0, std::nan(""), HUGE_VAL, 7}) == "▁  █");
}

TEST_CASE("the evidence sketch marks the optimum under its column") {
  std::vector<double> horizons;
  std::vector<double> evidence;
  std::vector<double> posterior;
  for (int t = 0; t <= 30; ++t) {
    horizons.push_back(t);
    evidence.push_back((t - 9) * (t - 9));
    posterior.push_back(std::exp(-(t - 9) * (t - 9) / 20.0));
  }
  const TerminalStyle style;
  const std::string sketch = evidence_sketch(horizons, evidence, posterior, 9, style);
  const auto last = sketch.rfind('\n', sketch.size() - 2) + 1;
  const std::string axis = sketch.substr(last);
  CHECK(axis == "           0        ^ 9                 30\n");

  SUBCASE("every optimum fits in 80 columns, thinned or not") {
    for (const std::size_t count : {1, 2, 3, 31, 68, 500, 10001}) {
      std::vector<double> many(count);
      std::vector<double> values(count);
      for (std::size_t i = 0; i < count; ++i) many[i] = static_cast<double>(i);
      for (const std::size_t best : {std::size_t{0}, count / 2, count - 1}) {
        for (std::size_t i = 0; i < count; ++i) values[i] = std::abs(many[i] - many[best]);
        const std::string text = evidence_sketch(many, values, {}, many[best], style);
        CAPTURE(text);
        const auto line_end = text.find('\n');
        CHECK(display_width(text.substr(0, line_end)) <= 80);
        const std::string below = text.substr(line_end + 1, text.size() - line_end - 2);
        CHECK(display_width(below) <= 80);
        CHECK(below.find("^ " + format_number(many[best])) != std::string::npos);
        // The lowest bar stands above the mark.
        const auto mark = below.find('^');
        const std::string curve = text.substr(0, line_end);
        const std::string label = "evidence   ";
        CHECK(curve.substr(label.size() + 3 * (mark - label.size()), 3) == "▁");
      }
    }
  }
  CHECK(evidence_sketch({}, {}, {}, 0, style).empty());
  CHECK_THROWS_AS(evidence_sketch(horizons, posterior, std::vector<double>{1}, 9, style),
                  sextant::ArgumentError);
}
