#include <doctest/doctest.h>

#include <cmath>
#include <regex>
#include <string>
#include <vector>

#include "sextant/core/errors.hpp"
#include "sextant/io/files.hpp"
#include "sextant/report/html_report.hpp"
#include "support/close.hpp"

using namespace sextant;
using namespace sextant::report;

namespace {

const std::string hostile =
    "</script><script>alert(1)</script><img src=\"http://evil.example/x\">'&";

std::vector<ttt::QueryOutcome> two_queries() {
  return {{0, 0.1, 0.3, 0.31, 0.5, 0.16, 0.0361}, {1, 0.2, 0.1, 0.12, {}, {}, {}}};
}

std::vector<ScoredBlock> mixed_blocks() {
  return {{{hostile, 0, 0, "value"}, 0.3, true, {}},
          {{"h.0.attn.v.1", 0, 1, "value"}, 0.1, false, {}},
          {{"h.1.mlp.in", 1, {}, "mlp-in"}, std::nan(""), false, {}}};
}

/// All figures, on ordinary and on degenerate input.
std::vector<Figure> all_figures() {
  auto ordered = mixed_blocks();
  ordered[1].order = 1;
  return {
      evidence_figure(std::vector<double>{0, 1, 2}, std::vector<double>{3, 1, 2},
                      std::vector<double>{0.1, 0.6, 0.3}, 1),
      evidence_figure(std::vector<double>{0}, std::vector<double>{HUGE_VAL}, {}, 0),
      evidence_figure({}, {}, {}, 0),
      spectrum_figure(std::vector<double>{2, 0.5, 1e-17, 0},
                      {{hostile, {1, 0.5, 0, 0}}, {"Bayes", {0.9, 0.4, 0, 0}}}),
      spectrum_figure(std::vector<double>{0, 0}, {{"Bayes", {0, 0}}}),
      spectrum_figure(std::vector<double>{1}, {}),
      spectrum_figure({}, {}),
      head_map_figure(mixed_blocks(), CellValue::score, hostile),
      head_map_figure(ordered, CellValue::order, "risk"),
      head_map_figure({}, CellValue::score, "score"),
      ranking_figure(mixed_blocks(), "score", 1),
      ranking_figure({}, "score"),
      selection_path_figure(ordered, "risk"),
      selection_path_figure(mixed_blocks(), "risk"),
      query_figure(two_queries()),
      query_figure({}),
      residual_figure(std::vector<double>{0, 1}, std::vector<double>{1, 0.5},
                      std::vector<double>{1, 0.4}),
      residual_figure(std::vector<double>{0}, std::vector<double>{1}, std::vector<double>{1}),
      residual_figure({}, {}, {}),
  };
}

std::string full_report() {
  HtmlReport report(hostile, hostile);
  report.verdict(hostile, {hostile});
  report.section(hostile);
  report.paragraph(hostile);
  Table table;
  table.text(hostile, {hostile}).numbers("x", {std::nan("")});
  report.table(table, hostile);
  for (const auto& figure : all_figures()) report.figure(figure);
  report.provenance({hostile, hostile, {{hostile, hostile}}});
  return report.html();
}

std::string without(const std::string& text, const std::string& begin, const std::string& end) {
  std::string out;
  std::size_t at = 0;
  while (true) {
    const auto first = text.find(begin, at);
    out += text.substr(at, first == std::string::npos ? first : first - at);
    if (first == std::string::npos) return out;
    const auto last = text.find(end, first);
    REQUIRE(last != std::string::npos);
    at = last + end.size();
  }
}

void check_no_urls(const OrderedJson& json) {
  if (json.is_object()) {
    for (const auto& [key, value] : json.items()) {
      CHECK(key != "url");
      CHECK(key != "href");
      check_no_urls(value);
    }
  } else if (json.is_array()) {
    for (const auto& value : json) check_no_urls(value);
  }
}

std::size_t occurrences(const std::string& text, const std::string& piece) {
  std::size_t found = 0;
  for (auto at = text.find(piece); at != std::string::npos; at = text.find(piece, at + 1)) ++found;
  return found;
}

}  // namespace

TEST_CASE("text is escaped for HTML and JSON for scripts") {
  CHECK(html_escape("<a href=\"x\">&'") == "&lt;a href=&quot;x&quot;&gt;&amp;&#39;");
  CHECK(html_escape("\x01\xff") == "\uFFFD\uFFFD");
  const OrderedJson json = {{"name", "</script><!--"}};
  const std::string text = script_json(json);
  CHECK(text.find('<') == std::string::npos);
  CHECK(OrderedJson::parse(text) == json);
  CHECK_NOTHROW(script_json(OrderedJson("\xff")));
}

TEST_CASE("the report loads nothing and user text stays text") {
  const std::string html = full_report();
  const std::string page = without(without(html, "<script", "</script>"), "<!--", "-->");
  CHECK(page.find("evil.example") != std::string::npos);  // As text.
  CHECK(page.find("<img") == std::string::npos);
  CHECK(page.find("alert(1)<") == std::string::npos);
  CHECK(page.find("@import") == std::string::npos);
  CHECK(page.find("url(") == std::string::npos);
  CHECK(page.find("<link") == std::string::npos);
  const std::regex reference("<[^>]*\\s(src|href|action|data)\\s*=\\s*\"([^\"]{0,20})");
  for (auto it = std::sregex_iterator(page.begin(), page.end(), reference);
       it != std::sregex_iterator(); ++it) {
    CHECK((*it)[1] == "href");
    CHECK((*it)[2].str().starts_with("data:text/csv"));
  }
  CHECK(html.find("default-src 'none'") != std::string::npos);
  CHECK(html.find("<script src") == std::string::npos);
}

TEST_CASE("every embedded specification is valid JSON with its data and no address") {
  const std::string html = full_report();
  const std::string open = "<script type=\"application/json\" id=\"";
  std::size_t charts = 0;
  for (auto at = html.find(open); at != std::string::npos; at = html.find(open, at + 1)) {
    const auto begin = html.find('>', at) + 1;
    const auto end = html.find("</script>", begin);
    OrderedJson json;
    REQUIRE_NOTHROW(json = OrderedJson::parse(html.substr(begin, end - begin)));
    CHECK(json.at("data").at("values").is_array());
    CHECK(json.at("$schema") == "https://vega.github.io/schema/vega-lite/v4.17.0.json");
    CHECK((json.contains("mark") || json.contains("layer")));
    check_no_urls(json);
    ++charts;
  }
  std::size_t panels = 0;
  for (const auto& figure : all_figures()) panels += figure.panels.size();
  CHECK(charts == panels);
  CHECK(occurrences(html, "data-chart=\"") == panels);
  CHECK(occurrences(html, "<figure>") == all_figures().size());
}

TEST_CASE("every field that a chart uses is a column of its data or made by its transforms") {
  for (const auto& figure : all_figures()) {
    for (const auto& panel : figure.panels) {
      std::vector<std::string> known = {"stage", "prediction"};
      for (const auto& column : panel.data.columns()) known.push_back(column.header);
      const std::string text = panel.specification.dump();
      const std::regex field("\"field\":\"([^\"]*)\"");
      for (auto it = std::sregex_iterator(text.begin(), text.end(), field);
           it != std::sregex_iterator(); ++it) {
        CAPTURE(figure.title);
        CAPTURE((*it)[1].str());
        CHECK(std::find(known.begin(), known.end(), (*it)[1].str()) != known.end());
      }
    }
  }
}

TEST_CASE("figures without data show their caption alone") {
  for (const auto& figure :
       {evidence_figure({}, {}, {}, 0), spectrum_figure({}, {}), query_figure({}),
        residual_figure({}, {}, {}), ranking_figure({}, "s"), selection_path_figure({}, "s"),
        head_map_figure({}, CellValue::score, "s")}) {
    CHECK(figure.panels.empty());
    CHECK_FALSE(figure.caption.empty());
  }
  HtmlReport report("Empty");
  report.figure(query_figure({}));
  const std::string html = report.html();
  CHECK(html.find("vegaEmbed") == std::string::npos);  // No chart, no libraries.
  CHECK(html.size() < 10000);
}

TEST_CASE("charts mark what they should") {
  const auto evidence = evidence_figure(std::vector<double>{0, 1, 2}, std::vector<double>{3, 1, 2},
                                        std::vector<double>{0.1, 0.6, 0.3}, 1);
  const auto rows = to_json(evidence.panels.at(0).data);
  CHECK(rows[1]["t_map"] == "yes");
  CHECK(rows[0]["t_map"] == "");
  CHECK(evidence.panels.size() == 2);

  const auto spectrum = spectrum_figure(std::vector<double>{2, 0.5, 1e-17, 0}, {});
  const auto modes = to_json(spectrum.panels.at(0).data);
  CHECK(modes[1]["state"] == "positive");
  CHECK(modes[2]["state"] == "zero");  // Below n eps lambda_max.
  CHECK(modes[3]["drawn_at"] == test::close(0.01, 1e-12));
  CHECK(modes[2]["eigenvalue"] == 1e-17);  // The data keeps the value.

  const auto map = head_map_figure(mixed_blocks(), CellValue::score, "score");
  REQUIRE(map.panels.size() == 2);
  CHECK(to_json(map.panels[0].data)[0]["chosen"] == "yes");
  CHECK(to_json(map.panels[1].data)[0]["score"].is_null());

  const auto ranking = ranking_figure(mixed_blocks(), "score", 1);
  CHECK(ranking.panels.at(0).data.rows() == 1);
  CHECK(ranking.caption.find("first 1 of 2 scored blocks") != std::string::npos);
  CHECK(ranking.caption.find("Labels leave out") == std::string::npos);

  CHECK_THROWS_AS(residual_figure(std::vector<double>{1}, std::vector<double>{1}, {}),
                  ArgumentError);
  CHECK_THROWS_AS(spectrum_figure(std::vector<double>{1}, {{"x", {1, 2}}}), ArgumentError);
}

TEST_CASE(
    "the chart libraries are inside, whole, with their licences, and cannot end their element") {
  HtmlReport report("Report");
  report.figure(query_figure(two_queries()));
  const std::string html = report.html();
  const std::string folder = SEXTANT_SOURCE_DIR "/third_party/vega/";
  for (const auto* name :
       {"vega-5.21.0.min.js", "vega-lite-4.17.0.min.js", "vega-embed-6.20.0.min.js"}) {
    std::string script = io::read_file(folder + name);
    script = script.substr(0, script.find("\n//# sourceMappingURL"));
    CHECK(script.size() > 10000);
    CHECK(html.find("<script>" + script) != std::string::npos);
    CHECK(script.find("</script") == std::string::npos);
    CHECK(script.find("<!--") == std::string::npos);
  }
  CHECK(html.find("sourceMappingURL") == std::string::npos);
  CHECK(html.find(io::read_file(folder + "LICENSE")) != std::string::npos);
  CHECK(html == [] {
    HtmlReport again("Report");
    again.figure(query_figure(two_queries()));
    return again.html();
  }());
}

TEST_CASE("CSV of each chart is linked as data") {
  HtmlReport report("Report");
  report.figure(
      residual_figure(std::vector<double>{0}, std::vector<double>{1}, std::vector<double>{0.5}));
  const std::string html = report.html();
  CHECK(html.find("download=\"residuals.csv\" href=\"data:text/csv;charset=utf-8,"
                  "step%2Csource%2Cresidual_norm%0A0%2Cmeasured%2C1%0A0%2Cpredicted%2C0.5%0A\"") !=
        std::string::npos);
}

TEST_CASE("long names of blocks are whole in tables and told apart in charts") {
  const std::string front = "model.decoder.layers.";
  const std::string back = ".self_attention.value_projection.weight";
  std::vector<ScoredBlock> blocks;
  std::vector<std::string> names;
  for (int layer = 0; layer < 3; ++layer) {
    names.push_back(front + std::to_string(layer) + back);
    blocks.push_back({{names.back(), layer, 0, "value"}, 3.0 - layer, false, {}});
  }
  Figure figure = ranking_figure(blocks, "score");
  const Panel& panel = figure.panels.at(0);
  const auto rows = to_json(panel.data);
  for (std::size_t i = 0; i < 3; ++i) {
    CHECK(rows[i]["block"] == names[i]);
    CHECK(rows[i]["label"] == std::to_string(i));
  }
  CHECK(panel.specification["encoding"]["y"]["field"] == "label");
  CHECK(panel.specification["encoding"]["y"]["axis"]["labelLimit"] == 0);  // none
  CHECK(figure.caption.find(front + "…" + back) != std::string::npos);
  // One name begins where the others end: each keeps a part.
  blocks[0].block.name = front + "weight";
  const auto other = to_json(ranking_figure(blocks, "score").panels.at(0).data);
  CHECK(other[0]["label"] == "weight");
  CHECK(other[1]["label"] == "1" + back);
  blocks.resize(1);
  CHECK(to_json(ranking_figure(blocks, "score").panels.at(0).data)[0]["label"] ==
        blocks[0].block.name);

  HtmlReport report("names");
  Table table;
  report.table(table.text("block", names).text("kind", {"value", "value", "value"}));
  const std::string html = report.html();
  CHECK(html.find("<td class=\"long\">" + names[2] + "</td><td>value</td>") != std::string::npos);
}
