/// What capture costs beside the model's own passes: all value-head kernels of n sequences against
/// one forward pass and one forward-and-backward pass over the same sequences.
///
/// Shapes: "encoder" is a 6-layer, 12-head sentence encoder of width 384, "decoder" a 4-layer,
/// 8-head GPT-2 of width 128 on leave-one-out prompts. Parameters are random: time does not depend
/// on them.

#include <benchmark/benchmark.h>

#include <numeric>

#include "sextant/core/random.hpp"
#include "sextant/core/threads.hpp"
#include "sextant/model/capture.hpp"
#include "sextant/model/gradient.hpp"
#include "sextant/model/parameters.hpp"
#include "sextant/model/prediction.hpp"
#include "sextant/readout/label_expectation.hpp"
#include "sextant/readout/linear_head.hpp"

namespace {

using namespace sextant;
using namespace sextant::model;

ModelConfig shape(Family family) {
  ModelConfig config(family);
  const bool decoder = family == Family::gpt2;
  config.layers = decoder ? 4 : 6;
  config.heads = decoder ? 8 : 12;
  config.width = decoder ? 128 : 384;
  config.inner = 4 * config.width;
  config.vocabulary = 1000;
  config.context = 512;
  config.activation = decoder ? Activation::gelu_tanh : Activation::gelu;
  return config;
}

struct Workload {
  Parameters<float> parameters;
  Weights<float> weights;
  TokenBatch batch;
  std::unique_ptr<ScalarReadout<float>> readout;

  Workload(Family family, int sequences)
      : parameters(shape(family)), weights(parameters.weights()) {
    Random random(1);
    for (float& value : parameters.values()) value = static_cast<float>(0.05 * random.normal());
    const auto token = [&] { return static_cast<int>(random.below(1000)); };
    std::vector<std::vector<int>> all(static_cast<std::size_t>(sequences));
    if (family == Family::bert) {
      for (auto& sequence : all) {
        const auto length = 10 + random.below(31);  // 10 ... 40 tokens
        for (std::uint64_t t = 0; t < length; ++t) sequence.push_back(token());
      }
      batch = pack_bidirectional(all);
      readout = std::make_unique<readout::PooledHead<float>>(
          readout::LinearHead{Eigen::VectorXd::Ones(384), 0.0}, 384);
    } else {  // four tokens an example, two for the query: leave-one-out
      std::vector<std::vector<int>> examples(all.size());
      for (auto& example : examples) {
        for (int t = 0; t < 4; ++t) example.push_back(token());
      }
      for (std::size_t i = 0; i < all.size(); ++i) {
        for (std::size_t j = 0; j < all.size(); ++j) {
          if (j != i) all[i].insert(all[i].end(), examples[j].begin(), examples[j].end());
        }
        all[i].insert(all[i].end(), examples[i].begin(), examples[i].begin() + 2);
      }
      batch = pack_causal(all);
      std::vector<int> labels(10);
      std::iota(labels.begin(), labels.end(), 0);
      std::vector<double> values(10);
      std::iota(values.begin(), values.end(), 0.0);
      readout = std::make_unique<readout::LabelExpectation<float>>(weights, labels, values);
    }
  }
};

class Nothing : public GradientObserver<float> {
 public:
  bool wants(int, LinearKind) const override { return false; }
  void linear(const LinearFactors<float>&) override {}
};

Family family_of(const benchmark::State& state) {
  return state.range(0) == 0 ? Family::bert : Family::gpt2;
}

void label(benchmark::State& state, const Workload& work) {
  state.SetLabel(state.range(0) == 0 ? "encoder" : "decoder");
  state.counters["tokens"] = static_cast<double>(work.batch.total_tokens());
  state.counters["rows"] = static_cast<double>(work.batch.rows());
}

void forward_pass(benchmark::State& state) {
  const Workload work(family_of(state), static_cast<int>(state.range(1)));
  const auto layouts = tree_layouts(work.batch);
  for (auto ignored : state) {
    benchmark::DoNotOptimize(forward(work.weights, work.batch, layouts, true).hidden.data());
  }
  label(state, work);
}

/// Every sequence on its own, as a framework without sharing would run it.
void forward_and_backward(benchmark::State& state) {
  Workload work(family_of(state), static_cast<int>(state.range(1)));
  const auto separate = sequence_layouts(work.batch);
  const auto layouts = tree_layouts(work.batch);
  for (auto ignored : state) {
    const auto activations = forward(work.weights, work.batch, layouts, true);
    Nothing observer;
    backward(work.weights, activations, separate.layouts, &separate,
             sequence_cotangents(activations.hidden, work.batch, *work.readout), observer);
  }
  label(state, work);
}

void capture_value_heads(benchmark::State& state) {
  const Workload work(family_of(state), static_cast<int>(state.range(1)));
  for (auto ignored : state) {
    benchmark::DoNotOptimize(
        capture(work.weights, work.batch, static_cast<int>(state.range(1)), *work.readout, {})
            .predictions.data());
  }
  label(state, work);
}

void shapes(benchmark::internal::Benchmark* benchmark) {
  for (const int family : {0, 1}) {
    for (const int sequences : {16, 64}) benchmark->Args({family, sequences});
  }
  benchmark->Unit(benchmark::kMillisecond)->UseRealTime();
}

BENCHMARK(forward_pass)->Apply(shapes);
BENCHMARK(forward_and_backward)->Apply(shapes);
BENCHMARK(capture_value_heads)->Apply(shapes);

}  // namespace
