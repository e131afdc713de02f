#pragma once

/// The output head of a model as a linear map, and its gradient.

#include <cmath>

#include "sextant/model/parameters.hpp"

namespace sextant::pretrain {

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

}  // namespace sextant::pretrain
