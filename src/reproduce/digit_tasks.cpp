#include "sextant/reproduce/digit_tasks.hpp"

#include <fmt/format.h>

#include <numeric>

#include "sextant/core/errors.hpp"
#include "sextant/readout/label_expectation.hpp"
#include "sextant/task/digit_shift.hpp"
#include "sextant/task/encoded_prompt.hpp"
#include "sextant/tokenizer/load.hpp"

namespace sextant::reproduce {

DigitTasks::DigitTasks(const std::filesystem::path& model, int examples, double label_noise)
    : weights_(model::load_weights<float>(model)),
      tokenizer_(tokenizer::load_tokenizer(model)),
      examples_(examples),
      label_noise_(label_noise) {
  if (!weights_.config.causal()) {
    throw InputError(model.string(), "config.json", "is an encoder, expected a decoder");
  }
}

ttt::PromptModel DigitTasks::prompt_model(const DigitTask& task) const {
  task::DigitShiftFamily family;
  family.shifts.resize(task::digit_count);
  std::iota(family.shifts.begin(), family.shifts.end(), 0);
  family.label_noise = task.noisy ? label_noise_ : 0;
  const std::string label = fmt::format("digit-shift task {}", task.seed);
  task::EncodedPrompt prompt = task::encode(
      task::draw_digit_shift_prompt(family, examples_, 1, task.seed), *tokenizer_, label);
  auto readout = std::make_shared<readout::LabelExpectation<float>>(weights_, prompt.label_tokens,
                                                                    prompt.label_values);
  return {weights_, std::move(prompt), std::move(readout), label};
}

}  // namespace sextant::reproduce
