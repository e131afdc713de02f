#include "set_comparison.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <span>
#include <utility>
#include <vector>

#include "horizon_steps.hpp"
#include "ranked_blocks.hpp"
#include "sextant/evidence/curve.hpp"
#include "sextant/geometry/blocks.hpp"
#include "sextant/spectral/eigensystem.hpp"
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

/// Decomposing every kernel may cost this many multiplications, about; beyond, few are.
constexpr double most_work = 4e9;
constexpr std::size_t few_blocks = 8;

/// All blocks, or the few with the smallest expected error after `horizon` steps on each alone.
std::vector<Index> candidates_alone(const Judge& judge, Index count, Index examples,
                                    std::int64_t horizon) {
  std::vector<Index> blocks(static_cast<std::size_t>(count));
  std::iota(blocks.begin(), blocks.end(), Index{0});
  if (static_cast<double>(count) * std::pow(static_cast<double>(examples), 3) <= most_work) {
    return blocks;
  }
  std::vector<double> errors;
  for (Index b = 0; b < count; ++b) errors.push_back(judge.error(std::span(&b, 1), horizon));
  std::ranges::stable_sort(blocks, {},
                           [&](Index b) { return errors[static_cast<std::size_t>(b)]; });
  blocks.resize(std::min(blocks.size(), few_blocks));
  return blocks;
}

struct Steps {
  std::int64_t horizon = 0;
  double rho = 0;
};

/// T_MAP of one block alone, and its step.
Steps steps_alone(const geometry::PromptGeometry& geometry, Index block,
                  const HorizonOptions& options) {
  const spectral::Eigensystem system =
      spectral::decompose(geometry.kernels[static_cast<std::size_t>(block)]);
  const double rho = options.step.for_kernel(system.largest());
  if (system.largest() == 0) return {0, rho};
  const auto curve = evidence::evidence_curve(system.values, system.rotate(geometry.residuals), rho,
                                              candidates(options), options.sigma2);
  return {curve.t_map, rho};
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
  SetComparison comparison;
  const std::vector<Index> alone =
      candidates_alone(judge, geometry.block_count(), geometry.examples(), plan.ranking->horizon);
  for (const Index block : alone) {
    const Steps steps = steps_alone(geometry, block, on_single);
    SetOutlook found = outlook({block}, steps.horizon, steps.rho);
    const bool is_first = comparison.single.block_names.empty();
    if (is_first || found.error < comparison.single.error) comparison.single = std::move(found);
  }
  comparison.blocks_tried_alone = alone.size();
  comparison.error_none = plan.ranking->error_none;
  comparison.error_bayes = plan.ranking->error_bayes;
  comparison.chosen = outlook(plan.blocks, plan.horizon, plan.rho);
  comparison.all = outlook(geometry::all_blocks(geometry),
                           options.horizon.value_or(plan.whole.t_map), plan.whole.rho);
  return comparison;
}

}  // namespace sextant::advice
