#pragma once

/// The matrices of disjoint blocks, seen through spans: what the selection of blocks works on
/// (theory Sec. 7).

#include <Eigen/Core>
#include <optional>
#include <span>
#include <string_view>

#include "sextant/geometry/prompt_geometry.hpp"

namespace sextant::geometry {

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

/// The matrices of `geometry`, with all of its queries or `query` alone, without a copy. Throws
/// `ArgumentError` when there is no such query and when sizes do not agree.
BlockMatrices block_matrices(const PromptGeometry& geometry,
                             const std::optional<Eigen::Index>& query = {});

/// Throws `ArgumentError`, in the name of `function`, unless sizes agree, B and n are at least 1,
/// every number is finite, query variances are not negative and each kernel passes
/// `spectral::check_kernel`: symmetric, and no entry larger than its diagonal allows. Cost
/// O(B n (n + m)), parallel over blocks.
void check_blocks(std::string_view function, const BlockMatrices& blocks);

/// Adds the couplings of `block` to `sum` [n, queries()]. Throws `ArgumentError`, as the functions
/// below, for a block that is not there and sizes that do not fit.
void add_couplings(const BlockMatrices& blocks, Eigen::Index block, Eigen::MatrixXd& sum);
/// kappa^(b) averaged over the queries.
double mean_variance(const BlockMatrices& blocks, Eigen::Index block);
/// The sum of all kernels [n, n], added in ascending order; [0, 0] without blocks.
Eigen::MatrixXd summed_kernel(const BlockMatrices& blocks);

}  // namespace sextant::geometry
