#include "sextant/model/capture.hpp"

#include <doctest/doctest.h>

#include <Eigen/Eigenvalues>
#include <cmath>

#include "sextant/core/errors.hpp"
#include "sextant/core/threads.hpp"
#include "sextant/model/prediction.hpp"
#include "sextant/readout/class_probabilities.hpp"
#include "sextant/readout/label_expectation.hpp"
#include "sextant/readout/linear_head.hpp"
#include "support/close.hpp"
#include "support/random_model.hpp"

using namespace sextant;
using namespace sextant::model;
using namespace sextant::test;

namespace {

struct Case {
  ModelConfig config;
  Parameters<double> parameters;
  std::vector<std::vector<int>> sequences;
  int examples;
  std::shared_ptr<const RowTable> table;  ///< Of a row model.

  explicit Case(Family family, std::uint64_t seed = 11)
      : config(small_config(family)),
        parameters(random_parameters<double>(config, seed)),
        sequences(random_sequences(config, 7, 9, seed + 1)),
        examples(5) {
    if (config.reads_rows()) {
      table = random_table(config, 9, 3, seed + 2);
      sequences = row_sequences(*table);
      return;
    }
    sequences[1] = sequences[0];  // shared prefixes, in part and in whole
    sequences[1].push_back(3);
    sequences[4] = sequences[2];
  }
  TokenBatch pack(const std::vector<std::vector<int>>& of) const {
    if (table != nullptr) return pack_rows(table, of);
    return config.causal() ? pack_causal(of) : pack_bidirectional(of);
  }
  std::unique_ptr<ScalarReadout<double>> readout() const {
    if (table != nullptr) {
      return std::make_unique<readout::ClassProbabilities<double>>(parameters.weights(), 3);
    }
    if (config.causal()) {
      return std::make_unique<readout::LabelExpectation<double>>(
          parameters.weights(), std::vector<int>{2, 5, 7}, std::vector<double>{0, 0.5, 2});
    }
    Random random(5);
    readout::LinearHead head{Eigen::VectorXd(config.width), 0.3};
    for (double& w : head.weight) w = random.normal();
    return std::make_unique<readout::PooledHead<double>>(head, config.width);
  }
};

/// The gradient of one sequence's prediction in one block, by the sum over the whole model.
Eigen::VectorXd block_gradient(const Case& c, const std::vector<int>& sequence,
                               const ModelBlock& block) {
  const TokenBatch batch = c.pack({sequence});
  const auto layouts = tree_layouts(batch);
  const auto weights = c.parameters.weights();
  const auto activations = forward(weights, batch, layouts, true);
  Rows<double> cotangent = Rows<double>::Zero(activations.hidden.rows(), c.config.width);
  const auto readout = c.readout();
  readout->scalar(batch.scalar(0))
      .pull_back(activations.hidden, batch.sequence_outputs[0], 1.0, batch.sequence_outputs[0],
                 cotangent);
  Parameters<double> gradient(c.config);
  ParameterGradient<double> observer(batch, gradient);
  backward(weights, activations, layouts, nullptr, cotangent, observer);
  const Rows<double> matrix = copy(gradient.weights().linear(block.block.layer, block.kind).weight);
  const Rows<double> part = matrix.block(block.slice.input_first, block.slice.output_first,
                                         block.slice.input_count, block.slice.output_count);
  return Eigen::Map<const Eigen::VectorXd>(part.data(), part.size());
}

double relative(double difference, double scale) { return difference / scale; }

}  // namespace

TEST_CASE("captured kernels are Gram matrices of the exact block gradients") {
  for (const Family family : families_and_rows()) {
    const Case c(family);
    CaptureOptions options;
    options.kinds = linear_kinds(c.config);
    const auto blocks = model_blocks(c.config, options);
    const int of_layer =
        2 * (c.config.heads + c.config.key_heads()) + (c.config.is_gated() ? 3 : 2);
    CHECK(static_cast<int>(blocks.size()) == 3 * of_layer);
    const auto result =
        capture(c.parameters.weights(), c.pack(c.sequences), c.examples, *c.readout(), options);
    REQUIRE(result.grams.size() == blocks.size());
    for (std::size_t b = 0; b < blocks.size(); ++b) {
      INFO(blocks[b].block.name);
      std::vector<Eigen::VectorXd> gradients;
      for (const auto& s : c.sequences) gradients.push_back(block_gradient(c, s, blocks[b]));
      CHECK(gradients[0].size() == blocks[b].block.parameters);
      const double scale = result.grams[b].kernel.norm();
      CHECK(scale > 1e-6);
      double worst = 0;
      for (int i = 0; i < c.examples; ++i) {
        for (int j = 0; j < c.examples; ++j) {
          worst = std::max(worst,
                           std::abs(result.grams[b].kernel(i, j) - gradients[i].dot(gradients[j])));
        }
        for (int q = 0; q < 2; ++q) {
          worst = std::max(worst, std::abs(result.grams[b].coupling(i, q) -
                                           gradients[i].dot(gradients[c.examples + q])));
        }
      }
      for (int q = 0; q < 2; ++q) {
        worst = std::max(
            worst, std::abs(result.grams[b].variance(q) - gradients[c.examples + q].squaredNorm()));
      }
      CHECK(relative(worst, scale) < 1e-11);
      CHECK(result.grams[b].kernel == result.grams[b].kernel.transpose());
    }
    for (std::size_t i = 0; i < c.sequences.size(); ++i) {
      const TokenBatch alone = c.pack({c.sequences[i]});
      const auto hidden = forward(c.parameters.weights(), alone, tree_layouts(alone), false).hidden;
      CHECK(result.predictions(static_cast<Eigen::Index>(i)) ==
            test::close(predict(hidden, alone, *c.readout())(0), 1e-12));
    }
  }
}

TEST_CASE("heads add up to the whole projection, and restricting layers changes no kernel") {
  const Case c(Family::gpt2, 21);
  CaptureOptions options;
  options.kinds = {LinearKind::value};
  const auto all =
      capture(c.parameters.weights(), c.pack(c.sequences), c.examples, *c.readout(), options);
  options.first_layer = 1;
  options.last_layer = 1;
  const auto middle =
      capture(c.parameters.weights(), c.pack(c.sequences), c.examples, *c.readout(), options);
  REQUIRE(middle.blocks.size() == 2);
  CHECK(middle.blocks[0].name == "h.1.attn.v.0");
  for (int head = 0; head < 2; ++head) {
    const auto& a = middle.grams[head].kernel;
    const auto& b = all.grams[2 + head].kernel;
    CHECK((a - b).norm() < 1e-12 * b.norm());
  }
  ModelBlock whole;
  whole.block.layer = 1;
  whole.kind = LinearKind::value;
  whole.slice = {0, c.config.width, 0, c.config.width};
  const Eigen::VectorXd g0 = block_gradient(c, c.sequences[0], whole);
  const Eigen::VectorXd g3 = block_gradient(c, c.sequences[3], whole);
  CHECK(all.grams[2].kernel(0, 3) + all.grams[3].kernel(0, 3) == test::close(g0.dot(g3), 1e-10));
}

TEST_CASE("both Gram forms agree, and the cheaper one is named") {
  Random random(31);
  const int sequences = 9;
  const int examples = 6;
  std::vector<RowRange> ranges;
  int rows = 0;
  for (int i = 0; i < sequences; ++i) {
    const int length = 1 + static_cast<int>(random.below(5));
    ranges.push_back({rows, rows + length});
    rows += length;
  }
  Rows<double> input(rows + 3, 10);
  Rows<double> cotangent(rows, 8);
  for (double& v : input.reshaped()) v = random.normal();
  for (double& v : cotangent.reshaped()) v = random.normal();
  std::vector<int> input_row;
  for (int r = 0; r < rows; ++r) input_row.push_back(static_cast<int>(random.below(rows + 3)));
  const TokenFactors<double> factors{&input, input_row, &cotangent, ranges};
  const std::vector<BlockSlice> blocks{{0, 10, 0, 4}, {0, 10, 4, 4}, {3, 5, 0, 8}, {8, 2, 7, 1}};
  const auto a = gram<double>(factors, examples, blocks, GramForm::features);
  const auto b = gram<double>(factors, examples, blocks, GramForm::tokens);
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    CHECK((a[i].kernel - b[i].kernel).norm() < 1e-12 * a[i].kernel.norm());
    CHECK((a[i].coupling - b[i].coupling).norm() < 1e-12 * a[i].coupling.norm());
    CHECK((a[i].variance - b[i].variance).norm() < 1e-12 * a[i].variance.norm());
  }
  const std::vector<BlockSlice> large{{0, 4096, 0, 4096}};
  const std::vector<BlockSlice> small{{0, 4, 0, 4}};
  CHECK(cheaper_form(ranges, examples, large) == GramForm::tokens);
  std::vector<RowRange> long_ranges;
  for (int i = 0; i < sequences; ++i) long_ranges.push_back({i * 1000, (i + 1) * 1000});
  CHECK(cheaper_form(long_ranges, examples, small) == GramForm::features);
}

TEST_CASE("many sequences and many inputs cross every tile boundary") {
  Random random(32);
  const int sequences = 300;
  std::vector<RowRange> ranges;
  for (int i = 0; i < sequences; ++i) ranges.push_back({i, i + 1});
  Rows<double> input(sequences, 700);
  Rows<double> cotangent(sequences, 20);
  for (double& v : input.reshaped()) v = random.normal();
  for (double& v : cotangent.reshaped()) v = random.normal();
  std::vector<int> rows(sequences);
  for (int i = 0; i < sequences; ++i) rows[static_cast<std::size_t>(i)] = i;
  const std::vector<BlockSlice> blocks{{0, 700, 0, 20}};
  const auto a = gram<double>({&input, rows, &cotangent, ranges}, 290, blocks, GramForm::features);
  const Eigen::MatrixXd expected =
      (input * input.transpose()).cwiseProduct(cotangent * cotangent.transpose());
  CHECK((a[0].kernel - expected.topLeftCorner(290, 290)).norm() < 1e-12 * expected.norm());
  CHECK((a[0].coupling - expected.topRightCorner(290, 10)).norm() < 1e-12 * expected.norm());
  CHECK((a[0].variance - expected.diagonal().tail(10)).norm() < 1e-12 * expected.norm());
}

TEST_CASE("tokenwise equals exact in the last layer only") {
  for (const Family family : {Family::gpt2, Family::llama, Family::gemma3}) {
    const Case c(family, 41);
    CaptureOptions options;
    options.kinds = linear_kinds(c.config);
    std::erase(options.kinds, LinearKind::key);  // of which all tokens have a share in every layer
    const TokenBatch batch = c.pack(c.sequences);
    const auto exact = capture(c.parameters.weights(), batch, c.examples, *c.readout(), options);
    options.features = Features::tokenwise;
    const auto token = capture(c.parameters.weights(), batch, c.examples, *c.readout(), options);
    for (std::size_t b = 0; b < exact.blocks.size(); ++b) {
      INFO(family_name(family), " ", exact.blocks[b].name);
      const double difference = (exact.grams[b].kernel - token.grams[b].kernel).norm();
      const double scale = exact.grams[b].kernel.norm();
      if (exact.blocks[b].layer == c.config.layers - 1) {
        CHECK(difference < 1e-11 * scale);
      } else {
        CHECK(difference > 1e-3 * scale);
      }
    }
  }
  CaptureOptions options;
  options.features = Features::tokenwise;
  const Case encoder(Family::bert);
  CHECK_THROWS_AS(capture(encoder.parameters.weights(), encoder.pack(encoder.sequences), 5,
                          *encoder.readout(), options),
                  ArgumentError);
}

TEST_CASE("single precision kernels stay positive semidefinite and thread counts do not matter") {
  ModelConfig config = small_config(Family::gpt2, 2, 4, 32);
  const auto parameters = random_parameters<float>(config, 51, 0.2);
  auto sequences = random_sequences(config, 20, 12, 52);
  for (int i = 10; i < 20; ++i) sequences[static_cast<std::size_t>(i)] = sequences[0];  // rank low
  const readout::LabelExpectation<float> labels(parameters.weights(), {1, 2}, {0, 1});
  CaptureOptions options;
  options.kinds = {LinearKind::value, LinearKind::mlp_out};
  std::vector<CaptureResult> results;
  for (const int count : {1, 2}) {
    set_threads(count);
    results.push_back(
        capture<float>(parameters.weights(), pack_causal(sequences), 20, labels, options));
  }
  set_threads(0);
  for (std::size_t b = 0; b < results[0].grams.size(); ++b) {
    const auto& kernel = results[0].grams[b].kernel;
    CHECK(kernel == results[1].grams[b].kernel);
    const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> solver(kernel);
    CHECK(solver.eigenvalues().minCoeff() > -1e-13 * kernel.trace());
  }
}

TEST_CASE("layers outside the model and no kind are rejected") {
  const ModelConfig config = small_config(Family::gpt2);
  CHECK_THROWS_AS(model_blocks(config, {{LinearKind::value}, 0, 3}), ArgumentError);
  CHECK_THROWS_AS(model_blocks(config, {{LinearKind::value}, 2, 1}), ArgumentError);
  CHECK_THROWS_WITH_AS(model_blocks(config, {{LinearKind::value}, 0, -2}),
                       doctest::Contains("0 to -2 are outside the model's layers"), ArgumentError);
  CHECK_THROWS_WITH_AS(model_blocks(config, {{LinearKind::value}, 9, 9}),
                       doctest::Contains("9 is outside the model's layers, which are 0 to"),
                       ArgumentError);
  CHECK_NOTHROW(model_blocks(config, {{LinearKind::value}, 0, -1}));
  CHECK_THROWS_AS(model_blocks(config, {{}, 0, 1}), ArgumentError);
  CHECK(block_kind_from_name("mlp-in") == LinearKind::mlp_in);
  CHECK(block_kind_from_name("mlp-gate") == LinearKind::mlp_gate);
  CHECK_FALSE(block_kind_from_name("embedding"));
  CHECK_THROWS_WITH_AS(model_blocks(config, {{LinearKind::mlp_gate}, 0, 1}),
                       doctest::Contains("\"mlp-gate\", and the model's MLPs have no gate"),
                       ArgumentError);
}
