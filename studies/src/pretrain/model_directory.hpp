#pragma once

/// What a pretrained model directory holds besides its tokenizer.

#include <filesystem>
#include <string>

#include "sextant/studies/pretrain/digit_shift.hpp"
#include "sextant/studies/pretrain/regression.hpp"
#include "sextant/studies/pretrain/tabular.hpp"

namespace sextant::studies::pretrain {

/// Writes config.json and model.safetensors: of a GPT-2 model with the tanh approximation of gelu
/// under the names that `transformers` gives them, of models that read features under Sextant's
/// own.
void write_model(const model::Parameters<float>& parameters,
                 const std::filesystem::path& directory);

/// recipe.json: the command, all settings, the distribution in words and numbers, the course of the
/// loss and the measured errors. `losses` are those of all steps.
std::string format_recipe(const DigitShiftRecipe& recipe, const std::vector<double>& losses,
                          const PretrainResult& result);
std::string format_recipe(const TabularRecipe& recipe, const std::vector<double>& losses,
                          const TabularResult& result);
std::string format_recipe(const RegressionRecipe& recipe, const std::vector<double>& losses,
                          const RegressionResult& result);

/// Writes `run.out` whole or not at all, model and recipe.json, and removes the saved state.
void finish_run(const TrainingState& state, const RunOptions& run, const std::string& recipe);

}  // namespace sextant::studies::pretrain
