#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "sextant/core/wording.hpp"
#include "sextant/report/advice_summary.hpp"

namespace sextant::report {
namespace {

std::string scales_sentence(const geometry::BlockScales& scales) {
  std::vector<std::string> parts;
  for (const auto& [name, scale] : scales) {
    parts.push_back(fmt::format("{}: {}", name, format_number(scale)));
  }
  return fmt::format(
      "Block scales: the learning rate of these blocks is that many times as large: {}.",
      fmt::join(parts, ", "));
}

}  // namespace

std::vector<std::string> to_do(const advice::Plan& plan, const ttt::Adaptation* update,
                               const task::EncodedPrompt* prompt) {
  if (!plan.recipe) return {};
  const advice::Recipe& recipe = *plan.recipe;
  const bool is_table = prompt != nullptr && prompt->table != nullptr;
  std::vector<std::string> items;
  items.push_back(
      fmt::format("Steps: {} of plain gradient descent, each over all {} residuals at once; no "
                  "momentum, no weight decay, no schedule.",
                  recipe.steps, plan.whole.n));
  items.push_back(fmt::format(
      "Learning rate: {} (rho) for the loss 1/2 sum (y - f)^2: half the sum of squared residuals, "
      "every prediction f made without its own label y{}. For their mean, 1/n sum (y - f)^2, it is "
      "{} (rho n / 2).",
      format_number(recipe.learning_rate, 6),
      is_table ? " (rows of a table: from a context without the row's fold)" : "",
      format_number(recipe.learning_rate_mean, 6)));
  if (!plan.rate_is_exact) items.emplace_back(advice::tokenwise_rate_warning);
  items.push_back(fmt::format("Parameters: {}: {}. All others stay as they are.",
                              recipe.blocks.size() == 1 ? "this block" : "these blocks",
                              fmt::join(recipe.blocks, ", ")));
  if (!recipe.block_scales.empty()) items.push_back(scales_sentence(recipe.block_scales));
  const auto solver = update == nullptr ? std::nullopt : update->solver;
  if (solver && *solver != ttt::Solver::steps) {
    items.push_back(fmt::format(
        "The update above was made {}, and not by these steps: its predictions differ a little.",
        *solver == ttt::Solver::one_shot ? "in one pass" : "at once, of a given rank"));
  }
  items.push_back(
      "What does not carry over: steps and learning rate hold for no other optimiser (AdamW, Adam, "
      "momentum), not for mini-batches, not for LoRA factors in place of the blocks themselves, "
      "and not for a mean loss without the factor above.");
  return items;
}

std::vector<std::string> comparison_facts(const advice::Plan& plan) {
  if (!plan.comparison || !plan.ranking) return {};
  const advice::SetComparison& sets = *plan.comparison;
  const std::size_t tried = sets.blocks_tried_alone;
  std::vector<std::string> facts = {
      fmt::format("Best single block: {}{}.", fmt::join(sets.single.block_names, ", "),
                  tried == plan.modelled_names.size()
                      ? ""
                      : fmt::format(", of the {} that are best after {}", tried,
                                    counted(plan.ranking->horizon, "step"))),
      "Errors are to the truth, by the benchmark of all blocks, and can fall less than the gap: "
      "that is to the best possible correction by the benchmark of the chosen blocks."};
  const double least = std::min(sets.all.error, sets.single.error);
  if (sets.chosen.error <= least || hardly_differ(sets.chosen.error, least)) return facts;
  const advice::BlockRanking& ranking = *plan.ranking;
  const std::string origin =
      ranking.method == subspace::Method::risk
          ? "they were collected one by one, which need not find the best set"
          : fmt::format("they were chosen by {}, not by this error",
                        subspace::name_of(ranking.method));
  const std::string steps =
      plan.horizon == ranking.horizon
          ? ""
          : fmt::format(
                ", and for {} (error {}), while the {} planned {} best for the residuals at hand, "
                "which no expected error looks at",
                counted(ranking.horizon, "step"), format_number(ranking.error_selected, 3),
                plan.horizon, plan.horizon == 1 ? "is" : "are");
  facts.push_back(
      fmt::format("The chosen blocks are not the best of these sets: {}{}. `adapt` takes "
                  "another set by the names of its blocks.",
                  origin, steps));
  return facts;
}

bool shows_comparison(const advice::Plan& plan) {
  const bool against_chosen = plan.verdict == advice::Verdict::no_evidence && plan.whole.t_map > 0;
  return plan.comparison && (plan.adapt || against_chosen);
}

Table comparison_table(const advice::SetComparison& comparison) {
  struct Row {
    std::string set;
    double steps;
    double blocks;
    double error;
  };
  const auto row = [](std::string set, const advice::SetOutlook& outlook) {
    return Row{std::move(set), static_cast<double>(outlook.horizon),
               static_cast<double>(outlook.block_names.size()), outlook.error};
  };
  const std::vector<Row> rows = {
      {"no update", 0, 0, comparison.error_none},
      row("the chosen blocks", comparison.chosen),
      row("all blocks", comparison.all),
      row("the best single block", comparison.single),
      {"at best (no steps reach it)", missing_cell, missing_cell, comparison.error_bayes}};
  Table table;
  std::vector<std::string> sets;
  for (const Row& each : rows) sets.push_back(each.set);
  table.names("update of", sets).numbers_of("blocks", rows, &Row::blocks);
  return table.numbers_of("steps", rows, &Row::steps)
      .numbers_of("expected error", rows, &Row::error, 3);
}

}  // namespace sextant::report
