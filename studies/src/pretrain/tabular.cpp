#include "sextant/studies/pretrain/tabular.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "model_directory.hpp"
#include "sextant/core/errors.hpp"
#include "sextant/core/threads.hpp"
#include "sextant/task/row_features.hpp"

namespace sextant::studies::pretrain {
namespace {

std::vector<int> counted(int first, int count) {
  std::vector<int> numbers(static_cast<std::size_t>(count));
  std::iota(numbers.begin(), numbers.end(), first);
  return numbers;
}

}  // namespace

void check_recipe(const TabularRecipe& recipe) {
  const generators::TablePrior& prior = recipe.prior;
  check_sizes(recipe.layers, recipe.heads, recipe.width);
  require(prior.most_features >= 2 && prior.most_features <= 10000, "--columns",
          "must be 2 to 10000");
  require(recipe.features >= prior.most_features && recipe.features <= 10000, "--features",
          fmt::format("must be --columns ({}) to 10000", prior.most_features));
  require(prior.most_classes >= 2 && prior.most_classes <= 1000, "--classes", "must be 2 to 1000");
  require(prior.fewest_context >= 2, "--fewest-rows", "must be at least 2");
  require(prior.most_context >= prior.fewest_context && prior.most_context <= 100000, "--most-rows",
          fmt::format("must be --fewest-rows ({}) to 100000", prior.fewest_context));
  require(prior.queries >= 1 && prior.queries <= 100000, "--queries", "must be 1 to 100000");
  require(recipe.batch >= 1 && recipe.batch <= 100000, "--batch", "must be 1 to 100000");
  check_training(recipe.training);
  require(recipe.test_tables >= 2, "--test-tables", "must be at least 2");
}

model::ModelConfig model_config(const TabularRecipe& recipe) {
  model::ModelConfig config(model::Family::rows);
  config.layers = recipe.layers;
  config.heads = recipe.heads;
  config.width = recipe.width;
  config.inner = 2 * recipe.width;
  config.vocabulary = recipe.prior.most_classes;
  config.features = recipe.features;
  config.context = 1 << 24;
  config.tied_head = false;
  return config;
}

std::string command_line(const TabularRecipe& recipe) {
  const TrainingOptions& training = recipe.training;
  const generators::TablePrior& prior = recipe.prior;
  return fmt::format(
      "sextant pretrain tabular --layers {} --heads {} --width {} --features {} --columns {} "
      "--classes {} --fewest-rows {} --most-rows {} --queries {} --batch {} --steps {} --warmup {} "
      "--learning-rate {} --weight-decay {} --test-tables {} --seed {} --out DIR",
      recipe.layers, recipe.heads, recipe.width, recipe.features, prior.most_features,
      prior.most_classes, prior.fewest_context, prior.most_context, prior.queries, recipe.batch,
      training.schedule.steps, training.schedule.warmup, training.schedule.peak,
      training.adamw.weight_decay, recipe.test_tables, recipe.seed);
}

LabelledRows stack_tables(const std::vector<generators::SyntheticTable>& tables, int features,
                          Places places, Random& random) {
  std::vector<task::RowFeatures> parts(tables.size());
  parallel_for(static_cast<std::ptrdiff_t>(tables.size()), [&](std::ptrdiff_t i) {
    const auto t = static_cast<std::size_t>(i);
    parts[t] = task::standardized_features(tables[t].columns, counted(0, tables[t].context));
  });
  Eigen::Index rows = 0;
  for (const auto& part : parts) rows += part.values.rows();
  LabelledRows batch;
  auto table = std::make_shared<model::RowTable>();
  table->features = model::Rows<float>::Zero(rows, features);
  Eigen::Index begin = 0;
  for (std::size_t t = 0; t < tables.size(); ++t) {
    const auto& values = parts[t].values;
    if (values.cols() > features) {
      throw ArgumentError(
          "stack_tables", fmt::format("tables[{}]", t),
          fmt::format("has {} columns that differ, the model reads {}", values.cols(), features));
    }
    std::vector<int> slots = counted(0, features);
    if (places == Places::random) random.shuffle(slots);
    for (Eigen::Index c = 0; c < values.cols(); ++c) {
      table->features.col(slots[static_cast<std::size_t>(c)]).segment(begin, values.rows()) =
          values.col(c);
    }
    table->labels.insert(table->labels.end(), tables[t].labels.begin(), tables[t].labels.end());
    const int first = static_cast<int>(begin);
    batch.contexts.push_back(counted(first, tables[t].context));
    batch.queries.push_back(
        counted(first + tables[t].context, static_cast<int>(values.rows()) - tables[t].context));
    batch.classes.push_back(tables[t].classes);
    begin += values.rows();
  }
  batch.table = std::move(table);
  return batch;
}

LabelledRows training_batch(const TabularRecipe& recipe, int step) {
  Random random(recipe.seed, static_cast<std::uint64_t>(step) + 1);
  std::vector<generators::SyntheticTable> tables;
  for (int i = 0; i < recipe.batch; ++i) tables.push_back(draw_table(recipe.prior, random));
  return stack_tables(tables, recipe.features, Places::random, random);
}

TabularResult pretrain_tabular(const TabularRecipe& recipe, const RunOptions& run) {
  check_recipe(recipe);
  const auto [state, resumed_from] = run_training(
      {command_line(recipe), model_config(recipe), recipe.seed, recipe.training,
       [&](int step) -> LossGradient {
         return [batch = training_batch(recipe, step)](const auto& parameters, auto& gradient) {
           return row_loss_gradient(parameters, batch, gradient);
         };
       }},
      run);
  TabularResult result;
  result.parameters = state.parameters.values().size();
  result.resumed_from = resumed_from;
  result.measured =
      measure_tabular(state.parameters, recipe.prior, recipe.test_tables, recipe.seed);

  finish_run(state, run, format_recipe(recipe, state.losses, result));
  return result;
}

}  // namespace sextant::studies::pretrain
