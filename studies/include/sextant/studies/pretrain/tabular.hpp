#pragma once

/// `sextant pretrain tabular`: from a recipe to a model directory that classifies rows of tables.

#include <cstdint>
#include <string>
#include <vector>

#include "sextant/studies/generators/table_prior.hpp"
#include "sextant/studies/pretrain/row_loss.hpp"
#include "sextant/studies/pretrain/run.hpp"
#include "sextant/studies/statistics/paired.hpp"

namespace sextant::studies::pretrain {

/// Everything the result depends on.
struct TabularRecipe {
  int layers = 6;
  int heads = 6;
  int width = 96;      ///< A multiple of heads; the MLP's inner width is twice that.
  int features = 100;  ///< The most columns that the model can read.
  generators::TablePrior
      prior;       ///< Tables to train on; their features and classes are the most, too.
  int batch = 24;  ///< Tables per step.
  TrainingOptions training{{1e-3, 300, 5000, 0.0}, {}, 1.0};
  std::uint64_t seed = 1;
  int test_tables = 500;  ///< For each context size that is measured, at least 2.
};

/// Throws `UsageError` naming the command-line option when a value or a combination is impossible.
void check_recipe(const TabularRecipe& recipe);
/// The model that the recipe asks for.
model::ModelConfig model_config(const TabularRecipe& recipe);
/// The command that runs this recipe, with "DIR" for the output directory.
std::string command_line(const TabularRecipe& recipe);

/// Which of a model's features a table's columns become.
enum class Places {
  first,  ///< The first ones, in order: what is done at prediction.
  random  ///< Any, at random: so that all of a model's features are trained alike.
};

/// Standardises each table by its context and puts one below the other. `features` is the number
/// that the model reads. Throws `ArgumentError` for a table with more columns than that.
LabelledRows stack_tables(const std::vector<generators::SyntheticTable>& tables, int features,
                          Places places, Random& random);

/// The training batch of a step: fresh tables from Random(seed, step + 1).
LabelledRows training_batch(const TabularRecipe& recipe, int step);

/// One predictor on fresh tables; estimates are over tables.
struct TableErrors {
  std::string predictor;
  statistics::Estimate log_loss;  ///< Nats per query; of predictors that give probabilities.
  statistics::Estimate accuracy;  ///< Share of queries with the right label.
};

/// Fresh tables of one context size.
struct MeasuredTables {
  int context = 0;
  int count = 0;
  /// "model", "ridge" (least squares on the classes' indicators), "nearest" (the label of the
  /// nearest row) and "frequencies" (those of the context), the last two as references from below.
  std::vector<TableErrors> predictors;
};

/// Measures on `count` fresh tables for each of a few context sizes of the prior, from Random(seed,
/// 2^32 + size). Throws `ArgumentError` when count < 2. Deterministic for any number of threads.
std::vector<MeasuredTables> measure_tabular(const model::Parameters<float>& parameters,
                                            const generators::TablePrior& prior, int count,
                                            std::uint64_t seed);

struct TabularResult {
  std::size_t parameters = 0;
  int resumed_from = 0;  ///< Steps that an earlier run had done.
  std::vector<MeasuredTables> measured;
};

/// Trains, measures, and writes `run.out`: config.json, model.safetensors and recipe.json. Bytes,
/// resumption and errors as `pretrain_digit_shift`.
TabularResult pretrain_tabular(const TabularRecipe& recipe, const RunOptions& run);

}  // namespace sextant::studies::pretrain
