#include "sextant/studies/pretrain/tabular.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <set>

#include "sextant/core/errors.hpp"
#include "sextant/core/threads.hpp"
#include "sextant/io/files.hpp"
#include "sextant/io/json.hpp"
#include "support/close.hpp"
#include "support/model_directory.hpp"

using namespace sextant;
using namespace sextant::studies;
using namespace sextant::studies::pretrain;

namespace {

TabularRecipe tiny_tables(int steps) {
  TabularRecipe recipe;
  recipe.layers = 2;
  recipe.heads = 2;
  recipe.width = 16;
  recipe.features = 8;
  recipe.prior = {4, 3, 8, 16, 12};
  recipe.batch = 6;
  recipe.training.schedule = {3e-3, 5, steps, 0.0};
  recipe.test_tables = 40;
  return recipe;
}

}  // namespace

TEST_CASE("tables are stacked with their features in the model's places") {
  const TabularRecipe recipe = tiny_tables(1);
  Random random(3);
  std::vector<generators::SyntheticTable> tables;
  for (int i = 0; i < 5; ++i) tables.push_back(draw_table(recipe.prior, random));
  const LabelledRows batch = stack_tables(tables, recipe.features, Places::first, random);
  int begin = 0;
  std::set<int> places;
  for (std::size_t t = 0; t < tables.size(); ++t) {
    const int rows = static_cast<int>(tables[t].labels.size());
    CHECK(batch.contexts[t].front() == begin);
    CHECK(static_cast<int>(batch.contexts[t].size()) == tables[t].context);
    CHECK(batch.queries[t].back() == begin + rows - 1);
    CHECK(batch.classes[t] == tables[t].classes);
    const auto part = batch.table->features.middleRows(begin, rows);
    CHECK(part.rightCols(recipe.features - tables[t].columns.cols()).isZero());
    begin += rows;
  }
  CHECK(batch.table->rows() == begin);
  const LabelledRows mixed = stack_tables(tables, recipe.features, Places::random, random);
  CHECK(mixed.table->features.squaredNorm() ==
        test::close(batch.table->features.squaredNorm(), 1e-5));
  for (int f = 0; f < recipe.features; ++f) {
    if (!mixed.table->features.col(f).isZero()) places.insert(f);
  }
  CHECK(places.size() > 4);  // more than the first ones
  CHECK_THROWS_AS(stack_tables(tables, 1, Places::first, random), ArgumentError);
}

TEST_CASE("a tiny model learns, and a run that was stopped ends in the same bytes") {
  const test::TemporaryDirectory directory("pretrain-tabular");
  const TabularRecipe recipe = tiny_tables(60);
  RunOptions whole;
  whole.out = directory.path() / "whole";
  std::vector<double> losses;
  whole.on_step = [&](int, int, double loss) { losses.push_back(loss); };
  set_threads(1);
  const TabularResult result = pretrain_tabular(recipe, whole);
  CHECK(losses.back() < losses.front());  // both are means over the steps so far, at most 50
  REQUIRE(result.measured.size() == 1);
  CHECK(result.measured[0].context == 16);
  const auto& predictors = result.measured[0].predictors;
  REQUIRE(predictors.size() == 4);
  CHECK(predictors[0].log_loss.mean < std::log(10.0));
  CHECK(std::isnan(predictors[1].log_loss.mean));

  RunOptions stopped;
  stopped.out = directory.path() / "stopped";
  stopped.checkpoint_every = 7;
  stopped.on_step = [](int done, int, double) {
    if (done == 17) throw NumericalError("stop");
  };
  CHECK_THROWS_AS(pretrain_tabular(recipe, stopped), NumericalError);
  stopped.on_step = {};
  CHECK_THROWS_AS(pretrain_tabular(recipe, stopped), UsageError);
  stopped.resume = true;
  set_threads(3);
  CHECK(pretrain_tabular(recipe, stopped).resumed_from == 14);
  set_threads(0);
  for (const char* file : {"config.json", "model.safetensors", "recipe.json"}) {
    CHECK(io::read_file(whole.out / file) == io::read_file(stopped.out / file));
  }
  CHECK_FALSE(std::filesystem::exists(state_path(whole.out)));
  const auto weights = model::load_weights<float>(whole.out);
  CHECK(weights.config.reads_rows());
  CHECK(weights.config.features == 8);
  CHECK(weights.config.vocabulary == 3);
}

TEST_CASE("impossible recipes are refused by the option's name") {
  const auto refused = [](const char* option, const auto& change) {
    TabularRecipe recipe = tiny_tables(10);
    change(recipe);
    CHECK_THROWS_WITH_AS(check_recipe(recipe), doctest::Contains(option), UsageError);
  };
  CHECK_NOTHROW(check_recipe(TabularRecipe()));
  refused("--width", [](auto& recipe) { recipe.heads = 3; });
  refused("--columns", [](auto& recipe) { recipe.prior.most_features = 1; });
  refused("--features", [](auto& recipe) { recipe.features = 3; });
  refused("--classes", [](auto& recipe) { recipe.prior.most_classes = 1; });
  refused("--fewest-rows", [](auto& recipe) { recipe.prior.fewest_context = 1; });
  refused("--most-rows", [](auto& recipe) { recipe.prior.most_context = 7; });
  refused("--queries", [](auto& recipe) { recipe.prior.queries = 0; });
  refused("--batch", [](auto& recipe) { recipe.batch = 0; });
  refused("--warmup", [](auto& recipe) { recipe.training.schedule.warmup = 11; });
  refused("--test-tables", [](auto& recipe) { recipe.test_tables = 1; });
}
