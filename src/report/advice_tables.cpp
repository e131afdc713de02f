#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "sextant/report/advice_summary.hpp"

namespace sextant::report {
Table key_numbers(const advice::HorizonChoice& choice) {
  std::vector<std::string> quantity;
  std::vector<std::string> value;
  const auto add = [&](std::string name, std::string text) {
    quantity.push_back(std::move(name));
    value.push_back(std::move(text));
  };
  const auto horizon = [](const std::optional<std::int64_t>& steps) {
    return steps ? std::to_string(*steps) : std::string("out of range");
  };
  add("labelled examples n", std::to_string(choice.n));
  add("queries m", std::to_string(choice.queries.size()));
  add(choice.is_given() ? "horizon T, as given" : "horizon T_MAP", std::to_string(choice.t_map));
  add("for comparison: matched to the spectrum", horizon(choice.spectral_match.horizon_prompt));
  add("for comparison: of smallest expected gap", std::to_string(choice.oracle_horizon_prompt));
  add("step rho = eta / sigma2", format_number(choice.rho));
  add("largest eigenvalue", format_number(choice.lambda_max));
  add(fmt::format("sigma2 of the evidence ({})", advice::name_of(choice.sigma2_rule)),
      format_number(choice.sigma2));
  add("tau2 of the benchmark", format_number(choice.benchmark.tau2));
  add("sigma2 of the benchmark", format_number(choice.benchmark.sigma2));
  add("lambda_star = sigma2 / tau2", choice.identifies_lambda_star()
                                         ? format_number(choice.lambda_star)
                                         : "not identified (equal shares assumed)");
  Table table;
  return table.text("quantity", quantity).text("value", value);
}

std::string how_far_title(const advice::Plan& plan) {
  if (!plan.chosen) return "How far";
  if (plan.blocks.size() == 1) return "How far, on this block";
  return fmt::format("How far, on these {} blocks", plan.blocks.size());
}

bool knows_predictions(const ttt::Adaptation& adaptation) {
  return std::ranges::any_of(adaptation.queries,
                             [](const auto& query) { return !std::isnan(query.base); });
}

const advice::HorizonChoice& deciding(const advice::Plan& plan) {
  return plan.chosen ? *plan.chosen : plan.whole;
}

Table key_numbers(const advice::Plan& plan, std::size_t block_count) {
  const Table table = key_numbers(deciding(plan));
  auto quantity = std::get<std::vector<std::string>>(table.columns()[0].cells);
  auto value = std::get<std::vector<std::string>>(table.columns()[1].cells);
  quantity.insert(quantity.begin(),
                  plan.adapt || plan.blocks.empty() ? "blocks to adapt" : "blocks considered");
  value.insert(value.begin(), fmt::format("{} of {}", plan.blocks.size(), block_count));
  Table extended;
  return extended.text("quantity", quantity).text("value", value);
}

Table query_advice_table(const advice::HorizonChoice& choice,
                         const std::vector<advice::QueryOutlook>& outlook) {
  using advice::QueryAdvice;
  std::vector<QueryAdvice> queries = choice.queries;
  for (std::size_t i = 0; i < std::min(outlook.size(), queries.size()); ++i) {
    queries[i].interval = outlook[i].interval;
    queries[i].probability_closer = outlook[i].probability_closer;
  }
  const auto low = [](const QueryAdvice& query) {
    return query.interval ? query.interval->low : missing_cell;
  };
  const auto high = [](const QueryAdvice& query) {
    return query.interval ? query.interval->high : missing_cell;
  };
  const auto closer = [](const QueryAdvice& query) {
    return query.probability_closer.value_or(missing_cell);
  };
  const auto adapt = [](const QueryAdvice& query) -> std::string {
    return query.adapt ? "yes" : "no";
  };
  Table table;
  table.numbers_of("query", queries, &QueryAdvice::query);
  const std::string horizon = choice.is_given() ? fmt::format("T = {}", choice.t_map) : "T_MAP";
  table.numbers_of("at " + horizon, queries, &QueryAdvice::correction_map, 3);
  table.numbers_of("Bayes", queries, &QueryAdvice::correction_bayes, 3);
  if (choice.has_intervals()) {
    table.numbers_of("low", queries, low, 2).numbers_of("high", queries, high, 2);
    table.numbers_of("P(closer)", queries, closer, 2);
  }
  table.numbers_of("gap none", queries, &QueryAdvice::gap_none, 3);
  table.numbers_of("gap " + horizon, queries, &QueryAdvice::gap_map, 3);
  return table.text_of("falls", queries, adapt);
}

std::string interval_note(const advice::HorizonChoice& choice,
                          const std::vector<advice::QueryOutlook>& outlook) {
  if (!choice.couplings_fit) return {};  // a warning says what it is then
  for (std::size_t i = 0; i < choice.queries.size(); ++i) {
    const advice::QueryAdvice& query = choice.queries[i];
    const auto interval = i < outlook.size() ? std::optional(outlook[i].interval) : query.interval;
    if (!interval ||
        (query.correction_bayes >= interval->low && query.correction_bayes <= interval->high)) {
      continue;
    }
    return fmt::format(
        "A Bayes correction may lie outside of its interval: it takes the variances as fitted{}, "
        "while the interval averages over all variances that explain the residuals{}.",
        outlook.empty() ? "" : " to these blocks",
        outlook.empty() ? "" : ", with all blocks that there were to choose from");
  }
  return {};
}

Table ranking_table(const advice::BlockRanking& ranking) {
  std::vector<double> rank;
  std::vector<std::string> block;
  std::vector<double> layer;
  std::vector<double> head;
  std::vector<std::string> kind;
  std::vector<double> parameters;
  std::vector<double> score;
  std::vector<double> error;
  std::vector<std::string> chosen;
  for (const auto& entry : ranking.blocks) {
    rank.push_back(entry.rank);
    block.push_back(entry.block.name);
    layer.push_back(entry.block.layer);
    head.push_back(entry.block.head ? *entry.block.head : missing_cell);
    kind.push_back(entry.block.kind);
    parameters.push_back(static_cast<double>(entry.block.parameters));
    score.push_back(entry.score);
    if (ranking.errors.size() > 0) error.push_back(ranking.errors[entry.index]);
    chosen.emplace_back(static_cast<std::size_t>(entry.rank) <= ranking.selected.size() ? "yes"
                                                                                        : "no");
  }
  Table table;
  table.numbers("rank", rank).names("block", block);
  if (error.empty()) {  // names say as much where the columns are needed for errors
    table.numbers("layer", layer).numbers("head", head).text("kind", kind);
  }
  table.numbers("parameters", parameters).numbers(score_name(ranking.method), score);
  if (!error.empty()) {
    const bool bounds = ranking.method == subspace::Method::query_aware;
    table.numbers(bounds ? "at most off by" : "standard error", error);
  }
  return table.text("chosen", chosen);
}

Table outcome_table(const ttt::Adaptation& adaptation) {
  std::vector<double> query;
  std::vector<double> base;
  std::vector<double> linearized;
  std::vector<double> adapted;
  std::vector<double> target;
  std::vector<double> before;
  std::vector<double> after;
  for (std::size_t i = 0; i < adaptation.queries.size(); ++i) {
    const auto& outcome = adaptation.queries[i];
    query.push_back(static_cast<double>(outcome.query));
    base.push_back(outcome.base);
    linearized.push_back(outcome.linearized);
    adapted.push_back(outcome.adapted);
    target.push_back(outcome.target.value_or(missing_cell));
    before.push_back(outcome.squared_error_base.value_or(missing_cell));
    after.push_back(outcome.squared_error_adapted.value_or(missing_cell));
  }
  Table table;
  table.numbers("query", query).numbers("base", base);
  const bool measured = adaptation.is_measured();
  const bool unchanged = measured && !adaptation.is_update();
  if (!unchanged) table.numbers("linearized", linearized);
  if (measured && !unchanged) table.numbers("adapted", adapted);
  const bool any =
      std::any_of(target.begin(), target.end(), [](double value) { return !std::isnan(value); });
  if (any) {
    table.numbers("target", target);
    if (unchanged) table.numbers("squared error", before, 3);
    if (measured && !unchanged) {
      table.numbers("error before", before, 3).numbers("error after", after, 3);
    }
  }
  return table;
}

std::string score_name(subspace::Method method) {
  switch (method) {
    case subspace::Method::query_aware:
      return "query-aware score";
    case subspace::Method::trace:
    case subspace::Method::trace_bottom:
      return "trace score";
    case subspace::Method::greedy_correction:
      return "squared correction";
    case subspace::Method::risk:
      return "expected error";
    case subspace::Method::random:
      break;
  }
  return "random draw";
}

std::vector<ScoredBlock> scored_blocks(const advice::BlockRanking& ranking,
                                       const std::vector<geometry::Block>& blocks) {
  std::vector<ScoredBlock> result;
  result.reserve(blocks.size());
  for (const auto& block : blocks) {
    result.push_back({block, missing_cell, false, {}});
  }
  for (const auto& entry : ranking.blocks) {
    ScoredBlock& block = result.at(static_cast<std::size_t>(entry.index));
    block.score = entry.score;
    if (subspace::is_greedy(ranking.method)) block.order = entry.rank;
  }
  for (const auto index : ranking.selected_indices) {
    result.at(static_cast<std::size_t>(index)).selected = true;
  }
  return result;
}

bool shows_order(const advice::BlockRanking& ranking) {
  return subspace::is_greedy(ranking.method) && !ranking.blocks.empty();
}

std::vector<ScoredBlock> blocks_alone(const advice::BlockRanking& ranking,
                                      const std::vector<geometry::Block>& blocks,
                                      std::string& value_name) {
  std::vector<ScoredBlock> result = scored_blocks(ranking, blocks);
  value_name = score_name(ranking.method);
  const bool risk = ranking.method == subspace::Method::risk;
  if (subspace::is_greedy(ranking.method)) {
    value_name = risk ? "fall of the expected error, each block alone"
                      : "squared correction, each block alone";
    for (std::size_t i = 0; i < result.size(); ++i) {
      const double alone = ranking.alone[static_cast<Eigen::Index>(i)];
      result[i].score = risk ? ranking.error_none - alone : alone;
    }
  }
  return result;
}

std::vector<ScoredBlock> best_first(std::vector<ScoredBlock> blocks, subspace::Method method) {
  const bool ascending = method == subspace::Method::trace_bottom;
  std::stable_sort(blocks.begin(), blocks.end(), [&](const auto& a, const auto& b) {
    return ascending ? a.score < b.score : a.score > b.score;
  });
  return blocks;
}

}  // namespace sextant::report
