#include "sextant/model/transformer.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "sextant/core/errors.hpp"
#include "sextant/core/threads.hpp"
#include "sextant/model/parameters.hpp"
#include "support/gradient_check.hpp"
#include "support/random_model.hpp"

using namespace sextant;
using namespace sextant::model;
using namespace sextant::test;

namespace {

TokenBatch pack(const ModelConfig& config, const std::vector<std::vector<int>>& sequences) {
  return config.causal() ? pack_causal(sequences) : pack_bidirectional(sequences);
}

/// A scalar of the final hidden states with a different weight for every entry.
Rows<double> probe(const TokenBatch& batch, int width, std::size_t queries) {
  (void)batch;
  Random random(99);
  Rows<double> weights(static_cast<Eigen::Index>(queries), width);
  for (Eigen::Index i = 0; i < weights.size(); ++i) weights.data()[i] = random.normal();
  return weights;
}

double value(const Weights<double>& weights, const TokenBatch& batch, const Rows<double>& probe) {
  return forward(weights, batch, tree_layouts(batch), false).hidden.cwiseProduct(probe).sum();
}

/// Leave-one-out prompts as the driver makes them: much shared, lengths differ.
std::vector<std::vector<int>> leave_one_out_prompts(int examples) {
  std::vector<std::vector<int>> result;
  for (int skipped = 0; skipped < examples; ++skipped) {
    std::vector<int> tokens;
    for (int i = 0; i < examples; ++i) {
      if (i == skipped) continue;
      tokens.insert(tokens.end(), {i % 5, 10, (i + 3) % 7, 11});
    }
    tokens.insert(tokens.end(), {skipped % 5, 10});
    result.push_back(tokens);
  }
  return result;
}

}  // namespace

TEST_CASE("shared prefixes are computed once and change nothing") {
  const ModelConfig config = small_config(Family::gpt2);
  const auto parameters = random_parameters<double>(config, 1);
  const auto weights = parameters.weights();
  auto sequences = leave_one_out_prompts(7);
  sequences.push_back(sequences[2]);                                       // the same twice
  sequences.emplace_back(sequences[0].begin(), sequences[0].begin() + 3);  // a prefix of another
  sequences.push_back({16});
  const TokenBatch batch = pack_causal(sequences);
  CHECK(batch.rows() < batch.total_tokens() * 2 / 3);
  const auto together = forward(weights, batch, tree_layouts(batch), true);
  for (std::size_t i = 0; i < sequences.size(); ++i) {
    const TokenBatch alone = pack_causal({sequences[i]});
    const auto single = forward(weights, alone, tree_layouts(alone), false);
    const Eigen::Index row = batch.sequence_outputs[i].front();
    CHECK((together.hidden.row(row) - single.hidden.row(0)).cwiseAbs().maxCoeff() < 1e-12);
  }
}

TEST_CASE("a bidirectional batch equals its sequences one by one") {
  const ModelConfig config = small_config(Family::bert);
  const auto parameters = random_parameters<double>(config, 2);
  const auto sequences = random_sequences(config, 5, 9, 3);
  const TokenBatch batch = pack_bidirectional(sequences);
  const auto together = forward(parameters.weights(), batch, tree_layouts(batch), false);
  for (std::size_t i = 0; i < sequences.size(); ++i) {
    const TokenBatch alone = pack_bidirectional({sequences[i]});
    const auto single = forward(parameters.weights(), alone, tree_layouts(alone), false);
    const auto rows = together.hidden.middleRows(batch.sequence_outputs[i].front(),
                                                 static_cast<Eigen::Index>(sequences[i].size()));
    CHECK((rows - single.hidden).cwiseAbs().maxCoeff() < 1e-12);
  }
}

TEST_CASE("a pass that starts at a higher layer gives the same bits") {
  for (const Family family : text_families) {
    const ModelConfig config = small_config(family);
    const auto parameters = random_parameters<float>(config, 6);
    const auto weights = parameters.weights();
    const TokenBatch batch = pack(config, random_sequences(config, 4, 8, 7));
    const auto layouts = tree_layouts(batch);
    const auto whole = forward(weights, batch, layouts, true);
    for (int layer = 0; layer < config.layers; ++layer) {
      const auto input = layer_input(weights, batch, layouts, layer);
      const auto rest = forward_from(input, weights, layouts, true);
      CHECK(rest.hidden == whole.hidden);
      const auto top = static_cast<std::size_t>(config.layers) - 1;
      CHECK(rest.layers[top].inner == whole.layers[top].inner);
      CHECK(forward_from(input, weights, layouts, false).hidden == whole.hidden);
    }
    CHECK_THROWS_AS(layer_input(weights, batch, layouts, -1), ArgumentError);
    CHECK_THROWS_AS(layer_input(weights, batch, layouts, config.layers), ArgumentError);
  }
}

TEST_CASE("the gradient equals central differences for every parameter tensor") {
  for (const Family family : text_families) {
    for (const bool other_function : {false, true}) {
      ModelConfig config = small_config(family);
      if (other_function) {
        config.activation = config.is_encoder() ? Activation::gelu_tanh : Activation::gelu;
      }
      config.scale_attention_by_layer = family == Family::gpt2;
      auto parameters = random_parameters<double>(config, 4);
      const auto weights = parameters.weights();
      const auto sequences =
          config.causal() ? leave_one_out_prompts(4) : random_sequences(config, 4, 8, 5);
      const TokenBatch batch = pack(config, sequences);
      const auto layouts = tree_layouts(batch);
      const Rows<double> cotangent = probe(batch, config.width, batch.outputs.size());
      const auto activations = forward(weights, batch, layouts, true);
      Parameters<double> gradient(config);
      ParameterGradient<double> observer(batch, gradient);
      backward(weights, activations, layouts, nullptr, cotangent, observer);

      const GradientCheck found =
          check_gradient(parameters, gradient, [&] { return value(weights, batch, cotangent); });
      INFO(family_name(family), " worst ", found.worst, " of ", found.largest);
      CHECK(found.largest > 1);
      // h^2 truncation and rounding / h are both near 1e-10.
      CHECK(found.worst < 1e-7 * found.largest);
    }
  }
}

namespace {

/// The gradient of each sequence for one layer's matrices, from the factors.
class PerSequence : public GradientObserver<double> {
 public:
  PerSequence(const ModelConfig& config, std::size_t sequences, int lowest)
      : config_(config), lowest_(lowest) {
    gradients.assign(sequences, Parameters<double>(config));
  }
  bool wants(int layer, LinearKind) const override { return layer >= std::max(lowest_, 0); }
  int lowest_layer() const override { return lowest_; }
  void linear(const LinearFactors<double>& factors) override {
    REQUIRE(factors.sequences.size() == gradients.size());
    for (std::size_t i = 0; i < gradients.size(); ++i) {
      const auto weights = gradients[i].weights();
      const auto& view = weights.linear(factors.layer, factors.kind).weight;
      auto* target = const_cast<double*>(view.data);
      for (int r = factors.sequences[i].begin; r < factors.sequences[i].end; ++r) {
        const auto input = factors.input->row(factors.input_row[static_cast<std::size_t>(r)]);
        for (int a = 0; a < view.in; ++a) {
          for (int b = 0; b < view.out; ++b) {
            const std::size_t at = view.transposed ? static_cast<std::size_t>(b) * view.stride + a
                                                   : static_cast<std::size_t>(a) * view.stride + b;
            target[at] += input(a) * (*factors.cotangent)(r, b);
          }
        }
      }
    }
  }
  std::vector<Parameters<double>> gradients;

 private:
  ModelConfig config_;
  int lowest_;
};

}  // namespace

TEST_CASE("per-sequence factors give each sequence's own gradient") {
  for (const Family family : text_families) {
    const ModelConfig config = small_config(family);
    const auto parameters = random_parameters<double>(config, 7);
    const auto weights = parameters.weights();
    const auto sequences =
        config.causal() ? leave_one_out_prompts(5) : random_sequences(config, 5, 8, 8);
    const TokenBatch batch = pack(config, sequences);
    const auto activations = forward(weights, batch, tree_layouts(batch), true);
    const SequenceLayouts separate = sequence_layouts(batch);
    const Rows<double> cotangent =
        probe(batch, config.width, separate.layouts.top.query_activation.size());
    for (const int lowest : {-1, 1}) {
      PerSequence observer(config, sequences.size(), lowest);
      backward(weights, activations, separate.layouts, &separate, cotangent, observer);
      for (std::size_t i = 0; i < sequences.size(); ++i) {
        const TokenBatch alone = pack(config, {sequences[i]});
        const auto layouts = tree_layouts(alone);
        const auto single = forward(weights, alone, layouts, true);
        Parameters<double> expected(config);
        ParameterGradient<double> reference(alone, expected);
        const RowRange rows = separate.top[i];
        backward<double>(weights, single, layouts, nullptr,
                         cotangent.middleRows(rows.begin, rows.end - rows.begin), reference);
        double worst = 0;
        double largest = 0;
        for (int l = std::max(lowest, 0); l < config.layers; ++l) {
          for (const LinearKind kind : linear_kinds(config)) {
            const auto a = copy(observer.gradients[i].weights().linear(l, kind).weight);
            const auto b = copy(expected.weights().linear(l, kind).weight);
            worst = std::max(worst, (a - b).cwiseAbs().maxCoeff());
            largest = std::max(largest, b.cwiseAbs().maxCoeff());
          }
        }
        CHECK(largest > 1e-3);
        CHECK(worst < 1e-11 * largest);
      }
    }
  }
}

TEST_CASE("any number of threads gives the same bits") {
  const ModelConfig config = small_config(Family::gpt2, 2, 4, 64);
  const auto parameters = random_parameters<float>(config, 9, 0.1);
  const TokenBatch batch = pack_causal(leave_one_out_prompts(8));
  const auto layouts = tree_layouts(batch);
  std::vector<Rows<float>> hidden;
  std::vector<std::vector<float>> gradients;
  for (const int count : {1, 2, 3}) {
    set_threads(count);
    const auto activations = forward(parameters.weights(), batch, layouts, true);
    hidden.push_back(activations.hidden);
    Parameters<float> gradient(config);
    ParameterGradient<float> observer(batch, gradient);
    backward<float>(parameters.weights(), activations, layouts, nullptr,
                    Rows<float>::Ones(activations.hidden.rows(), config.width), observer);
    gradients.push_back(gradient.values());
  }
  set_threads(0);
  CHECK(hidden[0] == hidden[1]);
  CHECK(hidden[0] == hidden[2]);
  CHECK(gradients[0] == gradients[1]);
  CHECK(gradients[0] == gradients[2]);
}

TEST_CASE("tokens and lengths outside the model are rejected") {
  const ModelConfig config = small_config(Family::gpt2);
  const auto parameters = random_parameters<double>(config, 1);
  const auto run = [&](const std::vector<std::vector<int>>& sequences) {
    const TokenBatch batch = pack_causal(sequences);
    return forward(parameters.weights(), batch, tree_layouts(batch), false);
  };
  CHECK_THROWS_AS(run({{17}}), ArgumentError);
  CHECK_THROWS_AS(run({{-1}}), ArgumentError);
  CHECK_THROWS_AS(run({std::vector<int>(41, 1)}), ArgumentError);
  CHECK_NOTHROW(run({std::vector<int>(40, 1)}));
  CHECK_THROWS_AS(pack_causal({{}}), ArgumentError);
  CHECK_THROWS_AS(pack_causal({{1}}, {{1}}), ArgumentError);
}
