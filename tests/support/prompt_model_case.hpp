#pragma once

/// A small random model with five labelled examples and three queries.

#include <memory>
#include <optional>

#include "sextant/readout/class_probabilities.hpp"
#include "sextant/readout/label_expectation.hpp"
#include "sextant/readout/linear_head.hpp"
#include "sextant/task/row_prompt.hpp"
#include "sextant/ttt/prompt_model.hpp"
#include "support/random_model.hpp"

namespace sextant::test {

struct PromptModelCase {
  model::ModelConfig config;
  model::Parameters<float> parameters;

  explicit PromptModelCase(model::Family family, std::uint64_t seed = 3)
      : config(small_config(family, 2, 2, 16)),
        parameters(random_parameters<float>(config, seed, 0.25)) {}

  ttt::PromptModel prompt_model() const {
    if (config.reads_rows()) return row_model();
    task::EncodedPrompt prompt;
    prompt.causal = config.causal();
    prompt.example_tokens = random_sequences(config, 5, 8, 4);
    prompt.query_tokens = random_sequences(config, 3, 8, 5);
    prompt.example_targets = {0.0, 1.0, 0.4, 0.9, 0.2};
    prompt.query_targets = {0.5, std::nullopt, 1.0};
    const auto weights = parameters.weights();
    std::shared_ptr<const model::ScalarReadout<float>> readout;
    if (prompt.causal) {
      prompt.label_tokens = {3, 8, 12};
      prompt.label_values = {0, 0.5, 1};
      readout = std::make_shared<readout::LabelExpectation<float>>(weights, prompt.label_tokens,
                                                                   prompt.label_values);
    } else {
      Random random(6);
      readout::LinearHead head{Eigen::VectorXd(config.width), 0.1};
      for (double& w : head.weight) w = 0.3 * random.normal();
      readout = std::make_shared<readout::PooledHead<float>>(head, config.width);
    }
    return {weights, prompt, readout, "test prompt"};
  }

  /// Two classes, so that each row is one scalar; every example reads the four others.
  ttt::PromptModel row_model() const {
    Random random(4);
    task::RowTask rows;
    rows.columns.resize(8, config.features);
    for (double& cell : rows.columns.reshaped()) cell = random.normal();
    rows.labels = {0, 1, 0, 1, 1, 1, -1, 0};
    rows.context = {0, 1, 2, 3, 4};
    rows.queries = {5, 6, 7};
    const auto weights = parameters.weights();
    return {weights, task::encode(rows, config.features, {}, "test table"),
            std::make_shared<readout::ClassProbabilities<float>>(weights, rows.classes),
            "test table"};
  }
};

}  // namespace sextant::test
