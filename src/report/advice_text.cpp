#include "sextant/report/advice_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "sextant/report/sketch.hpp"

namespace sextant::report {
namespace {

constexpr std::size_t most_blocks = 12;
constexpr std::size_t most_queries = 20;

std::string sketch(const advice::HorizonChoice& choice, const TerminalStyle& style) {
  const std::vector<double> horizons(choice.curve.horizons.begin(), choice.curve.horizons.end());
  return evidence_sketch(horizons, as_vector(choice.curve.relative),
                         as_vector(choice.posterior.weights), static_cast<double>(choice.t_map),
                         style);
}

std::string how_far(const advice::HorizonChoice& choice, const std::vector<std::string>& facts,
                    std::string_view title, const TerminalStyle& style) {
  const std::string drawn = choice.is_given() ? "" : "\n" + sketch(choice, style);
  return titled(title, list(facts, style) + drawn, style);
}

std::string map_and_ranking(const advice::BlockRanking& ranking,
                            const std::vector<geometry::Block>& blocks,
                            const TerminalStyle& style) {
  std::string out;
  if (shows_order(ranking)) {
    out = "\n" + head_map(scored_blocks(ranking, blocks), CellValue::order, style);
  } else {
    std::string value_name;
    const auto alone = blocks_alone(ranking, blocks, value_name);
    out = fmt::format("\nShaded: {}\n", value_name) + head_map(alone, CellValue::score, style);
  }
  if (ranking.blocks.empty()) return out;
  const std::size_t rows =
      std::max(most_blocks, std::min<std::size_t>(ranking.selected.size(), 2 * most_blocks));
  return out + "\n" + to_terminal(ranking_table(ranking), style, rows);
}

std::string queries_of(const advice::HorizonChoice& choice, const TerminalStyle& style,
                       const std::vector<advice::QueryOutlook>& outlook = {}) {
  if (choice.queries.empty() || choice.t_map == 0) return {};
  const std::string note = interval_note(choice, outlook);
  return titled(choice.has_intervals()
                    ? "Corrections of the queries, 95% intervals, expected squared gaps"
                    : "Corrections of the queries, expected squared gaps",
                to_terminal(query_advice_table(choice, outlook), style, most_queries) +
                    (note.empty() ? note : wrap(note, style.width) + "\n"),
                style);
}

}  // namespace

std::string to_terminal(const Summary& summary, const TerminalStyle& style) {
  return bold(wrap(printable(summary.statement), style.width), style) + "\n" +
         list(summary.facts, style);
}

std::string horizon_text(const advice::HorizonChoice& choice, const TerminalStyle& style) {
  Summary summary = summarize(choice);
  const std::vector<std::string> facts = std::exchange(summary.facts, {});
  return to_terminal(summary, style) + how_far(choice, facts, "How far", style) +
         titled("Key numbers", to_terminal(key_numbers(choice), style), style) +
         queries_of(choice, style);
}

std::string ranking_text(const advice::BlockRanking& ranking,
                         const std::vector<geometry::Block>& blocks, const TerminalStyle& style) {
  return to_terminal(summarize(ranking, blocks.size()), style) +
         map_and_ranking(ranking, blocks, style);
}

std::string plan_text(const advice::Plan& plan, const std::vector<geometry::Block>& blocks,
                      const TerminalStyle& style) {
  std::string out =
      to_terminal(summarize(plan), style) +
      how_far(deciding(plan), horizon_facts(deciding(plan)), how_far_title(plan), style);
  const std::string comparison =
      shows_comparison(plan) ? titled("Does it matter which?",
                                      to_terminal(comparison_table(*plan.comparison), style) +
                                          list(comparison_facts(plan), style),
                                      style)
                             : "";
  // The other numbers behind an update that is not advised are in the JSON.
  if (!plan.adapt) return out + comparison;
  if (plan.ranking) {
    const auto facts = summarize(*plan.ranking, blocks.size()).facts;
    out += titled("Which blocks",
                  list(facts, style) + map_and_ranking(*plan.ranking, blocks, style), style);
  }
  return out + comparison + queries_of(deciding(plan), style, plan.outlook);
}

std::string to_do_text(const advice::Plan& plan, const ttt::Adaptation* update,
                       const task::EncodedPrompt* prompt, const TerminalStyle& style) {
  return titled("To do it", list(to_do(plan, update, prompt), style), style);
}

std::string expectation_text(const ttt::Adaptation& expected, const TerminalStyle& style) {
  if (!knows_predictions(expected)) return {};
  return titled("Queries, as the linear model expects them",
                to_terminal(outcome_table(expected), style, most_queries), style);
}

std::string adaptation_text(const ttt::Adaptation& adaptation, const TerminalStyle& style) {
  std::string out = to_terminal(summarize(adaptation), style);
  if (!adaptation.queries.empty()) {
    out += titled(adaptation.is_update() ? "Queries before and after" : "Queries",
                  to_terminal(outcome_table(adaptation), style, most_queries), style);
  }
  return out;
}

}  // namespace sextant::report
