/// What does not fit the model or the prompt is refused before it is read.

#include <doctest/doctest.h>

#include <limits>

#include "sextant/core/errors.hpp"
#include "sextant/ttt/linear_prediction.hpp"
#include "sextant/ttt/model_kernel.hpp"
#include "sextant/ttt/step_path.hpp"
#include "support/prompt_model_case.hpp"

using namespace sextant;
using namespace sextant::ttt;

namespace {

constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();

auto constant(const Eigen::VectorXd& coefficients) {
  return [coefficients](const Eigen::VectorXd&) { return coefficients; };
}

#define SEXTANT_REFUSES(call, message) \
  CHECK_THROWS_WITH_AS(call, doctest::Contains(message), ArgumentError)

}  // namespace

TEST_CASE("a pass refuses weights, gradients, inputs and coefficients that do not fit") {
  const test::PromptModelCase c(model::Family::gpt2);
  const PromptModel model = c.prompt_model();
  const auto blocks = model::all_model_blocks(c.config);
  model::BlockGradient<float> gradient(c.config, blocks);
  const auto input = model.layer_input(Sequences::examples, 0);
  const auto pass = [&](const auto& entering, const model::Weights<float>& weights,
                        const Eigen::VectorXd& coefficients, model::BlockGradient<float>& sum) {
    return model.accumulate(Sequences::examples, entering, weights, constant(coefficients), sum);
  };
  const Eigen::VectorXd ones = Eigen::VectorXd::Ones(5);
  CHECK(pass(input, model.weights(), ones, gradient).size() == 5);
  CHECK(gradient.matrices().begin()->second.cwiseAbs().maxCoeff() > 0);

  gradient.set_zero();
  SEXTANT_REFUSES(pass(input, model.weights(), Eigen::VectorXd::Ones(4), gradient),
                  "PromptModel::accumulate: coefficients has size 4, expected 5");
  SEXTANT_REFUSES(pass(input, model.weights(), Eigen::VectorXd::Ones(8), gradient),
                  "coefficients has size 8, expected 5");
  Eigen::VectorXd wrong = ones;
  wrong[3] = not_a_number;
  SEXTANT_REFUSES(pass(input, model.weights(), wrong, gradient), "coefficients [3]");
  const auto wide =
      test::random_parameters<float>(test::small_config(model::Family::gpt2, 2, 2, 12), 1);
  SEXTANT_REFUSES(pass(input, wide.weights(), ones, gradient),
                  "weights are of another model: width 12, expected 16");
  model::Weights<float> hollow = model.weights();
  hollow.layers.pop_back();
  SEXTANT_REFUSES(pass(input, hollow, ones, gradient), "weights.layers has size 1, expected 2");
  SEXTANT_REFUSES(pass(model.layer_input(Sequences::all, 0), model.weights(), ones, gradient),
                  "input.stream rows has size");
  SEXTANT_REFUSES(pass(model.layer_input(Sequences::examples, 1), model.weights(), ones, gradient),
                  "input.layer is 1, above the gradient's lowest layer 0");
  const auto other_config = test::small_config(model::Family::gpt2, 3, 2, 12);
  const auto other_blocks = model::all_model_blocks(other_config);
  model::BlockGradient<float> other(other_config, other_blocks);
  SEXTANT_REFUSES(pass(input, model.weights(), ones, other), "gradient is of another model");
  for (const auto& [key, matrix] : gradient.matrices()) CHECK(matrix.isZero(0));
}

TEST_CASE("a prompt whose parts do not fit is no model's") {
  const test::PromptModelCase c(model::Family::gpt2);
  const PromptModel model = c.prompt_model();
  const auto readout = std::make_shared<readout::LabelExpectation<float>>(
      model.weights(), model.prompt().label_tokens, model.prompt().label_values);
  const auto make = [&](const auto& change) {
    task::EncodedPrompt prompt = model.prompt();
    change(prompt);
    return PromptModel(model.weights(), std::move(prompt), readout, "test prompt");
  };
  CHECK(make([](auto&) {}).examples() == 5);
  SEXTANT_REFUSES(make([](auto& p) { p.example_targets.pop_back(); }),
                  "PromptModel: prompt.example_targets has size 4, expected 5");
  SEXTANT_REFUSES(make([](auto& p) { p.example_targets[2] = not_a_number; }),
                  "prompt.example_targets [2]");
  SEXTANT_REFUSES(make([](auto& p) { p.query_targets.clear(); }), "query_targets has size 0");
  SEXTANT_REFUSES(make([](auto& p) { p.query_targets[0] = not_a_number; }), "query_targets[0]");
  SEXTANT_REFUSES(make([](auto& p) { p.query_numbers = {1}; }), "query_numbers has size 1");
  SEXTANT_REFUSES(make([](auto& p) { p.example_tokens.clear(), p.example_targets.clear(); }),
                  "prompt.example_tokens is empty");
  SEXTANT_REFUSES(PromptModel(model.weights(), model.prompt(), nullptr, "test prompt"),
                  "readout is null");
}

TEST_CASE("products refuse directions and coefficients that do not fit") {
  const test::PromptModelCase c(model::Family::gpt2);
  const PromptModel model = c.prompt_model();
  const ModelJacobian jacobian(model, model.prompt().example_tokens, {"h.1.attn.v.0"});
  auto directions = jacobian.pull_back(Eigen::VectorXd::Ones(5));
  CHECK(jacobian.push_forward(directions).size() == 5);
  Eigen::VectorXd wrong = Eigen::VectorXd::Ones(5);
  wrong[1] = std::numeric_limits<double>::infinity();
  SEXTANT_REFUSES(jacobian.pull_back(wrong), "coefficients [1]");
  SEXTANT_REFUSES(ModelKernel(jacobian).apply(Eigen::MatrixXd::Ones(4, 2)),
                  "coefficients has size 4, expected 5");
  SEXTANT_REFUSES(jacobian.restricted(directions, 1), "restricted: b is 1, of 1 blocks");
  SEXTANT_REFUSES(jacobian.squared_norms({}), "have no matrix of block \"h.1.attn.v.0\"");
  SEXTANT_REFUSES(jacobian.restricted({}, 0), "have no matrix of block");
  directions.begin()->second.resize(16, 3);
  SEXTANT_REFUSES(jacobian.push_forward(directions), "value, is 16 x 3, expected 16 x 16");
  SEXTANT_REFUSES(jacobian.squared_norms(directions), "matrix of 16 x 3");
  SEXTANT_REFUSES(jacobian.restricted(directions, 0), "matrix of 16 x 3");
  model::WeightMatrices<float> beyond;
  beyond[{2, model::LinearKind::value}] = model::Rows<float>::Zero(16, 16);
  SEXTANT_REFUSES(jacobian.push_forward(beyond), "layer 2, the model has layers 0 to 1");
}

TEST_CASE("steps refuse a rate that is not one and horizons that no result can hold") {
  const test::PromptModelCase c(model::Family::gpt2);
  const PromptModel model = c.prompt_model();
  const std::vector<std::string> blocks = {"h.0.attn.v.0"};
  for (const double rho : {-0.1, not_a_number}) {
    SEXTANT_REFUSES(step_path(model, blocks, rho, 1), "step_path: rho");
    SEXTANT_REFUSES(take_steps(model, blocks, rho, 1), "take_steps: rho");
  }
  Eigen::VectorXd wrong = Eigen::VectorXd::Ones(5);
  wrong[0] = not_a_number;
  SEXTANT_REFUSES(one_shot_predictions(model, blocks, wrong),
                  "one_shot_predictions: coefficients [0]");
  SEXTANT_REFUSES(predict_linearly(model.capture({}), blocks, 1e-3, std::int64_t{1} << 31),
                  "horizon is 2147483648, expected 0 to 2147483647");
}

TEST_CASE("a capture says which scales have no effect on it") {
  const test::PromptModelCase c(model::Family::gpt2);
  PromptModel model = c.prompt_model();
  const auto geometry = model.capture({});
  CHECK(model.capture_notes(geometry.blocks).empty());
  model.set_block_scales({{"h.0.attn.v.0", 2.0}, {"h.1.mlp.in", 3.0}});
  const auto notes = model.capture_notes(geometry.blocks);
  REQUIRE(notes.size() == 1);
  CHECK(notes[0].starts_with("1 of the 2 blocks with a scale, first h.1.mlp.in, is not captured"));
}
