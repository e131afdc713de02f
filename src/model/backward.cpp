#include "operations/operations.hpp"
#include "pass_checks.hpp"
#include "sextant/model/transformer.hpp"

namespace sextant::model {
namespace {

/// The reverse pass, with the cotangents that one layer leaves to the one below it.
template <class Scalar>
class ReversePass {
 public:
  ReversePass(const Weights<Scalar>& weights, const Activations<Scalar>& activations,
              const AttentionLayouts& layouts, const SequenceLayouts* sequences,
              GradientObserver<Scalar>& observer)
      : weights_(weights),
        activations_(activations),
        layouts_(layouts),
        sequences_(sequences),
        observer_(observer),
        rotary_(weights.config, layouts.full) {}

  void run(Rows<Scalar> cotangent_hidden) {
    cotangent_[Slot::attention_input] = std::move(cotangent_hidden);
    for (int l = weights_.config.layers; l >= std::max(observer_.lowest_layer(), 0); --l) {
      through_layer(l);
    }
    if (observer_.lowest_layer() < 0) {
      observer_.embedding(layouts_.full.key_activation, cotangent_[Slot::stream]);
    }
  }

 private:
  void through_layer(int l) {
    const bool is_top = l + 1 >= weights_.config.layers;
    const auto& kept = activations_.layers[static_cast<std::size_t>(l)];
    const LayerPlace<Scalar> place{weights_, rotary_, is_top ? layouts_.top : layouts_.full, l};
    const std::vector<Operation> operations = layer_operations(weights_.config, l);
    const std::vector<SlotSet> moving = moving_slots(
        operations, [&](LinearKind kind) { return observer_.wants(l, kind); },
        l > observer_.lowest_layer());
    ProjectionInputs<Scalar> inputs(place, kept);
    ReverseState<Scalar> state{place, kept, inputs, sequences_, is_top, observer_, cotangent_, {}};
    for (std::size_t i = operations.size(); i-- > 0;) {
      if (moving[i + 1].none()) return;  // nothing that is wanted lies before
      state.moving = moving[i];
      std::visit([&](const auto& one) { pull_back(one, state); }, operations[i]);
    }
  }

  const Weights<Scalar>& weights_;
  const Activations<Scalar>& activations_;
  const AttentionLayouts& layouts_;
  const SequenceLayouts* sequences_;
  GradientObserver<Scalar>& observer_;
  RotaryTables<Scalar> rotary_;
  Slots<Scalar> cotangent_;
};

}  // namespace

template <class Scalar>
void backward(const Weights<Scalar>& weights, const Activations<Scalar>& activations,
              const AttentionLayouts& layouts, const SequenceLayouts* sequences,
              Rows<Scalar> cotangent_hidden, GradientObserver<Scalar>& observer) {
  detail::check_complete("backward", weights);
  detail::check_kept("backward", weights, activations, observer.lowest_layer());
  detail::check_shape("backward", "cotangent_hidden", cotangent_hidden,
                      static_cast<Eigen::Index>(layouts.top.query_activation.size()),
                      weights.config.width);
  ReversePass<Scalar>(weights, activations, layouts, sequences, observer)
      .run(std::move(cotangent_hidden));
}

#define SEXTANT_INSTANTIATE(Scalar)                                                     \
  template void backward(const Weights<Scalar>&, const Activations<Scalar>&,            \
                         const AttentionLayouts&, const SequenceLayouts*, Rows<Scalar>, \
                         GradientObserver<Scalar>&);
SEXTANT_INSTANTIATE(float)
SEXTANT_INSTANTIATE(double)
#undef SEXTANT_INSTANTIATE

}  // namespace sextant::model
