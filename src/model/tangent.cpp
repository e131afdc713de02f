#include "sextant/model/tangent.hpp"

#include "operations/operations.hpp"
#include "pass_checks.hpp"
#include "sextant/core/errors.hpp"

namespace sextant::model {

template <class Scalar>
Rows<Scalar> push_forward(const Weights<Scalar>& weights, const Activations<Scalar>& activations,
                          const AttentionLayouts& layouts,
                          const WeightMatrices<Scalar>& directions) {
  if (directions.empty()) {
    return Rows<Scalar>::Zero(activations.hidden.rows(), activations.hidden.cols());
  }
  detail::check_complete("push_forward", weights);
  detail::check_matrices("push_forward", "directions", weights, directions);
  const int lowest = directions.begin()->first.first;
  detail::check_kept("push_forward", weights, activations, lowest);
  const RotaryTables<Scalar> rotary(weights.config, layouts.full);
  Slots<Scalar> change;
  for (int l = lowest; l <= weights.config.layers; ++l) {
    const auto& kept = activations.layers[static_cast<std::size_t>(l)];
    const LayerPlace<Scalar> place{weights, rotary,
                                   l + 1 < weights.config.layers ? layouts.full : layouts.top, l};
    ProjectionInputs<Scalar> inputs(place, kept);
    TangentState<Scalar> state{place, kept, inputs, directions, change};
    for (const Operation& operation : layer_operations(weights.config, l)) {
      std::visit([&](const auto& one) { push_forward(one, state); }, operation);
    }
  }
  return std::move(change[Slot::attention_input]);
}

#define SEXTANT_INSTANTIATE(Scalar)                                                      \
  template Rows<Scalar> push_forward(const Weights<Scalar>&, const Activations<Scalar>&, \
                                     const AttentionLayouts&, const WeightMatrices<Scalar>&);
SEXTANT_INSTANTIATE(float)
SEXTANT_INSTANTIATE(double)
#undef SEXTANT_INSTANTIATE

}  // namespace sextant::model
