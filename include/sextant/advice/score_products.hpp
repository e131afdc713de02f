#pragma once

/// Which blocks to adapt, where scores are estimates from products (subspace/product_scores.hpp).

#include <vector>

#include "sextant/advice/score.hpp"
#include "sextant/subspace/product_scores.hpp"

namespace sextant::advice {

/// Ranks `blocks` by estimated scores of `options.method`, which is one of the closed forms:
/// trace, trace-bottom or query-aware. `whole` is the selection for all blocks. The errors go into
/// `Scoring::errors`; expected squared errors of sets are not known (NaN). Throws `ArgumentError`
/// for another method, a budget outside 1..B and sizes that do not fit.
Scoring score(const std::vector<geometry::Block>& blocks, const subspace::EstimatedScores& scores,
              const Selection& whole, const ScoreOptions& options);

}  // namespace sextant::advice
