#pragma once

/// Which blocks to adapt, from a geometry alone (theory Sec. 7).

#include <Eigen/Core>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sextant/advice/choose_horizon.hpp"
#include "sextant/geometry/prompt_geometry.hpp"
#include "sextant/subspace/ranking.hpp"

namespace sextant::advice {

struct BlockRankingOptions {
  subspace::Method method = subspace::Method::risk;
  /// How many blocks to choose, 1 to B. Without one, `risk` stops where the expected error no
  /// longer falls and every other method ranks, and selects, all blocks.
  std::optional<Eigen::Index> budget = {};
  bool per_parameter = false;  ///< Rank by score, or gain, per parameter. Not for `random`.
  /// T that `risk` and `greedy-correction` plan for; T_MAP of all blocks without one, or, where
  /// T_MAP is 0, the positive candidate of largest evidence.
  std::optional<std::int64_t> horizon = {};
  std::uint64_t seed = 0;  ///< For `random`.
  /// Step, candidates, variances and query. tau2 and sigma2 of the scores are those of the
  /// benchmark fitted to all blocks unless given. A fixed rho must suit the sum of all kernels.
  HorizonOptions horizon_options = {};
};

struct RankedBlock {
  Eigen::Index index = 0;  ///< In the geometry.
  geometry::Block block;
  double score = 0;  ///< For greedy methods the criterion after adding the block.
  int rank = 0;      ///< From 1.
};

/// Whose corrections the scores are for: the queries', or those of the prompt's own examples, which
/// stand in when there are none.
enum class QueriesUsed { queries, prompt };
/// "queries" or "prompt".
std::string_view name_of(QueriesUsed queries);

struct BlockRanking {
  subspace::Method method = subspace::Method::risk;
  double sigma2 = 0;
  double tau2 = 0;
  std::int64_t horizon = 0;  ///< T planned for; no part in the closed-form scores.
  /// T_MAP of all blocks is 0 and no horizon was given: where to adapt, if at all, but not whether.
  bool against_evidence = false;
  /// All blocks, best first; of greedy methods only the chosen ones, in the order of selection.
  std::vector<RankedBlock> blocks;
  std::vector<std::string> selected;           ///< Names of the chosen blocks, best first.
  std::vector<Eigen::Index> selected_indices;  ///< The same in the geometry.
  /// [B] the score of every block by itself, in the geometry's order; of greedy methods the
  /// criterion of the block alone.
  Eigen::VectorXd alone;
  /// [B] how far `alone` is to be trusted where it was estimated (rank_blocks_products.hpp); else
  /// empty.
  Eigen::VectorXd errors;
  QueriesUsed queries_used = QueriesUsed::queries;
  std::string stopped;  ///< Greedy methods: why the selection ended; otherwise empty.
  /// Expected squared error of a query's correction under the model of all blocks, averaged over
  /// queries: without an update, with `horizon` steps on the selected blocks, and at best (the
  /// exact posterior mean).
  double error_none = 0;
  double error_selected = 0;
  double error_bayes = 0;
  std::vector<std::string> warnings;
};

/// Ranks the blocks of a valid `geometry`.
///
/// Zero residuals or no sign of a signal (tau2 = 0) make all scores 0; `risk` then selects nothing.
/// Throws `ArgumentError` for a budget outside 1..B, a query that does not exist, every other
/// option out of range, as `choose_horizon` for a geometry that is not valid, and where couplings
/// that no gradients have make an expected error negative. Cost: that of
/// `choose_horizon` and of the method, see subspace/. Deterministic, the same for every number of
/// threads.
BlockRanking rank_blocks(const geometry::PromptGeometry& geometry,
                         const BlockRankingOptions& options = {});

/// The same with `whole`, the result of `choose_horizon(geometry, options.horizon_options)`,
/// already at hand, whose warnings are then not repeated.
BlockRanking rank_blocks(const geometry::PromptGeometry& geometry, const HorizonChoice& whole,
                         const BlockRankingOptions& options);

}  // namespace sextant::advice
