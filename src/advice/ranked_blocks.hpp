#pragma once

#include <Eigen/Core>
#include <optional>
#include <vector>

#include "sextant/advice/rank_blocks.hpp"
#include "sextant/subspace/ranking.hpp"

namespace sextant::advice {

/// Sets the ranking of `blocks`, those selected, every block's score alone, and which queries the
/// scores are for.
void take_ranking(const subspace::Ranking& ranking, const std::vector<geometry::Block>& blocks,
                  BlockRanking& result);

}  // namespace sextant::advice
