#pragma once

/// The whole advice from a geometry alone: when, how far and which.

#include <Eigen/Core>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sextant/advice/choose_horizon.hpp"
#include "sextant/advice/rank_blocks.hpp"
#include "sextant/geometry/prompt_geometry.hpp"

namespace sextant::advice {

struct PlanOptions {
  /// How to choose blocks, the horizon to plan for (T_MAP without one), step, candidates,
  /// variances.
  BlockRankingOptions score = {};
  /// Names of the blocks to adapt, instead of choosing them.
  std::vector<std::string> blocks = {};
};

/// Why to adapt or not, in the order in which it is asked.
enum class Verdict {
  no_direction,  ///< The kernel is zero.
  no_evidence,   ///< T_MAP is 0 on all blocks, or on the chosen ones.
  no_block,      ///< No block lowers the expected error.
  no_gain,       ///< The planned steps do not come closer to the exact posterior mean.
  adapt
};

/// "no direction", "no evidence", "no block", "no gain", "adapt".
std::string_view name_of(Verdict verdict);

/// The planned update of a query, judged by the model of all blocks with its variances averaged
/// over (evidence/credible.hpp).
struct QueryOutlook {
  Eigen::Index query = 0;               ///< Its number, `PromptGeometry::query_number`.
  double correction = 0;                ///< What the planned steps add to the base prediction.
  evidence::CredibleInterval interval;  ///< Of the true correction, at `credible_level`.
  double probability_closer = 0;  ///< That the update brings the prediction closer to the truth.
};

struct Plan {
  HorizonChoice whole;  ///< Step 1: `choose_horizon` on all blocks, or on those given.
  std::optional<BlockRanking>
      scoring;  ///< Step 2: `rank_blocks`; empty when the blocks were given.
  /// The blocks that were chosen or given, in the geometry's numbering; empty when nothing is to be
  /// adapted because of all blocks together.
  std::vector<Eigen::Index> blocks;
  std::vector<std::string> block_names;
  std::optional<HorizonChoice>
      chosen;                ///< Step 3: `choose_horizon` on those blocks; empty without any.
  std::int64_t horizon = 0;  ///< T to take: T_MAP of the chosen blocks, or the given one.
  double rho = 0;            ///< For the chosen blocks' summed kernel.
  /// [m] of the steps planned, whatever the verdict; empty without blocks or steps, and for a zero
  /// kernel or tau2 = 0.
  std::vector<QueryOutlook> outlook;
  double gap_none = 0;  ///< Mean gaps that decided, of `chosen` or else of `whole`.
  double gap_planned = 0;
  Verdict verdict = Verdict::no_evidence;
  bool adapt = false;  ///< verdict == Verdict::adapt
  std::string reason;  ///< One plain sentence.
};

/// Four steps. (1) `choose_horizon` on all blocks, or on those that are given. (2) `rank_blocks`
/// for the given horizon or T_MAP. (3) `choose_horizon` on the chosen blocks' summed kernel, rho =
/// c / lambda_max of that kernel; with a given horizon it is the only candidate. (4) The verdict:
/// adapt when the horizon of step 3 is positive and its mean Bayes gap over the queries (over the
/// prompt's examples when there are none) is below that of no update.
///
/// When T_MAP of all blocks is 0 and no horizon and no blocks are given, there is nothing to adapt:
/// no blocks are chosen; the scoring, planned for the best positive candidate, is informative only.
///
/// Throws as `choose_horizon` and `rank_blocks`, and `ArgumentError` for unknown or repeated block
/// names and for names given together with a budget. Deterministic.
Plan plan(const geometry::PromptGeometry& geometry, const PlanOptions& options = {});

}  // namespace sextant::advice
