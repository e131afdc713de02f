#include "operations.hpp"

namespace sextant::model {
namespace {

template <class Scalar>
AttentionInput<Scalar> input_of(const LayerPlace<Scalar>& place,
                                const LayerActivations<Scalar>& kept) {
  return {&kept.query, &kept.key, &kept.value,
          attention_terms<Scalar>(place.config(), place.layer)};
}

/// The slots that come in with a row for each key.
constexpr Slot selected[] = {Slot::stream, Slot::attention_input};

}  // namespace

template <class Scalar>
void apply(const Rotation& operation, ForwardState<Scalar>& state) {
  rotate(state.place.rotary.of(state.place.layer), state.place.positions(operation.side), false,
         state[operation.slot]);
}

template <class Scalar>
void pull_back(const Rotation& operation, ReverseState<Scalar>& state) {
  if (!state.cotangent.has(operation.slot)) return;
  rotate(state.place.rotary.of(state.place.layer), state.place.positions(operation.side), true,
         state.cotangent[operation.slot]);
}

template <class Scalar>
void push_forward(const Rotation& operation, TangentState<Scalar>& state) {
  if (!state.change.has(operation.slot)) return;
  rotate(state.place.rotary.of(state.place.layer), state.place.positions(operation.side), false,
         state.change[operation.slot]);
}

template <class Scalar>
void apply(const QuerySelection&, ForwardState<Scalar>& state) {
  if (!state.place.reduces()) return;
  for (const Slot slot : selected) {
    state[slot] = gather_rows(state[slot], state.place.layout.query_key);
  }
}

template <class Scalar>
void pull_back(const QuerySelection&, ReverseState<Scalar>& state) {
  if (!state.place.reduces()) return;
  const AttentionLayout& layout = state.place.layout;
  for (const Slot slot : selected) {
    if (!state.cotangent.has(slot)) continue;
    const Rows<Scalar> queries = std::move(state.cotangent[slot]);
    Rows<Scalar>& keys = state.cotangent[slot];
    keys =
        Rows<Scalar>::Zero(static_cast<Eigen::Index>(layout.key_activation.size()), queries.cols());
    for (std::size_t q = 0; q < layout.query_key.size(); ++q) {
      keys.row(layout.query_key[q]) += queries.row(static_cast<Eigen::Index>(q));
    }
  }
}

template <class Scalar>
void push_forward(const QuerySelection&, TangentState<Scalar>& state) {
  if (!state.place.reduces()) return;
  for (const Slot slot : selected) {
    if (!state.change.has(slot)) continue;
    state.change[slot] = gather_rows(state.change[slot], state.place.layout.query_key);
  }
}

template <class Scalar>
void apply(const Attention&, ForwardState<Scalar>& state) {
  attend(state.place.layout, input_of(state.place, state.kept), state.kept.mixed);
}

template <class Scalar>
void pull_back(const Attention&, ReverseState<Scalar>& state) {
  Slots<Scalar>& cotangent = state.cotangent;
  const bool scores_move = state.moves(Slot::query) || state.moves(Slot::key);
  if (cotangent.has(Slot::mixed) && (scores_move || state.moves(Slot::value))) {
    AttentionCotangents<Scalar> result;
    attend_pull_back(state.place.layout, input_of(state.place, state.kept), cotangent[Slot::mixed],
                     !scores_move, result);
    cotangent[Slot::query] = std::move(result.query);
    cotangent[Slot::key] = std::move(result.key);
    cotangent[Slot::value] = std::move(result.value);
  }
  cotangent.clear(Slot::mixed);
}

template <class Scalar>
void push_forward(const Attention&, TangentState<Scalar>& state) {
  Slots<Scalar>& change = state.change;
  const AttentionInput<Scalar> input = input_of(state.place, state.kept);
  const bool scores_move = change.has(Slot::query) || change.has(Slot::key);
  if (!scores_move && !change.has(Slot::value)) {
    change.clear(Slot::mixed);
    return;
  }
  const auto or_zero = [&](Slot slot, const Rows<Scalar>& like) {
    if (!change.has(slot)) change[slot] = Rows<Scalar>::Zero(like.rows(), like.cols());
    return &change[slot];
  };
  AttentionInput<Scalar> moved{nullptr, nullptr, or_zero(Slot::value, *input.value), input.terms};
  if (scores_move) {
    moved.query = or_zero(Slot::query, *input.query);
    moved.key = or_zero(Slot::key, *input.key);
  }
  attend_push_forward(state.place.layout, input, moved, change[Slot::mixed]);
}

SEXTANT_INSTANTIATE_OPERATION(Rotation)
SEXTANT_INSTANTIATE_OPERATION(QuerySelection)
SEXTANT_INSTANTIATE_OPERATION(Attention)

}  // namespace sextant::model
