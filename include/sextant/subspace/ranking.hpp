#pragma once

/// One entry for all rules that rank blocks, with a budget.

#include <Eigen/Core>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "sextant/geometry/block_matrices.hpp"
#include "sextant/spectral/eigensystem.hpp"
#include "sextant/spectral/gaps.hpp"
#include "sextant/subspace/greedy.hpp"

namespace sextant::subspace {

enum class Method {
  query_aware,        ///< Descending query-aware score.
  trace,              ///< Descending trace score.
  trace_bottom,       ///< Ascending trace score, a control.
  greedy_correction,  ///< `select_by_correction`.
  risk,               ///< `select_by_risk`.
  random              ///< Descending uniform draws, a control.
};

/// "query-aware", "trace", "trace-bottom", "greedy-correction", "risk", "random".
std::string_view name_of(Method method);
/// Throws `ArgumentError` listing the names when `name` is none of them.
Method method_from_name(std::string_view name);
/// Whether the rule adds block after block (`risk`, `greedy-correction`), so that its order depends
/// on the planned update and its scores are those of sets.
bool is_greedy(Method method);

struct RankingOptions {
  Method method = Method::risk;
  /// How many blocks to choose, 1 to B. Without one `risk` stops by itself and the other rules
  /// choose all blocks.
  std::optional<Eigen::Index> budget = {};
  /// p_b [B] to rank by score per parameter (for greedy rules by gain per parameter), or empty.
  /// Not for `random`.
  std::span<const std::int64_t> parameters = {};
  PlannedUpdate update = {};  ///< For the greedy rules only.
  std::uint64_t seed = 0;     ///< For `random` only.
};

struct Ranking {
  Method method = Method::risk;
  /// Blocks, best first: all B of them, but for greedy rules only those that were added.
  std::vector<Eigen::Index> order;
  /// Per entry of `order`: the score (per parameter if asked for), the draw of `random`, or for
  /// greedy rules the criterion after adding the block.
  std::vector<double> scores;
  Eigen::Index selected = 0;  ///< The first so many of `order` are chosen.
  /// [B] every block by itself: its score, or for greedy rules the criterion of it alone.
  Eigen::VectorXd alone;
  bool prompt_as_queries = false;         ///< m = 0: the prompt's examples stood in.
  std::optional<GreedySelection> greedy;  ///< Details of greedy rules.
};

/// Ranks by scores [B] that are known: descending, for `trace_bottom` ascending, ties to the
/// smaller index. Throws `ArgumentError` for greedy rules and for a budget outside 1..B.
Ranking rank_by_scores(const Eigen::VectorXd& scores, Method method,
                       std::optional<Eigen::Index> budget);

/// Ranks the blocks. `full` is the eigensystem of the sum of all kernels, `residuals` r [n].
///
/// Ties go to the smaller index. Throws what the rule's own function throws, and `ArgumentError`
/// for a budget outside 1..B, parameters below 1, and `parameters` with `random`. Deterministic,
/// the same for every number of threads; `random` also for every platform.
Ranking rank_blocks(const geometry::BlockMatrices& blocks, const spectral::Eigensystem& full,
                    const Eigen::Ref<const Eigen::VectorXd>& residuals,
                    const spectral::Benchmark& model, const RankingOptions& options);

}  // namespace sextant::subspace
