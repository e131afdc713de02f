#include "sextant/studies/presentation/linear_text.hpp"

#include <fmt/format.h>

#include <array>
#include <cmath>

#include "sextant/report/advice_text.hpp"

namespace sextant::studies::presentation {
namespace {

using linear::Decision;
using linear::StartKind;
using linear::StepRisk;

std::string number(double value) { return report::format_number(value, 4); }

std::string percent(double share) { return report::format_number(100 * share, 3) + "%"; }

std::string weights_of(StartKind start) {
  return start == StartKind::cold ? "zero weights" : "the pretrained weights";
}

/// What the best step does to one risk.
std::string effect(const Decision& decision, double least_share) {
  if (decision.adapt) {
    return fmt::format(
        "one step of size {} from {} lowers the expected squared error from {} to {} (gain {}, {} "
        "of the excess over the labels' noise)",
        number(decision.step), weights_of(decision.start), number(decision.risk_before),
        number(decision.risk_after), number(decision.gain), percent(decision.share));
  }
  return fmt::format(
      "the best step takes {} off the excess of the expected squared error over the labels' noise, "
      "and {} is asked for; without a step the error is {}",
      percent(decision.share), percent(least_share), number(decision.risk_before));
}

std::string crossing_fact(const linear::Advice& advice) {
  const double crossing = advice.starts.fresh_context_crossing;
  if (std::isinf(crossing)) {
    return "Cold or warm, fresh context: the pretrained weights are the better start for every "
           "number of samples.";
  }
  if (crossing == 0) {
    return "Cold or warm, fresh context: this task is so unlike those of pretraining that zero "
           "weights are no worse even before a step.";
  }
  std::string fact = fmt::format(
      "Cold or warm, fresh context: zero weights are the better start from k* = {} samples on; "
      "here "
      "k = {}",
      number(crossing), advice.k);
  if (advice.limiting_crossing && std::isfinite(*advice.limiting_crossing)) {
    fact += fmt::format(" (k*/d = {}, {} for large sizes)",
                        number(crossing / static_cast<double>(advice.d)),
                        number(*advice.limiting_crossing));
  }
  return fact + ".";
}

struct StartLine {
  const char* context;
  StartKind start;
  StepRisk risk;
};

std::array<StartLine, 4> start_lines(const linear::Advice& advice) {
  const linear::Starts& starts = advice.starts;
  return {{{"fresh", StartKind::cold, starts.cold.fresh_context},
           {"fresh", StartKind::warm, starts.warm.fresh_context},
           {"same", StartKind::cold, starts.cold.same_context},
           {"same", StartKind::warm, starts.warm.same_context}}};
}

report::OrderedJson json_of(const Decision& decision) {
  return {{"adapt", decision.adapt},
          {"start", name_of(decision.start)},
          {"step", decision.step},
          {"risk_before", decision.risk_before},
          {"risk_after", decision.risk_after},
          {"gain", decision.gain},
          {"share", decision.share}};
}

}  // namespace

report::Summary summarize(const linear::Advice& advice) {
  report::Summary summary;
  summary.statement = fmt::format("{}: on a fresh context of the task, {}.",
                                  advice.fresh_context.adapt ? "Adapt" : "Do not adapt",
                                  effect(advice.fresh_context, advice.least_share));
  summary.facts.push_back(fmt::format("For queries read with the very context of the step: {}, {}.",
                                      advice.same_context.adapt ? "adapt" : "do not adapt",
                                      effect(advice.same_context, advice.least_share)));
  summary.facts.push_back(crossing_fact(advice));
  if (advice.alignment) {
    const auto& [a1, a2, a3] = advice.alignment->bias;
    summary.facts.push_back(fmt::format(
        "Alignment: of the signal's variance {}, pretraining leaves A1 = {} unlearned (A2 = {}, A3 "
        "= {}), and a finite context adds F1 = {}.",
        number(advice.signal), number(a1), number(a2), number(a3),
        number(advice.alignment->fluctuation[0])));
  }
  summary.facts.push_back(fmt::format(
      "Step sizes are for the sum of squared errors over k = {} samples; multiply by k for their "
      "mean, by 2 for half squared errors.",
      advice.k));
  return summary;
}

report::Table starts_table(const linear::Advice& advice) {
  const auto lines = start_lines(advice);
  report::Table table;
  table.text_of("context", lines, &StartLine::context);
  table.text_of("start", lines, [](const StartLine& line) { return name_of(line.start); });
  table.numbers_of("before", lines, [](const StartLine& line) { return line.risk.initial; });
  table.numbers_of("best step", lines, [](const StartLine& line) { return line.risk.best_step(); });
  table.numbers_of("after", lines, [](const StartLine& line) { return line.risk.best_risk(); });
  return table.numbers_of("gain", lines, [](const StartLine& line) { return line.risk.gain(); });
}

report::Table steps_table(const linear::Advice& advice) {
  const auto& lines = advice.more_steps;
  using Line = linear::StepsLine;
  report::Table table;
  table.numbers_of("steps", lines, &Line::steps);
  table.numbers_of("fresh, cold", lines, [](const Line& line) { return line.cold.fresh_context; });
  table.numbers_of("fresh, warm", lines, [](const Line& line) { return line.warm.fresh_context; });
  table.numbers_of("same, cold", lines, [](const Line& line) { return line.cold.same_context; });
  return table.numbers_of("same, warm", lines,
                          [](const Line& line) { return line.warm.same_context; });
}

std::string linear_text(const linear::Advice& advice, const report::TerminalStyle& style) {
  std::string text = report::to_terminal(summarize(advice), style);
  const auto add = [&](const std::string& title, const report::Table& table) {
    text += "\n" + report::bold(report::wrap(title, style.width), style) + "\n" +
            report::to_terminal(table, style);
  };
  add("Expected squared error, noise included, before and after the best step",
      starts_table(advice));
  if (!advice.more_steps.empty()) {
    add("One step of the best size, and several of the best stable size, in the limit of large n, "
        "k and d: expected squared error without noise",
        steps_table(advice));
  }
  return text;
}

report::OrderedJson to_json(const linear::Advice& advice) {
  report::OrderedJson json = {{"n", advice.n},
                              {"k", advice.k},
                              {"d", advice.d},
                              {"sigma2", advice.sigma2},
                              {"signal", advice.signal},
                              {"least_share", advice.least_share},
                              {"fresh_context", json_of(advice.fresh_context)},
                              {"same_context", json_of(advice.same_context)}};
  json["crossing"] = {
      {"fresh_context", report::finite_or_null(advice.starts.fresh_context_crossing)},
      {"same_context", report::finite_or_null(advice.starts.same_context_crossing)},
      {"limit",
       advice.limiting_crossing ? report::finite_or_null(*advice.limiting_crossing) : nullptr}};
  json["starts"] = report::OrderedJson::array();
  for (const StartLine& line : start_lines(advice)) {
    json["starts"].push_back({{"context", line.context},
                              {"start", name_of(line.start)},
                              {"risk_before", line.risk.initial},
                              {"slope", line.risk.slope},
                              {"curvature", line.risk.curvature()},
                              {"best_step", line.risk.best_step()},
                              {"best_risk", line.risk.best_risk()},
                              {"gain", line.risk.gain()}});
  }
  json["alignment"] = nullptr;
  if (advice.alignment) {
    json["alignment"] = {{"bias", advice.alignment->bias},
                         {"fluctuation", advice.alignment->fluctuation},
                         {"initial_risk", advice.alignment->initial_risk},
                         {"same_context_gain", advice.alignment->same_context_gain},
                         {"fresh_context_gain", advice.alignment->fresh_context_gain}};
  }
  json["more_steps"] = report::OrderedJson::array();
  for (const linear::StepsLine& line : advice.more_steps) {
    for (const auto& [start, best] :
         {std::pair{StartKind::cold, &line.cold}, std::pair{StartKind::warm, &line.warm}}) {
      json["more_steps"].push_back({{"steps", line.steps},
                                    {"start", name_of(start)},
                                    {"same_context", best->same_context},
                                    {"same_context_scale", best->same_context_scale},
                                    {"fresh_context", best->fresh_context},
                                    {"fresh_context_scale", best->fresh_context_scale}});
    }
  }
  return json;
}

}  // namespace sextant::studies::presentation
