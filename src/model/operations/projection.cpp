#include "operations.hpp"

namespace sextant::model {
namespace {

/// The rows of what a projection reads that go with its cotangent's; `made` holds them where they
/// are not in the layout.
std::span<const int> input_rows(const Projection& operation, const AttentionLayout& layout,
                                std::vector<int>& made) {
  if (operation.from != Slot::attention_input || operation.side == Side::keys) {
    return operation.side == Side::keys ? layout.key_activation : layout.query_activation;
  }
  for (const int key : layout.query_key) {  // read before queries are selected
    made.push_back(layout.key_activation[static_cast<std::size_t>(key)]);
  }
  return made;
}

}  // namespace

template <class Scalar>
void apply(const Projection& operation, ForwardState<Scalar>& state) {
  const Linear<Scalar>& linear = state.place.weights.linear(state.place.layer, operation.kind);
  apply(linear.weight, linear.bias, state[operation.from], state[operation.to],
        operation.to == Slot::stream);
}

template <class Scalar>
void pull_back(const Projection& operation, ReverseState<Scalar>& state) {
  const auto& [weights, rotary, layout, layer] = state.place;
  Slots<Scalar>& cotangent = state.cotangent;
  const Rows<Scalar>& to = cotangent[operation.to];
  if (to.size() == 0) return;
  if (state.observer.wants(layer, operation.kind)) {
    std::vector<int> made;
    const std::span<const int> rows = input_rows(operation, layout, made);
    state.observer.linear({layer, operation.kind, &state.inputs.of(operation.from), rows, &to,
                           state.ranges(operation.side)});
  }
  if (state.moves(operation.from)) {
    apply_transposed(weights.linear(layer, operation.kind).weight, to, cotangent[operation.from],
                     cotangent.has(operation.from));
  }
  if (operation.to != Slot::stream) cotangent.clear(operation.to);
}

template <class Scalar>
void push_forward(const Projection& operation, TangentState<Scalar>& state) {
  const auto& [weights, rotary, layout, layer] = state.place;
  Slots<Scalar>& change = state.change;
  Rows<Scalar>& to = change[operation.to];
  const bool adds = operation.to == Slot::stream && change.has(Slot::stream);
  const auto found = state.directions.find({layer, operation.kind});
  const bool turns = found != state.directions.end();
  const bool moves = change.has(operation.from);
  if (moves) {
    apply<Scalar>(weights.linear(layer, operation.kind).weight, nullptr, change[operation.from], to,
                  adds);
  } else if (!adds) {
    change.clear(operation.to);
  }
  if (!turns) return;
  const Rows<Scalar>& direction = found->second;
  const MatrixView<Scalar> view{direction.data(), static_cast<int>(direction.rows()),
                                static_cast<int>(direction.cols()),
                                static_cast<std::size_t>(direction.cols()), false};
  const Rows<Scalar>& input = state.inputs.of(operation.from);
  const bool selects = operation.from == Slot::attention_input && operation.side == Side::queries &&
                       state.place.reduces();
  if (selects) {
    apply<Scalar>(view, nullptr, gather_rows(input, layout.query_key), to, adds || moves);
  } else {
    apply<Scalar>(view, nullptr, input, to, adds || moves);
  }
}

SEXTANT_INSTANTIATE_OPERATION(Projection)

}  // namespace sextant::model
