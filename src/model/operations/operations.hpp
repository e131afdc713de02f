#pragma once

/// A layer as a list of operations, each of which knows three things: how to run (`apply`), how to
/// take cotangents back through itself (`pull_back`) and changes forward (`push_forward`). The list
/// follows from the architecture's descriptor; the passes run it and know no family.

#include <array>
#include <bitset>
#include <functional>
#include <span>
#include <variant>
#include <vector>

#include "sextant/model/gradient.hpp"
#include "sextant/model/transformer.hpp"

namespace sextant::model {

/// The matrices that operations read and write.
enum class Slot {
  stream,           ///< The residual stream.
  attention_input,  ///< What query, key and value projections read.
  query,
  key,
  value,
  mixed,
  mlp_input,
  gate,
  inner,
  active,  ///< What the MLP's last projection reads.
  addend   ///< What a sub-layer adds to the stream, where a norm comes before.
};
inline constexpr std::size_t slot_count = 11;
using SlotSet = std::bitset<slot_count>;

inline std::size_t index_of(Slot slot) { return static_cast<std::size_t>(slot); }

/// Whether rows are those of all keys, or of the queries alone, which in the last layer are fewer.
enum class Side { keys, queries };

/// to = norm(from); with `continues` the stream goes on from there.
struct Normalization {
  NormRole role;
  Slot from, to;
  Side side;
  bool continues = false;
};

/// to = from W + b, or, where `to` is the stream, to += from W + b.
struct Projection {
  LinearKind kind;
  Slot from, to;
  Side side;
};

/// Turns heads by their positions.
struct Rotation {
  Slot slot;
  Side side;
};

/// Goes from the rows of keys to those of queries.
struct QuerySelection {};

/// mixed = attention(query, key, value)
struct Attention {};

/// active = f(inner), or f(gate) * inner.
struct Nonlinearity {};

/// stream += addend
struct Addition {};

using Operation = std::variant<Normalization, Projection, Rotation, QuerySelection, Attention,
                               Nonlinearity, Addition>;

/// The operations of `layer`, 0 to L; those of L give the hidden states, as `attention_input`.
std::vector<Operation> layer_operations(const ModelConfig& config, int layer);

/// Which slots move, before each operation and behind the last, when matrices of the kinds that
/// `wants` tells do, and, with `stream_moves`, the stream on its way in. What does not move needs
/// no cotangent.
std::vector<SlotSet> moving_slots(const std::vector<Operation>& operations,
                                  const std::function<bool(LinearKind)>& wants, bool stream_moves);

NormTerms norm_terms(const ModelConfig& config, NormRole role);

template <class Scalar>
AttentionTerms<Scalar> attention_terms(const ModelConfig& config, int layer) {
  return {config.heads, config.key_heads(), static_cast<Scalar>(config.attention_scale(layer)),
          config.window(layer)};
}

/// The rotary positions that a pass needs; empty for other kinds of positions.
template <class Scalar>
class RotaryTables {
 public:
  RotaryTables(const ModelConfig& config, const AttentionLayout& layout);
  const RotaryTable<Scalar>& of(int layer) const {
    return config_.window(layer) > 0 && config_.local_rotary ? local_ : global_;
  }

 private:
  const ModelConfig& config_;
  RotaryTable<Scalar> global_;
  RotaryTable<Scalar> local_;
};

/// Where operations run.
template <class Scalar>
struct LayerPlace {
  const Weights<Scalar>& weights;
  const RotaryTables<Scalar>& rotary;
  const AttentionLayout& layout;
  int layer;

  const ModelConfig& config() const { return weights.config; }
  std::span<const int> positions(Side side) const {
    return side == Side::keys ? layout.key_position : layout.query_position;
  }
  /// Rows of activations that the rows of a side belong to.
  std::span<const int> activation_rows(Side side) const {
    return side == Side::keys ? layout.key_activation : layout.query_activation;
  }
  /// Whether there are fewer queries than keys; otherwise every key is a query, in order.
  bool reduces() const { return layout.query_key.size() != layout.key_activation.size(); }
};

/// A matrix for each slot; empty where there is nothing, or zero.
template <class Scalar>
class Slots {
 public:
  Rows<Scalar>& operator[](Slot slot) { return matrices_[index_of(slot)]; }
  const Rows<Scalar>& operator[](Slot slot) const { return matrices_[index_of(slot)]; }
  bool has(Slot slot) const { return matrices_[index_of(slot)].size() > 0; }
  void clear(Slot slot) { matrices_[index_of(slot)].resize(0, 0); }

 private:
  std::array<Rows<Scalar>, slot_count> matrices_;
};

/// The forward pass in one layer: slots that are kept for reverse mode, and those that are not.
template <class Scalar>
struct ForwardState {
  LayerPlace<Scalar> place;
  LayerActivations<Scalar>& kept;
  Slots<Scalar>& flow;

  Rows<Scalar>& operator[](Slot slot);
};

/// What the projections of one layer read, made again from what was kept.
template <class Scalar>
class ProjectionInputs {
 public:
  ProjectionInputs(const LayerPlace<Scalar>& place, const LayerActivations<Scalar>& kept)
      : place_(place), kept_(kept) {}
  const Rows<Scalar>& of(Slot slot);

 private:
  const LayerPlace<Scalar>& place_;
  const LayerActivations<Scalar>& kept_;
  Slots<Scalar> made_;
};

/// The reverse pass in one layer. Cotangents have one row for each key or query of the layout.
template <class Scalar>
struct ReverseState {
  LayerPlace<Scalar> place;
  const LayerActivations<Scalar>& kept;
  ProjectionInputs<Scalar>& inputs;
  const SequenceLayouts* sequences;
  bool is_top;  ///< Whether the queries are the top ones.
  GradientObserver<Scalar>& observer;
  Slots<Scalar>& cotangent;
  SlotSet moving;  ///< See `moving_slots`, before the operation.

  bool moves(Slot slot) const { return moving[index_of(slot)]; }
  std::span<const RowRange> ranges(Side side) const {
    if (sequences == nullptr) return {};
    return side == Side::queries && is_top ? sequences->top : sequences->full;
  }
};

/// Forward mode in one layer, on the layouts of the forward pass.
template <class Scalar>
struct TangentState {
  LayerPlace<Scalar> place;
  const LayerActivations<Scalar>& kept;
  ProjectionInputs<Scalar>& inputs;
  const WeightMatrices<Scalar>& directions;
  Slots<Scalar>& change;
};

#define SEXTANT_DECLARE(Kind)                         \
  template <class Scalar>                             \
  void apply(const Kind&, ForwardState<Scalar>&);     \
  template <class Scalar>                             \
  void pull_back(const Kind&, ReverseState<Scalar>&); \
  template <class Scalar>                             \
  void push_forward(const Kind&, TangentState<Scalar>&);
SEXTANT_DECLARE(Normalization)
SEXTANT_DECLARE(Projection)
SEXTANT_DECLARE(Rotation)
SEXTANT_DECLARE(QuerySelection)
SEXTANT_DECLARE(Attention)
SEXTANT_DECLARE(Nonlinearity)
SEXTANT_DECLARE(Addition)
#undef SEXTANT_DECLARE

/// Defines the instances of an operation's three functions.
#define SEXTANT_INSTANTIATE_OPERATION(Kind)                      \
  template void apply(const Kind&, ForwardState<float>&);        \
  template void apply(const Kind&, ForwardState<double>&);       \
  template void pull_back(const Kind&, ReverseState<float>&);    \
  template void pull_back(const Kind&, ReverseState<double>&);   \
  template void push_forward(const Kind&, TangentState<float>&); \
  template void push_forward(const Kind&, TangentState<double>&);

}  // namespace sextant::model
