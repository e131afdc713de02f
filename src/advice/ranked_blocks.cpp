#include "ranked_blocks.hpp"

namespace sextant::advice {

std::string_view name_of(QueriesUsed queries) {
  return queries == QueriesUsed::queries ? "queries" : "prompt";
}

void take_ranking(const subspace::Ranking& ranking, const std::vector<geometry::Block>& blocks,
                  BlockRanking& result) {
  for (std::size_t k = 0; k < ranking.order.size(); ++k) {
    const Eigen::Index index = ranking.order[k];
    const geometry::Block& block = blocks[static_cast<std::size_t>(index)];
    result.blocks.push_back({index, block, ranking.scores[k], static_cast<int>(k) + 1});
    if (static_cast<Eigen::Index>(k) < ranking.selected) {
      result.selected.push_back(block.name);
      result.selected_indices.push_back(index);
    }
  }
  result.alone = ranking.alone;
  result.queries_used = ranking.prompt_as_queries ? QueriesUsed::prompt : QueriesUsed::queries;
}

}  // namespace sextant::advice
