#pragma once

/// Which blocks to adapt, where scores are estimates from products (subspace/product_scores.hpp).

#include <vector>

#include "sextant/advice/rank_blocks.hpp"
#include "sextant/subspace/product_scores.hpp"

namespace sextant::advice {

/// Ranks `blocks` by estimated scores of `options.method`, which is one of the closed forms:
/// trace, trace-bottom or query-aware. `whole` is the choice for all blocks. The errors go into
/// `BlockRanking::errors`; expected squared errors of sets are not known (NaN). Throws
/// `ArgumentError` for another method, a budget outside 1..B and sizes that do not fit.
BlockRanking rank_blocks(const std::vector<geometry::Block>& blocks,
                         const subspace::EstimatedScores& scores, const HorizonChoice& whole,
                         const BlockRankingOptions& options);

}  // namespace sextant::advice
