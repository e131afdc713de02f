#pragma once

/// `sextant pretrain digit-shift`: from a recipe to a model directory.

#include <cstdint>
#include <string>
#include <vector>

#include "sextant/studies/pretrain/measurement.hpp"
#include "sextant/studies/pretrain/run.hpp"

namespace sextant::studies::pretrain {

/// Everything the result depends on.
struct DigitShiftRecipe {
  int layers = 4;
  int heads = 8;
  int width = 64;  ///< A multiple of heads.
  /// Distribution of training tasks.
  generators::DigitShiftFamily family{{0, 1, 2, 3, 4}, 0.3};
  /// Examples before the query of a training sequence. As every label is predicted from those
  /// before it, all smaller numbers are trained as well. The model's context is 4 examples + 2
  /// tokens.
  int examples = 15;
  int batch = 32;  ///< Sequences per step.
  TrainingOptions training{{1e-3, 200, 5000, 0.0}, {}, 1.0};
  std::uint64_t seed = 1;
  int test_tasks = 2000;  ///< For each measured error, at least 2.
};

/// Throws `UsageError` naming the command-line option when a value or a combination is impossible.
void check_recipe(const DigitShiftRecipe& recipe);

/// The model that the recipe asks for.
model::ModelConfig model_config(const DigitShiftRecipe& recipe);

/// Standard deviation of initial weights: GPT-2's 0.02 at its width of 768, in proportion to
/// 1 / sqrt(width), so that the matrices of a narrow model amplify as much as those of a wide one.
double initial_deviation(const DigitShiftRecipe& recipe);

/// The command that runs this recipe, with "DIR" for the output directory.
std::string command_line(const DigitShiftRecipe& recipe);

/// The training batch of a step: fresh tasks from Random(seed, step + 1).
LabelledSequences training_batch(const DigitShiftRecipe& recipe, int step);

struct PretrainResult {
  std::size_t parameters = 0;
  int resumed_from = 0;  ///< Steps that an earlier run had done.
  FreshLoss loss;
  std::vector<MeasuredErrors> measured;
};

/// Trains, measures with 10 examples (or `recipe.examples` if that is less), and writes `run.out`:
/// config.json, model.safetensors, the tokenizer and recipe.json. A run that was killed continues
/// with `resume` and ends in the same bytes. The bytes depend on the recipe alone, not on the
/// number of threads (though the processor's BLAS kernels round in their own ways). Throws
/// `UsageError` for an impossible recipe, or when a saved state exists and `resume` is false;
/// `InputError` when `run.out` is not new, cannot be written, or the state belongs to another
/// recipe; `NumericalError` when training diverges.
PretrainResult pretrain_digit_shift(const DigitShiftRecipe& recipe, const RunOptions& run);

}  // namespace sextant::studies::pretrain
