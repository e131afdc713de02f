#pragma once

/// The narrow waist: everything statistical reads a `PromptGeometry`, everything about models
/// produces one.

#include <Eigen/Core>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace sextant::geometry {

/// One parameter block. Blocks are disjoint, so kernels of a set of blocks add up.
struct Block {
  std::string name = {};         ///< "h.4.attn.v.3", "h.4.mlp.in"; unique within a geometry.
  int layer = 0;                 ///< From 0.
  std::optional<int> head = {};  ///< From 0; empty for blocks without heads (MLP).
  std::string kind = {};        ///< "value", "output", "mlp-in", "mlp-out", or another framework's.
  std::int64_t parameters = 0;  ///< p_b, at least 1.

  bool operator==(const Block&) const = default;
};

/// Prior variances of blocks' parameters relative to tau2, by block name, each positive; 1 for
/// blocks that are not named (block_scales.hpp).
using BlockScales = std::map<std::string, double>;

/// Residuals and block kernels of one prompt (symbols of docs/notation.md, theory Sec. 1):
/// n labelled examples, m queries, B blocks.
struct PromptGeometry {
  Eigen::VectorXd residuals = {};             ///< r [n]: target minus leave-one-out prediction.
  std::vector<Block> blocks = {};             ///< [B]
  std::vector<Eigen::MatrixXd> kernels = {};  ///< K^(b) [B] of [n, n], symmetric, PSD.
  std::vector<Eigen::MatrixXd> query_kernels = {};  ///< [m] of [n, B]: column b is k^(b).
  Eigen::MatrixXd query_variances = {};             ///< kappa^(b) [m, B], at least 0.
  Eigen::VectorXd prompt_base = {};                 ///< Predictions s(w0) [n]; empty when unknown.
  Eigen::VectorXd prompt_targets = {};              ///< y [n]; empty when unknown.
  Eigen::VectorXd query_base = {};                  ///< f(x) at w0 [m]; empty when unknown.
  std::vector<std::optional<double>> query_targets = {};  ///< [m]; empty when none is known.
  /// [m] what results call each query where some were left out; empty: 0, ..., m - 1. Not in files.
  std::vector<Eigen::Index> query_numbers = {};
  /// That kernels, couplings and variances hold already. An update of a model with others is
  /// refused, and none are applied a second time.
  BlockScales block_scales = {};
  /// Kernels, couplings and variances are of the supervised token's features alone
  /// (`model::Features::tokenwise`): good to choose by, but an update follows the exact gradients.
  bool tokenwise = false;

  Eigen::Index examples() const { return residuals.size(); }
  Eigen::Index queries() const { return static_cast<Eigen::Index>(query_kernels.size()); }
  Eigen::Index query_number(Eigen::Index query) const {
    return query_numbers.empty() ? query : query_numbers[static_cast<std::size_t>(query)];
  }
  Eigen::Index block_count() const { return static_cast<Eigen::Index>(blocks.size()); }
};

}  // namespace sextant::geometry
