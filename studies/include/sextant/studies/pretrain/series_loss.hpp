#pragma once

/// Squared error of a series model at chosen positions of a batch of series.

#include <memory>
#include <vector>

#include "sextant/model/parameters.hpp"

namespace sextant::studies::pretrain {

/// N series over the rows of a table and, at some of their positions, the number wanted there.
struct LabelledSeries {
  std::shared_ptr<const model::RowTable> table;
  std::vector<std::vector<int>> rows;        ///< [N] rows of the table, none empty.
  std::vector<std::vector<int>> positions;   ///< [N] ascending places in `rows[i]`.
  std::vector<std::vector<double>> targets;  ///< [N] the number wanted at `positions[i][k]`.
};

/// What the model predicts at every position asked for, in the order of the batch. Throws
/// `ArgumentError` for a model that does not read series and what `model::pack_series` and
/// `model::forward` reject. Cost: one forward pass; series that begin alike share it.
template <class Scalar>
std::vector<double> series_predictions(const model::Parameters<Scalar>& parameters,
                                       const LabelledSeries& batch);

/// Mean over all positions of (prediction - target)^2. Throws as above, and when there is no
/// position at all or the targets do not fit. Deterministic for any number of threads.
template <class Scalar>
double series_loss(const model::Parameters<Scalar>& parameters, const LabelledSeries& batch);

/// As `series_loss`, and sets `gradient` (same configuration) to its gradient with respect to all
/// parameters. Cost: one forward and one backward pass.
template <class Scalar>
double series_loss_gradient(const model::Parameters<Scalar>& parameters,
                            const LabelledSeries& batch, model::Parameters<Scalar>& gradient);

}  // namespace sextant::studies::pretrain
