#pragma once

/// A model with its output head, forwards and backwards: what all training losses share.

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include "sextant/model/parameters.hpp"

namespace sextant::studies::pretrain {

/// The head as a matrix [d, V].
template <class Scalar>
model::MatrixView<Scalar> head_view(const model::Weights<Scalar>& weights) {
  const auto& config = weights.config;
  return {weights.head, config.width, config.vocabulary, static_cast<std::size_t>(config.width),
          true};
}

/// Replaces a row of logits by log p. Returns nothing else: p follows by exponentiation.
template <class Row>
void log_softmax(Row&& row) {
  row.array() -= row.maxCoeff();
  row.array() -= std::log(row.array().exp().sum());
}

/// Adds the head's gradient, cotangent' hidden [V, d], to `gradient`.
template <class Scalar>
void add_head_gradient(const model::Rows<Scalar>& cotangent, const model::Rows<Scalar>& hidden,
                       Scalar* gradient) {
  const auto width = static_cast<std::size_t>(hidden.cols());
  model::tiled_gemm<Scalar>(true, false, static_cast<int>(cotangent.cols()),
                            static_cast<int>(hidden.cols()), static_cast<int>(hidden.rows()), 1,
                            cotangent.data(), static_cast<std::size_t>(cotangent.cols()),
                            hidden.data(), width, 1, gradient, width);
}

/// One forward pass, with what a backward pass needs where `keep`. Refers to itself: not to be
/// moved.
template <class Scalar>
struct HeadPass {
  model::TokenBatch packed;
  model::AttentionLayouts layouts;
  model::Weights<Scalar> weights;
  model::Activations<Scalar> activations;
  model::Rows<Scalar> outputs;  ///< [O, V] of the head.

  HeadPass(const model::Parameters<Scalar>& parameters, model::TokenBatch batch, bool keep)
      : packed(std::move(batch)),
        layouts(model::tree_layouts(packed)),
        weights(parameters.weights()),
        activations(forward(weights, packed, layouts, keep)) {
    model::apply<Scalar>(head_view(weights), nullptr, activations.hidden, outputs);
  }
  HeadPass(const HeadPass&) = delete;
  HeadPass& operator=(const HeadPass&) = delete;

  /// Sets `gradient` to that of sum(cotangent * outputs) with respect to all parameters, the head's
  /// under the name of its tensor. Needs `keep`.
  void pull_back(const model::Rows<Scalar>& cotangent, const std::string& head,
                 model::Parameters<Scalar>& gradient) const {
    std::fill(gradient.values().begin(), gradient.values().end(), Scalar(0));
    add_head_gradient(cotangent, activations.hidden, gradient.data(head));
    model::Rows<Scalar> cotangent_hidden;
    apply_transposed(head_view(weights), cotangent, cotangent_hidden, false);
    model::ParameterGradient<Scalar> observer(packed, gradient);
    backward<Scalar>(weights, activations, layouts, nullptr, std::move(cotangent_hidden), observer);
  }
};

}  // namespace sextant::studies::pretrain
