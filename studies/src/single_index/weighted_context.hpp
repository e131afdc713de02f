#pragma once

#include "sextant/model/linear_algebra.hpp"
#include "sextant/studies/single_index/attention.hpp"

namespace sextant::studies::single_index {

/// A context as attention reads it.
struct WeightedContext {
  Eigen::VectorXd labels;   ///< ty [n]
  model::Rows<float> keys;  ///< kap_j x_j' [n, d]

  WeightedContext(const Attention& attention, const generators::LabelledInputs& context);

  /// Softmax weights [count, n] of the rows first, ... of `queries` [q, d], already times Gamma.
  void weights(const model::Rows<float>& queries, Eigen::Index first, Eigen::Index count,
               model::Rows<float>& p) const;
};

}  // namespace sextant::studies::single_index
