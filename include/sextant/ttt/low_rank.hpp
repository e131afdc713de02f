#pragma once

/// The best update of a given rank, on the model's weights [W, Thm 8.2]; theory Sec. 7.

#include <Eigen/Core>
#include <string>
#include <vector>

#include "sextant/spectral/gaps.hpp"
#include "sextant/ttt/adapt.hpp"

namespace sextant::ttt {

struct LowRankOptions {
  std::vector<std::string> blocks = {};  ///< Names, at least one.
  Eigen::Index rank = 1;                 ///< Directions of parameter space, 0 to m.
  spectral::Benchmark benchmark = {};    ///< tau2 and sigma2 of the posterior that is truncated.
};

/// Moves the weights in the best subspace of dimension `rank` (`subspace::optimal_subspace`): the
/// update of least norm, in the metric of the blocks' scales, whose corrections of the queries are
/// the posterior mean's on the kept directions. It lies in the span of the queries' gradients, so
/// nothing of the size of parameters times parameters is made.
///
/// The result has the solver `low_rank` and its rank, one step, rho NaN, and `validity` as of a
/// one-shot update. Throws `ArgumentError` for a rank outside 0..m, a prompt without queries, and
/// whatever `adapt` refuses. Cost: m + 1 reverse and m forward-mode passes over the queries, then
/// as `adapt`.
AdaptedModel adapt_low_rank(const PromptModel& model, const geometry::PromptGeometry& geometry,
                            const LowRankOptions& options);

}  // namespace sextant::ttt
