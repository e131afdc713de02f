#include <algorithm>

#include "operations.hpp"

namespace sextant::model {
namespace {

/// Adds a sub-layer's last projection, and the norm behind it where there is one.
void add_output(const ModelConfig& config, LinearKind kind, Slot from, NormRole norm,
                std::vector<Operation>& operations) {
  if (config.architecture.norm_placement != NormPlacement::around) {
    operations.emplace_back(Projection{kind, from, Slot::stream, Side::queries});
    return;
  }
  operations.emplace_back(Projection{kind, from, Slot::addend, Side::queries});
  operations.emplace_back(Normalization{norm, Slot::addend, Slot::addend, Side::queries});
  operations.emplace_back(Addition{});
}

/// Queries or keys from their projection to what attention reads.
void add_heads(const ModelConfig& config, LinearKind kind, NormRole norm, Slot to, Side side,
               std::vector<Operation>& operations) {
  operations.emplace_back(Projection{kind, Slot::attention_input, to, side});
  if (config.architecture.normalizes_heads) {
    operations.emplace_back(Normalization{norm, to, to, side});
  }
  if (config.architecture.positions == PositionKind::rotary) {
    operations.emplace_back(Rotation{to, side});
  }
}

/// How an operation's outputs move with its inputs.
struct Movement {
  const std::function<bool(LinearKind)>& wants;
  SlotSet& moving;

  bool at(Slot slot) const { return moving[index_of(slot)]; }
  void set(Slot slot, bool moves) const { moving[index_of(slot)] = moves; }

  void operator()(const Normalization& operation) const {
    set(operation.to, at(operation.from));
    if (operation.continues) set(Slot::stream, at(operation.from));
  }
  void operator()(const Projection& operation) const {
    const bool before = operation.to == Slot::stream && at(Slot::stream);
    set(operation.to, before || at(operation.from) || wants(operation.kind));
  }
  void operator()(const Rotation&) const {}
  void operator()(const QuerySelection&) const {}
  void operator()(const Attention&) const {
    set(Slot::mixed, at(Slot::query) || at(Slot::key) || at(Slot::value));
  }
  void operator()(const Nonlinearity&) const {
    set(Slot::active, at(Slot::gate) || at(Slot::inner));
  }
  void operator()(const Addition&) const {
    set(Slot::stream, at(Slot::stream) || at(Slot::addend));
  }
};

int largest(const std::vector<int>& values) {
  return values.empty() ? 0 : *std::ranges::max_element(values);
}

}  // namespace

std::vector<Operation> layer_operations(const ModelConfig& config, int layer) {
  const bool continues = config.architecture.norm_placement == NormPlacement::after;
  if (layer == config.layers) {
    return {Normalization{NormRole::attention, Slot::stream, Slot::attention_input, Side::queries,
                          continues}};
  }
  std::vector<Operation> operations = {Normalization{NormRole::attention, Slot::stream,
                                                     Slot::attention_input, Side::keys, continues}};
  add_heads(config, LinearKind::key, NormRole::key, Slot::key, Side::keys, operations);
  operations.emplace_back(
      Projection{LinearKind::value, Slot::attention_input, Slot::value, Side::keys});
  operations.emplace_back(QuerySelection{});
  add_heads(config, LinearKind::query, NormRole::query, Slot::query, Side::queries, operations);
  operations.emplace_back(Attention{});
  add_output(config, LinearKind::output, Slot::mixed, NormRole::attention_output, operations);

  operations.emplace_back(
      Normalization{NormRole::mlp, Slot::stream, Slot::mlp_input, Side::queries, continues});
  if (config.is_gated()) {
    operations.emplace_back(
        Projection{LinearKind::mlp_gate, Slot::mlp_input, Slot::gate, Side::queries});
  }
  operations.emplace_back(
      Projection{LinearKind::mlp_in, Slot::mlp_input, Slot::inner, Side::queries});
  operations.emplace_back(Nonlinearity{});
  add_output(config, LinearKind::mlp_out, Slot::active, NormRole::mlp_output, operations);
  return operations;
}

std::vector<SlotSet> moving_slots(const std::vector<Operation>& operations,
                                  const std::function<bool(LinearKind)>& wants, bool stream_moves) {
  SlotSet moving;
  moving[index_of(Slot::stream)] = stream_moves;
  std::vector<SlotSet> result = {moving};
  for (const Operation& operation : operations) {
    std::visit(Movement{wants, moving}, operation);
    result.push_back(moving);
  }
  return result;
}

NormTerms norm_terms(const ModelConfig& config, NormRole role) {
  NormTerms terms{config.architecture.norm, config.norm_epsilon, 1};
  if (role == NormRole::query) terms.parts = config.heads;
  if (role == NormRole::key) terms.parts = config.key_heads();
  return terms;
}

template <class Scalar>
RotaryTables<Scalar>::RotaryTables(const ModelConfig& config, const AttentionLayout& layout)
    : config_(config) {
  if (config.architecture.positions != PositionKind::rotary) return;
  const int positions = 1 + std::max(largest(layout.key_position), largest(layout.query_position));
  const int width = config.head_width();
  global_ = RotaryTable<Scalar>(rotary_frequencies(config.rotary, width), positions);
  if (!config.local_rotary) return;
  local_ = RotaryTable<Scalar>(rotary_frequencies(*config.local_rotary, width), positions);
}

template <class Scalar>
Rows<Scalar>& ForwardState<Scalar>::operator[](Slot slot) {
  switch (slot) {
    case Slot::query:
      return kept.query;
    case Slot::key:
      return kept.key;
    case Slot::value:
      return kept.value;
    case Slot::mixed:
      return kept.mixed;
    case Slot::gate:
      return kept.gate;
    case Slot::inner:
      return kept.inner;
    default:
      return flow[slot];
  }
}

template <class Scalar>
const Rows<Scalar>& ProjectionInputs<Scalar>::of(Slot slot) {
  if (slot == Slot::mixed) return kept_.mixed;
  Rows<Scalar>& made = made_[slot];
  if (made.size() > 0) return made;
  const ModelConfig& config = place_.config();
  if (slot == Slot::active) {
    if (config.is_gated()) {
      gate(config.activation, kept_.gate, kept_.inner, made);
    } else {
      activate(config.activation, kept_.inner, made);
    }
    return made;
  }
  const NormRole role = slot == Slot::attention_input ? NormRole::attention : NormRole::mlp;
  scale_and_shift(kept_.norm(role).hat, norm_terms(config, role),
                  place_.weights.norm(place_.layer, role), made);
  return made;
}

#define SEXTANT_INSTANTIATE(Scalar)     \
  template class RotaryTables<Scalar>;  \
  template struct ForwardState<Scalar>; \
  template class ProjectionInputs<Scalar>;
SEXTANT_INSTANTIATE(float)
SEXTANT_INSTANTIATE(double)
#undef SEXTANT_INSTANTIATE

}  // namespace sextant::model
