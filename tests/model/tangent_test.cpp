/// Forward mode against central differences and against reverse mode.

#include "sextant/model/tangent.hpp"

#include <doctest/doctest.h>

#include <cmath>

#include "sextant/core/errors.hpp"
#include "sextant/core/random.hpp"
#include "support/close.hpp"
#include "support/random_model.hpp"

using namespace sextant;
using namespace sextant::model;

namespace {

struct TangentCase {
  ModelConfig config;
  Parameters<double> parameters;
  TokenBatch batch;
  AttentionLayouts layouts;
};

/// Causal batches share prefixes, so that queries of one group see different numbers of keys.
TangentCase make_case(Family family, std::uint64_t seed) {
  const ModelConfig config = test::small_config(family);
  auto sequences = test::random_sequences(config, 4, 9, seed);
  sequences.push_back(sequences[1]);
  sequences.back().push_back(3);
  TokenBatch batch = config.causal() ? pack_causal(sequences) : pack_bidirectional(sequences);
  if (config.reads_rows()) {
    const auto table = test::random_table(config, 9, 3, seed + 2);
    batch = pack_rows(table, test::row_sequences(*table));
  }
  AttentionLayouts layouts = tree_layouts(batch);
  return {config, test::random_parameters<double>(config, seed + 1), std::move(batch),
          std::move(layouts)};
}

std::vector<ModelBlock> some_blocks(const ModelConfig& config, LinearKind kind, int first_layer) {
  CaptureOptions options;
  options.kinds = {kind};
  options.first_layer = first_layer;
  return model_blocks(config, options);
}

WeightMatrices<double> random_directions(const ModelConfig& config,
                                         std::span<const ModelBlock> blocks, std::uint64_t seed) {
  auto matrices = BlockGradient<double>(config, blocks).matrices();
  Random random(seed);
  for (auto& [key, matrix] : matrices) {
    for (double& value : matrix.reshaped()) value = random.normal();
  }
  return matrices;
}

/// Final hidden states after a move along the directions.
Rows<double> hidden_after(const TangentCase& c, const WeightMatrices<double>& directions,
                          double step) {
  Weights<double> weights = c.parameters.weights();
  for (const auto& [key, direction] : directions) {
    auto moved = std::make_shared<Rows<double>>(copy(weights.linear(key.first, key.second).weight));
    *moved += step * direction;
    weights.replace(key.first, key.second, std::move(moved));
  }
  return forward(weights, c.batch, c.layouts, false).hidden;
}

}  // namespace

TEST_CASE("forward mode equals central differences for every kind of block") {
  for (const Family family : test::families_and_rows()) {
    const TangentCase c = make_case(family, 3);
    const auto activations = forward(c.parameters.weights(), c.batch, c.layouts, true);
    for (const LinearKind kind : linear_kinds(c.config)) {
      for (int first = 0; first < c.config.layers; ++first) {
        const auto directions = random_directions(c.config, some_blocks(c.config, kind, first), 7);
        const Rows<double> change =
            push_forward(c.parameters.weights(), activations, c.layouts, directions);
        constexpr double h = 1e-6;
        const Rows<double> difference =
            (hidden_after(c, directions, h) - hidden_after(c, directions, -h)) / (2 * h);
        INFO(family_name(family), " ", kind_name(kind), " from layer ", first);
        CHECK(difference.cwiseAbs().maxCoeff() > 0.1);
        CHECK((change - difference).cwiseAbs().maxCoeff() <
              1e-7 * (1 + difference.cwiseAbs().maxCoeff()));
      }
    }
  }
}

TEST_CASE("forward mode is the transpose of reverse mode, in both precisions") {
  for (const Family family : test::families_and_rows()) {
    const TangentCase c = make_case(family, 11);
    const auto weights = c.parameters.weights();
    const auto activations = forward(weights, c.batch, c.layouts, true);
    CaptureOptions options;
    options.kinds = linear_kinds(c.config);
    const auto blocks = model_blocks(c.config, options);
    const auto directions = random_directions(c.config, blocks, 12);
    Rows<double> cotangent(activations.hidden.rows(), activations.hidden.cols());
    Random random(13);
    for (double& value : cotangent.reshaped()) value = random.normal();
    BlockGradient<double> gradient(c.config, blocks);
    backward(weights, activations, c.layouts, nullptr, cotangent, gradient);
    double pulled_back = 0;
    for (const auto& [key, matrix] : gradient.matrices()) {
      pulled_back += matrix.cwiseProduct(directions.at(key)).sum();
    }
    const double pushed_forward =
        push_forward(weights, activations, c.layouts, directions).cwiseProduct(cotangent).sum();
    CHECK(pushed_forward == test::close(pulled_back, 1e-11));
  }
}

TEST_CASE("no direction changes nothing, and activations are needed") {
  const TangentCase c = make_case(Family::gpt2, 1);
  const auto weights = c.parameters.weights();
  const auto kept = forward(weights, c.batch, c.layouts, true);
  CHECK(push_forward(weights, kept, c.layouts, {}).isZero());
  const auto directions =
      random_directions(c.config, some_blocks(c.config, LinearKind::value, 0), 2);
  CHECK_THROWS_AS(
      push_forward(weights, forward(weights, c.batch, c.layouts, false), c.layouts, directions),
      ArgumentError);
}
