#include <fmt/format.h>

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
    row += row_of(weights.token_embedding, token);
    if (weights.position_embedding != nullptr) row += row_of(weights.position_embedding, position);
    if (weights.type_embedding != nullptr) row += Map(weights.type_embedding, config.width);
  }
  return x;
}

template <class Scalar>
void apply(const Linear<Scalar>& linear, const Rows<Scalar>& x, Rows<Scalar>& y,
           bool accumulate = false) {
  apply(linear.weight, linear.bias, x, y, accumulate);
}

/// Runs one norm: z = norm(x). After a sub-layer of a post-norm model the stream continues from z.
template <class Scalar>
void run_norm(const Weights<Scalar>& weights, int index, Rows<Scalar>& x,
              Normalized<Scalar>& normalized, Rows<Scalar>& z) {
  normalize(x, weights.config.norm_epsilon, normalized);
  scale_and_shift(normalized.hat, weights.norms[static_cast<std::size_t>(index)], z);
  if (weights.config.post_norm()) x = z;
}

/// From the input of layer `l`'s attention (z) to the stream after its MLP (x); both are reduced to
/// the wanted rows in the last layer.
template <class Scalar>
void run_layer(const Weights<Scalar>& weights, int l, const AttentionLayout& layout,
               LayerActivations<Scalar>& layer, Rows<Scalar>& x, Rows<Scalar>& z) {
  const ModelConfig& config = weights.config;
  apply(weights.linear(l, LinearKind::key), z, layer.key);
  apply(weights.linear(l, LinearKind::value), z, layer.value);
  if (layout.query_key.size() != static_cast<std::size_t>(z.rows())) {
    z = gather_rows(z, layout.query_key);
    x = gather_rows(x, layout.query_key);
  }
  apply(weights.linear(l, LinearKind::query), z, layer.query);
  attend<Scalar>(layout,
                 {&layer.query, &layer.key, &layer.value, config.heads,
                  static_cast<Scalar>(config.attention_scale(l))},
                 layer.mixed);
  apply(weights.linear(l, LinearKind::output), layer.mixed, x, true);
  run_norm(weights, 2 * l + 1, x, layer.mlp_norm, z);
  apply(weights.linear(l, LinearKind::mlp_in), z, layer.inner);
  Rows<Scalar> active;
  activate(config.activation, layer.inner, active);
  apply(weights.linear(l, LinearKind::mlp_out), active, x, true);
}

}  // namespace

template <class Scalar>
std::size_t Activations<Scalar>::bytes() const {
  const auto of = [](const Normalized<Scalar>& n) {
    return static_cast<std::size_t>(n.hat.size()) + n.inverse_deviation.size();
  };
  std::size_t count = of(final_norm) + static_cast<std::size_t>(hidden.size());
  for (const auto& layer : layers) {
    count += of(layer.attention_norm) + of(layer.mlp_norm);
    for (const Rows<Scalar>* part :
         {&layer.key, &layer.value, &layer.query, &layer.mixed, &layer.inner}) {
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
  LayerInput<Scalar> input{layer, embed(weights, batch)};
  LayerActivations<Scalar> activations;
  Rows<Scalar> z;
  for (int l = 0; l < layer; ++l) {
    run_norm(weights, 2 * l, input.stream, activations.attention_norm, z);
    run_layer(weights, l, layouts.full, activations, input.stream, z);
  }
  return input;
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
  result.layers.resize(keep ? static_cast<std::size_t>(layers) : 1);
  Rows<Scalar> x = input.stream;
  Rows<Scalar> z;
  for (int l = input.layer; l < layers; ++l) {
    auto& layer = result.layers[keep ? static_cast<std::size_t>(l) : 0];
    run_norm(weights, 2 * l, x, layer.attention_norm, z);
    run_layer(weights, l, l + 1 == layers ? layouts.top : layouts.full, layer, x, z);
  }
  run_norm(weights, 2 * layers, x, result.final_norm, result.hidden);
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
