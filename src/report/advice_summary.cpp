#include "sextant/report/advice_summary.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "sextant/core/wording.hpp"

namespace sextant::report {
namespace {

/// "Blocks to adapt: a, b, c."
std::string name_all(std::string_view what, const std::vector<std::string>& names) {
  return fmt::format("{}: {}.", what, fmt::join(names, ", "));
}

std::string short_number(double value) { return format_number(value, 3); }

/// The horizons between which the middle 90% of the posterior lie.
std::pair<std::int64_t, std::int64_t> middle(const advice::HorizonChoice& choice) {
  const auto& horizons = choice.curve.horizons;
  std::vector<std::size_t> order(horizons.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(),
            [&](std::size_t a, std::size_t b) { return horizons[a] < horizons[b]; });
  const auto quantile = [&](double level) {
    double mass = 0;
    for (const std::size_t i : order) {
      mass += choice.posterior.weights[static_cast<Eigen::Index>(i)];
      if (mass >= level) return horizons[i];
    }
    return horizons[order.back()];
  };
  return {quantile(0.05), quantile(0.95)};
}

std::string gap_fact(const advice::HorizonChoice& choice) {
  const advice::GapPair gap = choice.mean_gap();
  if (choice.queries.empty()) {
    return fmt::format(
        "Expected squared distance of an example's correction from the best possible one: {} after "
        "{}, {} without an update.",
        short_number(gap.map), counted(choice.t_map, "step"), short_number(gap.none));
  }
  const auto helped = std::count_if(choice.queries.begin(), choice.queries.end(),
                                    [](const advice::QueryAdvice& query) { return query.adapt; });
  return fmt::format(
      "Expected squared distance of a query's correction from the best possible one: {} after {}, "
      "{} without an update; closer for {} of {}.",
      short_number(gap.map), counted(choice.t_map, "step"), short_number(gap.none), helped,
      counted(choice.queries.size(), "query"));
}

/// Why a query's gap may fall where the update probably does not bring it closer, or the reverse.
/// `closer` and `falls` are of one query each.
template <class Queries, class Closer, class Falls>
std::optional<std::string> disagreement(const Queries& queries, Closer closer, Falls falls) {
  std::vector<std::int64_t> numbers;
  for (std::size_t i = 0; i < queries.size(); ++i) {
    const std::optional<double> probability = closer(i);
    if (probability && (*probability > 0.5) != falls(i)) {
      numbers.push_back(static_cast<std::int64_t>(queries[i].query));
    }
  }
  if (numbers.empty()) return std::nullopt;
  constexpr std::size_t most = 10;
  const std::size_t shown = std::min(most, numbers.size());
  return fmt::format(
      "For {} {}{} gap and P(closer) point opposite ways: the gap averages over all residuals that "
      "the benchmark might have drawn, P(closer) is for those at hand. The verdict is one for all "
      "queries, by the mean gap.",
      noun_for(numbers.size(), "query"),
      fmt::join(numbers.begin(), numbers.begin() + static_cast<std::ptrdiff_t>(shown), ", "),
      numbers.size() > shown ? fmt::format(" and {} more", numbers.size() - shown) : "");
}

/// How many queries the update should help, and how likely.
std::string outlook_fact(const std::vector<advice::QueryOutlook>& outlook) {
  double sum = 0;
  double least = 1;
  double most = 0;
  for (const auto& query : outlook) {
    sum += query.probability_closer;
    least = std::min(least, query.probability_closer);
    most = std::max(most, query.probability_closer);
  }
  if (outlook.size() == 1) {
    return fmt::format("Probability that it brings the query's prediction closer: {:.2f}.", sum);
  }
  return fmt::format(
      "Probability that it brings a query's prediction closer: {:.2f} on average, {:.2f} to "
      "{:.2f}.",
      sum / static_cast<double>(outlook.size()), least, most);
}

void append_facts(const advice::HorizonChoice& choice, std::vector<std::string>& facts) {
  const bool learns = choice.lambda_max > 0 && !choice.curve.zero_residuals;
  if (learns && choice.curve.horizons.size() > 1) {
    const auto [low, high] = middle(choice);
    const bool spread =
        choice.t_map < low || choice.t_map > high || (choice.t_map == 0 && high > 0);
    facts.push_back(fmt::format(
        "The evidence is best at T_MAP = {} of {} candidates; the Gibbs posterior has mean {} and "
        "puts 90% on {} to {} steps.{}",
        choice.t_map, choice.curve.horizons.size(), short_number(choice.posterior.mean), low, high,
        spread ? " That is no contradiction: T_MAP is the likeliest single candidate, but the "
                 "examples hardly tell it from the many others, which share the rest."
               : ""));
  }
  if (learns && choice.products) {
    facts.push_back(fmt::format(
        "Method: Lanczos on products with the kernel, {} steps and {} probes. The evidence of a "
        "step has the standard error {}; within its 95% interval T_MAP is {} to {}.",
        choice.products->steps, choice.products->probes,
        short_number(choice.products->evidence_error), choice.products->t_map_low,
        choice.products->t_map_high));
  }
  if (learns && choice.t_map > 0) facts.push_back(gap_fact(choice));
  if (learns && choice.bound) {
    facts.push_back(fmt::format(
        "With probability {}, the expected evidence at {} is at most {} above the measured one "
        "(exact tail; exact-MGF {}, the paper's radius {}), {}.",
        format_number(1 - choice.bound->delta),
        choice.is_given() ? fmt::format("T = {}", choice.t_map) : "T_MAP",
        short_number(choice.bound->exact_tail), short_number(choice.bound->exact_mgf),
        short_number(choice.bound->paper),
        choice.bound->reference == advice::BoundReference::known
            ? "the given variances being right"
            : "as far as the fitted variances can be trusted"));
  }
}

void append_facts(const advice::BlockRanking& ranking, std::size_t block_count,
                  std::vector<std::string>& facts) {
  facts.push_back(fmt::format(
      "Method {}: {} of {} chosen.{}", subspace::name_of(ranking.method), ranking.selected.size(),
      counted(block_count, "block"),
      ranking.stopped.empty() ? "" : fmt::format(" Selection ended: {}.", ranking.stopped)));
  if (std::isnan(ranking.error_none)) return;  // estimated scores know no errors of sets
  if (ranking.selected.empty()) {
    facts.push_back(fmt::format(
        "Expected squared error of {} correction: {} without an update, {} at best.",
        ranking.queries_used == advice::QueriesUsed::prompt ? "an example's" : "a query's",
        short_number(ranking.error_none), short_number(ranking.error_bayes)));
    return;
  }
  facts.push_back(fmt::format(
      "Expected squared error of {} correction: {} without an update, {} with {} on the chosen "
      "blocks, {} at best.",
      ranking.queries_used == advice::QueriesUsed::prompt ? "an example's" : "a query's",
      short_number(ranking.error_none), short_number(ranking.error_selected),
      counted(ranking.horizon, "step"), short_number(ranking.error_bayes)));
}

void append_new(const std::vector<std::string>& texts, std::vector<std::string>& all) {
  for (const auto& text : texts) {
    if (std::find(all.begin(), all.end(), text) == all.end()) all.push_back(text);
  }
}

/// Mean squared errors over the queries whose target is known.
struct Errors {
  std::size_t known = 0;
  double base = 0;
  double adapted = 0;
};

Errors mean_errors(const ttt::Adaptation& adaptation) {
  Errors errors;
  for (const auto& query : adaptation.queries) {
    if (!query.squared_error_base || !query.squared_error_adapted) continue;
    ++errors.known;
    errors.base += *query.squared_error_base;
    errors.adapted += *query.squared_error_adapted;
  }
  if (errors.known > 0) {
    errors.base /= static_cast<double>(errors.known);
    errors.adapted /= static_cast<double>(errors.known);
  }
  return errors;
}

double largest_move(const ttt::Adaptation& adaptation) {
  double largest = 0;
  for (const auto& query : adaptation.queries) {
    largest = std::max(largest, std::abs(query.adapted - query.base));
  }
  return largest;
}

std::string outcome_statement(const ttt::Adaptation& adaptation) {
  if (!adaptation.is_update()) {
    return "No update was made: the model is as it was loaded.";
  }
  const std::string how =
      adaptation.solver == ttt::Solver::low_rank
          ? fmt::format("One update of rank {}", adaptation.rank)
          : fmt::format("{}{}",
                        adaptation.solver == ttt::Solver::one_shot ? "One update worth " : "",
                        counted(adaptation.horizon, "step"));
  const std::string update =
      fmt::format("{} on {}", how, counted(adaptation.blocks.size(), "block"));
  if (adaptation.queries.empty()) {
    return fmt::format("{}; there are no queries whose predictions could move.", update);
  }
  const Errors errors = mean_errors(adaptation);
  if (errors.known == 0) {
    return fmt::format("{} moved the queries' predictions by up to {}.", update,
                       short_number(largest_move(adaptation)));
  }
  const std::string queries = counted(errors.known, "query");
  if (hardly_differ(errors.base, errors.adapted)) {
    return fmt::format("{} hardly changed the mean squared error of {}, {}.", update, queries,
                       short_number(errors.base));
  }
  const int digits = digits_apart(errors.base, errors.adapted, 3);
  return fmt::format("{} {} the mean squared error of {} from {} to {}.", update,
                     errors.adapted < errors.base ? "lowered" : "raised", queries,
                     format_number(errors.base, digits), format_number(errors.adapted, digits));
}

/// A few roundings of 32-bit numbers, relative.
constexpr double single_precision = 1e-6;

double largest_prediction(const ttt::Adaptation& adaptation) {
  double largest = 0;
  for (const auto& query : adaptation.queries) {
    largest = std::max({largest, std::abs(query.base), std::abs(query.adapted)});
  }
  return largest;
}

std::string validity_fact(const ttt::Adaptation& adaptation) {
  const double move = adaptation.validity.largest_move;
  const double deviation = adaptation.validity.deviation;
  std::string verdict = "The linear model did not hold";
  if (deviation <= single_precision * largest_prediction(adaptation)) {
    verdict = "The linear model held to the rounding of predictions in single precision";
  } else if (deviation <= 0.1 * move) {
    verdict = "The linear model held";
  } else if (deviation <= 0.5 * move) {
    verdict = "The linear model held roughly";
  }
  return fmt::format(
      "{}: predictions, of examples and queries, differ from it by at most {}, while the update "
      "moved them by up to {} (estimated bound on the difference {}; change of the kernel {} in "
      "spectral norm).",
      verdict, short_number(deviation), short_number(move), short_number(adaptation.validity.bound),
      short_number(adaptation.validity.kernel_drift));
}

}  // namespace

std::vector<std::string> horizon_facts(const advice::HorizonChoice& choice) {
  std::vector<std::string> facts;
  append_facts(choice, facts);
  return facts;
}

Summary summarize(const advice::HorizonChoice& choice) {
  Summary summary;
  const advice::GapPair gap = choice.mean_gap();
  if (choice.lambda_max == 0) {
    summary.statement =
        "Do not adapt: the kernel is zero, so no step on these blocks moves a prediction.";
  } else if (choice.curve.zero_residuals) {
    summary.statement = "Do not adapt: the residuals are zero, so there is nothing to learn.";
  } else if (choice.t_map == 0) {
    summary.statement =
        choice.is_given()
            ? "Do not adapt: the given horizon is 0 steps."
            : "Do not adapt: the residuals are most likely under no update at all (T_MAP = 0).";
  } else if (!gap.adapt) {
    summary.statement = fmt::format(
        "Do not adapt: {} would bring the predictions no closer to the best possible ones.",
        counted(choice.t_map, "step"));
  } else {
    summary.statement = fmt::format(
        "Adapt: {} of plain gradient descent on all blocks, learning rate rho = {} for half the "
        "sum of squared residuals.",
        counted(choice.t_map, "step"), format_number(choice.rho));
  }
  summary.facts = horizon_facts(choice);
  const auto& queries = choice.queries;
  const auto text = disagreement(
      queries, [&](std::size_t i) { return queries[i].probability_closer; },
      [&](std::size_t i) { return queries[i].adapt; });
  if (choice.t_map > 0 && text) summary.facts.push_back(*text);
  summary.warnings = choice.warnings;
  return summary;
}

Summary summarize(const advice::BlockRanking& ranking, std::size_t block_count) {
  Summary summary;
  if (ranking.selected.empty()) {
    summary.statement = "No block lowers the expected error: none is chosen.";
  } else {
    summary.statement = name_all(
        ranking.against_evidence
            ? "The evidence prefers no update at all (T_MAP = 0). Blocks, if one is made all the "
              "same"
            : "Blocks to adapt",
        ranking.selected);
  }
  append_facts(ranking, block_count, summary.facts);
  summary.warnings = ranking.warnings;
  return summary;
}

Summary summarize(const advice::Plan& plan) {
  Summary summary;
  summary.statement = plan.reason;
  if (!plan.explanation.empty()) summary.facts.push_back(plan.explanation);
  if (plan.ranking && !plan.blocks.empty()) {
    summary.facts.push_back(
        name_all(plan.adapt ? "Blocks to adapt" : "Blocks considered", plan.block_names));
  } else if (!plan.blocks.empty()) {
    summary.facts.push_back(name_all("Blocks as given", plan.block_names));
  }
  const bool given = plan.chosen && plan.chosen->is_given();
  if (given && !plan.whole.is_given()) {
    summary.facts.push_back(
        fmt::format("The {} {} given. Of {} candidates the evidence is best at T_MAP = {}{}{}.",
                    counted(plan.horizon, "step"), plan.horizon == 1 ? "was" : "were",
                    plan.whole.curve.horizons.size(), plan.whole.t_map,
                    plan.ranking ? " on all blocks" : " on these blocks",
                    plan.whole.t_map == 0 ? ", no update at all: it is against these steps" : ""));
  }
  if (plan.adapt && plan.ranking && plan.horizon != plan.ranking->horizon) {
    summary.facts.push_back(fmt::format(
        "{} is T_MAP of these blocks, and the number to take. They were chosen for {}, {}.",
        counted(plan.horizon, "step"), counted(plan.ranking->horizon, "step"),
        plan.whole.t_map == 0 ? "the best positive candidate of all blocks"
                              : "T_MAP of all blocks together, a kernel of its own"));
  }
  if (plan.adapt && !plan.outlook.empty()) {
    summary.facts.push_back(outlook_fact(plan.outlook));
  }
  if (plan.adapt && !plan.outlook.empty()) {
    const auto& queries = plan.chosen->queries;
    const auto text = disagreement(
        plan.outlook,
        [&](std::size_t i) { return std::optional<double>(plan.outlook[i].probability_closer); },
        [&](std::size_t i) { return queries[i].adapt; });
    if (text) summary.facts.push_back(*text);
  }
  append_new(plan.warnings, summary.warnings);
  append_new(deciding(plan).warnings, summary.warnings);
  append_new(plan.whole.warnings, summary.warnings);
  const bool shows_ranking = plan.ranking && !plan.blocks.empty();
  if (shows_ranking) append_new(plan.ranking->warnings, summary.warnings);
  return summary;
}

Summary summarize(const ttt::Adaptation& adaptation) {
  Summary summary{outcome_statement(adaptation), {}, {}};
  if (!adaptation.is_kept()) {
    summary.facts.push_back(std::move(summary.statement));
    summary.statement =
        "Discard this update: it moved the model away from its labelled examples. Use the "
        "predictions without it.";
  }
  const auto& prompt = adaptation.prompt;
  const int digits = digits_apart(
      prompt.residual_norm_before,
      adaptation.is_update() ? prompt.residual_norm_after : prompt.residual_norm_before, 3);
  const std::string before = format_number(prompt.residual_norm_before, digits);
  if (!adaptation.is_update()) {
    summary.facts.push_back(fmt::format("Residual norm of the labelled examples: {}.", before));
    return summary;
  }
  summary.facts.push_back(fmt::format(
      "Residual norm of the labelled examples: {} before, {} after, {} expected by the linear "
      "model.",
      before, format_number(prompt.residual_norm_after, digits),
      format_number(prompt.residual_norm_predicted, digits)));
  summary.facts.push_back(validity_fact(adaptation));
  return summary;
}

}  // namespace sextant::report
