#pragma once

/// Which parts of a model's weight matrices are blocks (theory Sec. 1).

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sextant/geometry/prompt_geometry.hpp"
#include "sextant/model/gram.hpp"
#include "sextant/model/weights.hpp"

namespace sextant::model {

/// The matrices that are cut into blocks, in the order of a layer's blocks: query and output
/// projections by query head, key and value projections by key-value head, an MLP's matrices whole.
/// Biases belong to no block.
inline constexpr LinearKind block_kinds[] = {
    LinearKind::query,  LinearKind::key,      LinearKind::value,  LinearKind::output,
    LinearKind::mlp_in, LinearKind::mlp_gate, LinearKind::mlp_out};

/// "query", "key", "value", "output", "mlp-in", "mlp-gate", "mlp-out".
std::string kind_name(LinearKind kind);
/// The one of `block_kinds` with this name, if any.
std::optional<LinearKind> block_kind_from_name(std::string_view name);

/// A block of a geometry and the rectangle of the weight matrix that it is.
struct ModelBlock {
  geometry::Block block;
  LinearKind kind = LinearKind::value;
  BlockSlice slice;
  double scale = 1;  ///< See `geometry::BlockScales`.

  /// The layer and kind of the matrix.
  std::pair<int, LinearKind> matrix() const { return {block.layer, kind}; }
};

/// The blocks of `kinds` in layers `first_layer` to `last_layer`, both included; -1, and no other
/// number below 0, is the last. They are
/// ordered by layer, kind and head, named "h.4.attn.q.3", "h.4.attn.k.1", "h.4.attn.v.1",
/// "h.4.attn.o.3", "h.4.mlp.in", "h.4.mlp.gate", "h.4.mlp.out". Throws `ArgumentError` when the
/// layers are outside the model, no kind is given, or one that the model does not have.
std::vector<ModelBlock> model_blocks(const ModelConfig& config, std::span<const LinearKind> kinds,
                                     int first_layer = 0, int last_layer = -1);
/// Every block of every kind, in that order.
std::vector<ModelBlock> all_model_blocks(const ModelConfig& config);

}  // namespace sextant::model
