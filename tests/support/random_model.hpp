#pragma once

/// Small models with random parameters, for tests.

#include <cmath>
#include <iterator>
#include <memory>
#include <vector>

#include "sextant/core/random.hpp"
#include "sextant/model/parameters.hpp"

namespace sextant::test {

/// Families of decoders and encoders of text, and of rows; each part that a descriptor can ask for
/// is in one of them.
inline constexpr model::Family text_families[] = {
    model::Family::gpt2,       model::Family::bert,  model::Family::roberta,
    model::Family::distilbert, model::Family::llama, model::Family::mistral,
    model::Family::qwen2,      model::Family::qwen3, model::Family::gemma3};
inline std::vector<model::Family> families_and_rows() {
  std::vector<model::Family> families(std::begin(text_families), std::end(text_families));
  families.push_back(model::Family::rows);
  return families;
}

/// Shared keys, windows shorter than the sequences, heads of another width than width / heads:
/// whatever the family may have, in sizes that tell its parts apart.
inline void add_variants(model::ModelConfig& config) {
  using model::Family;
  const auto layers = static_cast<std::size_t>(config.layers);
  switch (config.family) {
    case Family::roberta:
      config.position_offset = 2;
      return;
    case Family::llama:
      config.key_value_heads = 1;
      config.biases = {false, false, false};
      config.rotary = {.theta = 100,
                       .scaling = model::RotaryScaling::llama3,
                       .factor = 2,
                       .original_context = 20};
      return;
    case Family::mistral:
      config.heads = 4;
      config.key_value_heads = 2;
      config.head_size = 4;
      config.biases = {false, false, false};
      config.windows.assign(layers, 3);
      return;
    case Family::qwen2:
      config.key_value_heads = 1;
      config.biases = {true, false, false};
      config.rotary.scaling = model::RotaryScaling::linear;
      config.rotary.factor = 2;
      return;
    case Family::qwen3:
      config.head_size = 8;
      config.biases = {false, false, false};
      return;
    case Family::gemma3:
      config.key_value_heads = 1;
      config.head_size = 4;
      config.biases = {false, false, false};
      config.activation = model::Activation::gelu_tanh;
      config.query_scalar = 5;
      config.embedding_scale = std::sqrt(static_cast<double>(config.width));
      config.local_rotary = model::Rotary{.theta = 50};
      for (std::size_t l = 0; l < layers; ++l) config.windows.push_back(l % 2 == 0 ? 2 : 0);
      return;
    default:
      return;
  }
}

inline model::ModelConfig small_config(model::Family family, int layers = 3, int heads = 2,
                                       int width = 12) {
  model::ModelConfig config(family);
  config.layers = layers;
  config.heads = heads;
  config.width = width;
  config.inner = 2 * width + 3;
  config.vocabulary = 17;
  config.context = 40;
  config.activation = config.is_encoder() ? model::Activation::gelu
                      : config.is_gated() ? model::Activation::silu
                                          : model::Activation::gelu_tanh;
  config.norm_epsilon = config.is_encoder() ? 1e-12 : 1e-5;
  if (config.reads_features()) {
    config.vocabulary = config.reads_rows() ? 4 : 1;
    config.features = 6;
    config.tied_head = false;
  }
  add_variants(config);
  return config;
}

/// Parameters of size `scale`, gains around 1: large enough that every part of the model matters.
template <class Scalar>
model::Parameters<Scalar> random_parameters(const model::ModelConfig& config, std::uint64_t seed,
                                            double scale = 0.4) {
  model::Parameters<Scalar> parameters(config);
  Random random(seed);
  for (auto& value : parameters.values()) value = static_cast<Scalar>(scale * random.normal());
  for (const auto& parameter : parameters.shapes()) {
    const bool gain = parameter.shape.size() == 1 && parameter.name.ends_with("weight");
    if (!gain) continue;
    for (std::size_t i = 0; i < parameter.shape[0]; ++i) parameters.data(parameter.name)[i] += 1;
  }
  return parameters;
}

inline std::vector<std::vector<int>> random_sequences(const model::ModelConfig& config, int count,
                                                      int length, std::uint64_t seed) {
  Random random(seed);
  std::vector<std::vector<int>> sequences(static_cast<std::size_t>(count));
  for (auto& sequence : sequences) {
    const auto tokens = 1 + random.below(static_cast<std::uint64_t>(length));
    for (std::uint64_t t = 0; t < tokens; ++t) {
      sequence.push_back(
          static_cast<int>(random.below(static_cast<std::uint64_t>(config.vocabulary))));
    }
  }
  return sequences;
}

/// A table of `rows` rows with as many features as the model reads, random labels of `classes`
/// classes and, per row, a scalar for each class.
inline std::shared_ptr<const model::RowTable> random_table(const model::ModelConfig& config,
                                                           int rows, int classes,
                                                           std::uint64_t seed) {
  Random random(seed);
  auto table = std::make_shared<model::RowTable>();
  table->features.resize(rows, config.features);
  for (float& value : table->features.reshaped()) value = static_cast<float>(random.normal());
  for (int row = 0; row < rows; ++row) {
    table->labels.push_back(static_cast<int>(random.below(static_cast<std::uint64_t>(classes))));
  }
  table->scalars = classes;
  return table;
}

/// Sequences over a table: queries to two contexts of different length and to a part of the first,
/// some with the same query, the last rows of the table.
inline std::vector<std::vector<int>> row_sequences(const model::RowTable& table) {
  const int last = table.rows() - 1;
  return {{0, 1, 2, 3, table.query_token(last, 0)},
          {0, 1, 2, 3, table.query_token(last, 2)},
          {4, 2, 0, table.query_token(last - 1, 1)},
          {0, 1, 2, 3, table.query_token(last - 1, 1)},
          {0, 1, table.query_token(4, 0)},
          {4, 2, 0, table.query_token(1, 2)},
          {0, 1, 2, 3, table.query_token(last - 2, 0)}};
}

}  // namespace sextant::test
