#pragma once

/// Prompts drawn from the Gaussian benchmark itself (theory Secs. 1, 3, 7), without any model: what
/// the statistics assume holds exactly, and expected errors are known.

#include <Eigen/Core>
#include <vector>

#include "sextant/core/random.hpp"
#include "sextant/geometry/prompt_geometry.hpp"
#include "sextant/spectral/gaps.hpp"

namespace sextant::studies::generators {

/// Independent normal gradients: parameter i of a block has the standard deviation
/// `feature_scales[i]` at every example, times the block's `query_factor` at a query.
struct GaussianBlock {
  Eigen::VectorXd feature_scales;  ///< [p_b], at least one, each at least 0.
  double query_factor = 1;
};

struct GaussianFamily {
  Eigen::Index examples = 10;  ///< n, at least 1.
  Eigen::Index queries = 1;    ///< m, at least 0.
  std::vector<GaussianBlock> blocks;
  spectral::Benchmark benchmark;  ///< u ~ N(0, tau2 I), r = J u + N(0, sigma2 I).
};

/// One prompt. Base predictions are 0, so targets are residuals; a query's target is its exact
/// correction j'u, without noise. Blocks are called "h.0.attn.v.0", "h.0.attn.v.1", and so on.
///
/// Throws `ArgumentError` for values out of range. O(n (n + m) p) for p parameters in all.
geometry::PromptGeometry draw_gaussian_task(const GaussianFamily& family, Random& random);

}  // namespace sextant::studies::generators
