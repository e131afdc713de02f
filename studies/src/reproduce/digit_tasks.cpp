#include "sextant/studies/reproduce/digit_tasks.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "sextant/core/errors.hpp"
#include "sextant/readout/label_expectation.hpp"
#include "sextant/studies/generators/digit_shift.hpp"
#include "sextant/task/encoded_prompt.hpp"
#include "sextant/tokenizer/load.hpp"

namespace sextant::studies::reproduce {

std::uint64_t first_task_seed(std::uint64_t seed) {
  constexpr std::uint64_t spacing = 1'000'000'000'000;
  return seed == 0 ? spacing / 2 + 1 : (seed - 1) * spacing + 1;
}

DigitTasks::DigitTasks(const std::filesystem::path& model, const DigitTaskOptions& options)
    : weights_(model::load_weights<float>(model)),
      tokenizer_(tokenizer::load_tokenizer(model)),
      options_(options) {
  if (!weights_.config.causal()) {
    throw InputError(model.string(), "config.json", "is an encoder, expected a decoder");
  }
}

Task DigitTasks::task(std::size_t index) const {
  const std::uint64_t seed = options_.first_seed + index;
  const std::size_t noisy = index % 2;
  generators::DigitShiftFamily family;
  family.shifts.resize(generators::digit_count);
  std::iota(family.shifts.begin(), family.shifts.end(), 0);
  family.label_noise = noisy == 1 ? options_.label_noise : 0;
  const std::string label = fmt::format("digit-shift task {}", seed);
  task::EncodedPrompt prompt = task::encode(
      generators::draw_digit_shift_prompt(family, options_.examples, 1, seed), *tokenizer_, label);
  const std::size_t longest =
      std::ranges::max(prompt.query_tokens, {}, &std::vector<int>::size).size();
  if (longest > static_cast<std::size_t>(weights_.config.context)) {
    throw ArgumentError("digit-shift task", "examples",
                        fmt::format("is {}, which makes a prompt of {} tokens for a model that "
                                    "reads at most {}",
                                    options_.examples, longest, weights_.config.context));
  }
  auto readout = std::make_shared<readout::LabelExpectation<float>>(weights_, prompt.label_tokens,
                                                                    prompt.label_values);
  return {static_cast<double>(seed), noisy,
          ttt::PromptModel(weights_, std::move(prompt), std::move(readout), label)};
}

Study digit_shift_study(const std::filesystem::path& model, const DigitTaskOptions& options) {
  constexpr std::uint64_t pilot_seeds = 1'000'000'000;
  DigitTaskOptions for_pilot = options;
  for_pilot.first_seed += pilot_seeds;
  const auto tasks = std::make_shared<DigitTasks>(model, options);
  const auto pilot = std::make_shared<DigitTasks>(model, for_pilot);
  Study study;
  study.settings = fmt::format("digit-shift, weights {:016x}, seed {}, examples {}, noise {}",
                               weights_fingerprint(model), options.first_seed, options.examples,
                               options.label_noise);
  study.groups = {"clean", "noisy"};
  study.task = [tasks](std::size_t index) { return tasks->task(index); };
  study.pilot_task = [pilot](std::size_t index) { return pilot->task(index); };
  return study;
}

}  // namespace sextant::studies::reproduce
