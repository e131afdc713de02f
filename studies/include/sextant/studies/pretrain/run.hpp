#pragma once

/// Running a recipe: what all `sextant pretrain` commands have in common.

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

#include "sextant/studies/pretrain/training.hpp"

namespace sextant::studies::pretrain {

/// How to run a recipe; nothing here changes the result.
struct RunOptions {
  std::filesystem::path out;   ///< The model directory to make; new, or empty.
  bool resume = false;         ///< Continue from the saved state if there is one.
  int checkpoint_every = 250;  ///< Steps between saved states, at least 1.
  /// Called after every step with the number of steps done, how many of them an earlier run did,
  /// and the loss, averaged over the last steps. May be empty.
  std::function<void(int done, int resumed, double loss)> on_step;
};

/// Where the state of an unfinished run is kept: OUT.partial.safetensors.
std::filesystem::path state_path(const std::filesystem::path& out);

/// Throws `UsageError` "OPTION EXPECTATION" unless `good`.
void require(bool good, std::string_view option, std::string_view expectation);

/// Sizes of a transformer, --layers, --heads and --width. Throws as `require`.
void check_sizes(int layers, int heads, int width);
/// --steps, --warmup, --learning-rate and --weight-decay. Throws as `require`.
void check_training(const TrainingOptions& options);

/// Standard deviation of initial weights: GPT-2's 0.02 at its width of 768, in proportion to
/// 1 / sqrt(width), so that the matrices of a narrow model amplify as much as those of a wide one.
double initial_deviation(int width);

/// What is trained, and on what.
struct TrainingRun {
  std::string command;  ///< Names the recipe in saved states.
  model::ModelConfig config;
  std::uint64_t seed = 1;  ///< Of the initial values.
  TrainingOptions training;
  /// The loss of a step's batch, which depends on the step alone.
  std::function<LossGradient(int step)> loss;
};

struct TrainedState {
  TrainingState state;
  int resumed_from = 0;  ///< Steps that an earlier run had done.
};

/// Trains from step 0 or a saved state to the end, and leaves the last state saved: remove
/// `state_path` when the result is safe. Continuing gives the same bits as never having stopped.
/// Throws `UsageError` when a saved state exists and `resume` is false; `InputError` when
/// `options.out` is not new, cannot be written, or the state belongs to another recipe;
/// `NumericalError` when training diverges.
TrainedState run_training(const TrainingRun& run, const RunOptions& options);

}  // namespace sextant::studies::pretrain
