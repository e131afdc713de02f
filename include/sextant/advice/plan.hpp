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
#include "sextant/geometry/block_scales.hpp"
#include "sextant/geometry/prompt_geometry.hpp"

namespace sextant::advice {

/// Whether the verdict is asked again with labels twice and half as large, and what then becomes of
/// the predictions.
enum class LabelScale {
  unchecked,
  /// Predictions stay: a head or another framework's output that does not follow the labels. Known
  /// labels y give residuals r + (c - 1) y; with labels unknown they are c r.
  labels_alone,
  /// Predictions are averages of label values, as a decoder's: residuals times c, kernels times
  /// c^2. Then only a fixed sigma2 can matter (a fixed rho is divided by c^2).
  labels_and_predictions
};

struct PlanOptions {
  // First, because GCC 12 otherwise warns of `ranking` in `plan(geometry, {.blocks = {"a"}})`.
  /// Names of the blocks to adapt, instead of choosing them.
  std::vector<std::string> blocks = {};
  /// How to choose blocks, the horizon to plan for (T_MAP without one), step, candidates,
  /// variances.
  BlockRankingOptions ranking = {};
  /// Each of the two questions costs as much as the plan itself, unless no variance is fixed and
  /// residuals are only multiplied: then the verdict cannot change, and nothing is computed.
  LabelScale label_scale = LabelScale::unchecked;
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

/// Steps on one set of blocks, judged by the model of all blocks.
struct SetOutlook {
  std::vector<std::string> block_names;
  std::int64_t horizon = 0;  ///< T_MAP on these blocks, or the given horizon.
  double rho = 0;            ///< For their summed kernel.
  /// Expected squared error of a query's correction (of an example's without queries).
  double error = 0;
};

/// Whether it matters which blocks are adapted: all errors in one benchmark, that of all blocks.
struct SetComparison {
  double error_none = 0;   ///< Without an update.
  double error_bayes = 0;  ///< At best: the exact posterior mean.
  SetOutlook chosen;       ///< The plan itself.
  SetOutlook all;          ///< All blocks.
  /// The block with the smallest error after T_MAP steps on it alone, or the given horizon.
  SetOutlook single;
  /// How many blocks were tried alone: all, or for B n^3 > 4e9 the eight of smallest error after
  /// `BlockRanking::horizon` steps.
  std::size_t blocks_tried_alone = 0;
};

/// The verdict with labels `factor` times as large.
struct ScaledVerdict {
  double factor = 1;
  Verdict verdict = Verdict::no_evidence;
};

/// The update in the words of an optimiser: plain gradient descent with all examples at once, on
/// 1/2 sum_i (y_i - f_i)^2, every f_i made without its own label.
struct Recipe {
  std::int64_t steps = 0;
  double learning_rate = 0;  ///< rho, for half the sum of squared residuals.
  /// The same steps for the mean of squared residuals, 1/n sum_i (y_i - f_i)^2: rho n / 2.
  double learning_rate_mean = 0;
  std::vector<std::string> blocks = {};     ///< Everything else stays as it is.
  geometry::BlockScales block_scales = {};  ///< Of these: block b has scale_b times either rate.
};

struct Plan {
  HorizonChoice whole;  ///< Step 1: `choose_horizon` on all blocks, or on those given.
  std::optional<BlockRanking>
      ranking;  ///< Step 2: `rank_blocks`; empty when the blocks were given.
  /// The blocks that were chosen or given, in the geometry's numbering; empty when nothing is to be
  /// adapted because of all blocks together.
  std::vector<Eigen::Index> blocks;
  std::vector<std::string> block_names;
  /// Of all blocks that `whole` was chosen on, in the geometry's order.
  std::vector<std::string> modelled_names;
  /// Scales of these, as their kernels in the geometry hold them; 1 where not named. A block b to
  /// adapt moves at the rate rho scale_b.
  geometry::BlockScales block_scales;
  double residual_norm = 0;  ///< |r| of the examples, which tells labels apart.
  /// Whether rho is for the kernel that an update follows: of exact features, or taken from it by
  /// `set_learning_rate`.
  bool rate_is_exact = true;
  bool tokenwise = false;  ///< Made from tokenwise features (`PromptGeometry::tokenwise`).
  std::optional<HorizonChoice>
      chosen;                ///< Step 3: `choose_horizon` on those blocks; empty without any.
  std::int64_t horizon = 0;  ///< T to take: T_MAP of the chosen blocks, or the given one.
  double rho = 0;            ///< For the chosen blocks' summed kernel.
  subspace::StepRule step;   ///< The rule that rho follows.
  /// [m] of the steps planned, whatever the verdict; empty without blocks or steps, and for a zero
  /// kernel or tau2 = 0.
  std::vector<QueryOutlook> outlook;
  /// Empty where blocks were given or none is chosen.
  std::optional<SetComparison> comparison;
  double gap_none = 0;  ///< Mean gaps that decided, of `chosen` or else of `whole`.
  double gap_planned = 0;
  Verdict verdict = Verdict::no_evidence;
  bool adapt = false;  ///< verdict == Verdict::adapt
  std::string reason;  ///< One plain sentence.
  /// One more, where another number of the plan seems to say the opposite of the verdict: why the
  /// verdict stands. Otherwise empty.
  std::string explanation;
  std::optional<Recipe> recipe;  ///< Empty unless `adapt`.
  /// For 2 and 1/2; empty where unchecked, and without those that couplings too large leave open.
  std::vector<ScaledVerdict> scaled;
  /// Plain sentences: expected errors and corrections beyond the range of labels and predictions,
  /// and a verdict that depends on the labels' scale. Those of the steps are in the steps.
  std::vector<std::string> warnings;
};

/// Four steps. (1) `choose_horizon` on all blocks, or on those that are given. (2) `rank_blocks`
/// for the given horizon or T_MAP. (3) `choose_horizon` on the chosen blocks' summed kernel, rho =
/// c / lambda_max of that kernel; with a given horizon it is the only candidate. (4) The verdict:
/// adapt when the horizon of step 3 is positive and its mean Bayes gap over the queries (over the
/// prompt's examples when there are none) is below that of no update.
///
/// When T_MAP of all blocks is 0 and no horizon and no blocks are given, there is nothing to adapt:
/// no blocks are chosen; the ranking, planned for the best positive candidate, is informative only.
///
/// Throws as `choose_horizon` and `rank_blocks`, and `ArgumentError` for unknown or repeated block
/// names, for names given together with a budget and, where the label scale is to be judged, for
/// residuals that are not targets - base. Deterministic.
Plan plan(const geometry::PromptGeometry& geometry, const PlanOptions& options = {});

/// Gives a plan that adapts another rate for the same steps: in `rho`, `reason` and `recipe`. For
/// one made from tokenwise features, whose steps follow exact gradients. Others stay as they are.
/// Throws `ArgumentError` for a rate that is not positive.
void set_learning_rate(double rho, Plan& plan);

}  // namespace sextant::advice
