#include "sextant/report/advice_html.hpp"

#include <fmt/format.h>

#include "sextant/core/wording.hpp"
#include "sextant/report/table_rows.hpp"
#include "sextant/spectral/filters.hpp"

namespace sextant::report {
namespace {

std::vector<NamedFilter> filters(const advice::HorizonChoice& choice) {
  const auto& values = choice.system.values;
  return {{fmt::format("gradient descent, T = {}", choice.t_map),
           as_vector(spectral::gd_prompt_filter(values, choice.rho, choice.t_map))},
          {"Bayes filter of the benchmark",
           as_vector(spectral::bayes_prompt_filter(values, choice.lambda_star))}};
}

/// The steps after which residual norms were taken: all, or first and last of a one-shot update.
std::vector<double> measured_steps(const ttt::Adaptation& adaptation) {
  std::vector<double> steps;
  for (std::size_t i = 0; i < adaptation.residual_norms.size(); ++i) {
    steps.push_back(static_cast<double>(i));
  }
  if (steps.size() == 2) steps[1] = static_cast<double>(adaptation.horizon);
  return steps;
}

void add_horizon_figures(HtmlReport& report, const advice::HorizonChoice& choice) {
  const std::vector<double> horizons(choice.curve.horizons.begin(), choice.curve.horizons.end());
  if (!choice.is_given()) {
    report.figure(evidence_figure(horizons, as_vector(choice.curve.values),
                                  as_vector(choice.posterior.weights),
                                  static_cast<double>(choice.t_map)));
  }
  report.figure(spectrum_figure(as_vector(choice.system.values), filters(choice)));
}

void add_verdict(HtmlReport& report, const std::string& statement, std::vector<std::string> facts,
                 const std::vector<std::string>& warnings) {
  for (const auto& warning : warnings) facts.push_back("Warning: " + warning);
  report.verdict(statement, facts);
}

}  // namespace

void add_horizon(HtmlReport& report, const advice::HorizonChoice& choice,
                 const std::vector<advice::QueryOutlook>& outlook, const std::string& title) {
  report.section(title);
  report.list(outlook.empty() ? summarize(choice).facts : horizon_facts(choice));
  add_horizon_figures(report, choice);
  if (!choice.queries.empty() && choice.t_map > 0) {
    report.table(
        query_advice_table(choice, outlook),
        fmt::format("Each query: correction after {0} and by the Bayes filter; {1}expected "
                    "squared distance from the best possible correction without an update "
                    "and after {0}; whether that falls.",
                    counted(choice.t_map, "step"),
                    choice.has_intervals()
                        ? "the interval that holds the true correction with probability "
                          "95%, and the probability that these steps bring the prediction "
                          "closer to the truth; "
                        : ""));
    const std::string note = interval_note(choice, outlook);
    if (!note.empty()) report.paragraph(note);
  }
}

void add_ranking(HtmlReport& report, const advice::BlockRanking& ranking,
                 const std::vector<geometry::Block>& blocks) {
  report.section("Which blocks");
  report.list(summarize(ranking, blocks.size()).facts);
  const auto scored = scored_blocks(ranking, blocks);
  std::string value_name;
  const auto alone = blocks_alone(ranking, blocks, value_name);
  if (shows_order(ranking)) {
    report.figure(head_map_figure(scored, CellValue::order, score_name(ranking.method)));
    report.figure(selection_path_figure(scored, score_name(ranking.method)));
  } else {
    report.figure(head_map_figure(alone, CellValue::score, value_name));
  }
  report.figure(ranking_figure(best_first(alone, ranking.method), value_name));
  if (!ranking.blocks.empty()) report.table(ranking_table(ranking), "Ranking");
}

void add_adaptation(HtmlReport& report, const ttt::Adaptation& adaptation) {
  const bool update = adaptation.is_update();
  report.section(update ? "What the update did" : "The model as it is");
  report.list(summarize(adaptation).facts);
  if (update) report.figure(query_figure(adaptation.queries));
  if (adaptation.residual_norms.size() > 1) {
    report.figure(residual_figure(measured_steps(adaptation), adaptation.residual_norms,
                                  adaptation.residual_norms_predicted));
  }
  if (!adaptation.queries.empty()) {
    report.table(outcome_table(adaptation), update ? "Each query before and after" : "Each query");
  }
}

std::string horizon_html(const Heading& heading, const advice::HorizonChoice& choice,
                         const task::EncodedPrompt* prompt) {
  HtmlReport report(heading.title, heading.subtitle);
  const Summary summary = summarize(choice);
  add_verdict(report, summary.statement, {}, summary.warnings);
  report.table(key_numbers(choice), "Key numbers");
  add_horizon(report, choice);
  if (prompt != nullptr) add_table_rows(report, *prompt, nullptr);
  report.provenance(heading.provenance);
  return report.html();
}

std::string ranking_html(const Heading& heading, const advice::BlockRanking& ranking,
                         const std::vector<geometry::Block>& blocks,
                         const task::EncodedPrompt* prompt) {
  HtmlReport report(heading.title, heading.subtitle);
  const Summary summary = summarize(ranking, blocks.size());
  add_verdict(report, summary.statement, {}, summary.warnings);
  add_ranking(report, ranking, blocks);
  if (prompt != nullptr) add_table_rows(report, *prompt, nullptr);
  report.provenance(heading.provenance);
  return report.html();
}

namespace {

void add_comparison(HtmlReport& report, const advice::Plan& plan) {
  if (!shows_comparison(plan)) return;
  report.table(comparison_table(*plan.comparison),
               "Does it matter which? Expected squared errors by the model of all blocks");
  report.list(comparison_facts(plan));
}

/// How far and, where the plan is to adapt, which.
void add_plan(HtmlReport& report, const advice::Plan& plan,
              const std::vector<geometry::Block>& blocks) {
  if (!plan.adapt) {
    report.section(how_far_title(plan));
    report.list(horizon_facts(deciding(plan)));
    add_horizon_figures(report, deciding(plan));
    add_comparison(report, plan);
    return;
  }
  add_horizon(report, deciding(plan), plan.outlook, how_far_title(plan));
  if (plan.ranking) add_ranking(report, *plan.ranking, blocks);
  add_comparison(report, plan);
}

}  // namespace

std::string plan_html(const Heading& heading, const advice::Plan& plan,
                      const std::vector<geometry::Block>& blocks, const ttt::Adaptation* adaptation,
                      const task::EncodedPrompt* prompt) {
  HtmlReport report(heading.title, heading.subtitle);
  Summary summary = summarize(plan);
  const bool measured = adaptation != nullptr && adaptation->is_measured();
  const bool follows_plan = !measured || adaptation->is_made_of_steps();
  if (measured) {
    std::string outcome = summarize(*adaptation).statement;
    if (!follows_plan) {
      outcome.swap(summary.statement);
      outcome = "The advice on steps, which this update does not follow: " + outcome;
    }
    summary.facts.insert(summary.facts.begin(), std::move(outcome));
  }
  add_verdict(report, summary.statement, summary.facts, summary.warnings);
  if (follows_plan) report.table(key_numbers(plan, blocks.size()), "Key numbers");
  if (measured) add_adaptation(report, *adaptation);
  if (adaptation != nullptr && !measured && knows_predictions(*adaptation)) {
    report.section("Queries");
    report.table(outcome_table(*adaptation), "Each query, as the linear model expects it");
  }
  if (prompt != nullptr) add_table_rows(report, *prompt, adaptation);
  add_plan(report, plan, blocks);
  if (follows_plan && plan.recipe && (!measured || adaptation->is_kept())) {
    report.section("To do it");
    report.list(to_do(plan, adaptation, prompt));
  }
  report.provenance(heading.provenance);
  return report.html();
}

}  // namespace sextant::report
