#pragma once

/// Forward mode: what a change of some weights does to the final hidden states, to first order.
/// With reverse mode it gives products with a kernel J J' without any Gram matrix.

#include "sextant/model/gradient.hpp"
#include "sextant/model/transformer.hpp"

namespace sextant::model {

/// The change of `hidden` [O, d] when every matrix of `directions` [in, out] is added to its weight
/// matrix, to first order. `activations` were kept by a pass over the same layouts that reached
/// down to the lowest layer of the directions. Zero without any direction. Throws `ArgumentError`
/// where they were not kept, for a direction outside the model or of another shape than its matrix,
/// and for weights that lack layers or norms of their configuration. Exact up to rounding;
/// deterministic for any thread count. Cost: about two forward passes from that layer on.
template <class Scalar>
Rows<Scalar> push_forward(const Weights<Scalar>& weights, const Activations<Scalar>& activations,
                          const AttentionLayouts& layouts,
                          const WeightMatrices<Scalar>& directions);

}  // namespace sextant::model
