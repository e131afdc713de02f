#pragma once

/// A small random model with five labelled examples and three queries.

#include <memory>
#include <optional>

#include "sextant/readout/label_expectation.hpp"
#include "sextant/readout/linear_head.hpp"
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
};

}  // namespace sextant::test
