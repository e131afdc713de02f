#include "sextant/studies/pretrain/regression.hpp"

#include <fmt/format.h>

#include <cmath>

#include "model_directory.hpp"
#include "sextant/core/errors.hpp"

namespace sextant::studies::pretrain {
namespace {

using generators::RegressionTask;

constexpr int input_kind = 0;
constexpr int label_kind = 1;

/// Appends the rows (x, 0) and (0, y) of a task's pairs to a table; the first of them.
class TableBuilder {
 public:
  TableBuilder(Eigen::Index rows, Eigen::Index dimension) {
    table_.features = model::Rows<float>::Zero(rows, dimension + 1);
    table_.labels.reserve(static_cast<std::size_t>(rows));
  }
  int add_input(const Eigen::Ref<const Eigen::RowVectorXd>& x) {
    table_.features.row(next()).head(x.size()) = x.cast<float>();
    table_.labels.push_back(input_kind);
    return static_cast<int>(next()) - 1;
  }
  int add_label(double y) {
    table_.features(next(), table_.features.cols() - 1) = static_cast<float>(y);
    table_.labels.push_back(label_kind);
    return static_cast<int>(next()) - 1;
  }
  std::shared_ptr<const model::RowTable> finish() {
    return std::make_shared<const model::RowTable>(std::move(table_));
  }

 private:
  Eigen::Index next() const { return static_cast<Eigen::Index>(table_.labels.size()); }
  model::RowTable table_;
};

}  // namespace

void check_recipe(const RegressionRecipe& recipe) {
  check_sizes(recipe.layers, recipe.heads, recipe.width);
  require(recipe.dimension >= 1 && recipe.dimension <= 10000, "--dimension", "must be 1 to 10000");
  require(recipe.noise >= 0 && std::isfinite(recipe.noise), "--noise", "must be at least 0");
  require(recipe.examples >= 1 && recipe.examples <= 10000, "--examples", "must be 1 to 10000");
  require(recipe.batch >= 1 && recipe.batch <= 100000, "--batch", "must be 1 to 100000");
  check_training(recipe.training);
  require(recipe.test_tasks >= 2, "--test-tasks", "must be at least 2");
}

model::ModelConfig model_config(const RegressionRecipe& recipe) {
  model::ModelConfig config(model::Family::series);
  config.layers = recipe.layers;
  config.heads = recipe.heads;
  config.width = recipe.width;
  config.inner = 4 * recipe.width;
  config.vocabulary = 1;
  config.features = recipe.dimension + 1;
  config.context = 2 * recipe.examples + 1;
  config.tied_head = false;
  return config;
}

std::string command_line(const RegressionRecipe& recipe) {
  const TrainingOptions& training = recipe.training;
  return fmt::format(
      "sextant pretrain regression --layers {} --heads {} --width {} --dimension {} --noise {} "
      "--examples {} --batch {} --steps {} --warmup {} --learning-rate {} --weight-decay {} "
      "--test-tasks {} --seed {} --out DIR",
      recipe.layers, recipe.heads, recipe.width, recipe.dimension, recipe.noise, recipe.examples,
      recipe.batch, training.schedule.steps, training.schedule.warmup, training.schedule.peak,
      training.adamw.weight_decay, recipe.test_tasks, recipe.seed);
}

generators::RegressionFamily regression_family(const RegressionRecipe& recipe) {
  return generators::isotropic_regression(recipe.dimension, recipe.noise);
}

LabelledSeries all_labels(const std::vector<RegressionTask>& tasks) {
  Eigen::Index rows = 0;
  for (const RegressionTask& task : tasks) rows += 2 * task.x.rows();
  TableBuilder table(rows, tasks.empty() ? 0 : tasks.front().x.cols());
  LabelledSeries batch;
  for (const RegressionTask& task : tasks) {
    auto& series = batch.rows.emplace_back();
    auto& positions = batch.positions.emplace_back();
    auto& targets = batch.targets.emplace_back();
    for (Eigen::Index i = 0; i < task.x.rows(); ++i) {
      positions.push_back(static_cast<int>(series.size()));
      targets.push_back(task.y[i]);
      series.push_back(table.add_input(task.x.row(i)));
      const int label = table.add_label(task.y[i]);
      if (i + 1 < task.x.rows()) series.push_back(label);
    }
  }
  batch.table = table.finish();
  return batch;
}

LabelledSeries labels_after(const RegressionTask& context, const RegressionTask& samples) {
  TableBuilder table(2 * context.x.rows() + samples.x.rows(), context.x.cols());
  std::vector<int> shared;
  for (Eigen::Index i = 0; i < context.x.rows(); ++i) {
    shared.push_back(table.add_input(context.x.row(i)));
    shared.push_back(table.add_label(context.y[i]));
  }
  LabelledSeries batch;
  for (Eigen::Index j = 0; j < samples.x.rows(); ++j) {
    auto& series = batch.rows.emplace_back(shared);
    series.push_back(table.add_input(samples.x.row(j)));
    batch.positions.push_back({static_cast<int>(shared.size())});
    batch.targets.push_back({samples.y[j]});
  }
  batch.table = table.finish();
  return batch;
}

LabelledSeries training_batch(const RegressionRecipe& recipe, int step) {
  Random random(recipe.seed, static_cast<std::uint64_t>(step) + 1);
  const generators::RegressionFamily family = regression_family(recipe);
  std::vector<RegressionTask> tasks;
  for (int i = 0; i < recipe.batch; ++i) {
    tasks.push_back(generators::draw_regression(family, recipe.examples + 1, random));
  }
  return all_labels(tasks);
}

std::vector<MeasuredRegression> measure_regression(const model::Parameters<float>& parameters,
                                                   const generators::RegressionFamily& family,
                                                   int examples, int count, std::uint64_t seed) {
  if (count < 2) throw ArgumentError("measure_regression", "count", "is below 2");
  constexpr int tasks_per_pass = 64;
  Random random(seed, std::uint64_t{1} << 32);
  const auto lengths = static_cast<std::size_t>(examples) + 1;
  std::vector<std::vector<double>> model(lengths);
  std::vector<std::vector<double>> ideal(lengths);
  for (int done = 0; done < count; done += tasks_per_pass) {
    std::vector<RegressionTask> tasks;
    for (int i = done; i < std::min(count, done + tasks_per_pass); ++i) {
      tasks.push_back(generators::draw_regression(family, examples + 1, random));
    }
    const std::vector<double> predictions = series_predictions(parameters, all_labels(tasks));
    std::size_t next = 0;
    for (const RegressionTask& task : tasks) {
      for (Eigen::Index n = 0; n <= examples; ++n) {
        const Eigen::VectorXd coefficients =
            generators::posterior_coefficients(family, task.x.topRows(n), task.y.head(n));
        const auto at = static_cast<std::size_t>(n);
        model[at].push_back(std::pow(predictions[next++] - task.y[n], 2));
        ideal[at].push_back(std::pow(task.x.row(n).dot(coefficients) - task.y[n], 2));
      }
    }
  }
  std::vector<MeasuredRegression> measured;
  for (std::size_t n = 0; n < lengths; ++n) {
    measured.push_back(
        {static_cast<int>(n), statistics::estimate(model[n]), statistics::estimate(ideal[n])});
  }
  return measured;
}

RegressionResult pretrain_regression(const RegressionRecipe& recipe, const RunOptions& run) {
  check_recipe(recipe);
  const auto [state, resumed_from] = run_training(
      {command_line(recipe), model_config(recipe), recipe.seed, recipe.training,
       [&](int step) -> LossGradient {
         return [batch = training_batch(recipe, step)](const auto& parameters, auto& gradient) {
           return series_loss_gradient(parameters, batch, gradient);
         };
       }},
      run);
  RegressionResult result;
  result.parameters = state.parameters.values().size();
  result.resumed_from = resumed_from;
  result.count = recipe.test_tasks;
  result.measured = measure_regression(state.parameters, regression_family(recipe), recipe.examples,
                                       recipe.test_tasks, recipe.seed);
  finish_run(state, run, format_recipe(recipe, state.losses, result));
  return result;
}

}  // namespace sextant::studies::pretrain
