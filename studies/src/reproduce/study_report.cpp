#include "sextant/studies/reproduce/study_report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "sextant/studies/presentation/comparison.hpp"
#include "sextant/studies/presentation/study_charts.hpp"

namespace sextant::studies::reproduce {
namespace {

using report::Figure;
using report::OrderedJson;
using report::Table;

std::string number(double value) { return report::format_number(value, 3); }

std::vector<double> counted_horizons(std::size_t count) {
  std::vector<double> horizons(count);
  for (std::size_t t = 0; t < count; ++t) horizons[t] = static_cast<double>(t);
  return horizons;
}

std::string pilot_sentence(const Pilot& pilot) {
  const bool none_better =
      pilot.horizon_errors[0] < pilot.horizon_errors[static_cast<std::size_t>(pilot.fixed_horizon)];
  return fmt::format(
      "Pilot, on tasks of its own: {}, T = {} is the best fixed horizon{}.",
      pilot.scale_errors.size() > 1
          ? fmt::format("step scale c = {} has the smallest error at T = 8; with it",
                        pilot.step_scale)
          : fmt::format("with step scale c = {}, the only one tried,", pilot.step_scale),
      pilot.fixed_horizon,
      none_better ? " of at least one step, but no update at all is better" : "");
}

std::string advice_sentence(const StudyResult& result) {
  std::string text = "The advice: ";
  const std::size_t groups = std::max<std::size_t>(1, result.groups.size());
  for (std::size_t g = 0; g < groups; ++g) {
    std::size_t tasks = 0;
    std::size_t advised = 0;
    std::size_t kept = 0;
    for (const HorizonTask& task : result.horizon_tasks) {
      if (task.group != g) continue;
      ++tasks;
      advised += task.advised ? 1 : 0;
      kept += task.kept ? 1 : 0;
    }
    text += fmt::format("{}to adapt on {} of {}{}{} tasks, and the update was kept on {}",
                        g == 0 ? "" : "; ", advised, tasks, result.groups.empty() ? "" : " ",
                        result.groups.empty() ? "" : result.groups[g], kept);
  }
  return text + ".";
}

Table budget_table(const std::vector<BudgetSummary>& summaries) {
  Table table;
  table.text_of("method", summaries, &BudgetSummary::method);
  table.numbers_of("heads", summaries, &BudgetSummary::budget);
  table.numbers_of(
      "error", summaries, [](const BudgetSummary& row) { return row.query_error.mean; }, 3);
  presentation::add_comparison(table, "gain", summaries, &BudgetSummary::query_gain, 2);
  table.numbers_of("Holm's p", summaries, &BudgetSummary::adjusted_p, 2);
  return table.numbers_of(
      "fit gain", summaries,
      [](const BudgetSummary& row) { return row.prompt_gain.improvement.mean; }, 2);
}

std::string group_name(const StudyResult& result, const char* rule, std::size_t group) {
  return result.groups.empty() ? std::string(rule)
                               : fmt::format("{}, {}", rule, result.groups[group]);
}

Figure chosen_horizons(const StudyResult& result) {
  std::vector<presentation::Sample> samples;
  const std::size_t groups = std::max<std::size_t>(1, result.groups.size());
  for (const char* rule : {"plug-in", "profile"}) {
    for (std::size_t g = 0; g < groups; ++g) {
      samples.push_back({group_name(result, rule, g), {}});
    }
  }
  for (const HorizonTask& task : result.horizon_tasks) {
    samples[task.group].values.push_back(static_cast<double>(task.t_plug_in));
    samples[groups + task.group].values.push_back(static_cast<double>(task.t_profile));
  }
  return ecdf_figure({"Chosen horizons",
                      "Share of tasks whose T_MAP is at most T [W, Fig. 1a]. With noisy labels "
                      "the evidence should stop earlier.",
                      "chosen-horizons",
                      {}},
                     samples, "T_MAP");
}

Figure errors_of_horizons(const StudyResult& result, const GroupSummary& group) {
  const auto& tasks = result.horizon_tasks;
  const auto belongs = [&](const HorizonTask& task) {
    return group.group == "all" || result.groups[task.group] == group.group;
  };
  const std::size_t count = tasks.front().path.size();
  presentation::MeanLine curve{"fixed T", counted_horizons(count), {}, {}};
  for (std::size_t t = 0; t < count; ++t) {
    std::vector<double> errors;
    for (const HorizonTask& task : tasks) {
      if (belongs(task)) errors.push_back(task.path[t]);
    }
    const auto estimate = statistics::estimate(errors);
    curve.mean.push_back(estimate.mean);
    curve.standard_error.push_back(estimate.standard_error);
  }
  std::vector<presentation::MarkedPoint> points;
  for (const MethodSummary& method : group.methods) {
    if (method.method == "no update" || method.method.starts_with("T = ")) continue;
    const double x = std::isfinite(method.mean_horizon) ? method.mean_horizon : 0;
    points.push_back({method.method, x, method.error.mean});
  }
  return marked_curve_figure(
      {fmt::format("Error against the horizon, {} tasks", group.group),
       "Mean squared query error of every fixed T with one standard error, and of the ways to "
       "choose, at their mean T (the average over lambda_star, which has none, at 0). The oracle "
       "knows the answer: no choice of T can be better.",
       fmt::format("horizon-errors-{}", group.group),
       {}},
      curve, points, "T", "squared error");
}

Figure predicted_and_real(const StudyResult& result) {
  std::vector<double> predicted;
  std::vector<double> real;
  std::vector<std::string> group;
  for (const HorizonTask& task : result.horizon_tasks) {
    predicted.push_back(task.predicted);
    real.push_back(task.corrected);
    group.push_back(result.groups.empty() ? "task" : result.groups[task.group]);
  }
  return presentation::agreement_figure(
      {"Predicted and real corrections",
       "The first query's correction at T_MAP (plug-in) as the kernel expects it and "
       "as real steps give it, one point per task. On the dashed line the "
       "linear model is exact.",
       "corrections",
       {}},
      predicted, real, group, "expected by the kernel", "real");
}

Figure budget_gains(const std::vector<BudgetSummary>& summaries,
                    statistics::Comparison BudgetSummary::*gain, std::string title,
                    std::string name, const std::string& y_title) {
  std::vector<presentation::MeanLine> lines;
  for (const BudgetSummary& summary : summaries) {
    if (summary.method == "random") continue;
    if (lines.empty() || lines.back().name != summary.method) {
      lines.push_back({summary.method, {}, {}, {}});
    }
    lines.back().add(summary.budget, (summary.*gain).improvement.mean,
                     (summary.*gain).improvement.standard_error);
  }
  return lines_figure({std::move(title),
                       "Mean improvement over random heads at the same budget, with one standard "
                       "error over tasks. Above 0: better than random.",
                       std::move(name),
                       {}},
                      lines, "heads", y_title, {true, false, 0.0});
}

}  // namespace

std::string study_text(const StudyResult& result, const report::TerminalStyle& style) {
  std::string text = report::wrap(pilot_sentence(result.pilot), style.width) + "\n";
  for (const GroupSummary& group : result.horizons) {
    text += "\n" +
            report::bold(fmt::format("How far: {} tasks ({})", group.group, group.tasks), style) +
            "\n" + report::to_terminal(error_table(group), style) + "\n" +
            "Improvement over no update, 95% interval\n" +
            report::to_terminal(improvement_table(group, &MethodSummary::against_none), style) +
            "\n" + fmt::format("Improvement over {}, the best fixed one\n", group.reference) +
            report::to_terminal(improvement_table(group, &MethodSummary::against_reference), style);
  }
  text += "\n" + report::wrap(advice_sentence(result), style.width) + "\n";
  if (result.subspaces.empty()) return text;
  text += "\n" +
          report::bold(fmt::format("Which heads ({} tasks)", result.subspace_tasks.size()), style) +
          "\nGain over random heads at the same budget; of random heads over no update\n" +
          report::to_terminal(budget_table(result.subspaces), style);
  return text;
}

report::HtmlReport study_html(const report::Heading& heading, const StudyResult& result,
                              const std::string& model_note, const Published& published) {
  report::HtmlReport report(heading.title, heading.subtitle);
  const GroupSummary& all = result.horizons.front();
  std::vector<std::string> facts = {pilot_sentence(result.pilot)};
  for (const MethodSummary& method : all.methods) {
    if (!method.against_reference || method.method.starts_with("T = ")) continue;
    const auto& against = *method.against_reference;
    facts.push_back(fmt::format(
        "{}: squared error {}, improvement over {} {} [{}, {}], Holm's p {}.", method.method,
        number(method.error.mean), all.reference, number(against.comparison.improvement.mean),
        number(against.comparison.interval.low), number(against.comparison.interval.high),
        number(against.adjusted_p)));
  }
  facts.push_back(advice_sentence(result));
  report.verdict(fmt::format("How far and which heads, on {} tasks", all.tasks), facts);
  if (!model_note.empty()) report.paragraph("The model's training: " + model_note);
  report.section("How far");
  report.figure(chosen_horizons(result));
  for (const GroupSummary& group : result.horizons) {
    report.figure(errors_of_horizons(result, group));
    report.table(error_table(group), fmt::format("Errors, {} tasks", group.group));
    report.table(improvement_table(group, &MethodSummary::against_none),
                 fmt::format("Improvement over no update, {} tasks, 95% bootstrap interval, sign "
                             "permutation p-value, and Holm's over the methods",
                             group.group));
    report.table(improvement_table(group, &MethodSummary::against_reference),
                 fmt::format("Improvement over {}, the pilot's best fixed horizon, {} tasks",
                             group.reference, group.group));
  }
  report.figure(predicted_and_real(result));
  if (!result.subspaces.empty()) {
    report.section("Which heads");
    report.figure(budget_gains(result.subspaces, &BudgetSummary::query_gain,
                               "Query gain over random heads", "query-gain",
                               "squared error of random minus rule"));
    report.figure(budget_gains(result.subspaces, &BudgetSummary::prompt_gain,
                               "Prompt-fit gain over random heads", "prompt-gain",
                               "mean squared residual of random minus rule"));
    report.table(budget_table(result.subspaces),
                 "Squared query error; gain over random heads at the same budget (of random heads: "
                 "over no update) with 95% bootstrap interval; Holm's p over all rows; gain in the "
                 "fit of the labelled examples");
  }
  report.section("Published figures");
  report.paragraph("From arXiv:2606.15569, not ours. " + published.note);
  report.table(published.table, published.caption);
  report.provenance(heading.provenance);
  return report;
}

Published published_digit_shift() {
  Published published;
  published.note =
      "With distilgpt2, 82 million parameters pretrained on text; the level of errors is not "
      "comparable with another model's.";
  published.table.text("method", {"no update", "T = 8", "evidence, plug-in", "evidence, profile"});
  published.table.numbers("squared error", {0.0747, 0.0734, 0.0722, 0.0719});
  published.table.numbers("standard error", {0.0031, 0.0030, 0.0030, 0.0029});
  published.table.text("mean T", {"0", "8", "9.79", "11.20"});
  published.caption =
      "Experiment 1, 2,000 tasks. Improvements, 95% bootstrap interval: T = 8 over none [0.000648, "
      "0.001796]; plug-in over T = 8 [0.000545, 0.002894]; profile over T = 8 [0.000605, "
      "0.003079].";
  return published;
}

Published published_sst2() {
  Published published;
  published.note = "With distilgpt2 on 50 prompts of 10 sentences with one query, c = 0.1.";
  published.table.text("method", {"T = 8", "evidence, plug-in", "evidence, profile"});
  published.table.numbers("squared error", {0.328, 0.325, 0.324});
  published.caption = "Appendix J";
  return published;
}

OrderedJson to_json(const StudyResult& result) {
  OrderedJson json;
  json["pilot"] = {{"step_scale", result.pilot.step_scale},
                   {"scale_errors", result.pilot.scale_errors},
                   {"fixed_horizon", result.pilot.fixed_horizon},
                   {"horizon_errors", result.pilot.horizon_errors}};
  json["horizons"] = OrderedJson::array();
  for (const GroupSummary& group : result.horizons) json["horizons"].push_back(to_json(group));
  json["subspaces"] = OrderedJson::array();
  for (const BudgetSummary& summary : result.subspaces) {
    json["subspaces"].push_back(
        {{"method", summary.method},
         {"budget", summary.budget},
         {"query_error", summary.query_error.mean},
         {"prompt_error", summary.prompt_error.mean},
         {"query_gain", presentation::comparison_json(summary.query_gain)},
         {"prompt_gain", presentation::comparison_json(summary.prompt_gain)},
         {"p_holm", summary.adjusted_p}});
  }
  return json;
}

}  // namespace sextant::studies::reproduce
