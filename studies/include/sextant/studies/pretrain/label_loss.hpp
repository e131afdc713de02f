#pragma once

/// Cross-entropy of a causal model at chosen positions of a batch of sequences.

#include <vector>

#include "sextant/model/parameters.hpp"

namespace sextant::studies::pretrain {

/// N sequences and, at some of their positions, the token that should come next.
struct LabelledSequences {
  std::vector<std::vector<int>> tokens;     ///< [N] what the model reads, none empty.
  std::vector<std::vector<int>> positions;  ///< [N] ascending places in `tokens[i]`.
  std::vector<std::vector<int>> next;       ///< [N] the token wanted after `positions[i][k]`.
};

/// Mean over all positions of all sequences of -log p(next), p the softmax over the whole
/// vocabulary; in nats. Throws `ArgumentError` for a model without a tied causal head, for
/// sequences without any position, and for what `model::pack_causal` and `model::forward` reject.
/// Deterministic for any number of threads. Cost: one forward pass.
template <class Scalar>
double label_loss(const model::Parameters<Scalar>& parameters, const LabelledSequences& batch);

/// As `label_loss`, and sets `gradient` (same configuration) to its gradient with respect to all
/// parameters; that of the token embedding includes its use as the head. Cost: one forward and one
/// backward pass.
template <class Scalar>
double label_loss_gradient(const model::Parameters<Scalar>& parameters,
                           const LabelledSequences& batch, model::Parameters<Scalar>& gradient);

}  // namespace sextant::studies::pretrain
