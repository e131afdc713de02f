#pragma once

/// Pooled embeddings of many texts.

#include <Eigen/Core>
#include <cstddef>
#include <functional>
#include <vector>

#include "sextant/model/weights.hpp"
#include "sextant/readout/pooling.hpp"

namespace sextant::readout {

/// Pooled final hidden states [N, d] of an encoder for N token sequences, in batches of a few
/// thousand tokens, so that memory does not grow with N. `on_progress` gets the number done after
/// each batch and may be empty. Throws what `model::forward` throws, and `NumericalError` when an
/// embedding is not finite. The result does not depend on the number of threads.
Eigen::MatrixXd embed(const model::Weights<float>& weights,
                      const std::vector<std::vector<int>>& sequences, const Pooling& pooling,
                      const std::function<void(std::size_t)>& on_progress);

}  // namespace sextant::readout
