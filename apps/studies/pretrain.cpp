#include <fmt/format.h>

#include <cmath>
#include <memory>
#include <string>
#include <string_view>

#include "commands.hpp"
#include "program/shared_options.hpp"
#include "program/standard_input.hpp"
#include "program/study_commands.hpp"
#include "sextant/core/progress.hpp"
#include "sextant/studies/pretrain/digit_shift.hpp"
#include "sextant/studies/pretrain/regression.hpp"
#include "sextant/studies/pretrain/tabular.hpp"

namespace sextant::apps {
namespace {

template <class Recipe>
struct PretrainOptions {
  SharedOptions shared;
  Recipe recipe;
  studies::pretrain::RunOptions run;
};

constexpr int name_width = 25;
constexpr int column_width = 11;

/// One table: a row for each predictor, a column for each distribution of tasks.
void print_errors(const std::vector<studies::pretrain::MeasuredErrors>& measured, const char* title,
                  studies::pretrain::Estimate studies::pretrain::PredictorErrors::*quantity) {
  const auto print_row = [&](std::string_view name, const auto& cell) {
    fmt::print("{:<{}}", name, name_width);
    for (const auto& column : measured) fmt::print("{:>{}}", cell(column), column_width);
    fmt::print("\n");
  };
  fmt::print("\n");
  print_row(title, [](const auto& column) {
    return studies::pretrain::format_shifts(column.family.shifts);
  });
  print_row("", [](const auto& column) {
    const double noise = column.family.label_noise;
    return noise > 0 ? fmt::format("noise {}", noise) : std::string("clean");
  });
  for (std::size_t i = 0; i < measured.front().predictors.size(); ++i) {
    const auto estimate = [&](const auto& column) { return column.predictors[i].*quantity; };
    print_row(measured.front().predictors[i].predictor,
              [&](const auto& column) { return fmt::format("{:.4f}", estimate(column).mean); });
    if (i > 0) continue;
    print_row("  standard error", [&](const auto& column) {
      return fmt::format("{:.4f}", estimate(column).standard_error);
    });
  }
}

void print_result(const studies::pretrain::PretrainResult& result, const std::string& directory) {
  const auto& first = result.measured.front();
  fmt::print("{}: {} parameters\n", directory, result.parameters);
  fmt::print("Loss on fresh sequences: {:.4f} nats per label, ideal predictor {:.4f}\n",
             result.loss.model, result.loss.ideal);
  fmt::print("Errors on {} fresh tasks of {} examples and one query for each column,\n",
             first.count, first.examples);
  fmt::print("by the shifts that tasks are drawn from and the noise of their labels\n");
  print_errors(result.measured, "Squared error",
               &studies::pretrain::PredictorErrors::squared_error);
  print_errors(result.measured, "Accuracy", &studies::pretrain::PredictorErrors::accuracy);
}

void print_result(const studies::pretrain::TabularResult& result, const std::string& directory) {
  fmt::print("{}: {} parameters\n", directory, result.parameters);
  for (const auto& measured : result.measured) {
    fmt::print("\n{} fresh tables of {} labelled rows\n", measured.count, measured.context);
    fmt::print("{:<{}}{:>20}{:>20}\n", "", name_width, "log-loss", "accuracy");
    const auto cell = [](const studies::statistics::Estimate& estimate) {
      return std::isfinite(estimate.mean)
                 ? fmt::format("{:.4f} +- {:.4f}", estimate.mean, estimate.standard_error)
                 : std::string("-");
    };
    for (const auto& one : measured.predictors) {
      fmt::print("{:<{}}{:>20}{:>20}\n", one.predictor, name_width, cell(one.log_loss),
                 cell(one.accuracy));
    }
  }
}

void print_result(const studies::pretrain::RegressionResult& result, const std::string& directory) {
  fmt::print("{}: {} parameters\n", directory, result.parameters);
  fmt::print("\nSquared error of the next label on {} fresh tasks\n{:<{}}{:>20}{:>20}\n",
             result.count, "pairs before it", name_width, "model", "ideal");
  const auto cell = [](const studies::statistics::Estimate& estimate) {
    return fmt::format("{:.4f} +- {:.4f}", estimate.mean, estimate.standard_error);
  };
  for (const auto& row : result.measured) {
    fmt::print("{:<{}}{:>20}{:>20}\n", row.examples, name_width, cell(row.model), cell(row.ideal));
  }
}

/// Trains with a progress line, which is gone when the result is printed.
template <class Recipe, class Train>
void run_pretrain(PretrainOptions<Recipe>& options, const Train& train) {
  apply_shared_options(options.shared);
  check_is_no_dash({"--out", options.run.out});
  options.recipe.seed = options.shared.seed;
  const auto result = [&] {
    Progress progress("pretrain", static_cast<std::size_t>(options.recipe.training.schedule.steps),
                      !options.shared.quiet);
    options.run.on_step = [&](int done, int resumed, double loss) {
      progress.update(static_cast<std::size_t>(done), fmt::format("loss {:.4f}", loss),
                      static_cast<std::size_t>(resumed));
    };
    return train(options.recipe, options.run);
  }();
  print_result(result, options.run.out.string());
}

template <class Value>
void add_recipe(CLI::App& command, const char* name, Value& value, const char* help) {
  command.add_option(name, value, help)->capture_default_str();
}

/// The options of every recipe; all that a run takes besides.
template <class Recipe>
void add_common(CLI::App& command, PretrainOptions<Recipe>& options) {
  auto& [shared, recipe, run] = options;
  auto& schedule = recipe.training.schedule;
  command.add_option("--out", run.out, "Model directory to make, new or empty")->required();
  add_recipe(command, "--layers", recipe.layers, "Layers");
  add_recipe(command, "--heads", recipe.heads, "Attention heads per layer");
  add_recipe(command, "--width", recipe.width,
             "Width of the residual stream, a multiple of --heads");
  add_recipe(command, "--steps", schedule.steps, "Training steps");
  add_recipe(command, "--warmup", schedule.warmup,
             "Steps of linear warm-up; a half cosine follows");
  add_recipe(command, "--learning-rate", schedule.peak, "Largest learning rate");
  add_recipe(command, "--weight-decay", recipe.training.adamw.weight_decay,
             "Decoupled weight decay of matrices");
  add_recipe(command, "--checkpoint-every", run.checkpoint_every,
             "Steps between saved states, in DIR.partial.safetensors");
  command.add_flag("--resume", run.resume,
                   "Continue an unfinished run from its saved state, if there is one");
  add_shared_options(command, shared);
}

void add_digit_shift_recipe(CLI::App& pretrain) {
  auto& command = *pretrain.add_subcommand(
      "digit-shift", "Learns y = (x + shift) mod 10 from examples in its prompt");
  const auto options = std::make_shared<PretrainOptions<studies::pretrain::DigitShiftRecipe>>();
  auto& recipe = options->recipe;
  const auto shifts = std::make_shared<std::string>("0-4");
  add_recipe(command, "--shifts", *shifts, "Shifts to train on, such as 0-4 or 0-4,7");
  add_recipe(command, "--noise", recipe.family.label_noise,
             "Probability that an example's label is replaced by a uniform digit");
  add_recipe(command, "--examples", recipe.examples,
             "Examples per training sequence, before its query");
  add_recipe(command, "--batch", recipe.batch, "Sequences per step");
  add_recipe(command, "--test-tasks", recipe.test_tasks, "Fresh tasks for each measured error");
  add_common(command, *options);
  command.callback([options, shifts] {
    options->recipe.family.shifts = studies::generators::parse_shifts(*shifts);
    run_pretrain(*options, studies::pretrain::pretrain_digit_shift);
  });
}

void add_regression(CLI::App& pretrain) {
  auto& command = *pretrain.add_subcommand(
      "regression", "Learns linear regression from the pairs in its context");
  const auto options = std::make_shared<PretrainOptions<studies::pretrain::RegressionRecipe>>();
  auto& recipe = options->recipe;
  add_recipe(command, "--dimension", recipe.dimension, "Dimension of the inputs");
  add_recipe(command, "--noise", recipe.noise, "Variance of the labels' noise; the signal's is 1");
  add_recipe(command, "--examples", recipe.examples, "Pairs of a training series, before its last");
  add_recipe(command, "--batch", recipe.batch, "Series per step");
  add_recipe(command, "--test-tasks", recipe.test_tasks, "Fresh tasks for the measured errors");
  add_common(command, *options);
  command.callback([options] { run_pretrain(*options, studies::pretrain::pretrain_regression); });
}

void add_tabular(CLI::App& pretrain) {
  auto& command = *pretrain.add_subcommand(
      "tabular", "Learns to classify rows of a table from labelled rows, on synthetic tables");
  const auto options = std::make_shared<PretrainOptions<studies::pretrain::TabularRecipe>>();
  auto& recipe = options->recipe;
  add_recipe(command, "--features", recipe.features, "Columns that the model can read");
  add_recipe(command, "--columns", recipe.prior.most_features, "Most columns of a training table");
  add_recipe(command, "--classes", recipe.prior.most_classes, "Most classes");
  add_recipe(command, "--fewest-rows", recipe.prior.fewest_context,
             "Fewest labelled rows of a table");
  add_recipe(command, "--most-rows", recipe.prior.most_context, "Most labelled rows of a table");
  add_recipe(command, "--queries", recipe.prior.queries, "Rows of each table to predict");
  add_recipe(command, "--batch", recipe.batch, "Tables per step");
  add_recipe(command, "--test-tables", recipe.test_tables, "Fresh tables for each measured error");
  add_common(command, *options);
  command.callback([options] { run_pretrain(*options, studies::pretrain::pretrain_tabular); });
}

}  // namespace

void add_pretrain(CLI::App& app) {
  CLI::App& pretrain = add_study_command(app, "pretrain");
  pretrain.require_subcommand(1);
  add_digit_shift_recipe(pretrain);
  add_regression(pretrain);
  add_tabular(pretrain);
}

}  // namespace sextant::apps
