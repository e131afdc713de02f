#pragma once

/// Forward greedy selection of blocks by what the update on the chosen blocks would really do
/// (theory Sec. 7): T steps on the kernel of the chosen blocks only.

#include <Eigen/Core>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "sextant/geometry/block_matrices.hpp"
#include "sextant/spectral/gaps.hpp"
#include "sextant/subspace/update.hpp"

namespace sextant::subspace {

struct GreedyOptions {
  PlannedUpdate update = {};
  /// How many blocks to choose, 1 to B. Without one `select_by_risk` stops when R no longer falls
  /// and `select_by_correction` goes through all blocks.
  std::optional<Eigen::Index> budget = {};
  /// p_b [B], at least 1 each, or empty. When given, blocks compete by gain of the criterion per
  /// parameter as long as some block has a gain, and by gain alone (the smallest loss) after that.
  std::span<const std::int64_t> parameters = {};
};

enum class StopReason {
  budget_reached,
  no_improvement,  ///< No further block lowers R by more than rounding.
  all_chosen
};

/// "budget reached", "no further block lowers the expected error", "all blocks are chosen".
std::string_view describe(StopReason reason);

struct GreedySelection {
  std::vector<Eigen::Index> order;  ///< Blocks in the order of selection.
  std::vector<double> criterion;    ///< The criterion after adding each.
  double criterion_of_none = 0;     ///< Of the empty set: no update.
  Eigen::VectorXd alone;            ///< [B] the criterion of each block alone.
  StopReason stop = StopReason::all_chosen;
  UpdateMethod method = UpdateMethod::decomposition;  ///< How the updates were computed.
  std::int64_t evaluations = 0;                       ///< Candidate sets evaluated.
};

/// What counts as a fall of R, relative to R of no update: above the rounding of the evaluation.
inline constexpr double risk_improvement = 1e-9;

/// `risk`: adds the block that makes the expected squared error R(S) smallest. The first block is
/// therefore the best single one; longer sets need not be optimal. Without a budget it stops as
/// soon as no block lowers R by more than `risk_improvement` of the prior variance, at once when no
/// update can help (T = 0, tau2 = 0); with a budget it goes on, and the criterion may rise.
///
/// Ties go to the smaller index. Throws `ArgumentError` for wrong sizes, non-finite numbers,
/// negative variances, a budget outside 1..B, a step out of range (a fixed rho must suit the sum of
/// all kernels), `NumericalError` when a criterion overflows. Cost: one `update_weights` with m
/// columns for each of the B - |S| candidates of every round, parallel over candidates; no
/// candidate is decomposed when iterating is cheaper. Deterministic, the same for every number of
/// threads.
GreedySelection select_by_risk(const geometry::BlockMatrices& blocks,
                               const spectral::Benchmark& model, const GreedyOptions& options);

/// `greedy-correction`, the paper's experimental "Query-Aware" [W, I.4]: adds the block that makes
/// the squared correction h^2, h = k_S' q_T(K_S) r, averaged over the queries, largest: the size of
/// the correction, not its accuracy. `residuals` r [n].
///
/// As above, with one column per candidate whatever m is.
GreedySelection select_by_correction(const geometry::BlockMatrices& blocks,
                                     const Eigen::Ref<const Eigen::VectorXd>& residuals,
                                     const GreedyOptions& options);

}  // namespace sextant::subspace
