#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "sextant/advice/plan.hpp"
#include "sextant/geometry/prompt_geometry.hpp"

namespace sextant::advice {

/// `geometry` with labels `factor` times as large; options whose unit changes are changed with it.
geometry::PromptGeometry with_scaled_labels(geometry::PromptGeometry geometry, double factor,
                                            LabelScale scale, PlanOptions& options);

/// Whether labels `factor` times as large can change the verdict at all.
bool can_matter(const geometry::PromptGeometry& geometry, const PlanOptions& options);

/// Warns of a verdict in `plan.scaled` on the other side of adapting.
std::vector<std::string> scale_warnings(const Plan& plan, LabelScale scale);

/// The largest difference there can be between a label and a prediction, as far as both are known:
/// predictions may lie outside the labels' range, as logits do. None with fewer than two different
/// labels.
std::optional<double> error_range(std::span<const double> labels,
                                  const Eigen::VectorXd& predictions,
                                  const Eigen::VectorXd& residuals);
std::optional<double> error_range(const geometry::PromptGeometry& geometry);

/// Warns of expected squared errors and gaps above the square of `range`, from `error_range`, and
/// of corrections above it. Nothing where there is none.
std::vector<std::string> range_warnings(std::optional<double> range, const HorizonChoice& choice);
std::vector<std::string> range_warnings(std::optional<double> range, const BlockRanking& ranking);
std::vector<std::string> range_warnings(std::optional<double> range, const Plan& plan);

}  // namespace sextant::advice
