#pragma once

/// The block scores of scores.hpp from products alone, for prompts whose n x n kernels would not
/// fit; theory Sec. 7. M = tau2 K + sigma2 I with sigma2 > 0.

#include <Eigen/Core>
#include <cstdint>
#include <functional>
#include <vector>

#include "sextant/spectral/gaps.hpp"
#include "sextant/spectral/kernel_operator.hpp"
#include "sextant/spectral/top_eigenpairs.hpp"

namespace sextant::subspace {

/// A score of every block and how far it is to be trusted.
struct EstimatedScores {
  Eigen::VectorXd values;  ///< [B]
  /// [B] standard errors of `trace_scores_from_products`, half widths of the interval that
  /// certainly holds the score for `query_aware_scores_from_products`.
  Eigen::VectorXd errors;
};

/// v' K_b v of every block b [B], each at least 0.
using BlockForms = std::function<Eigen::VectorXd(const Eigen::VectorXd& v)>;

struct ProbeOptions {
  int probes = 8;           ///< Random sign vectors, at least 2.
  Eigen::Index steps = 30;  ///< Lanczos steps for each, at least 1.
  std::uint64_t seed = 1;
};

/// tau2 tr(K^(b) M^-1) of every block at once: for random signs z, v = M^-1/2 z by Lanczos'
/// iteration and v' K_b v. Throws `ArgumentError` for a sigma2 that is not positive and options out
/// of range. Cost: `probes` (steps products and one call of `forms`). Deterministic.
EstimatedScores trace_scores_from_products(const spectral::KernelOperator& kernel,
                                           const BlockForms& forms,
                                           const spectral::Benchmark& model,
                                           const ProbeOptions& options = {});

/// tau2^2 k^(b)' M^-1 k^(b), averaged over queries. `couplings` holds one matrix [n, B] for each
/// query, `top` the largest eigenpairs of the summed kernel: exact in their space, and outside it
/// M lies between sigma2 and tau2 l_k + sigma2, which bounds the rest. Throws `ArgumentError` for
/// wrong sizes, no query, and a sigma2 that is not positive. Cost O(n B m k).
EstimatedScores query_aware_scores_from_products(const std::vector<Eigen::MatrixXd>& couplings,
                                                 const spectral::TopEigenpairs& top,
                                                 const spectral::Benchmark& model);

}  // namespace sextant::subspace
