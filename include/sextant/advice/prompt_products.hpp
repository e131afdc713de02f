#pragma once

/// How far and which for a model with a prompt of thousands of examples: nothing of the size n x n
/// or n x p is made.

#include <optional>
#include <vector>

#include "sextant/advice/choose_horizon_products.hpp"
#include "sextant/advice/rank_blocks_products.hpp"
#include "sextant/ttt/model_kernel.hpp"

namespace sextant::advice {

/// A prompt's kernel as products with its model, and what all answers from it share. Its parts
/// refer to each other, so it stays where it was made.
class PromptProducts {
 public:
  /// The blocks that `options` ask for. Refers to `model`, which must outlive it. Throws
  /// `ArgumentError` for tokenwise features, which exist as kernels alone, and as
  /// `model::model_blocks`; `NumericalError` when a prediction is not finite. Cost: a forward pass
  /// over the examples and one reverse and one forward-mode pass for every query.
  PromptProducts(const ttt::PromptModel& model, const model::CaptureOptions& options);
  PromptProducts(const PromptProducts&) = delete;
  PromptProducts& operator=(const PromptProducts&) = delete;

  const std::vector<geometry::Block>& blocks() const { return blocks_; }
  const KernelProducts& products() const { return products_; }
  /// The largest difference there can be between labels and predictions; none with fewer than two
  /// different labels.
  std::optional<double> error_range() const { return error_range_; }
  /// Estimated scores of trace, trace-bottom or query-aware under the benchmark of `whole`.
  subspace::EstimatedScores scores(subspace::Method method, const HorizonChoice& whole,
                                   const ProductOptions& options) const;

 private:
  std::vector<geometry::Block> blocks_;
  ttt::ModelJacobian examples_;
  ttt::ModelKernel kernel_;
  std::vector<model::WeightMatrices<float>> query_gradients_;  // [m]
  KernelProducts products_;
  std::optional<double> error_range_;
};

/// `choose_horizon` of choose_horizon_products.hpp, with its errors and cost. Warns, too, of gaps
/// and corrections beyond the range of labels and predictions.
HorizonChoice choose_horizon(const PromptProducts& prompt, const HorizonOptions& options = {},
                             const ProductOptions& products = {});

/// `choose_horizon` for all blocks, whose warnings come first, then their ranking by estimated
/// scores. Throws `ArgumentError` for a method other than trace, trace-bottom and query-aware (the
/// others need kernels), for query-aware without a query, and as
/// `choose_horizon` and `rank_blocks` do.
BlockRanking rank_blocks(const PromptProducts& prompt, const BlockRankingOptions& options,
                         const ProductOptions& products = {});

}  // namespace sextant::advice
