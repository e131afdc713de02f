#include <doctest/doctest.h>

#include <algorithm>

#include "sextant/io/files.hpp"
#include "sextant/io/json.hpp"
#include "sextant/io/safetensors.hpp"
#include "sextant/studies/pretrain/digit_shift.hpp"

using namespace sextant;
using namespace sextant::studies;
using namespace sextant::studies::pretrain;

namespace {

const std::filesystem::path shipped =
    std::filesystem::path(SEXTANT_SOURCE_DIR) / "models" / "digits-gpt2";

model::Parameters<float> read_parameters(const model::ModelConfig& config) {
  const io::SafetensorsFile file(shipped / "model.safetensors");
  model::Parameters<float> parameters(config);
  for (const auto& tensor : parameters.shapes()) {
    const auto values = file.floats(file.at("transformer." + tensor.name));
    std::copy(values.begin(), values.end(), parameters.data(tensor.name));
  }
  return parameters;
}

}  // namespace

TEST_CASE("the shipped model is small and comes from the default recipe") {
  std::uintmax_t size = 0;
  for (const auto& entry : std::filesystem::directory_iterator(shipped)) size += entry.file_size();
  CHECK(size < 4'000'000);
  const auto recipe = io::parse_json(io::read_file(shipped / "recipe.json"), "recipe.json");
  CHECK(recipe["command"] == command_line(DigitShiftRecipe()));
}

TEST_CASE("the shipped model has learned its own shifts, and no others") {
  const DigitShiftRecipe recipe;
  const auto parameters = read_parameters(model_config(recipe));
  const auto measured = measure_digit_shift(parameters, recipe.family, 10, 300, 17);
  const auto model = [](const MeasuredErrors& row) { return row.predictors[0]; };
  CHECK(model(measured[0]).accuracy.mean > 0.97);  // its own distribution
  CHECK(model(measured[1]).accuracy.mean > 0.99);  // the same with clean labels
  CHECK(model(measured[2]).accuracy.mean < 0.05);  // other shifts
  const FreshLoss loss = measure_loss(parameters, recipe.family, recipe.examples, 300, 17);
  CHECK(loss.model > loss.ideal);
  CHECK(loss.model < loss.ideal + 0.03);
}

TEST_CASE("the demo's prompts are those that seed 1 gives") {
  const std::vector<int> all{0, 1, 2, 3, 4, 5, 6, 7, 8, 9};
  const std::vector<int> others{5, 6, 7, 8, 9};
  CHECK(io::read_file(shipped / "demo-noisy.json") ==
        task::format_prompt(generators::draw_digit_shift_prompt({all, 0.55}, 10, 10, 1)));
  CHECK(io::read_file(shipped / "demo-clean.json") ==
        task::format_prompt(generators::draw_digit_shift_prompt({others, 0}, 10, 10, 1)));
}
