/// What does not fit a model or a batch is refused before it is read.

#include <doctest/doctest.h>

#include <limits>

#include "sextant/core/errors.hpp"
#include "sextant/model/capture.hpp"
#include "sextant/model/gradient.hpp"
#include "sextant/model/prediction.hpp"
#include "sextant/model/tangent.hpp"
#include "sextant/readout/label_expectation.hpp"
#include "support/model_directory.hpp"
#include "support/random_model.hpp"

using namespace sextant;
using namespace sextant::model;

#define SEXTANT_REFUSES(call, message) \
  CHECK_THROWS_WITH_AS(call, doctest::Contains(message), ArgumentError)

namespace {

struct PassCase {
  ModelConfig config = test::small_config(Family::gpt2);
  Parameters<float> parameters = test::random_parameters<float>(config, 1);
  Weights<float> weights = parameters.weights();
  TokenBatch batch = pack_causal({{1, 2, 3}, {1, 4}, {5}});
  TokenBatch other = pack_causal({{1, 2}, {3}});
  AttentionLayouts layouts = tree_layouts(batch);
};

}  // namespace

TEST_CASE("passes refuse batches, layouts, inputs and weights that do not fit") {
  const PassCase c;
  CHECK(forward(c.weights, c.batch, c.layouts, false).hidden.rows() == 3);
  SEXTANT_REFUSES(forward(c.weights, c.other, c.layouts, false),
                  "layouts.full.key_activation has size 5, expected 3");
  Weights<float> hollow = c.weights;
  hollow.final_norm = {};
  SEXTANT_REFUSES(forward(hollow, c.batch, c.layouts, false), "weights have no final norm");
  hollow = c.weights;
  hollow.layers[1].norm[1] = {};
  SEXTANT_REFUSES(forward(hollow, c.batch, c.layouts, false), "have not all norms of layer 1");
  hollow = c.weights;
  hollow.layers.clear();
  SEXTANT_REFUSES(forward(hollow, c.batch, c.layouts, false), "weights.layers has size 0");
  auto input = layer_input(c.weights, c.batch, c.layouts, 1);
  input.layer = 3;
  SEXTANT_REFUSES(forward_from(input, c.weights, c.layouts, false), "input.layer is 3");
  input.layer = 1;
  input.stream.conservativeResize(4, 12);
  SEXTANT_REFUSES(forward_from(input, c.weights, c.layouts, false),
                  "input.stream is 4 x 12, expected 5 x 12");
}

TEST_CASE("reverse and forward mode refuse what was not kept and other shapes") {
  const PassCase c;
  BlockGradient<float> gradient(c.config, all_model_blocks(c.config));
  const auto kept = forward(c.weights, c.batch, c.layouts, true);
  const Rows<float> cotangent = Rows<float>::Ones(3, 12);
  const auto run = [&](const Activations<float>& activations, const Rows<float>& start) {
    backward(c.weights, activations, c.layouts, nullptr, start, gradient);
  };
  run(kept, cotangent);
  SEXTANT_REFUSES(run(kept, Rows<float>::Ones(2, 12)), "cotangent_hidden is 2 x 12");
  SEXTANT_REFUSES(run(forward(c.weights, c.batch, c.layouts, false), cotangent), "were not kept");
  const auto upper =
      forward_from(layer_input(c.weights, c.batch, c.layouts, 1), c.weights, c.layouts, true);
  SEXTANT_REFUSES(run(upper, cotangent), "backward: activations do not hold layer 0");
  SEXTANT_REFUSES(push_forward(c.weights, upper, c.layouts, gradient.matrices()),
                  "push_forward: activations do not hold layer 0");
  WeightMatrices<float> directions;
  directions[{2, LinearKind::mlp_in}] = Rows<float>::Ones(12, 12);
  SEXTANT_REFUSES(push_forward(c.weights, kept, c.layouts, directions),
                  "layer 2 mlp-in, is 12 x 12, expected 12 x 27");
}

TEST_CASE("gradients and Gram matrices refuse slices outside their matrices") {
  const PassCase c;
  ModelBlock block = all_model_blocks(c.config).front();
  const auto make = [&] { return BlockGradient<float>(c.config, std::span(&block, 1)); };
  CHECK(make().matrices().size() == 1);
  block.slice.output_count = 13;
  SEXTANT_REFUSES(make(), "outputs 0 to 12 of a matrix [12, 12]");
  block = all_model_blocks(c.config).front();
  block.block.layer = 3;
  SEXTANT_REFUSES(make(), "one of layer 3, the model has layers 0 to 2");

  const Rows<double> values = Rows<double>::Ones(4, 2);
  const std::vector<int> rows = {0, 1, 2, 3};
  const std::vector<RowRange> ranges = {{0, 2}, {2, 4}};
  const TokenFactors<double> good{&values, rows, &values, ranges};
  const BlockSlice whole{0, 2, 0, 2};
  for (const GramForm form : {GramForm::features, GramForm::tokens}) {
    const auto made = [&](const TokenFactors<double>& factors, int examples, BlockSlice slice) {
      return gram<double>(factors, examples, std::span(&slice, 1), form);
    };
    CHECK(made(good, 2, whole)[0].kernel(0, 1) == 16.0);
    SEXTANT_REFUSES(made(good, 3, whole), "examples is 3");
    SEXTANT_REFUSES(made(good, 2, BlockSlice{0, 3, 0, 2}), "of a matrix [2, 2]");
    auto wrong = good;
    wrong.input_row = std::span(rows).first(3);
    SEXTANT_REFUSES(made(wrong, 2, whole), "factors.input_row has size 3, expected 4");
    const std::vector<int> outside = {0, 1, 2, 4};
    wrong.input_row = outside;
    SEXTANT_REFUSES(made(wrong, 2, whole), "factors.input_row has 4");
    wrong = good;
    const std::vector<RowRange> long_ranges = {{0, 2}, {2, 5}};
    wrong.sequences = long_ranges;
    SEXTANT_REFUSES(made(wrong, 2, whole), "factors.sequences has the rows 2 to 5");
    wrong = good;
    wrong.input = nullptr;
    SEXTANT_REFUSES(made(wrong, 2, whole), "have no input");
  }
}

TEST_CASE("predictions and captures refuse hidden states and examples of another batch") {
  const PassCase c;
  const readout::LabelExpectation<float> readout(c.weights, {3, 8}, {0, 1});
  const Rows<float> hidden = Rows<float>::Ones(2, 12);
  SEXTANT_REFUSES(predict<float>(hidden, c.batch, readout), "hidden rows has size 2, expected 3");
  SEXTANT_REFUSES(sequence_cotangents<float>(hidden, c.batch, readout), "hidden rows has size 2");
  SEXTANT_REFUSES(capture<float>(c.weights, c.batch, 4, readout, {}), "examples is 4");
  SEXTANT_REFUSES(capture<float>(c.weights, c.batch, -1, readout, {}), "examples is -1");
}

TEST_CASE("weights, tables and products refuse what they cannot hold") {
  const PassCase c;
  Weights<float> weights = c.weights;
  const auto matrix = std::make_shared<Rows<float>>(Rows<float>::Ones(12, 12));
  SEXTANT_REFUSES(weights.replace(3, LinearKind::value, matrix), "replace: layer is 3");
  SEXTANT_REFUSES(weights.replace(-1, LinearKind::value, matrix), "replace: layer is -1");
  SEXTANT_REFUSES(weights.replace(0, LinearKind::value, nullptr), "matrix is null");
  SEXTANT_REFUSES(matrix_place(c.config, 3, LinearKind::value), "matrix_place: layer is 3");
  SEXTANT_REFUSES(
      bind_weights<float>(c.config, [](const std::string&) -> const float* { return nullptr; }),
      "has no tensor \"wte.weight\"");
  SEXTANT_REFUSES(pack_rows(nullptr, {{0, 1}}), "pack_rows: table is null");
  SEXTANT_REFUSES(pack_series(nullptr, {{0}}, {{0}}), "pack_series: table is null");
  auto table = std::make_shared<RowTable>();
  table->features = Rows<float>::Ones(2, 1);
  table->labels = {0};
  SEXTANT_REFUSES(pack_series(table, {{1}}, {{0}}), "table.labels has size 1, expected 2");
  table->labels = {0, 1};
  table->scalars = 0;
  SEXTANT_REFUSES(pack_rows(table, {{0, 2}}), "table.scalars is 0");
  Rows<float> y;
  SEXTANT_REFUSES(apply<float>(weights.linear(0, LinearKind::value).weight, nullptr,
                               Rows<float>::Ones(2, 3), y),
                  "apply: x columns has size 3, expected 12");
}
