#pragma once

#include "sextant/advice/plan.hpp"
#include "sextant/geometry/prompt_geometry.hpp"

namespace sextant::advice {

/// What the plan's blocks, all blocks and the best single block are expected to give. `plan` holds
/// a ranking and chosen blocks. Cost: that of `choose_horizon` on one block and of `risk_of` for
/// each.
SetComparison compare_sets(const geometry::PromptGeometry& geometry,
                           const BlockRankingOptions& options, const Plan& plan);

}  // namespace sextant::advice
