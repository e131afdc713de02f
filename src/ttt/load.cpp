#include "sextant/ttt/load.hpp"

#include <fmt/format.h>

#include <variant>

#include "sextant/core/errors.hpp"
#include "sextant/readout/label_expectation.hpp"
#include "sextant/readout/linear_head.hpp"
#include "sextant/tokenizer/load.hpp"

namespace sextant::ttt {

PromptModel load_prompt_model(const PromptModelFiles& files) {
  const std::string label = files.prompt.string();
  model::Weights<float> weights = model::load_weights<float>(files.model);
  const auto tokenizer = tokenizer::load_tokenizer(files.model);
  const task::Prompt read = task::load_prompt(files.prompt);
  check_prompt_kind(std::holds_alternative<task::DecoderPrompt>(read), weights.config, label);
  task::EncodedPrompt prompt =
      task::encode(read, *tokenizer, label, static_cast<std::size_t>(weights.config.context));
  if (files.query) {
    const auto index = static_cast<std::size_t>(*files.query);
    if (*files.query < 0 || index >= prompt.query_tokens.size()) {
      throw ArgumentError("load_prompt_model", "query",
                          fmt::format("is {}, but {} has {} queries (numbered from 0)",
                                      *files.query, label, prompt.query_tokens.size()));
    }
    prompt.query_tokens = {prompt.query_tokens[index]};
    prompt.query_targets = {prompt.query_targets[index]};
    prompt.query_numbers = {*files.query};
  }
  std::shared_ptr<const model::ScalarReadout<float>> readout;
  if (prompt.causal) {
    if (files.head) {
      throw ArgumentError("load_prompt_model", "head",
                          "is for encoders; a decoder's readout is its prompt's labels");
    }
    readout = std::make_shared<readout::LabelExpectation<float>>(weights, prompt.label_tokens,
                                                                 prompt.label_values);
  } else {
    const auto head = files.head.value_or(files.model / "head.safetensors");
    if (!std::filesystem::exists(head)) {
      throw InputError(head.string(), "",
                       "is missing: an encoder needs a head (`sextant fit-head` makes one)");
    }
    const readout::LinearHead linear = readout::read_head(head);
    if (linear.weight.size() != weights.config.width) {
      throw InputError(head.string(), "tensor \"weight\"",
                       fmt::format("has {} entries, expected the model's width {}",
                                   linear.weight.size(), weights.config.width));
    }
    readout = std::make_shared<readout::PooledHead<float>>(linear, weights.config.width);
  }
  return {std::move(weights), std::move(prompt), std::move(readout), label};
}

}  // namespace sextant::ttt
