/// Figures as files, drawn by the libraries of the report.

#include "sextant/report/figure_files.hpp"

#include <doctest/doctest.h>

#include <cstdlib>
#include <regex>
#include <string>

#include "sextant/core/errors.hpp"
#include "sextant/io/files.hpp"
#include "sextant/studies/presentation/study_charts.hpp"
#include "support/model_directory.hpp"

using namespace sextant;
using namespace sextant::report;

namespace {

Figure two_lines() {
  return studies::presentation::lines_figure(
      {"Title", "Caption", "two-lines", {}},
      {{"first & <second>", {1, 2, 4}, {0.1, 0.2, 0.15}, {0.01, 0.01, 0.02}},
       {"flat", {1, 2, 4}, {0, 0, 0}, {0, 0, 0}}},
      "budget", "gain", {true, false, 0.0});
}

std::size_t count(const std::string& text, const std::string& piece) {
  std::size_t found = 0;
  for (auto at = text.find(piece); at != std::string::npos; at = text.find(piece, at + 1)) ++found;
  return found;
}

/// PATH for the time of a test.
class Path {
 public:
  explicit Path(const char* value) : before_(std::getenv("PATH")) { setenv("PATH", value, 1); }
  ~Path() { setenv("PATH", before_.c_str(), 1); }
  Path(const Path&) = delete;
  Path& operator=(const Path&) = delete;

 private:
  std::string before_;
};

}  // namespace

TEST_CASE("a drawing holds the lines, titles and names of its chart as text") {
  const auto drawings = draw_svg({with_data(two_lines().panels[0])});
  REQUIRE(drawings.size() == 1);
  const std::string& svg = drawings[0];
  CHECK(svg.starts_with("<svg"));
  CHECK(svg.ends_with("</svg>"));
  CHECK(svg.find("first &amp; &lt;second&gt;") != std::string::npos);
  CHECK(svg.find(">budget<") != std::string::npos);
  CHECK(count(svg, "mark-line role-mark") >= 2);
  CHECK(svg.find("NaN") == std::string::npos);
  CHECK(std::regex_search(svg, std::regex("^<svg[^>]* width=\"640\"")));
  CHECK(draw_svg({with_data(two_lines().panels[0])}) == drawings);
  CHECK(draw_svg({}).empty());
}

TEST_CASE("what cannot be drawn says so") {
  CHECK_THROWS_AS(draw_svg({OrderedJson{{"mark", 3}}}), Error);
}

TEST_CASE("every panel becomes a CSV and an SVG file") {
  const test::TemporaryDirectory directory("figures");
  const auto out = directory.path() / "some" / "figures";
  const Figure two_panels =
      evidence_figure(std::vector<double>{0, 1, 2}, std::vector<double>{3, 1, 2},
                      std::vector<double>{.1, .6, .3}, 1);
  CHECK(write_figures(out, {two_lines(), two_panels}).empty());
  for (const char* name : {"two-lines", "evidence-1", "evidence-2"}) {
    CAPTURE(name);
    CHECK(io::read_file(out / (std::string(name) + ".svg")).starts_with("<svg"));
    CHECK(io::read_file(out / (std::string(name) + ".csv")).find('\n') != std::string::npos);
  }
  CHECK(io::read_file(out / "two-lines.csv") == to_csv(two_lines().panels[0].data));
}

TEST_CASE("without Node.js the CSV files are written and a warning names what is missing") {
  const test::TemporaryDirectory directory("no-node");
  const Path nowhere("/nonexistent");
  const std::string warning = write_figures(directory.path(), {two_lines()});
  CHECK(warning.find("node (Node.js) cannot be run") != std::string::npos);
  CHECK(std::filesystem::exists(directory.path() / "two-lines.csv"));
  CHECK_FALSE(std::filesystem::exists(directory.path() / "two-lines.svg"));
}
