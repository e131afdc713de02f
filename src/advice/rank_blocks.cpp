#include "sextant/advice/rank_blocks.hpp"

#include <fmt/format.h>

#include <cmath>

#include "ranked_blocks.hpp"
#include "sextant/core/errors.hpp"
#include "sextant/core/wording.hpp"
#include "sextant/geometry/validation.hpp"
#include "sextant/subspace/scores.hpp"

namespace sextant::advice {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

/// T_MAP, or the positive candidate of largest evidence where T_MAP is 0; 0 without any.
std::int64_t planned_horizon(const HorizonChoice& whole) {
  if (whole.t_map > 0) return whole.t_map;
  std::int64_t best = 0;
  double best_value = 0;
  for (std::size_t i = 0; i < whole.curve.horizons.size(); ++i) {
    const std::int64_t horizon = whole.curve.horizons[i];
    const double value = whole.curve.relative[static_cast<Index>(i)];
    if (horizon > 0 && (best == 0 || value < best_value)) {
      best = horizon;
      best_value = value;
    }
  }
  return best;
}

/// No verdict is made from a negative squared error.
void check_error(const BlockRanking& ranking) {
  constexpr double rounding = 1e-6;
  if (!(ranking.error_selected < -rounding * ranking.error_none)) return;
  throw ArgumentError(
      "rank_blocks", "geometry",
      fmt::format("gives the chosen blocks an expected squared error of {:.4g} after {}, and a "
                  "square is not negative: its kernels, couplings and variances are not products "
                  "of one set of gradients, or not in one unit",
                  ranking.error_selected, counted(ranking.horizon, "step")));
}

}  // namespace

BlockRanking rank_blocks(const geometry::PromptGeometry& geometry,
                         const BlockRankingOptions& options) {
  const HorizonChoice whole =
      choose_horizon_as_part(geometry, geometry::all_blocks(geometry), options.horizon_options);
  BlockRanking ranking = rank_blocks(geometry, whole, options);
  std::vector<std::string> warnings = whole.warnings;
  if (options.horizon) std::erase(warnings, without_zero);  // it was not asked
  ranking.warnings.insert(ranking.warnings.begin(), warnings.begin(), warnings.end());
  for (std::string& text : range_warnings(error_range(geometry), ranking)) {
    ranking.warnings.push_back(std::move(text));
  }
  return ranking;
}

BlockRanking rank_blocks(const geometry::PromptGeometry& geometry, const HorizonChoice& whole,
                         const BlockRankingOptions& options) {
  geometry::check_sizes("rank_blocks", geometry);  // of the rest, subspace::rank_blocks takes care
  check_size("rank_blocks", "whole", static_cast<std::size_t>(whole.system.size()),
             static_cast<std::size_t>(geometry.examples()));
  double trace = 0;
  for (const Eigen::MatrixXd& kernel : geometry.kernels) trace += kernel.trace();
  const double known = whole.system.trace - whole.system.clipped;
  if (!(std::abs(known - trace) <= 1e-6 * trace)) {
    throw ArgumentError("rank_blocks", "whole",
                        fmt::format("was chosen for other kernels: its eigenvalues add up to "
                                    "{:.6g}, the traces of these to {:.6g}",
                                    known, trace));
  }
  if (options.horizon && (*options.horizon < 0 || *options.horizon > largest_horizon)) {
    throw ArgumentError("rank_blocks", "horizon",
                        fmt::format("is {}, expected 0 to {}", *options.horizon, largest_horizon));
  }
  BlockRanking result;
  result.method = options.method;
  result.sigma2 = whole.benchmark.sigma2;
  result.tau2 = whole.benchmark.tau2;
  result.horizon = options.horizon.value_or(planned_horizon(whole));
  result.against_evidence = !options.horizon && whole.t_map == 0 && !whole.is_given();
  if (result.against_evidence) {
    const std::string_view what = subspace::is_greedy(options.method)
                                      ? "the blocks are ranked"
                                      : "the error of the chosen blocks is";
    result.warnings.push_back(
        fmt::format("The evidence prefers no update at all; {} for T = {}.", what, result.horizon));
  }

  std::vector<std::int64_t> parameters;
  for (const geometry::Block& block : geometry.blocks) parameters.push_back(block.parameters);
  subspace::RankingOptions ranking_options;
  ranking_options.method = options.method;
  ranking_options.budget = options.budget;
  if (options.per_parameter) ranking_options.parameters = parameters;
  ranking_options.update = {result.horizon, options.horizon_options.step,
                            subspace::UpdateMethod::automatic};
  ranking_options.seed = options.seed;
  const geometry::BlockMatrices blocks =
      geometry::block_matrices(geometry, options.horizon_options.query);
  const subspace::Ranking ranking = subspace::rank_blocks(blocks, whole.system, geometry.residuals,
                                                          whole.benchmark, ranking_options);
  take_ranking(ranking, geometry.blocks, result);
  if (ranking.greedy) result.stopped = subspace::describe(ranking.greedy->stop);
  const subspace::UpdateRisk risk(blocks, whole.benchmark);
  result.error_none = risk.no_update();
  result.error_selected =
      subspace::risk_of(blocks, result.selected_indices, risk, ranking_options.update);
  check_error(result);
  result.error_bayes = subspace::bayes_error(blocks, whole.system, whole.benchmark);
  return result;
}

}  // namespace sextant::advice
