#pragma once

/// What the selection of blocks works on (theory Sec. 7): plain matrices, seen through spans.
///
/// The corrections are modelled by the Gaussian benchmark `spectral::Benchmark` in weight space:
/// parameters u ~ N(0, tau2 I), residuals r = J u + N(0, sigma2 I), a query's correction j'u. Both
/// variances may be 0, see each function for the limit that it takes.

#include <Eigen/Core>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "sextant/spectral/gaps.hpp"

namespace sextant::subspace {

/// Kernels and couplings of B disjoint blocks, n examples and m queries. Everything is a view: the
/// matrices must outlive it.
///
/// m = 0: without a query the prompt's own examples stand in as n queries, with couplings K^(b) and
/// variances diag K^(b); `query_kernels` and `query_variances` are then empty.
struct BlockMatrices {
  std::span<const Eigen::MatrixXd> kernels;           ///< K^(b) [B] of [n, n], symmetric, PSD.
  std::span<const Eigen::MatrixXd> query_kernels;     ///< [m] of [n, B]: column b is k^(b).
  Eigen::Ref<const Eigen::MatrixXd> query_variances;  ///< kappa^(b) [m, B].

  Eigen::Index count() const { return static_cast<Eigen::Index>(kernels.size()); }
  Eigen::Index examples() const { return kernels.empty() ? 0 : kernels.front().rows(); }
  /// Whether the prompt's examples stand in.
  bool prompt_as_queries() const { return query_kernels.empty(); }
  /// m, or n when the prompt's examples stand in.
  Eigen::Index queries() const;
};

/// Throws `ArgumentError`, in the name of `function`, unless sizes agree, B and n are at least 1,
/// every number is finite, query variances are not negative and each kernel passes
/// `spectral::check_kernel`: symmetric, and no entry larger than its diagonal allows. Cost
/// O(B n (n + m)), parallel over blocks.
void check_blocks(std::string_view function, const BlockMatrices& blocks);
/// Throws `ArgumentError` unless tau2 and sigma2 are finite and at least 0.
void check_model(std::string_view function, const spectral::Benchmark& model);

/// Adds the couplings of `block` to `sum` [n, queries()].
void add_couplings(const BlockMatrices& blocks, Eigen::Index block, Eigen::MatrixXd& sum);
/// kappa^(b) averaged over the queries.
double mean_variance(const BlockMatrices& blocks, Eigen::Index block);
/// The sum of all kernels, added in ascending order.
Eigen::MatrixXd summed_kernel(const BlockMatrices& blocks);

}  // namespace sextant::subspace
