#include "operations.hpp"

namespace sextant::model {

template <class Scalar>
void apply(const Normalization& operation, ForwardState<Scalar>& state) {
  const auto& [weights, rotary, layout, layer] = state.place;
  const NormTerms terms = norm_terms(weights.config, operation.role);
  Normalized<Scalar>& normalized = state.kept.norms[static_cast<int>(operation.role)];
  normalize(state[operation.from], terms, normalized);
  scale_and_shift(normalized.hat, terms, weights.norm(layer, operation.role), state[operation.to]);
  if (operation.continues) state[Slot::stream] = state[operation.to];
}

template <class Scalar>
void pull_back(const Normalization& operation, ReverseState<Scalar>& state) {
  const auto& [weights, rotary, layout, layer] = state.place;
  Slots<Scalar>& cotangent = state.cotangent;
  Rows<Scalar>& to = cotangent[operation.to];
  if (operation.continues && cotangent.has(Slot::stream)) {  // the norm's output, too
    if (to.size() > 0) {
      to += cotangent[Slot::stream];
    } else {
      to = cotangent[Slot::stream];
    }
  }
  if (to.size() == 0) return;
  const Normalized<Scalar>& normalized = state.kept.norm(operation.role);
  const std::span<const int> at = state.place.activation_rows(operation.side);
  state.observer.norm(layer, operation.role, normalized, at, to);
  if (state.moves(operation.from)) {
    const bool accumulate =
        operation.from == Slot::stream && !operation.continues && cotangent.has(Slot::stream);
    normalize_pull_back(normalized, norm_terms(weights.config, operation.role),
                        weights.norm(layer, operation.role), at, to, accumulate,
                        cotangent[operation.from]);
  }
  if (operation.to != operation.from) cotangent.clear(operation.to);
}

template <class Scalar>
void push_forward(const Normalization& operation, TangentState<Scalar>& state) {
  const auto& [weights, rotary, layout, layer] = state.place;
  Slots<Scalar>& change = state.change;
  if (!change.has(operation.from)) {
    change.clear(operation.to);
    return;
  }
  normalize_push_forward(
      state.kept.norm(operation.role), norm_terms(weights.config, operation.role),
      weights.norm(layer, operation.role), change[operation.from], change[operation.to]);
  if (operation.continues) change[Slot::stream] = change[operation.to];
}

SEXTANT_INSTANTIATE_OPERATION(Normalization)

}  // namespace sextant::model
