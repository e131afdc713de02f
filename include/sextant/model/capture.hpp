#pragma once

/// Capture: exact block kernels of scalar predictions, block by block (theory Sec. 1).

#include <Eigen/Core>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sextant/geometry/prompt_geometry.hpp"
#include "sextant/model/gram.hpp"
#include "sextant/model/scalar_readout.hpp"
#include "sextant/model/transformer.hpp"

namespace sextant::model {

/// Which weight matrices become blocks: value and output projections by head, an MLP's two
/// matrices whole. Biases belong to no block.
enum class BlockKind { value, output, mlp_in, mlp_out };
inline constexpr BlockKind block_kinds[] = {BlockKind::value, BlockKind::output, BlockKind::mlp_in,
                                            BlockKind::mlp_out};

/// "value", "output", "mlp-in", "mlp-out".
std::string kind_name(BlockKind kind);
/// The kind with this name, if any.
std::optional<BlockKind> kind_from_name(std::string_view name);
/// The weight matrix that blocks of this kind are cut from.
LinearKind linear_kind(BlockKind kind);

/// `exact`: the gradient over all tokens. `tokenwise`: the share of the supervised token alone,
/// [W, Eq. (3)], exact only in a decoder's last layer; decoders only.
enum class Features { exact, tokenwise };

struct CaptureOptions {
  std::vector<BlockKind> kinds{BlockKind::value};
  int first_layer = 0;
  int last_layer = -1;  ///< Inclusive; -1 is the model's last.
  Features features = Features::exact;
};

/// A block and the rectangle of its weight matrix.
struct ModelBlock {
  geometry::Block block;
  int layer = 0;
  BlockKind kind = BlockKind::value;
  BlockSlice slice;
  double scale = 1;  ///< See `geometry::BlockScales`.
};

/// The blocks that the options ask for, ordered by layer, kind and head, named "h.4.attn.v.3",
/// "h.4.attn.o.3", "h.4.mlp.in", "h.4.mlp.out". Throws `ArgumentError` when the layers are outside
/// the model or no kind is given.
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
/// be the one the model's family wants. Throws `NumericalError` when a prediction is not finite.
template <class Scalar>
CaptureResult capture(const Weights<Scalar>& weights, const TokenBatch& batch, int examples,
                      const ScalarReadout<Scalar>& readout, const CaptureOptions& options);

/// Predictions s of every sequence. Throws `NumericalError` when one is not finite.
template <class Scalar>
Eigen::VectorXd predict(const Rows<Scalar>& hidden, const TokenBatch& batch,
                        const ScalarReadout<Scalar>& readout);

/// The cotangent of each sequence's own prediction, one row per top query of `sequence_layouts`.
template <class Scalar>
Rows<Scalar> sequence_cotangents(const Rows<Scalar>& hidden, const TokenBatch& batch,
                                 const ScalarReadout<Scalar>& readout);

}  // namespace sextant::model
