#include "sextant/studies/reproduce/gaussian_report.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>

#include "sextant/core/wording.hpp"
#include "sextant/studies/presentation/comparison.hpp"
#include "sextant/studies/presentation/study_charts.hpp"

namespace sextant::studies::reproduce {
namespace {

using report::Table;

constexpr double level = 0.05;

const MethodSummary& find(const GroupSummary& group, std::string_view name) {
  return *std::ranges::find(group.methods, name, &MethodSummary::method);
}

/// "ahead of", "behind" or "not told apart from".
std::string place(const statistics::Comparison& improvement, double adjusted_p) {
  if (adjusted_p > level) return "not told apart from";
  return improvement.improvement.mean > 0 ? "ahead of" : "behind";
}

std::string average_finding(const SpectrumResult& result) {
  std::vector<std::string> parts;
  for (const char* name : {"Gibbs average", "average over lambda_star"}) {
    const AgainstReference& against = *find(result.summary, name).against_reference;
    parts.push_back(fmt::format("the {} is {} T_MAP ({} {})", name,
                                place(against.comparison, against.adjusted_p),
                                against.comparison.improvement.mean > 0 ? "gain" : "change",
                                presentation::with_interval(against.comparison)));
  }
  return fmt::format("{}: {}.", result.summary.group, fmt::join(parts, "; "));
}

std::string heads_name(const GaussianHeads& heads) {
  return fmt::format("1 to {} parameters, scale spread {}, coupling spread {}, T = {}",
                     heads.most_parameters, heads.scale_spread, heads.coupling_spread,
                     heads.horizon);
}

/// "trace at 8, 16; random at 32"
std::string listed(const std::map<std::string, std::vector<int>>& budgets_of) {
  std::vector<std::string> parts;
  for (const auto& [method, budgets] : budgets_of) {
    parts.push_back(fmt::format("{} at {}", method, fmt::join(budgets, ", ")));
  }
  return fmt::format("{}", fmt::join(parts, "; "));
}

std::string heads_finding(const HeadsResult& result) {
  std::map<std::string, std::vector<int>> better_than_risk;
  std::vector<std::string> as_good_alone;
  const int one = result.rules.front().budget;
  for (const RuleRisk& rule : result.rules) {
    if (rule.method == "risk") continue;
    const std::string found = place(rule.risk_gains, rule.adjusted_p);
    if (found == "behind") better_than_risk[rule.method].push_back(rule.budget);
    if (rule.budget == one && found != "ahead of") as_good_alone.push_back(rule.method);
  }
  return fmt::format("{}: at {} risk is the best rule{}; significantly better than risk: {}.",
                     heads_name(result.heads), counted(one, "block"),
                     as_good_alone.empty() ? ""
                                           : fmt::format(", though not told apart from {}",
                                                         fmt::join(as_good_alone, ", ")),
                     better_than_risk.empty() ? "no rule at any budget" : listed(better_than_risk));
}

Table rule_table(const HeadsResult& result) {
  const auto& rules = result.rules;
  Table table;
  table.text_of("method", rules, &RuleRisk::method);
  table.numbers_of("blocks", rules, &RuleRisk::budget);
  table.numbers_of(
      "R(S)", rules, [](const RuleRisk& rule) { return rule.risk.mean; }, 3);
  table.numbers_of(
      "SE", rules, [](const RuleRisk& rule) { return rule.risk.standard_error; }, 2);
  presentation::add_comparison(table, "risk gains", rules, &RuleRisk::risk_gains, 2);
  return table.numbers_of("Holm's p", rules, &RuleRisk::adjusted_p, 2);
}

report::Figure rule_figure(const HeadsResult& result, std::size_t number) {
  std::vector<presentation::MeanLine> lines;
  for (const RuleRisk& rule : result.rules) {
    if (lines.empty() || lines.back().name != rule.method) {
      lines.push_back({rule.method, {}, {}, {}});
    }
    lines.back().add(rule.budget, rule.risk.mean, rule.risk.standard_error);
  }
  return lines_figure(
      {"Expected error by budget: " + heads_name(result.heads),
       "Exact expected squared error of T steps on the chosen blocks over that of no update, mean "
       "over geometries with one standard error; below 1 the update helps.",
       fmt::format("heads-{}-risk", number),
       {}},
      lines, "blocks", "R(S) / R(no update)", {true, true, 1.0});
}

}  // namespace

std::vector<std::string> findings(const GaussianResult& result) {
  std::vector<std::string> sentences;
  for (const SpectrumResult& spectrum : result.spectra) {
    sentences.push_back(average_finding(spectrum));
  }
  for (const HeadsResult& heads : result.heads) sentences.push_back(heads_finding(heads));
  return sentences;
}

std::string gaussian_text(const GaussianResult& result, const report::TerminalStyle& style) {
  std::string text;
  for (const SpectrumResult& spectrum : result.spectra) {
    const GroupSummary& group = spectrum.summary;
    text +=
        report::bold(fmt::format("How far: {} ({} prompts)", group.group, group.tasks), style) +
        "\n" + report::to_terminal(error_table(group), style) +
        "\nImprovement over T_MAP (plug-in), 95% interval\n" +
        report::to_terminal(improvement_table(group, &MethodSummary::against_reference), style) +
        "\n";
  }
  for (const HeadsResult& heads : result.heads) {
    text += report::bold("Which blocks: " + heads_name(heads.heads), style) +
            "\nExpected error over that of no update; what risk gains against the rule\n" +
            report::to_terminal(rule_table(heads), style) + "\n";
  }
  text += report::bold("Findings", style) + "\n";
  for (const std::string& sentence : findings(result)) {
    text += report::wrap("- " + sentence, style.width) + "\n";
  }
  return text;
}

report::HtmlReport gaussian_html(const report::Heading& heading, const GaussianResult& result) {
  report::HtmlReport report(heading.title, heading.subtitle);
  report.verdict("Prompts drawn from the model that the statistics assume: errors are exact",
                 findings(result));
  report.section("How far");
  for (const SpectrumResult& spectrum : result.spectra) {
    const GroupSummary& group = spectrum.summary;
    report.table(error_table(group),
                 fmt::format("Expected squared error of the query's correction given the residuals "
                             "(the prior variance is 1): {}, {} prompts",
                             group.group, group.tasks));
    report.table(improvement_table(group, &MethodSummary::against_reference),
                 fmt::format("Improvement over T_MAP (plug-in) with 95% bootstrap interval, sign "
                             "permutation p-value and Holm's: {}",
                             group.group));
  }
  report.section("Which blocks");
  for (std::size_t i = 0; i < result.heads.size(); ++i) {
    report.figure(rule_figure(result.heads[i], i + 1));
    report.table(rule_table(result.heads[i]),
                 fmt::format("Expected error over that of no update, and how much smaller the rule "
                             "risk makes it: {}",
                             heads_name(result.heads[i].heads)));
  }
  report.provenance(heading.provenance);
  return report;
}

report::OrderedJson to_json(const GaussianResult& result) {
  report::OrderedJson json;
  json["findings"] = findings(result);
  json["spectra"] = report::OrderedJson::array();
  for (const SpectrumResult& spectrum : result.spectra) {
    report::OrderedJson entry = {{"examples", spectrum.spectrum.examples},
                                 {"parameters", spectrum.spectrum.parameters},
                                 {"decay", spectrum.spectrum.decay}};
    entry.update(to_json(spectrum.summary));
    json["spectra"].push_back(std::move(entry));
  }
  json["heads"] = report::OrderedJson::array();
  for (const HeadsResult& heads : result.heads) {
    auto rules = report::OrderedJson::array();
    for (const RuleRisk& rule : heads.rules) {
      rules.push_back({{"method", rule.method},
                       {"budget", rule.budget},
                       {"risk", rule.risk.mean},
                       {"standard_error", rule.risk.standard_error},
                       {"risk_gains", presentation::comparison_json(rule.risk_gains)},
                       {"p_holm", rule.adjusted_p}});
    }
    json["heads"].push_back({{"most_parameters", heads.heads.most_parameters},
                             {"scale_spread", heads.heads.scale_spread},
                             {"coupling_spread", heads.heads.coupling_spread},
                             {"horizon", heads.heads.horizon},
                             {"rules", std::move(rules)}});
  }
  return json;
}

}  // namespace sextant::studies::reproduce
