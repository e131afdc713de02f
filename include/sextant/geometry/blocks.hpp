#pragma once

/// Sets of blocks of one geometry. Blocks are disjoint, so kernels, couplings and variances of a
/// set are sums over its blocks (theory Sec. 1). Every function throws `ArgumentError` for an index
/// out of range or given twice.

#include <Eigen/Core>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sextant/geometry/prompt_geometry.hpp"

namespace sextant::geometry {

/// Indices of all blocks: 0, ..., B - 1.
std::vector<Eigen::Index> all_blocks(const PromptGeometry& geometry);

/// What is wrong with a block name that none of `known` has: it, and the known names that were
/// probably meant (`likely_names`), or, without such, the first few and how many there are.
std::string unknown_block(std::string_view name, std::span<const Block> known);

/// Indices of the blocks called `names`, in the order of `names`. Throws `ArgumentError` for a name
/// that is unknown, as `unknown_block` says it, or given twice.
std::vector<Eigen::Index> select_blocks(const PromptGeometry& geometry,
                                        const std::vector<std::string>& names);

/// Which blocks of a geometry are meant, by what they are.
struct BlockFilter {
  std::vector<std::string> kinds = {};  ///< Any of these; empty: every kind.
  int first_layer = 0;
  int last_layer = -1;  ///< Inclusive; -1: the highest there is. No other number below 0.
};

/// Indices of the blocks of the kinds and layers asked for, ascending. Throws `ArgumentError` for a
/// kind that no block has, naming those there are, for layers that run backwards or are negative
/// (but for a last of -1), and where no block is left.
std::vector<Eigen::Index> filter_blocks(const PromptGeometry& geometry, const BlockFilter& filter);

/// Names of `blocks`, in their order; of all blocks.
std::vector<std::string> block_names(const PromptGeometry& geometry,
                                     std::span<const Eigen::Index> blocks);
std::vector<std::string> block_names(const PromptGeometry& geometry);

/// K_S, the sum of the kernels of `blocks` [n, n], added in the order given; zero for an empty set.
Eigen::MatrixXd summed_kernel(const PromptGeometry& geometry, std::span<const Eigen::Index> blocks);
/// The sum over all blocks.
Eigen::MatrixXd summed_kernel(const PromptGeometry& geometry);

/// k_S, the couplings of `query` with the prompt summed over `blocks` [n].
Eigen::VectorXd summed_coupling(const PromptGeometry& geometry, Eigen::Index query,
                                std::span<const Eigen::Index> blocks);
Eigen::VectorXd summed_coupling(const PromptGeometry& geometry, Eigen::Index query);

/// kappa_S, the variance of `query` summed over `blocks`.
double summed_variance(const PromptGeometry& geometry, Eigen::Index query,
                       std::span<const Eigen::Index> blocks);
double summed_variance(const PromptGeometry& geometry, Eigen::Index query);

/// The same prompt and queries with only `blocks`, in the order given (a copy).
PromptGeometry restricted_to_blocks(const PromptGeometry& geometry,
                                    std::span<const Eigen::Index> blocks);

/// The same prompt and blocks with only `queries`, in the order given (a copy).
PromptGeometry restricted_to_queries(const PromptGeometry& geometry,
                                     std::span<const Eigen::Index> queries);

}  // namespace sextant::geometry
