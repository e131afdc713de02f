#include "sextant/report/advice_summary.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <numeric>

namespace sextant::report {
namespace {

std::string counted(std::size_t count, std::string_view noun) {
  return fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s");
}

/// "Blocks to adapt: a, b, c."
std::string name_all(std::string_view what, const std::vector<std::string>& names) {
  return fmt::format("{}: {}.", what, fmt::join(names, ", "));
}

std::string short_number(double value) { return format_number(value, 3); }

/// The horizons between which the middle 90% of the posterior lie.
std::pair<std::int64_t, std::int64_t> middle(const advice::HorizonChoice& selection) {
  const auto& horizons = selection.curve.horizons;
  std::vector<std::size_t> order(horizons.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(),
            [&](std::size_t a, std::size_t b) { return horizons[a] < horizons[b]; });
  const auto quantile = [&](double level) {
    double mass = 0;
    for (const std::size_t i : order) {
      mass += selection.posterior.weights[static_cast<Eigen::Index>(i)];
      if (mass >= level) return horizons[i];
    }
    return horizons[order.back()];
  };
  return {quantile(0.05), quantile(0.95)};
}

std::string gap_fact(const advice::HorizonChoice& selection) {
  const advice::GapPair gap = selection.mean_gap();
  if (selection.queries.empty()) {
    return fmt::format(
        "Expected squared distance of an example's correction from the best possible one: {} after "
        "T_MAP steps, {} without an update.",
        short_number(gap.map), short_number(gap.none));
  }
  const auto helped = std::count_if(selection.queries.begin(), selection.queries.end(),
                                    [](const advice::QueryAdvice& query) { return query.adapt; });
  return fmt::format(
      "Expected squared distance of a query's correction from the best possible one: {} after "
      "T_MAP "
      "steps, {} without an update; closer for {} of {}.",
      short_number(gap.map), short_number(gap.none), helped,
      selection.queries.size() == 1 ? "1 query"
                                    : fmt::format("{} queries", selection.queries.size()));
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
      numbers.size() == 1 ? "query" : "queries",
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

void append_facts(const advice::HorizonChoice& selection, std::vector<std::string>& facts) {
  const bool learns = selection.lambda_max > 0 && !selection.curve.zero_residuals;
  if (learns && selection.curve.horizons.size() > 1) {
    const auto [low, high] = middle(selection);
    const bool spread =
        selection.t_map < low || selection.t_map > high || (selection.t_map == 0 && high > 0);
    facts.push_back(fmt::format(
        "The evidence is best at T_MAP = {} of {} candidates; the Gibbs posterior has mean {} and "
        "puts 90% on {} to {} steps.{}",
        selection.t_map, selection.curve.horizons.size(), short_number(selection.posterior.mean),
        low, high,
        spread ? " That is no contradiction: T_MAP is the likeliest single candidate, but the "
                 "examples hardly tell it from the many others, which share the rest."
               : ""));
  }
  if (learns && selection.products) {
    facts.push_back(fmt::format(
        "Method: Lanczos on products with the kernel, {} steps and {} probes. The evidence of a "
        "step has the standard error {}; within its 95% interval T_MAP is {} to {}.",
        selection.products->steps, selection.products->probes,
        short_number(selection.products->evidence_error), selection.products->t_map_low,
        selection.products->t_map_high));
  }
  if (learns && selection.t_map > 0) facts.push_back(gap_fact(selection));
  if (learns && selection.bound) {
    facts.push_back(fmt::format(
        "With probability {}, the expected evidence at T_MAP is at most {} above the measured one "
        "(exact tail; exact-MGF {}, the paper's radius {}), {}.",
        format_number(1 - selection.bound->delta), short_number(selection.bound->exact_tail),
        short_number(selection.bound->exact_mgf), short_number(selection.bound->paper),
        selection.bound->reference == advice::BoundReference::known
            ? "the given variances being right"
            : "as far as the fitted variances can be trusted"));
  }
}

void append_facts(const advice::BlockRanking& scoring, std::size_t block_count,
                  std::vector<std::string>& facts) {
  facts.push_back(fmt::format(
      "Method {}: {} of {} chosen.{}", subspace::name_of(scoring.method), scoring.selected.size(),
      counted(block_count, "block"),
      scoring.stopped.empty() ? "" : fmt::format(" Selection ended: {}.", scoring.stopped)));
  if (std::isnan(scoring.error_none)) return;  // estimated scores know no errors of sets
  facts.push_back(fmt::format(
      "Expected squared error of {} correction: {} without an update, {} with {} on the chosen "
      "blocks, {} at best.",
      scoring.queries_used == advice::QueriesUsed::prompt ? "an example's" : "a query's",
      short_number(scoring.error_none), short_number(scoring.error_selected),
      counted(static_cast<std::size_t>(scoring.horizon), "step"),
      short_number(scoring.error_bayes)));
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
                        counted(static_cast<std::size_t>(adaptation.horizon), "step"));
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
  const char* direction = errors.adapted < errors.base   ? "lowered"
                          : errors.adapted > errors.base ? "raised"
                                                         : "did not change";
  return fmt::format("{} {} the mean squared error of {} from {} to {}.", update, direction,
                     errors.known == 1 ? "1 query" : fmt::format("{} queries", errors.known),
                     short_number(errors.base), short_number(errors.adapted));
}

std::string validity_fact(const ttt::Adaptation& adaptation) {
  const double move = adaptation.validity.largest_move;
  const double deviation = adaptation.validity.deviation;
  std::string verdict = "The linear model did not hold";
  if (deviation <= 0.1 * move) {
    verdict = "The linear model held";
  } else if (deviation <= 0.5 * move) {
    verdict = "The linear model held roughly";
  }
  return fmt::format(
      "{}: predictions differ from it by at most {}, while the update moved them by up to {} "
      "(estimated bound on the difference {}; change of the kernel {} in spectral norm).",
      verdict, short_number(deviation), short_number(move), short_number(adaptation.validity.bound),
      short_number(adaptation.validity.kernel_drift));
}

}  // namespace

std::vector<std::string> horizon_facts(const advice::HorizonChoice& selection) {
  std::vector<std::string> facts;
  append_facts(selection, facts);
  return facts;
}

Summary summarize(const advice::HorizonChoice& selection) {
  Summary summary;
  const advice::GapPair gap = selection.mean_gap();
  if (selection.lambda_max == 0) {
    summary.statement =
        "Do not adapt: the kernel is zero, so no step on these blocks moves a prediction.";
  } else if (selection.curve.zero_residuals) {
    summary.statement = "Do not adapt: the residuals are zero, so there is nothing to learn.";
  } else if (selection.t_map == 0) {
    summary.statement =
        "Do not adapt: the residuals are most likely under no update at all (T_MAP = 0).";
  } else if (!gap.adapt) {
    summary.statement = fmt::format(
        "Do not adapt: {} would bring the predictions no closer to the best possible ones.",
        counted(static_cast<std::size_t>(selection.t_map), "step"));
  } else {
    summary.statement = fmt::format(
        "Adapt: {} of plain gradient descent on all blocks, learning rate rho = {} for half the "
        "sum of squared residuals.",
        counted(static_cast<std::size_t>(selection.t_map), "step"), format_number(selection.rho));
  }
  summary.facts = horizon_facts(selection);
  const auto& queries = selection.queries;
  const auto text = disagreement(
      queries, [&](std::size_t i) { return queries[i].probability_closer; },
      [&](std::size_t i) { return queries[i].adapt; });
  if (selection.t_map > 0 && text) summary.facts.push_back(*text);
  summary.warnings = selection.warnings;
  return summary;
}

Summary summarize(const advice::BlockRanking& scoring, std::size_t block_count) {
  Summary summary;
  if (scoring.selected.empty()) {
    summary.statement = "No block lowers the expected error: none is chosen.";
  } else {
    summary.statement = name_all(
        scoring.against_evidence
            ? "The evidence prefers no update at all (T_MAP = 0). Blocks, if one is made all the "
              "same"
            : "Blocks to adapt",
        scoring.selected);
  }
  append_facts(scoring, block_count, summary.facts);
  summary.warnings = scoring.warnings;
  return summary;
}

Summary summarize(const advice::Plan& plan) {
  Summary summary;
  summary.statement = plan.reason;
  if (!plan.explanation.empty()) summary.facts.push_back(plan.explanation);
  if (plan.scoring && !plan.blocks.empty()) {
    summary.facts.push_back(
        name_all(plan.adapt ? "Blocks to adapt" : "Blocks considered", plan.block_names));
  } else if (!plan.blocks.empty()) {
    summary.facts.push_back(name_all("Blocks as given", plan.block_names));
  }
  if (plan.adapt && plan.scoring && plan.horizon != plan.scoring->horizon) {
    summary.facts.push_back(fmt::format(
        "{} is T_MAP of these blocks, and the number to take. They were chosen for {}, {}.",
        counted(static_cast<std::size_t>(plan.horizon), "step"),
        counted(static_cast<std::size_t>(plan.scoring->horizon), "step"),
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
  const bool shows_scoring = plan.scoring && !plan.blocks.empty();
  if (shows_scoring) append_new(plan.scoring->warnings, summary.warnings);
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
  const std::string before = short_number(adaptation.prompt.residual_norm_before);
  if (!adaptation.is_update()) {
    summary.facts.push_back(fmt::format("Residual norm of the labelled examples: {}.", before));
    return summary;
  }
  summary.facts.push_back(fmt::format(
      "Residual norm of the labelled examples: {} before, {} after, {} expected by the linear "
      "model.",
      before, short_number(adaptation.prompt.residual_norm_after),
      short_number(adaptation.prompt.residual_norm_predicted)));
  summary.facts.push_back(validity_fact(adaptation));
  return summary;
}

}  // namespace sextant::report
