#pragma once

#include "sextant/advice/plan.hpp"
#include "sextant/geometry/prompt_geometry.hpp"

namespace sextant::advice {

/// What the plan's blocks, all blocks and the best single block are expected to give. `plan` holds
/// a ranking and chosen blocks. Cost: a decomposition of each block's kernel and `risk_of` for
/// each; where B n^3 > 4e9, of the eight blocks alone that have the smallest error after the
/// ranking's steps.
SetComparison compare_sets(const geometry::PromptGeometry& geometry,
                           const BlockRankingOptions& options, const Plan& plan);

}  // namespace sextant::advice
