#pragma once

/// `sextant pretrain regression`: from a recipe to a model directory that predicts the next label
/// of a linear regression from the pairs before it.

#include <cstdint>
#include <string>
#include <vector>

#include "sextant/studies/generators/linear_regression.hpp"
#include "sextant/studies/pretrain/run.hpp"
#include "sextant/studies/pretrain/series_loss.hpp"
#include "sextant/studies/statistics/paired.hpp"

namespace sextant::studies::pretrain {

/// Everything the result depends on.
struct RegressionRecipe {
  int layers = 4;
  int heads = 4;
  int width = 64;  ///< A multiple of heads; the MLP's inner width is four times that.
  int dimension = 5;
  double noise = 0.1;  ///< Variance of the labels' noise; x'beta has variance 1.
  int examples = 10;   ///< Pairs before the last prediction; every smaller number is trained, too.
  int batch = 64;      ///< Series per step.
  TrainingOptions training{{1e-3, 500, 10000, 0.0}, {}, 1.0};
  std::uint64_t seed = 1;
  int test_tasks = 2000;  ///< At least 2.
};

/// Throws `UsageError` naming the command-line option when a value or a combination is impossible.
void check_recipe(const RegressionRecipe& recipe);
/// The model that the recipe asks for: a series of inputs (x, 0) of kind 0 and labels (0, y) of
/// kind 1, in turn.
model::ModelConfig model_config(const RegressionRecipe& recipe);
/// The command that runs this recipe, with "DIR" for the output directory.
std::string command_line(const RegressionRecipe& recipe);
/// What the recipe trains on.
generators::RegressionFamily regression_family(const RegressionRecipe& recipe);

/// The series x_1, y_1, ..., x_n of each task, with the label of every x wanted.
LabelledSeries all_labels(const std::vector<generators::RegressionTask>& tasks);
/// For each pair of `samples` the series of all of `context` and its x, with its label wanted.
LabelledSeries labels_after(const generators::RegressionTask& context,
                            const generators::RegressionTask& samples);

/// The training batch of a step: fresh tasks from Random(seed, step + 1).
LabelledSeries training_batch(const RegressionRecipe& recipe, int step);

/// Squared error, noise included, of the label after so many pairs; estimates are over tasks.
struct MeasuredRegression {
  int examples = 0;
  statistics::Estimate model;
  statistics::Estimate ideal;  ///< The posterior mean, which no predictor can beat.
};

struct RegressionResult {
  std::size_t parameters = 0;
  int resumed_from = 0;                      ///< Steps that an earlier run had done.
  int count = 0;                             ///< Fresh tasks.
  std::vector<MeasuredRegression> measured;  ///< For 0, 1, ... examples.
};

/// Measures on `count` >= 2 fresh tasks of `family` from Random(seed, 2^32), after 0 to `examples`
/// pairs. Deterministic for any number of threads.
std::vector<MeasuredRegression> measure_regression(const model::Parameters<float>& parameters,
                                                   const generators::RegressionFamily& family,
                                                   int examples, int count, std::uint64_t seed);

/// Trains, measures, and writes `run.out`: config.json, model.safetensors and recipe.json. Bytes,
/// resumption and errors as `pretrain_digit_shift`.
RegressionResult pretrain_regression(const RegressionRecipe& recipe, const RunOptions& run);

}  // namespace sextant::studies::pretrain
