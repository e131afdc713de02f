#include "ranked_blocks.hpp"

namespace sextant::advice {

subspace::BlockMatrices block_matrices(const geometry::PromptGeometry& geometry,
                                       const std::optional<Eigen::Index>& query) {
  if (!query) return {geometry.kernels, geometry.query_kernels, geometry.query_variances};
  return {geometry.kernels, std::span(geometry.query_kernels).subspan(*query, 1),
          geometry.query_variances.middleRows(*query, 1)};
}

void take_ranking(const subspace::Ranking& ranking, const std::vector<geometry::Block>& blocks,
                  BlockRanking& result) {
  for (std::size_t k = 0; k < ranking.order.size(); ++k) {
    const Eigen::Index index = ranking.order[k];
    const geometry::Block& block = blocks[static_cast<std::size_t>(index)];
    result.ranking.push_back({index, block.name, block.layer, block.head, block.kind,
                              block.parameters, ranking.scores[k], static_cast<int>(k) + 1});
    if (static_cast<Eigen::Index>(k) < ranking.selected) {
      result.selected.push_back(block.name);
      result.selected_indices.push_back(index);
    }
  }
  result.alone = ranking.alone;
  result.queries_used = ranking.prompt_as_queries ? "prompt" : "queries";
}

}  // namespace sextant::advice
