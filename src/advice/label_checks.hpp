#pragma once

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

/// Warns of expected squared errors and gaps above the squared range of the known labels, and of
/// planned corrections above the range. Nothing where fewer than two different labels are known.
std::vector<std::string> range_warnings(const geometry::PromptGeometry& geometry, const Plan& plan);

}  // namespace sextant::advice
