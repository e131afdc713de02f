#include "sextant/studies/pretrain/run.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "sextant/core/errors.hpp"
#include "sextant/io/files.hpp"

namespace sextant::studies::pretrain {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t shown_steps = 50;  // of the loss that on_step reports

/// Mean of the last `count` losses, or of as many as there are.
double recent_loss(const std::vector<double>& losses, std::size_t count) {
  const std::size_t n = std::min(count, losses.size());
  return std::accumulate(losses.end() - static_cast<std::ptrdiff_t>(n), losses.end(), 0.0) /
         static_cast<double>(n);
}

/// The state to begin with: saved, or step 0.
TrainingState first_state(const TrainingRun& run, const RunOptions& options) {
  const fs::path saved = state_path(options.out);
  if (fs::exists(saved)) {
    if (!options.resume) {
      throw UsageError(fmt::format(
          "{} holds an unfinished run: continue it with --resume, or remove it", saved.string()));
    }
    return load_state(run.config, run.command, saved);
  }
  TrainingState state(run.config);
  initialize(run.seed, initial_deviation(run.config.width), state.parameters);
  return state;
}

}  // namespace

fs::path state_path(const fs::path& out) {
  fs::path path = out.has_filename() ? out : out.parent_path();
  path += ".partial.safetensors";
  return path;
}

void require(bool good, std::string_view option, std::string_view expectation) {
  if (!good) throw UsageError(fmt::format("{} {}", option, expectation));
}

void check_sizes(int layers, int heads, int width) {
  require(layers >= 1 && layers <= 1000, "--layers", "must be 1 to 1000");
  require(heads >= 1, "--heads", "must be at least 1");
  require(width >= 1 && width <= 65536, "--width", "must be 1 to 65536");
  require(width % heads == 0, "--width",
          fmt::format("is {}, which --heads {} does not divide", width, heads));
}

void check_training(const TrainingOptions& options) {
  const Schedule& schedule = options.schedule;
  require(schedule.steps >= 1, "--steps", "must be at least 1");
  require(schedule.warmup >= 0 && schedule.warmup <= schedule.steps, "--warmup",
          fmt::format("must be 0 to --steps ({})", schedule.steps));
  require(schedule.peak > 0 && schedule.peak <= 1, "--learning-rate", "must be above 0, at most 1");
  require(options.adamw.weight_decay >= 0 && options.adamw.weight_decay <= 1, "--weight-decay",
          "must be 0 to 1");
}

double initial_deviation(int width) { return 0.02 * std::sqrt(768.0 / width); }

TrainedState run_training(const TrainingRun& run, const RunOptions& options) {
  require(options.checkpoint_every >= 1, "--checkpoint-every", "must be at least 1");
  { const io::AtomicDirectory early_check(options.out); }
  TrainedState result{first_state(run, options)};
  TrainingState& state = result.state;
  result.resumed_from = state.steps_done();
  model::Parameters<float> gradient(run.config);
  while (state.steps_done() < run.training.schedule.steps) {
    train_step(run.training, run.loss(state.steps_done()), state, gradient);
    const int done = state.steps_done();
    if (done % options.checkpoint_every == 0 || done == run.training.schedule.steps) {
      save_state(state, run.command, state_path(options.out));
    }
    if (options.on_step) {
      options.on_step(done, result.resumed_from, recent_loss(state.losses, shown_steps));
    }
  }
  return result;
}

}  // namespace sextant::studies::pretrain
