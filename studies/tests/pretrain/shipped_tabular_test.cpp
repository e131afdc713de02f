#include <doctest/doctest.h>

#include <algorithm>

#include "sextant/io/files.hpp"
#include "sextant/io/json.hpp"
#include "sextant/io/safetensors.hpp"
#include "sextant/studies/pretrain/tabular.hpp"

using namespace sextant;
using namespace sextant::studies;
using namespace sextant::studies::pretrain;

namespace {

const std::filesystem::path shipped_rows =
    std::filesystem::path(SEXTANT_SOURCE_DIR) / "models" / "tabular-rows";

}  // namespace

TEST_CASE("the shipped_rows model of rows is small and comes from the default recipe") {
  std::uintmax_t size = 0;
  for (const auto& entry : std::filesystem::directory_iterator(shipped_rows))
    size += entry.file_size();
  CHECK(size < 8'000'000);
  const auto recipe = io::parse_json(io::read_file(shipped_rows / "recipe.json"), "recipe.json");
  CHECK(recipe["command"] == command_line(TabularRecipe()));
  const auto config = model::read_config(shipped_rows);
  CHECK(config.features == TabularRecipe().features);
  CHECK(config.vocabulary == 10);
}

TEST_CASE("the shipped_rows model has learned to read its context") {
  const TabularRecipe recipe;
  const io::SafetensorsFile file(shipped_rows / "model.safetensors");
  model::Parameters<float> parameters(model_config(recipe));
  for (const auto& tensor : parameters.shapes()) {
    const auto values = file.floats(file.at("transformer." + tensor.name));
    std::copy(values.begin(), values.end(), parameters.data(tensor.name));
  }
  generators::TablePrior prior = recipe.prior;
  prior.most_context = 64;
  const auto measured = measure_tabular(parameters, prior, 60, 17);
  REQUIRE(measured.size() == 2);  // 16 and 64 rows
  const TableErrors& model = measured[1].predictors[0];
  const TableErrors& frequencies = measured[1].predictors[3];
  CHECK(model.log_loss.mean < frequencies.log_loss.mean - 0.1);
  CHECK(model.accuracy.mean > frequencies.accuracy.mean + 0.1);
  CHECK(measured[1].predictors[0].log_loss.mean < measured[0].predictors[0].log_loss.mean);
}
