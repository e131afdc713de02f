#pragma once

/// What a pass over a model must be given. Costs nothing beside the pass.

#include <fmt/format.h>

#include <string_view>

#include "sextant/core/errors.hpp"
#include "sextant/model/gradient.hpp"

namespace sextant::model::detail {

/// Throws `ArgumentError` unless `weights` has every part that its configuration names.
template <class Scalar>
void check_complete(std::string_view function, const Weights<Scalar>& weights) {
  const auto layers = static_cast<std::size_t>(weights.config.layers);
  check_size(function, "weights.layers", weights.layers.size(), layers);
  for (int layer = 0; layer <= weights.config.layers; ++layer) {
    for (const NormRole role : norm_roles(weights.config, layer)) {
      if (weights.norm(layer, role).gain != nullptr) continue;
      throw ArgumentError(function, "weights",
                          layer == weights.config.layers
                              ? "have no final norm"
                              : fmt::format("have not all norms of layer {}", layer));
    }
  }
  if (weights.token_embedding == nullptr) {
    throw ArgumentError(function, "weights", "have no token embedding");
  }
}

/// Throws `ArgumentError` unless `given` is [rows, columns].
template <class Scalar>
void check_shape(std::string_view function, std::string_view argument, const Rows<Scalar>& given,
                 Eigen::Index rows, Eigen::Index columns) {
  if (given.rows() == rows && given.cols() == columns) return;
  throw ArgumentError(
      function, argument,
      fmt::format("is {} x {}, expected {} x {}", given.rows(), given.cols(), rows, columns));
}

/// Throws `ArgumentError` unless `slice` is a part of a matrix [in, out].
inline void check_slice(std::string_view function, std::string_view argument,
                        const BlockSlice& slice, int in, int out) {
  const bool inside = slice.input_first >= 0 && slice.input_count >= 1 &&
                      slice.input_first <= in - slice.input_count && slice.output_first >= 0 &&
                      slice.output_count >= 1 && slice.output_first <= out - slice.output_count;
  if (inside) return;
  throw ArgumentError(
      function, argument,
      fmt::format("has the inputs {} to {} and outputs {} to {} of a matrix [{}, {}]",
                  slice.input_first, slice.input_first + slice.input_count - 1, slice.output_first,
                  slice.output_first + slice.output_count - 1, in, out));
}

/// Throws `ArgumentError` unless `layouts` are `tree_layouts` of a batch of `rows` rows.
inline void check_layouts(std::string_view function, const AttentionLayouts& layouts,
                          std::size_t rows) {
  check_size(function, "layouts.full.key_activation", layouts.full.key_activation.size(), rows);
  check_size(function, "layouts.top.key_activation", layouts.top.key_activation.size(), rows);
}

/// Throws `ArgumentError` unless each of `matrices` has the shape of a weight matrix.
template <class Scalar>
void check_matrices(std::string_view function, std::string_view argument,
                    const Weights<Scalar>& weights, const WeightMatrices<Scalar>& matrices) {
  for (const auto& [key, matrix] : matrices) {
    const auto [layer, kind] = key;
    if (layer < 0 || layer >= weights.config.layers) {
      throw ArgumentError(function, argument,
                          fmt::format("has a matrix of layer {}, the model has layers 0 to {}",
                                      layer, weights.config.layers - 1));
    }
    const MatrixView<Scalar>& view = weights.linear(layer, kind).weight;
    check_shape(function, fmt::format("{}, layer {} {},", argument, layer, kind_name(kind)), matrix,
                view.in, view.out);
  }
}

/// Throws `ArgumentError` unless activations were kept from layer `lowest` on (-1: of all).
template <class Scalar>
void check_kept(std::string_view function, const Weights<Scalar>& weights,
                const Activations<Scalar>& activations, int lowest) {
  const int layers = weights.config.layers;
  if (activations.layers.empty()) throw ArgumentError(function, "activations", "were not kept");
  check_size(function, "activations.layers", activations.layers.size(),
             static_cast<std::size_t>(layers) + 1);
  const int first = lowest < 0 || lowest >= layers ? 0 : lowest;
  for (int l = first; l < layers; ++l) {
    const auto& layer = activations.layers[static_cast<std::size_t>(l)];
    if (layer.inner.cols() == weights.config.inner) continue;
    throw ArgumentError(function, "activations",
                        fmt::format("do not hold layer {}: the pass that made them began above it, "
                                    "or was of another model",
                                    l));
  }
}

}  // namespace sextant::model::detail
