#include "sextant/studies/pretrain/digit_shift.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "model_directory.hpp"
#include "sextant/core/errors.hpp"
#include "sextant/io/files.hpp"
#include "sextant/studies/pretrain/digit_vocabulary.hpp"

namespace sextant::studies::pretrain {
namespace {

namespace fs = std::filesystem;

constexpr int measured_examples = 10;

}  // namespace

void check_recipe(const DigitShiftRecipe& recipe) {
  check_sizes(recipe.layers, recipe.heads, recipe.width);
  require(!recipe.family.shifts.empty(), "--shifts", "is empty");
  require(recipe.family.label_noise >= 0 && recipe.family.label_noise <= 1, "--noise",
          "must be 0 to 1");
  require(recipe.examples >= 1 && recipe.examples <= 10000, "--examples", "must be 1 to 10000");
  require(recipe.batch >= 1 && recipe.batch <= 100000, "--batch", "must be 1 to 100000");
  check_training(recipe.training);
  require(recipe.test_tasks >= 2, "--test-tasks", "must be at least 2");
}

model::ModelConfig model_config(const DigitShiftRecipe& recipe) {
  model::ModelConfig config(model::Family::gpt2);
  config.layers = recipe.layers;
  config.heads = recipe.heads;
  config.width = recipe.width;
  config.inner = 4 * recipe.width;
  config.vocabulary = static_cast<int>(digit_vocabulary().size());
  config.context = 4 * recipe.examples + 2;
  return config;
}

double initial_deviation(const DigitShiftRecipe& recipe) { return initial_deviation(recipe.width); }

std::string command_line(const DigitShiftRecipe& recipe) {
  const TrainingOptions& training = recipe.training;
  return fmt::format(
      "sextant pretrain digit-shift --layers {} --heads {} --width {} --shifts {} --noise {} "
      "--examples {} --batch {} --steps {} --warmup {} --learning-rate {} --weight-decay {} "
      "--test-tasks {} --seed {} --out DIR",
      recipe.layers, recipe.heads, recipe.width, format_shifts(recipe.family.shifts),
      recipe.family.label_noise, recipe.examples, recipe.batch, training.schedule.steps,
      training.schedule.warmup, training.schedule.peak, training.adamw.weight_decay,
      recipe.test_tasks, recipe.seed);
}

LabelledSequences training_batch(const DigitShiftRecipe& recipe, int step) {
  Random random(recipe.seed, static_cast<std::uint64_t>(step) + 1);
  std::vector<generators::DigitShiftTask> tasks;
  for (int i = 0; i < recipe.batch; ++i) {
    tasks.push_back(generators::draw_digit_shift(recipe.family, recipe.examples + 1, 0, random));
  }
  return label_sequences(tasks);
}

PretrainResult pretrain_digit_shift(const DigitShiftRecipe& recipe, const RunOptions& run) {
  check_recipe(recipe);
  const auto [state, resumed_from] = run_training(
      {command_line(recipe), model_config(recipe), recipe.seed, recipe.training,
       [&](int step) -> LossGradient {
         return [batch = training_batch(recipe, step)](const auto& parameters, auto& gradient) {
           return label_loss_gradient(parameters, batch, gradient);
         };
       }},
      run);
  PretrainResult result;
  result.parameters = state.parameters.values().size();
  result.resumed_from = resumed_from;
  result.loss = measure_loss(state.parameters, recipe.family, recipe.examples, recipe.test_tasks,
                             recipe.seed);
  result.measured = measure_digit_shift(state.parameters, recipe.family,
                                        std::min(measured_examples, recipe.examples),
                                        recipe.test_tasks, recipe.seed);

  io::AtomicDirectory directory(run.out);
  write_model(state.parameters, directory.staging());
  write_digit_tokenizer(directory.staging(), state.parameters.config().context);
  io::write_file(directory.staging() / "recipe.json", format_recipe(recipe, state.losses, result));
  directory.commit();
  std::error_code ignored;
  fs::remove(state_path(run.out), ignored);
  return result;
}

}  // namespace sextant::studies::pretrain
