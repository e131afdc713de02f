#include <fmt/format.h>

#include <algorithm>

#include "sextant/core/errors.hpp"
#include "simulation.hpp"

namespace sextant::studies::reproduce {

namespace theory {

void check_options(std::string_view function, const TheoryOptions& options) {
  if (options.draws < 100) {
    throw ArgumentError(function, "draws",
                        fmt::format("is {}, expected at least 100", options.draws));
  }
}

std::string score_finding(std::string_view what, const std::vector<double>& scores) {
  constexpr double limit = 4;
  double largest = 0;
  std::size_t beyond = 0;
  for (const double score : scores) {
    largest = std::max(largest, std::abs(score));
    beyond += std::abs(score) > limit ? 1 : 0;
  }
  if (beyond == 0) {
    return fmt::format(
        "{}: all {} simulated means agree; the largest is {:.1f} standard errors off.", what,
        scores.size(), largest);
  }
  return fmt::format(
      "{}: {} of {} simulated means are more than {} standard errors off (up to {:.1f}).", what,
      beyond, scores.size(), limit, largest);
}

}  // namespace theory

std::string theory_text(const TheoryStudy& study, const report::TerminalStyle& style) {
  std::string text;
  for (const TheorySection& section : study.sections) {
    text += report::bold(section.title, style) + "\n" +
            report::wrap(section.statement, style.width) + "\n";
    for (const auto& [caption, table] : section.tables) {
      text += "\n" + report::wrap(caption, style.width) + "\n" + report::to_terminal(table, style);
    }
    for (const std::string& finding : section.findings) {
      text += report::wrap("- " + finding, style.width) + "\n";
    }
    text += "\n";
  }
  return text;
}

report::HtmlReport theory_html(const report::Heading& heading, const TheoryStudy& study) {
  report::HtmlReport report(heading.title, heading.subtitle);
  std::vector<std::string> findings;
  for (const TheorySection& section : study.sections) {
    findings.insert(findings.end(), section.findings.begin(), section.findings.end());
  }
  report.verdict(study.title, findings);
  for (const TheorySection& section : study.sections) {
    report.section(section.title);
    report.paragraph(section.statement);
    for (const report::Figure& figure : section.figures) report.figure(figure);
    for (const auto& [caption, table] : section.tables) report.table(table, caption);
  }
  report.provenance(heading.provenance);
  return report;
}

report::OrderedJson to_json(const TheoryStudy& study) {
  report::OrderedJson json;
  json["title"] = study.title;
  json["sections"] = report::OrderedJson::array();
  for (const TheorySection& section : study.sections) {
    auto tables = report::OrderedJson::array();
    for (const auto& [caption, table] : section.tables) {
      tables.push_back({{"caption", caption}, {"rows", to_json(table)}});
    }
    json["sections"].push_back({{"title", section.title},
                                {"statement", section.statement},
                                {"findings", section.findings},
                                {"tables", std::move(tables)}});
  }
  return json;
}

}  // namespace sextant::studies::reproduce
