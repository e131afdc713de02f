#include <fmt/format.h>
#include <fmt/ranges.h>

#include "sextant/studies/presentation/comparison.hpp"
#include "sextant/studies/presentation/study_charts.hpp"
#include "sextant/studies/reproduce/tabular_study.hpp"

namespace sextant::studies::reproduce {
namespace {

using report::OrderedJson;
using report::Table;

constexpr int fixed = static_cast<int>(TabularMethod::fixed);
constexpr int advised = static_cast<int>(TabularMethod::advised);

std::string method_name(const TabularResult& result, int method) {
  if (method == 0) return "no update";
  return method == fixed ? fmt::format("T = {}", result.pilot.horizon) : "advice";
}

std::string with_interval(double value, const statistics::Interval& interval) {
  return fmt::format("{:.3f} [{:.3f}, {:.3f}]", value, interval.low, interval.high);
}

std::string pilot_sentence(const TabularResult& result) {
  const TabularPilot& pilot = result.pilot;
  return fmt::format(
      "Pilot, on synthetic tables alone: step scale c = {} and T = {} have the smallest log-loss "
      "of "
      "an update of all value heads, {:.4f} against {:.4f} without.",
      pilot.step_scale, pilot.horizon, pilot.loss_fixed, pilot.loss_none);
}

std::string factor_sentence(const TabularResult& result) {
  if (result.factors.empty()) return "No table has two sizes of context.";
  const ContextFactor& all = result.factors.back();
  return fmt::format(
      "Context saved at equal accuracy, factor over all tables with 95% interval: {} {}, {} {}.",
      method_name(result, fixed), with_interval(all.factor[fixed], all.interval[fixed]),
      method_name(result, advised), with_interval(all.factor[advised], all.interval[advised]));
}

std::string same_sentence(const TabularResult& result) {
  if (result.same.empty()) return {};
  return fmt::format("Left out because an earlier table has the same rows: {}.",
                     fmt::join(result.same, ", "));
}

/// Rows: sizes. One column per method.
Table score_table(const TabularResult& result, statistics::Estimate (SizeSummary::*score)[3]) {
  Table table;
  table.numbers_of("context", result.sizes, &SizeSummary::size);
  table.numbers_of("tables", result.sizes, &SizeSummary::tables);
  for (const TabularMethod method : tabular_methods) {
    const int m = static_cast<int>(method);
    table.numbers_of(method_name(result, m), result.sizes,
                     [&](const SizeSummary& size) { return (size.*score)[m].mean; });
  }
  return table;
}

/// One method's improvements over no update.
Table gain_table(const TabularResult& result, statistics::Comparison (SizeSummary::*gain)[3],
                 int method) {
  const auto of = [&](const SizeSummary& size) -> const statistics::Comparison& {
    return (size.*gain)[method];
  };
  return Table()
      .numbers_of("context", result.sizes, &SizeSummary::size)
      .numbers_of(
          "gain", result.sizes, [&](const SizeSummary& size) { return of(size).improvement.mean; },
          2)
      .numbers_of(
          "from", result.sizes, [&](const SizeSummary& size) { return of(size).interval.low; }, 2)
      .numbers_of(
          "to", result.sizes, [&](const SizeSummary& size) { return of(size).interval.high; }, 2)
      .numbers_of(
          "p", result.sizes, [&](const SizeSummary& size) { return of(size).p_value; }, 2);
}

std::string gain_text(const TabularResult& result, statistics::Comparison (SizeSummary::*gain)[3],
                      const report::TerminalStyle& style) {
  std::string text;
  for (const int m : {fixed, advised}) {
    text += fmt::format("Gain of {} over no update, 95% interval over tables\n",
                        method_name(result, m)) +
            to_terminal(gain_table(result, gain, m), style);
  }
  return text;
}

Table advice_table(const TabularResult& result) {
  return Table()
      .numbers_of("context", result.sizes, &SizeSummary::size)
      .numbers_of("advised to adapt", result.sizes, &SizeSummary::advised, 3)
      .numbers_of("update kept", result.sizes, &SizeSummary::kept, 3);
}

Table factor_table(const TabularResult& result) {
  Table table;
  table.text_of("table", result.factors, &ContextFactor::name);
  for (const int m : {fixed, advised}) {
    table.text_of(method_name(result, m), result.factors, [m](const ContextFactor& factor) {
      return with_interval(factor.factor[m], factor.interval[m]);
    });
  }
  return table;
}

report::Figure curve_figure(const TabularResult& result, report::Figure figure,
                            statistics::Estimate (SizeSummary::*score)[3],
                            const std::string& title) {
  std::vector<presentation::MeanLine> lines;
  for (const TabularMethod method : tabular_methods) {
    const int m = static_cast<int>(method);
    presentation::MeanLine& line = lines.emplace_back();
    line.name = method_name(result, m);
    for (const SizeSummary& size : result.sizes) {
      line.add(size.size, (size.*score)[m].mean, (size.*score)[m].standard_error);
    }
  }
  return lines_figure(std::move(figure), lines, "labelled rows", title, {true, false, {}});
}

}  // namespace

std::string tabular_text(const TabularResult& result, const report::TerminalStyle& style) {
  std::string text = report::wrap(pilot_sentence(result), style.width) + "\n";
  text += report::wrap(factor_sentence(result), style.width) + "\n";
  if (!result.same.empty()) text += report::wrap(same_sentence(result), style.width) + "\n";
  text += "\n" + report::bold("Accuracy", style) + "\n" +
          to_terminal(score_table(result, &SizeSummary::accuracy), style) +
          gain_text(result, &SizeSummary::accuracy_gain, style);
  text += "\n" + report::bold("Log-loss, nats per row", style) + "\n" +
          to_terminal(score_table(result, &SizeSummary::log_loss), style) +
          gain_text(result, &SizeSummary::log_loss_gain, style);
  text += "\nShare of cases\n" + to_terminal(advice_table(result), style);
  return text + "\nFactor by which an update reduces the context needed\n" +
         to_terminal(factor_table(result), style);
}

report::HtmlReport tabular_html(const report::Heading& heading, const TabularResult& result) {
  report::HtmlReport report(heading.title, heading.subtitle);
  std::vector<std::string> facts = {pilot_sentence(result), factor_sentence(result)};
  if (!result.same.empty()) facts.push_back(same_sentence(result));
  report.verdict(fmt::format("In-context classification of {} tables, {} cases",
                             result.tables.size(), result.cases.size()),
                 facts);
  report.section("Accuracy and log-loss against the context");
  report.figure(curve_figure(result,
                             {"Accuracy against the size of the context",
                              "Mean over the tables that have so many rows, with one standard "
                              "error over tables; the tables differ between sizes.",
                              "accuracy",
                              {}},
                             &SizeSummary::accuracy, "accuracy"));
  report.table(score_table(result, &SizeSummary::accuracy), "Accuracy");
  const std::string interval =
      "on the same cases, 95% bootstrap interval over tables, sign "
      "permutation p-value";
  for (const int m : {fixed, advised}) {
    report.table(
        gain_table(result, &SizeSummary::accuracy_gain, m),
        fmt::format("Gain in accuracy of {} over no update {}", method_name(result, m), interval));
  }
  report.figure(curve_figure(result,
                             {"Log-loss against the size of the context",
                              "Nats per row, of probabilities mixed with 1% of the uniform "
                              "distribution.",
                              "log-loss",
                              {}},
                             &SizeSummary::log_loss, "log-loss"));
  report.table(score_table(result, &SizeSummary::log_loss), "Log-loss");
  for (const int m : {fixed, advised}) {
    report.table(gain_table(result, &SizeSummary::log_loss_gain, m),
                 fmt::format("Fall of the log-loss by {} {}", method_name(result, m), interval));
  }
  report.table(advice_table(result), "What was advised, share of cases");
  report.section("Context saved");
  report.table(factor_table(result),
               "Factor by which an update reduces the context needed for equal accuracy; 95% "
               "bootstrap intervals over splits, of all over tables");
  report.provenance(heading.provenance);
  return report;
}

OrderedJson to_json(const TabularResult& result) {
  OrderedJson json;
  json["pilot"] = {{"step_scale", result.pilot.step_scale},
                   {"horizon", result.pilot.horizon},
                   {"log_loss_none", result.pilot.loss_none},
                   {"log_loss_fixed", result.pilot.loss_fixed}};
  json["tables"] = result.tables;
  json["same"] = result.same;
  json["sizes"] = OrderedJson::array();
  for (const SizeSummary& size : result.sizes) {
    OrderedJson methods = OrderedJson::array();
    for (const TabularMethod method : tabular_methods) {
      const int m = static_cast<int>(method);
      methods.push_back({{"method", method_name(result, m)},
                         {"accuracy", size.accuracy[m].mean},
                         {"accuracy_standard_error", size.accuracy[m].standard_error},
                         {"log_loss", size.log_loss[m].mean},
                         {"log_loss_standard_error", size.log_loss[m].standard_error}});
      if (m == 0) continue;
      methods.back()["accuracy_gain"] = presentation::comparison_json(size.accuracy_gain[m]);
      methods.back()["log_loss_gain"] = presentation::comparison_json(size.log_loss_gain[m]);
    }
    json["sizes"].push_back({{"context", size.size},
                             {"tables", size.tables},
                             {"groups", size.groups},
                             {"advised", size.advised},
                             {"kept", size.kept},
                             {"methods", std::move(methods)}});
  }
  json["factors"] = OrderedJson::array();
  for (const ContextFactor& factor : result.factors) {
    OrderedJson entry = {{"table", factor.name}};
    for (const int m : {fixed, advised}) {
      entry[m == fixed ? "fixed" : "advice"] = {
          {"factor", factor.factor[m]},
          {"interval", {factor.interval[m].low, factor.interval[m].high}}};
    }
    json["factors"].push_back(std::move(entry));
  }
  return json;
}

}  // namespace sextant::studies::reproduce
