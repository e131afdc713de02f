#pragma once

/// Cross-entropy of a row model on the queries of several tables at once.

#include <memory>
#include <vector>

#include "sextant/model/parameters.hpp"

namespace sextant::studies::pretrain {

/// Tables one below the other, each a context and its queries.
struct LabelledRows {
  /// With the queries' labels too, which the model never reads.
  std::shared_ptr<const model::RowTable> table;
  std::vector<std::vector<int>> contexts;  ///< Per table, rows of its context.
  std::vector<std::vector<int>> queries;   ///< Per table, rows of its queries.
  std::vector<int> classes;                ///< Per table, at least 2; labels are below it.
};

/// Mean over all queries of -log p(label), p the softmax over the classes of the query's table; in
/// nats. Throws `ArgumentError` for a model that does not read rows, for tables with more classes
/// than it knows, labels outside them, no queries at all, and what `model::pack_rows` and
/// `model::forward` reject. Deterministic for any number of threads. Cost: one forward pass.
template <class Scalar>
double row_loss(const model::Parameters<Scalar>& parameters, const LabelledRows& batch);

/// As `row_loss`, and sets `gradient` (same configuration) to its gradient with respect to all
/// parameters. Cost: one forward and one backward pass.
template <class Scalar>
double row_loss_gradient(const model::Parameters<Scalar>& parameters, const LabelledRows& batch,
                         model::Parameters<Scalar>& gradient);

}  // namespace sextant::studies::pretrain
