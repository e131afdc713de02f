#include "sextant/pretrain/digit_shift.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "model_directory.hpp"
#include "sextant/core/errors.hpp"
#include "sextant/io/files.hpp"
#include "sextant/pretrain/digit_vocabulary.hpp"

namespace sextant::pretrain {
namespace {

namespace fs = std::filesystem;

constexpr int measured_examples = 10;
constexpr std::size_t shown_steps = 50;  // of the loss that on_step reports

void require(bool good, std::string_view option, std::string_view expectation) {
  if (!good) throw UsageError(fmt::format("{} {}", option, expectation));
}

/// Mean of the last `count` losses, or of as many as there are.
double recent_loss(const std::vector<double>& losses, std::size_t count) {
  const std::size_t n = std::min(count, losses.size());
  return std::accumulate(losses.end() - static_cast<std::ptrdiff_t>(n), losses.end(), 0.0) /
         static_cast<double>(n);
}

/// The state to begin with: saved, or step 0.
TrainingState first_state(const DigitShiftRecipe& recipe, const RunOptions& run) {
  const fs::path saved = state_path(run.out);
  if (fs::exists(saved)) {
    if (!run.resume) {
      throw UsageError(fmt::format(
          "{} holds an unfinished run: continue it with --resume, or remove it", saved.string()));
    }
    return load_state(model_config(recipe), command_line(recipe), saved);
  }
  TrainingState state(model_config(recipe));
  initialize(recipe.seed, initial_deviation(recipe), state.parameters);
  return state;
}

void train(const DigitShiftRecipe& recipe, const RunOptions& run, TrainingState& state) {
  const int resumed = state.steps_done();
  model::Parameters<float> gradient(state.parameters.config());
  while (state.steps_done() < recipe.training.schedule.steps) {
    const LabelledSequences batch = training_batch(recipe, state.steps_done());
    train_step(recipe.training, batch, state, gradient);
    const int done = state.steps_done();
    if (done % run.checkpoint_every == 0 || done == recipe.training.schedule.steps) {
      save_state(state, command_line(recipe), state_path(run.out));
    }
    if (run.on_step) run.on_step(done, resumed, recent_loss(state.losses, shown_steps));
  }
}

}  // namespace

void check_recipe(const DigitShiftRecipe& recipe) {
  const Schedule& schedule = recipe.training.schedule;
  require(recipe.layers >= 1 && recipe.layers <= 1000, "--layers", "must be 1 to 1000");
  require(recipe.heads >= 1, "--heads", "must be at least 1");
  require(recipe.width >= 1 && recipe.width <= 65536, "--width", "must be 1 to 65536");
  require(recipe.width % recipe.heads == 0, "--width",
          fmt::format("is {}, which --heads {} does not divide", recipe.width, recipe.heads));
  require(!recipe.family.shifts.empty(), "--shifts", "is empty");
  require(recipe.family.label_noise >= 0 && recipe.family.label_noise <= 1, "--noise",
          "must be 0 to 1");
  require(recipe.examples >= 1 && recipe.examples <= 10000, "--examples", "must be 1 to 10000");
  require(recipe.batch >= 1 && recipe.batch <= 100000, "--batch", "must be 1 to 100000");
  require(schedule.steps >= 1, "--steps", "must be at least 1");
  require(schedule.warmup >= 0 && schedule.warmup <= schedule.steps, "--warmup",
          fmt::format("must be 0 to --steps ({})", schedule.steps));
  require(schedule.peak > 0 && schedule.peak <= 1, "--learning-rate", "must be above 0, at most 1");
  require(recipe.training.adamw.weight_decay >= 0 && recipe.training.adamw.weight_decay <= 1,
          "--weight-decay", "must be 0 to 1");
  require(recipe.test_tasks >= 2, "--test-tasks", "must be at least 2");
}

model::ModelConfig model_config(const DigitShiftRecipe& recipe) {
  model::ModelConfig config;
  config.family = model::Family::gpt2;
  config.layers = recipe.layers;
  config.heads = recipe.heads;
  config.width = recipe.width;
  config.inner = 4 * recipe.width;
  config.vocabulary = static_cast<int>(digit_vocabulary().size());
  config.context = 4 * recipe.examples + 2;
  return config;
}

double initial_deviation(const DigitShiftRecipe& recipe) {
  return 0.02 * std::sqrt(768.0 / recipe.width);
}

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
  std::vector<task::DigitShiftTask> tasks;
  for (int i = 0; i < recipe.batch; ++i) {
    tasks.push_back(task::draw_digit_shift(recipe.family, recipe.examples + 1, 0, random));
  }
  return label_sequences(tasks);
}

fs::path state_path(const fs::path& out) {
  fs::path path = out.has_filename() ? out : out.parent_path();
  path += ".partial.safetensors";
  return path;
}

PretrainResult pretrain_digit_shift(const DigitShiftRecipe& recipe, const RunOptions& run) {
  check_recipe(recipe);
  require(run.checkpoint_every >= 1, "--checkpoint-every", "must be at least 1");
  { const io::AtomicDirectory early_check(run.out); }
  TrainingState state = first_state(recipe, run);
  PretrainResult result;
  result.parameters = state.parameters.values().size();
  result.resumed_from = state.steps_done();
  train(recipe, run, state);
  result.loss = measure_loss(state.parameters, recipe.family, recipe.examples, recipe.test_tasks,
                             recipe.seed);
  result.measured = measure_digit_shift(state.parameters, recipe.family,
                                        std::min(measured_examples, recipe.examples),
                                        recipe.test_tasks, recipe.seed);

  io::AtomicDirectory directory(run.out);
  write_gpt2(state.parameters, directory.staging());
  write_digit_tokenizer(directory.staging(), state.parameters.config().context);
  io::write_file(directory.staging() / "recipe.json", format_recipe(recipe, state.losses, result));
  directory.commit();
  std::error_code ignored;
  fs::remove(state_path(run.out), ignored);
  return result;
}

}  // namespace sextant::pretrain
