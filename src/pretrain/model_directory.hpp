#pragma once

/// What a pretrained model directory holds besides its tokenizer.

#include <filesystem>
#include <string>

#include "sextant/pretrain/digit_shift.hpp"

namespace sextant::pretrain {

/// Writes config.json and model.safetensors of a GPT-2 model with the tanh approximation of gelu
/// and an inner width of 4 d, under the names that `transformers` gives them.
void write_gpt2(const model::Parameters<float>& parameters, const std::filesystem::path& directory);

/// recipe.json: the command, all settings, the distribution in words and numbers, the course of the
/// loss and the measured errors. `losses` are those of all steps.
std::string format_recipe(const DigitShiftRecipe& recipe, const std::vector<double>& losses,
                          const PretrainResult& result);

}  // namespace sextant::pretrain
