#include "sextant/report/advice_summary.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

namespace sextant::report {
namespace {

std::string counted(std::size_t count, std::string_view noun) {
  return fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s");
}

/// "Blocks to adapt: a, b, c and 5 more."
std::string name_some(std::string_view what, const std::vector<std::string>& names) {
  constexpr std::size_t most = 8;
  std::string text = fmt::format("{}: ", what);
  for (std::size_t i = 0; i < std::min(most, names.size()); ++i) {
    if (i > 0) text += ", ";
    text += names[i];
  }
  return text + (names.size() > most ? fmt::format(" and {} more.", names.size() - most) : ".");
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
    facts.push_back(fmt::format(
        "The evidence is best at T_MAP = {} of {} candidates; the Gibbs posterior has mean {} and "
        "puts 90% on {} to {} steps.",
        selection.t_map, selection.curve.horizons.size(), short_number(selection.posterior.mean),
        low, high));
  }
  if (learns && selection.products) {
    facts.push_back(fmt::format(
        "Method: Lanczos on products with the kernel, {} steps and {} probes. The evidence of a "
        "step has the standard error {}; within its 95% interval T_MAP is {} to {}.",
        selection.products->steps, selection.products->probes,
        short_number(selection.products->evidence_error), selection.products->t_map_low,
        selection.products->t_map_high));
  }
  if (learns) facts.push_back(gap_fact(selection));
  if (learns && selection.bound) {
    facts.push_back(fmt::format(
        "With probability {}, the expected evidence at T_MAP is at most {} above the measured one "
        "(exact tail; exact-MGF {}, the paper's radius {}), {}.",
        format_number(1 - selection.bound->delta), short_number(selection.bound->exact_tail),
        short_number(selection.bound->exact_mgf), short_number(selection.bound->paper),
        selection.bound->reference == "known" ? "the given variances being right"
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
      scoring.queries_used == "prompt" ? "an example's" : "a query's",
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
      adaptation.solver.starts_with("rank-")
          ? fmt::format("One update of rank {}", adaptation.solver.substr(5))
          : fmt::format("{}{}", adaptation.solver == "one-shot" ? "One update worth " : "",
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
    summary.statement = fmt::format("Adapt: {} with rho = {}.",
                                    counted(static_cast<std::size_t>(selection.t_map), "step"),
                                    format_number(selection.rho));
  }
  append_facts(selection, summary.facts);
  summary.warnings = selection.warnings;
  return summary;
}

Summary summarize(const advice::BlockRanking& scoring, std::size_t block_count) {
  Summary summary;
  if (scoring.selected.empty()) {
    summary.statement = "No block lowers the expected error: none is chosen.";
  } else {
    summary.statement = name_some("Blocks to adapt", scoring.selected);
  }
  append_facts(scoring, block_count, summary.facts);
  summary.warnings = scoring.warnings;
  return summary;
}

Summary summarize(const advice::Plan& plan) {
  Summary summary;
  summary.statement = plan.reason;
  if (plan.scoring && !plan.blocks.empty()) {
    summary.facts.push_back(
        name_some(plan.adapt ? "Blocks to adapt" : "Blocks considered", plan.block_names));
  } else if (!plan.blocks.empty()) {
    summary.facts.push_back(name_some("Blocks as given", plan.block_names));
  }
  if (!plan.outlook.empty()) summary.facts.push_back(outlook_fact(plan.outlook));
  append_new(deciding(plan).warnings, summary.warnings);
  append_new(plan.whole.warnings, summary.warnings);
  if (plan.scoring) append_new(plan.scoring->warnings, summary.warnings);
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
  summary.facts.push_back(fmt::format(
      "Residual norm of the labelled examples: {} before, {} after, {} expected by the linear "
      "model.",
      short_number(adaptation.prompt.residual_norm_before),
      short_number(adaptation.prompt.residual_norm_after),
      short_number(adaptation.prompt.residual_norm_predicted)));
  if (adaptation.is_update()) {
    summary.facts.push_back(validity_fact(adaptation));
  }
  return summary;
}

}  // namespace sextant::report
