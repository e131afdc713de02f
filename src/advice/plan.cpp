#include "sextant/advice/plan.hpp"

#include <fmt/format.h>

#include "horizon_steps.hpp"
#include "label_checks.hpp"
#include "set_comparison.hpp"
#include "sextant/core/errors.hpp"
#include "sextant/core/wording.hpp"
#include "sextant/geometry/block_scales.hpp"
#include "sextant/geometry/blocks.hpp"
#include "sextant/geometry/validation.hpp"

namespace sextant::advice {
namespace {

using Eigen::Index;

/// Steps 2 and 3: fills `ranking`, `blocks` and `chosen` as far as they apply.
void choose_blocks(const geometry::PromptGeometry& geometry, const PlanOptions& options,
                   Plan& plan) {
  const bool automatic = options.blocks.empty();
  if (automatic) {
    plan.ranking = rank_blocks(geometry, plan.whole, options.ranking);
    const bool nothing_to_do = !options.ranking.horizon && plan.whole.t_map == 0;
    if (!nothing_to_do) plan.blocks = plan.ranking->selected_indices;
  } else {
    plan.blocks = geometry::select_blocks(geometry, options.blocks);
  }
  plan.step = options.ranking.horizon_options.step;
  plan.block_names = geometry::block_names(geometry, plan.blocks);
  if (plan.blocks.empty()) return;
  HorizonOptions on_chosen = options.ranking.horizon_options;
  if (options.ranking.horizon) on_chosen.horizons = {*options.ranking.horizon};
  plan.chosen = choose_horizon_as_part(geometry, plan.blocks, on_chosen);
  if (options.ranking.horizon) std::erase(plan.chosen->warnings, without_zero);  // asked for
  plan.horizon = plan.chosen->t_map;
  plan.rho = plan.chosen->rho;
}

/// Asks the model of step 1 about the corrections of step 3.
std::vector<QueryOutlook> outlook_of(const geometry::PromptGeometry& geometry,
                                     const std::vector<Index>& modelled, std::optional<Index> only,
                                     const Plan& plan) {
  std::vector<QueryOutlook> outlook;
  if (!plan.chosen || plan.horizon == 0 || !plan.whole.variances) return outlook;
  for (std::size_t i = 0; i < plan.chosen->queries.size(); ++i) {
    const Index query = only.value_or(static_cast<Index>(i));
    const auto posterior = plan.whole.variances->query(
        plan.whole.system.rotate(geometry::summed_coupling(geometry, query, modelled)),
        geometry::summed_variance(geometry, query, modelled));
    if (!posterior) return {};
    const double correction = plan.chosen->queries[i].correction_map;
    outlook.push_back({plan.chosen->queries[i].query, correction,
                       posterior->interval(credible_level),
                       posterior->probability_closer(correction)});
  }
  return outlook;
}

Verdict judge(const Plan& plan, const std::optional<std::int64_t>& given_horizon) {
  const HorizonChoice& last = plan.chosen ? *plan.chosen : plan.whole;
  if (last.lambda_max == 0) return Verdict::no_direction;
  if ((plan.chosen ? plan.horizon : given_horizon.value_or(plan.whole.t_map)) == 0) {
    return Verdict::no_evidence;
  }
  if (!plan.chosen) return Verdict::no_block;
  return plan.gap_planned < plan.gap_none ? Verdict::adapt : Verdict::no_gain;
}

std::string reason_for(const Plan& plan, const std::optional<std::int64_t>& given_horizon) {
  const std::string blocks = counted(plan.blocks.size(), "block");
  const int digits = digits_apart(plan.gap_planned, plan.gap_none, 4);
  switch (plan.verdict) {
    case Verdict::no_direction:
      return "Do not adapt: the kernel is zero, so no step on these blocks moves a prediction.";
    case Verdict::no_evidence:
      if (given_horizon || plan.whole.is_given()) {
        return "Do not adapt: the given horizon is 0 steps.";
      }
      return fmt::format(
          "Do not adapt: the residuals are most likely under no update at all (T_MAP = 0 on {}).",
          plan.chosen ? blocks : "all blocks");
    case Verdict::no_block:
      return "Do not adapt: no block lowers the expected error of the predictions.";
    case Verdict::no_gain:
      return fmt::format(
          "Do not adapt: {} on {} would bring the predictions no closer to the best possible ones "
          "(expected squared gap {:.{}g}, without an update {:.{}g}).",
          counted(plan.horizon, "step"), blocks, plan.gap_planned, digits, plan.gap_none, digits);
    case Verdict::adapt:
      break;
  }
  return fmt::format(
      "Adapt: {} of plain gradient descent on {}, learning rate {:.4g}{} for half the sum of "
      "squared residuals, {} the predictions closer to the best possible ones (expected squared "
      "gap {:.{}g}, without an update {:.{}g}).",
      counted(plan.horizon, "step"), blocks, plan.rho,
      plan.rate_is_exact ? "" : " (of tokenwise features, to be taken from the exact kernel)",
      plan.horizon == 1 ? "brings" : "bring", plan.gap_planned, digits, plan.gap_none, digits);
}

/// Whether the expected error falls by more than rounding.
bool lowers_error(double before, double after) {
  return after < before && !hardly_differ(before, after);
}

/// Why an update that the model of all blocks expects to help is not advised all the same.
std::string explanation_for(const Plan& plan) {
  if (plan.adapt || !plan.ranking) return {};
  const bool planned = plan.verdict == Verdict::no_gain;
  if (plan.verdict != Verdict::no_evidence && !planned) return {};
  const BlockRanking& ranking = *plan.ranking;
  const double after =
      planned && plan.comparison ? plan.comparison->chosen.error : ranking.error_selected;
  if (!lowers_error(ranking.error_none, after)) return {};
  const int digits = digits_apart(ranking.error_none, after, 3);
  const std::string fall = fmt::format(
      "The model of all blocks does expect {} on {} to lower the squared error of {} from {:.{}g} "
      "to {:.{}g}",
      counted(planned ? plan.horizon : ranking.horizon, "step"),
      counted(ranking.selected.size(), "block"),
      ranking.queries_used == QueriesUsed::prompt ? "an example" : "a query", ranking.error_none,
      digits, after, digits);
  if (!planned && plan.chosen && plan.whole.t_map > 0) {
    return fmt::format(
        "{}, and on all blocks together T_MAP is {}. But that is an average over all residuals "
        "which it might have drawn; the residuals at hand are most likely without any step on the "
        "chosen blocks alone, and their evidence is asked first.",
        fall, plan.whole.t_map);
  }
  if (planned) {
    return fall +
           ", but the gap that decides is that of the benchmark fitted to the chosen blocks alone, "
           "in which these steps come no closer to the best possible correction.";
  }
  return fall +
         ", but that is an average over all residuals which it might have drawn, while the "
         "residuals at hand are most likely without any step, and the evidence is asked first.";
}

std::optional<Recipe> recipe_for(const Plan& plan) {
  if (!plan.adapt) return std::nullopt;
  return Recipe{plan.horizon, plan.rho, plan.rho * static_cast<double>(plan.whole.n) / 2,
                plan.block_names, geometry::scales_of(plan.block_scales, plan.block_names)};
}

}  // namespace

std::string_view name_of(Verdict verdict) {
  switch (verdict) {
    case Verdict::no_direction:
      return "no direction";
    case Verdict::no_evidence:
      return "no evidence";
    case Verdict::no_block:
      return "no block";
    case Verdict::no_gain:
      return "no gain";
    case Verdict::adapt:
      break;
  }
  return "adapt";
}

namespace {

/// The verdict with labels `factor` times as large: that of `found` where it cannot change. None
/// where couplings that do not fit their kernels, of which `found` warns, give none for these.
std::optional<Verdict> verdict_with_labels(const geometry::PromptGeometry& geometry, double factor,
                                           const PlanOptions& options, const Plan& found) {
  if (!can_matter(geometry, options)) return found.verdict;
  PlanOptions scaled_options = options;
  scaled_options.label_scale = LabelScale::unchecked;
  const geometry::PromptGeometry scaled =
      with_scaled_labels(geometry, factor, options.label_scale, scaled_options);
  try {
    return plan(scaled, scaled_options).verdict;
  } catch (const ArgumentError&) {
    return std::nullopt;
  }
}

}  // namespace

void set_learning_rate(double rho, Plan& plan) {
  if (!plan.adapt) return;
  check_positive("set_learning_rate", "rho", rho);
  std::erase(plan.warnings, tokenwise_rate_warning);
  plan.rate_is_exact = true;
  plan.rho = rho;
  plan.reason = reason_for(plan, std::nullopt);
  plan.recipe = recipe_for(plan);
}

Plan plan(const geometry::PromptGeometry& geometry, const PlanOptions& options) {
  if (!options.blocks.empty() && options.ranking.budget) {
    throw ArgumentError("plan", "budget", "is given together with names of blocks, expected one");
  }
  if (!options.blocks.empty() && options.ranking.per_parameter) {
    throw ArgumentError("plan", "per_parameter",
                        "ranks blocks, but their names are given: expected one of the two");
  }
  if (options.label_scale != LabelScale::unchecked) geometry::check_residuals("plan", geometry);
  Plan result;
  const std::vector<Index> modelled = options.blocks.empty()
                                          ? geometry::all_blocks(geometry)
                                          : geometry::select_blocks(geometry, options.blocks);
  result.whole = choose_horizon_as_part(geometry, modelled, options.ranking.horizon_options);
  result.modelled_names = geometry::block_names(geometry, modelled);
  result.residual_norm = geometry.residuals.norm();
  result.tokenwise = geometry.tokenwise;
  result.block_scales = geometry::scales_of(geometry.block_scales, result.modelled_names);
  choose_blocks(geometry, options, result);
  result.outlook = outlook_of(geometry, modelled, options.ranking.horizon_options.query, result);
  if (result.ranking && result.chosen) {
    result.comparison = compare_sets(geometry, options.ranking, result);
  }
  const GapPair gap = result.chosen ? result.chosen->mean_gap() : result.whole.mean_gap();
  result.gap_none = gap.none;
  result.gap_planned = gap.map;
  result.verdict = judge(result, options.ranking.horizon);
  result.adapt = result.verdict == Verdict::adapt;
  result.rate_is_exact = !(result.tokenwise && result.adapt);
  result.reason = reason_for(result, options.ranking.horizon);
  result.explanation = explanation_for(result);
  result.recipe = recipe_for(result);
  result.warnings = range_warnings(error_range(geometry), result);
  if (!result.rate_is_exact) result.warnings.emplace_back(tokenwise_rate_warning);
  if (options.label_scale != LabelScale::unchecked) {
    for (const double factor : {2.0, 0.5}) {
      const auto verdict = verdict_with_labels(geometry, factor, options, result);
      if (verdict) result.scaled.push_back({factor, *verdict});
    }
    for (std::string& text : scale_warnings(result, options.label_scale)) {
      result.warnings.push_back(std::move(text));
    }
  }
  return result;
}

}  // namespace sextant::advice
