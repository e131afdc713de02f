#include "sextant/studies/pretrain/regression.hpp"

#include <doctest/doctest.h>

#include <filesystem>

#include "sextant/core/errors.hpp"
#include "sextant/core/threads.hpp"
#include "sextant/io/files.hpp"
#include "sextant/studies/reproduce/regression_shift.hpp"
#include "support/close.hpp"
#include "support/model_directory.hpp"

using namespace sextant;
using namespace sextant::studies;
using namespace sextant::studies::pretrain;

namespace {

RegressionRecipe small_recipe() {
  RegressionRecipe recipe;
  recipe.layers = 2;
  recipe.heads = 2;
  recipe.width = 16;
  recipe.dimension = 1;
  recipe.examples = 6;
  recipe.batch = 32;
  recipe.training.schedule = {5e-3, 20, 600, 0.0};
  recipe.test_tasks = 400;
  return recipe;
}

}  // namespace

TEST_CASE("a short training learns something, and a resumed one ends in the same bytes") {
  const test::TemporaryDirectory directory("regression");
  const RegressionRecipe recipe = small_recipe();
  RunOptions run;
  run.out = directory.path() / "whole";
  const RegressionResult result = pretrain_regression(recipe, run);
  REQUIRE(result.measured.size() == 7);
  // Without a pair nothing is known: the label's variance is 1.1.
  CHECK(result.measured[0].model.mean == test::close(1.1, 0.25));
  CHECK(result.measured[6].model.mean < 0.5 * result.measured[0].model.mean);
  for (const auto& row : result.measured) {
    CHECK(row.model.mean > row.ideal.mean - 3 * row.model.standard_error);
  }
  struct Stopped {};
  run.out = directory.path() / "resumed";
  run.checkpoint_every = 60;
  run.on_step = [](int done, int, double) {
    if (done == 130) throw Stopped();
  };
  CHECK_THROWS_AS(pretrain_regression(recipe, run), Stopped);
  run.on_step = {};
  CHECK_THROWS_AS(pretrain_regression(recipe, run), UsageError);
  run.resume = true;
  CHECK(pretrain_regression(recipe, run).resumed_from == 120);
  for (const char* name : {"model.safetensors", "config.json", "recipe.json"}) {
    CHECK(io::read_file(directory.path() / "whole" / name) ==
          io::read_file(directory.path() / "resumed" / name));
  }

  const auto parameters = model::read_parameters<float>(directory.path() / "whole");
  const auto again = measure_regression(parameters, regression_family(recipe), recipe.examples,
                                        recipe.test_tasks, recipe.seed);
  CHECK(again[3].model.mean == result.measured[3].model.mean);

  reproduce::RegressionShiftOptions options;
  options.tasks = 3;
  options.pilot_tasks = 2;
  options.samples = {4};
  options.steps = {1, 4};
  set_threads(1);
  const auto one = to_json(regression_shift_study(options, directory.path() / "whole"));
  set_threads(3);
  const auto three = to_json(regression_shift_study(options, directory.path() / "whole"));
  set_threads(0);
  CHECK(one == three);
  CHECK(one["sections"].size() == 2);
  options.steps = {4, 1};
  CHECK_THROWS_AS(regression_shift_study(options, directory.path() / "whole"), ArgumentError);
}

TEST_CASE("impossible recipes name their option") {
  const auto complains = [](const RegressionRecipe& recipe, const std::string& option) {
    CHECK_THROWS_WITH_AS(check_recipe(recipe), doctest::Contains(option.c_str()), UsageError);
  };
  RegressionRecipe recipe = small_recipe();
  recipe.dimension = 0;
  complains(recipe, "--dimension");
  recipe = small_recipe();
  recipe.noise = -1;
  complains(recipe, "--noise");
  recipe = small_recipe();
  recipe.examples = 0;
  complains(recipe, "--examples");
  recipe = small_recipe();
  recipe.heads = 3;
  complains(recipe, "--width");
}
