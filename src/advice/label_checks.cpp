#include "label_checks.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

namespace sextant::advice {
namespace {

/// The smallest interval that holds all that was added.
struct Extent {
  double low = std::numeric_limits<double>::infinity();
  double high = -low;

  void add(double value) {
    low = std::min(low, value);
    high = std::max(high, value);
  }
  /// 0 with fewer than two values.
  double width() const { return high > low ? high - low : 0; }
};

Extent known_labels(const geometry::PromptGeometry& geometry) {
  Extent extent;
  for (const double label : geometry.prompt_targets) extent.add(label);
  for (const auto& label : geometry.query_targets) {
    if (label) extent.add(*label);
  }
  return extent;
}

/// The largest difference there can be between a label and a prediction, as far as both are known:
/// predictions may lie outside the labels' range, as logits do.
double error_range(const geometry::PromptGeometry& geometry, Extent labels_and_predictions) {
  for (const double prediction : geometry.prompt_base) labels_and_predictions.add(prediction);
  for (const double prediction : geometry.query_base) labels_and_predictions.add(prediction);
  return std::max(labels_and_predictions.width(), geometry.residuals.cwiseAbs().maxCoeff());
}

struct Named {
  std::string_view name;
  double value;
};

}  // namespace

geometry::PromptGeometry with_scaled_labels(geometry::PromptGeometry geometry, double factor,
                                            LabelScale scale, PlanOptions& options) {
  if (scale == LabelScale::labels_alone && geometry.prompt_targets.size() > 0) {
    geometry.residuals += (factor - 1) * geometry.prompt_targets;
    geometry.prompt_targets *= factor;
    return geometry;
  }
  geometry.residuals *= factor;
  if (scale == LabelScale::labels_alone) return geometry;
  geometry.prompt_base *= factor;
  geometry.prompt_targets *= factor;
  geometry.query_base *= factor;
  for (auto& target : geometry.query_targets) {
    if (target) *target *= factor;
  }
  const double square = factor * factor;
  for (auto& kernel : geometry.kernels) kernel *= square;
  for (auto& coupling : geometry.query_kernels) coupling *= square;
  geometry.query_variances *= square;
  if (options.ranking.horizon_options.step.rho) *options.ranking.horizon_options.step.rho /= square;
  return geometry;
}

bool can_matter(const geometry::PromptGeometry& geometry, const PlanOptions& options) {
  const HorizonOptions& select = options.ranking.horizon_options;
  const bool fixed_sigma2 = select.sigma2.rule == evidence::Sigma2Rule::fixed;
  if (options.label_scale == LabelScale::labels_and_predictions) return fixed_sigma2;
  return geometry.prompt_targets.size() > 0 || fixed_sigma2 || select.tau2.has_value();
}

std::vector<std::string> scale_warnings(const Plan& plan, LabelScale scale) {
  std::string verdicts;
  for (const ScaledVerdict& scaled : plan.scaled) {
    if ((scaled.verdict == Verdict::adapt) == plan.adapt) continue;
    verdicts += fmt::format("{}{} as large{}, it would be {}", verdicts.empty() ? "" : "; ",
                            scaled.factor > 1 ? "twice" : "half",
                            scale == LabelScale::labels_alone ? " beside the same predictions" : "",
                            scaled.verdict == Verdict::adapt
                                ? "to adapt"
                                : fmt::format("not to adapt ({})", name_of(scaled.verdict)));
  }
  if (verdicts.empty()) return {};
  return {fmt::format(
      "The verdict depends on the scale of the labels: {}. Make sure that labels and predictions "
      "have one unit and that given variances are in it.",
      verdicts)};
}

std::vector<std::string> range_warnings(const geometry::PromptGeometry& geometry,
                                        const Plan& plan) {
  const Extent labels = known_labels(geometry);
  const double range = labels.width();
  if (range == 0) return {};
  std::vector<Named> squares = {{"expected squared gap without an update", plan.gap_none}};
  if (plan.chosen)
    squares.push_back({"expected squared gap after the planned steps", plan.gap_planned});
  if (plan.ranking) {
    squares.push_back({"expected squared error without an update", plan.ranking->error_none});
  }
  if (plan.comparison) {
    squares.push_back({"expected squared error of the plan", plan.comparison->chosen.error});
  }
  std::vector<std::string> warnings;
  const auto worst = std::ranges::max_element(squares, {}, &Named::value);
  const double largest = error_range(geometry, labels);
  if (worst->value > largest * largest) {
    warnings.push_back(fmt::format(
        "The {}, {:.3g}, is beyond the squared range of labels and predictions, {:.3g}: no error "
        "can be that large, so that the variances, fitted or given, and what follows from them are "
        "not to be relied on.",
        worst->name, worst->value, largest * largest));
  }
  if (!plan.chosen) return warnings;
  const auto beyond = std::ranges::count_if(plan.chosen->queries, [&](const QueryAdvice& query) {
    return std::abs(query.correction_map) > largest;
  });
  if (beyond > 0) {
    warnings.push_back(
        fmt::format("The planned correction of {} of {} queries is beyond the range of labels and "
                    "predictions, {:.3g}.",
                    beyond, plan.chosen->queries.size(), largest));
  }
  return warnings;
}

}  // namespace sextant::advice
