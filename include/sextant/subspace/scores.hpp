#pragma once

/// Scores of single blocks in closed form [W, Sec. 8, Eqs. 8 and 9]; theory Sec. 7.
///
/// The corrections are modelled by the Gaussian benchmark `spectral::Benchmark` in weight space:
/// parameters u ~ N(0, tau2 I), residuals r = J u + N(0, sigma2 I), a query's correction j'u. Both
/// variances may be 0, see each function for the limit that it takes.
///
/// All of them share one eigensystem of the sum K of all kernels. M = tau2 K + sigma2 I is inverted
/// there with one rule for its limits: where sigma2 = 0 the pseudo-inverse, in which eigenvalues
/// up to n eps lambda_max count as 0; tau2 = 0 (nothing to learn) makes every score 0.

#include <Eigen/Core>

#include "sextant/geometry/block_matrices.hpp"
#include "sextant/spectral/eigensystem.hpp"
#include "sextant/spectral/gaps.hpp"

namespace sextant::subspace {

/// tau2^2 k^(b)' M^-1 k^(b), averaged over the queries [B]: the variance of block b's part of the
/// posterior mean at a query [W, Eq. 8]. Unit of a squared prediction.
///
/// `full` is the eigensystem of the sum of `blocks.kernels`. Throws `ArgumentError` for wrong
/// sizes, non-finite numbers and negative variances. Cost O(n^2 m) a block (O(n^3) with the prompt
/// as queries), parallel over blocks; deterministic, the same for every number of threads.
Eigen::VectorXd query_aware_scores(const geometry::BlockMatrices& blocks,
                                   const spectral::Eigensystem& full,
                                   const spectral::Benchmark& model);

/// tau2 tr(K^(b) M^-1) [B] [W, Eq. 9]: no unit; the scores add up to tau2 tr(K M^-1), the effective
/// number of directions that the prompt determines. No query enters.
///
/// Arguments and errors as above. M^-1 is formed once, O(n^3); then O(n^2) a block.
Eigen::VectorXd trace_scores(const geometry::BlockMatrices& blocks,
                             const spectral::Eigensystem& full, const spectral::Benchmark& model);

/// tau2 (kappa - tau2 k' M^-1 k) with all blocks, averaged over the queries: the expected squared
/// error of the exact posterior mean, which no update can go below. At least 0. Unit of a squared
/// prediction. Arguments and errors as above.
double bayes_error(const geometry::BlockMatrices& blocks, const spectral::Eigensystem& full,
                   const spectral::Benchmark& model);

}  // namespace sextant::subspace
