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

struct Named {
  std::string_view name;
  double value;
};

void warn_of_squares(const std::vector<Named>& squares, double range,
                     std::vector<std::string>& warnings) {
  const auto worst = std::ranges::max_element(squares, {}, &Named::value);
  if (!(worst->value > range * range)) return;
  warnings.push_back(fmt::format(
      "The {}, {:.3g}, is beyond the squared range of labels and predictions, {:.3g}: no error can "
      "be that large, so that the variances, fitted or given, and what follows from them are not "
      "to be relied on.",
      worst->name, worst->value, range * range));
}

void warn_of_corrections(std::string_view name, const std::vector<QueryAdvice>& queries,
                         double range, std::vector<std::string>& warnings) {
  const auto beyond = std::ranges::count_if(
      queries, [&](const QueryAdvice& query) { return std::abs(query.correction_map) > range; });
  if (beyond == 0) return;
  warnings.push_back(fmt::format(
      "The {} of {} of {} queries is beyond the range of labels and predictions, {:.3g}.", name,
      beyond, queries.size(), range));
}

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

std::optional<double> error_range(std::span<const double> labels,
                                  const Eigen::VectorXd& predictions,
                                  const Eigen::VectorXd& residuals) {
  Extent extent;
  for (const double label : labels) extent.add(label);
  if (extent.width() == 0) return std::nullopt;
  for (const double prediction : predictions) extent.add(prediction);
  double largest = extent.width();
  for (const double residual : residuals) largest = std::max(largest, std::abs(residual));
  return largest;
}

std::optional<double> error_range(const geometry::PromptGeometry& geometry) {
  std::vector<double> labels(geometry.prompt_targets.begin(), geometry.prompt_targets.end());
  for (const auto& label : geometry.query_targets) {
    if (label) labels.push_back(*label);
  }
  Eigen::VectorXd predictions(geometry.prompt_base.size() + geometry.query_base.size());
  predictions << geometry.prompt_base, geometry.query_base;
  return error_range(labels, predictions, geometry.residuals);
}

std::vector<std::string> range_warnings(std::optional<double> range, const HorizonChoice& choice) {
  std::vector<std::string> warnings;
  if (!range) return warnings;
  const GapPair gap = choice.mean_gap();
  warn_of_squares({{"expected squared gap without an update", gap.none},
                   {"expected squared gap after the chosen steps", gap.map}},
                  *range, warnings);
  warn_of_corrections("correction after the chosen steps", choice.queries, *range, warnings);
  return warnings;
}

std::vector<std::string> range_warnings(std::optional<double> range, const BlockRanking& ranking) {
  std::vector<std::string> warnings;
  if (!range) return warnings;
  warn_of_squares({{"expected squared error without an update", ranking.error_none},
                   {"expected squared error of the chosen blocks", ranking.error_selected}},
                  *range, warnings);
  return warnings;
}

std::vector<std::string> range_warnings(std::optional<double> range, const Plan& plan) {
  std::vector<std::string> warnings;
  if (!range) return warnings;
  std::vector<Named> squares = {{"expected squared gap without an update", plan.gap_none}};
  if (plan.chosen)
    squares.push_back({"expected squared gap after the planned steps", plan.gap_planned});
  if (plan.ranking) {
    squares.push_back({"expected squared error without an update", plan.ranking->error_none});
  }
  if (plan.comparison) {
    squares.push_back({"expected squared error of the plan", plan.comparison->chosen.error});
  }
  warn_of_squares(squares, *range, warnings);
  if (plan.chosen) {
    warn_of_corrections("planned correction", plan.chosen->queries, *range, warnings);
  }
  return warnings;
}

}  // namespace sextant::advice
