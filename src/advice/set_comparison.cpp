#include "set_comparison.hpp"

#include <span>
#include <vector>

#include "ranked_blocks.hpp"
#include "sextant/geometry/blocks.hpp"
#include "sextant/subspace/update.hpp"

namespace sextant::advice {
namespace {

using Eigen::Index;

/// The model that judges, and the step that every set takes.
struct Judge {
  const geometry::BlockMatrices& blocks;
  const subspace::UpdateRisk& risk;
  const subspace::StepRule& step;

  double error(std::span<const Index> set, std::int64_t horizon) const {
    return subspace::risk_of(blocks, set, risk, {horizon, step, subspace::UpdateMethod::automatic});
  }
};

/// The block with the smallest expected error after `horizon` steps on it alone; the first of equal
/// ones.
Index best_single(const Judge& judge, Index count, std::int64_t horizon) {
  Index best = 0;
  double least = 0;
  for (Index b = 0; b < count; ++b) {
    const double error = judge.error(std::span(&b, 1), horizon);
    if (b == 0 || error < least) {
      best = b;
      least = error;
    }
  }
  return best;
}

}  // namespace

SetComparison compare_sets(const geometry::PromptGeometry& geometry,
                           const BlockRankingOptions& options, const Plan& plan) {
  const geometry::BlockMatrices blocks =
      geometry::block_matrices(geometry, options.horizon_options.query);
  const subspace::UpdateRisk risk(blocks, plan.whole.benchmark);
  const Judge judge{blocks, risk, options.horizon_options.step};
  const auto outlook = [&](const std::vector<Index>& set, std::int64_t horizon, double rho) {
    return SetOutlook{geometry::block_names(geometry, set), horizon, rho,
                      judge.error(set, horizon)};
  };
  HorizonOptions on_single = options.horizon_options;
  if (options.horizon) on_single.horizons = {*options.horizon};
  const Index single = best_single(judge, geometry.block_count(), plan.ranking->horizon);
  const std::vector<Index> single_set = {single};
  const HorizonChoice alone = choose_horizon(geometry, single_set, on_single);
  SetComparison comparison;
  comparison.error_none = plan.ranking->error_none;
  comparison.error_bayes = plan.ranking->error_bayes;
  comparison.chosen = outlook(plan.blocks, plan.horizon, plan.rho);
  comparison.all = outlook(geometry::all_blocks(geometry),
                           options.horizon.value_or(plan.whole.t_map), plan.whole.rho);
  comparison.single = outlook(single_set, alone.t_map, alone.rho);
  return comparison;
}

}  // namespace sextant::advice
