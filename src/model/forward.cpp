#include <fmt/format.h>

#include "operations/operations.hpp"
#include "pass_checks.hpp"
#include "row_slice.hpp"
#include "sextant/core/errors.hpp"
#include "sextant/model/transformer.hpp"

namespace sextant::model {
namespace {

/// Features times their embedding, as many as the table has, for the rows of the batch [R, d].
template <class Scalar>
Rows<Scalar> embed_features(const Weights<Scalar>& weights, const TokenBatch& batch) {
  const ModelConfig& config = weights.config;
  if (batch.table == nullptr) {
    throw ArgumentError("forward", "batch", "has no table, which this model reads");
  }
  const auto features = static_cast<int>(batch.table->features.cols());
  if (features > config.features) {
    throw ArgumentError(
        "forward", "batch",
        fmt::format("has {} features, the model reads at most {}", features, config.features));
  }
  Rows<Scalar> x;
  const MatrixView<Scalar> view{weights.feature_embedding, features, config.width,
                                static_cast<std::size_t>(config.width), false};
  apply<Scalar>(view, nullptr,
                gather_rows(batch.table->features, batch.table_rows).template cast<Scalar>(), x);
  return x;
}

template <class Scalar>
Rows<Scalar> embed(const Weights<Scalar>& weights, const TokenBatch& batch) {
  const ModelConfig& config = weights.config;
  using Map = Eigen::Map<const Eigen::RowVector<Scalar, Eigen::Dynamic>>;
  const auto row_of = [&](const Scalar* table, int row) {
    return Map(table + static_cast<std::size_t>(row) * static_cast<std::size_t>(config.width),
               config.width);
  };
  const bool over_rows = config.reads_features();
  const int tokens = config.vocabulary + (over_rows ? 1 : 0);
  const auto factor = static_cast<Scalar>(config.embedding_scale);
  Rows<Scalar> x =
      over_rows
          ? embed_features(weights, batch)
          : Rows<Scalar>(Rows<Scalar>::Zero(static_cast<Eigen::Index>(batch.rows()), config.width));
  for (std::size_t r = 0; r < batch.rows(); ++r) {
    const int token = batch.tokens[r];
    const int position = batch.positions[r];
    if (token < 0 || token >= tokens) {
      throw ArgumentError("forward", fmt::format("tokens[{}]", r),
                          fmt::format("is {}, outside the vocabulary of {}", token, tokens));
    }
    if (position >= config.context) {
      throw ArgumentError(
          "forward", "batch",
          fmt::format("has a sequence longer than the context of {} tokens", config.context));
    }
    auto row = x.row(static_cast<Eigen::Index>(r));
    row += factor * row_of(weights.token_embedding, token);
    if (weights.position_embedding != nullptr) {
      row += row_of(weights.position_embedding, config.position_offset + position);
    }
    if (weights.type_embedding != nullptr) row += Map(weights.type_embedding, config.width);
  }
  return x;
}

/// Runs `layer`, keeping what reverse mode needs in `kept`; in the last layer the stream is reduced
/// to the wanted rows.
template <class Scalar>
void run_layer(const Weights<Scalar>& weights, const RotaryTables<Scalar>& rotary, int layer,
               const AttentionLayout& layout, LayerActivations<Scalar>& kept, Slots<Scalar>& flow) {
  ForwardState<Scalar> state{{weights, rotary, layout, layer}, kept, flow};
  for (const Operation& operation : layer_operations(weights.config, layer)) {
    std::visit([&](const auto& one) { apply(one, state); }, operation);
  }
}

}  // namespace

template <class Scalar>
std::size_t Activations<Scalar>::bytes() const {
  auto count = static_cast<std::size_t>(hidden.size());
  for (const auto& layer : layers) {
    for (const Normalized<Scalar>& norm : layer.norms) {
      count += static_cast<std::size_t>(norm.hat.size()) + norm.inverse_deviation.size();
    }
    for (const Rows<Scalar>* part :
         {&layer.key, &layer.value, &layer.query, &layer.mixed, &layer.inner, &layer.gate}) {
      count += static_cast<std::size_t>(part->size());
    }
  }
  return count * sizeof(Scalar);
}

template <class Scalar>
LayerInput<Scalar> layer_input(const Weights<Scalar>& weights, const TokenBatch& batch,
                               const AttentionLayouts& layouts, int layer) {
  if (layer < 0 || layer >= weights.config.layers) {
    throw ArgumentError(
        "layer_input", "layer",
        fmt::format("is {}, the model has layers 0 to {}", layer, weights.config.layers - 1));
  }
  detail::check_complete("layer_input", weights);
  detail::check_layouts("layer_input", layouts, batch.rows());
  const RotaryTables<Scalar> rotary(weights.config, layouts.full);
  LayerActivations<Scalar> activations;
  Slots<Scalar> flow;
  flow[Slot::stream] = embed(weights, batch);
  for (int l = 0; l < layer; ++l) {
    run_layer(weights, rotary, l, layouts.full, activations, flow);
  }
  return {layer, std::move(flow[Slot::stream])};
}

template <class Scalar>
Activations<Scalar> forward_from(const LayerInput<Scalar>& input, const Weights<Scalar>& weights,
                                 const AttentionLayouts& layouts, bool keep) {
  const int layers = weights.config.layers;
  if (input.layer < 0 || input.layer >= layers) {
    throw ArgumentError(
        "forward_from", "input.layer",
        fmt::format("is {}, the model has layers 0 to {}", input.layer, layers - 1));
  }
  detail::check_complete("forward_from", weights);
  detail::check_shape("forward_from", "input.stream", input.stream,
                      static_cast<Eigen::Index>(layouts.full.key_activation.size()),
                      weights.config.width);
  Activations<Scalar> result;
  result.layers.resize(keep ? static_cast<std::size_t>(layers) + 1 : 1);
  const RotaryTables<Scalar> rotary(weights.config, layouts.full);
  Slots<Scalar> flow;
  flow[Slot::stream] = input.stream;
  for (int l = input.layer; l <= layers; ++l) {
    run_layer(weights, rotary, l, l + 1 < layers ? layouts.full : layouts.top,
              result.layers[keep ? static_cast<std::size_t>(l) : 0], flow);
  }
  result.hidden = std::move(flow[Slot::attention_input]);
  if (!keep) result.layers.clear();
  return result;
}

template <class Scalar>
Activations<Scalar> forward(const Weights<Scalar>& weights, const TokenBatch& batch,
                            const AttentionLayouts& layouts, bool keep) {
  return forward_from(layer_input(weights, batch, layouts, 0), weights, layouts, keep);
}

#define SEXTANT_INSTANTIATE(Scalar)                                                            \
  template struct Activations<Scalar>;                                                         \
  template LayerInput<Scalar> layer_input(const Weights<Scalar>&, const TokenBatch&,           \
                                          const AttentionLayouts&, int);                       \
  template Activations<Scalar> forward_from(const LayerInput<Scalar>&, const Weights<Scalar>&, \
                                            const AttentionLayouts&, bool);                    \
  template Activations<Scalar> forward(const Weights<Scalar>&, const TokenBatch&,              \
                                       const AttentionLayouts&, bool);
SEXTANT_INSTANTIATE(float)
SEXTANT_INSTANTIATE(double)
#undef SEXTANT_INSTANTIATE

}  // namespace sextant::model
