#include <numeric>

#include "operations.hpp"

namespace sextant::model {

template <class Scalar>
void apply(const Nonlinearity&, ForwardState<Scalar>& state) {
  const ModelConfig& config = state.place.config();
  if (config.is_gated()) {
    gate(config.activation, state.kept.gate, state.kept.inner, state[Slot::active]);
  } else {
    activate(config.activation, state.kept.inner, state[Slot::active]);
  }
}

template <class Scalar>
void pull_back(const Nonlinearity&, ReverseState<Scalar>& state) {
  const ModelConfig& config = state.place.config();
  Slots<Scalar>& cotangent = state.cotangent;
  if (!cotangent.has(Slot::active)) return;
  const std::span<const int> at = state.place.activation_rows(Side::queries);
  cotangent[Slot::inner].swap(cotangent[Slot::active]);
  cotangent.clear(Slot::active);
  if (config.is_gated()) {
    gate_pull_back(config.activation, state.kept.gate, state.kept.inner, at, cotangent[Slot::inner],
                   cotangent[Slot::gate]);
  } else {
    activate_pull_back(config.activation, state.kept.inner, at, cotangent[Slot::inner]);
  }
}

template <class Scalar>
void push_forward(const Nonlinearity&, TangentState<Scalar>& state) {
  const ModelConfig& config = state.place.config();
  Slots<Scalar>& change = state.change;
  change.clear(Slot::active);
  if (!change.has(Slot::inner) && !change.has(Slot::gate)) return;
  const Rows<Scalar>& inner = state.kept.inner;
  for (const Slot slot : {Slot::inner, Slot::gate}) {
    if (slot == Slot::gate && !config.is_gated()) continue;
    if (!change.has(slot)) change[slot] = Rows<Scalar>::Zero(inner.rows(), inner.cols());
  }
  change[Slot::active].swap(change[Slot::inner]);
  if (config.is_gated()) {
    gate_push_forward(config.activation, state.kept.gate, inner, change[Slot::gate],
                      change[Slot::active]);
    return;
  }
  std::vector<int> rows(static_cast<std::size_t>(inner.rows()));
  std::iota(rows.begin(), rows.end(), 0);
  // The derivative of a function of each entry is its own transpose.
  activate_pull_back(config.activation, inner, rows, change[Slot::active]);
}

template <class Scalar>
void apply(const Addition&, ForwardState<Scalar>& state) {
  state[Slot::stream] += state[Slot::addend];
}

template <class Scalar>
void pull_back(const Addition&, ReverseState<Scalar>& state) {
  if (state.moves(Slot::addend)) state.cotangent[Slot::addend] = state.cotangent[Slot::stream];
}

template <class Scalar>
void push_forward(const Addition&, TangentState<Scalar>& state) {
  Slots<Scalar>& change = state.change;
  if (!change.has(Slot::addend)) return;
  if (change.has(Slot::stream)) {
    change[Slot::stream] += change[Slot::addend];
  } else {
    change[Slot::stream] = change[Slot::addend];
  }
}

SEXTANT_INSTANTIATE_OPERATION(Nonlinearity)
SEXTANT_INSTANTIATE_OPERATION(Addition)

}  // namespace sextant::model
