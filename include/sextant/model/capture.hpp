#pragma once

/// Capture: exact block kernels of scalar predictions, block by block (theory Sec. 1).

#include <Eigen/Core>
#include <vector>

#include "sextant/geometry/prompt_geometry.hpp"
#include "sextant/model/blocks.hpp"
#include "sextant/model/gram.hpp"
#include "sextant/model/scalar_readout.hpp"
#include "sextant/model/transformer.hpp"

namespace sextant::model {

/// `exact`: the gradient over all tokens. `tokenwise`: the share of the supervised token alone,
/// [W, Eq. (3)], exact only in a decoder's last layer; decoders only.
enum class Features { exact, tokenwise };

struct CaptureOptions {
  std::vector<LinearKind> kinds{LinearKind::value};  ///< See `model_blocks`, and the layers.
  int first_layer = 0;
  int last_layer = -1;  ///< Inclusive; -1 is the model's last.
  Features features = Features::exact;
};

/// The blocks that the options ask for. Throws `ArgumentError` for layers outside the model, no
/// kind, and one that is not among `block_kinds`.
std::vector<ModelBlock> model_blocks(const ModelConfig& config, const CaptureOptions& options);

/// Predictions and Gram matrices of n examples and m queries.
struct CaptureResult {
  std::vector<geometry::Block> blocks;  ///< [B]
  std::vector<SequenceGram> grams;      ///< [B]
  std::vector<GramForm> forms;          ///< [B] how each was computed.
  Eigen::VectorXd predictions;          ///< [n + m]
};

/// Runs one forward pass over the batch and one reverse pass that turns each layer's factors into
/// Gram matrices before it goes on, so that memory holds one batch's activations and one block's
/// features. Sequences 0 ... examples - 1 of the batch are the prompt's examples. The packing must
/// be the one the model's family wants. Throws `ArgumentError` for options as `model_blocks` does,
/// tokenwise features of a batch that is not causal, `examples` outside 0 to the batch's sequences,
/// and what `forward` refuses; `NumericalError` when a prediction is not finite.
template <class Scalar>
CaptureResult capture(const Weights<Scalar>& weights, const TokenBatch& batch, int examples,
                      const ScalarReadout<Scalar>& readout, const CaptureOptions& options);

}  // namespace sextant::model
