#include "model_directory.hpp"

#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <numeric>
#include <utility>

#include "sextant/io/files.hpp"
#include "sextant/io/safetensors.hpp"
#include "sextant/studies/pretrain/digit_vocabulary.hpp"

namespace sextant::studies::pretrain {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t curve_points = 50;

Json features_config_json(const model::ModelConfig& config) {
  Json json = {{"model_type", "sextant-" + family_name(config.family)},
               {"n_layer", config.layers},
               {"n_head", config.heads},
               {"n_embd", config.width},
               {"n_inner", config.inner},
               {"n_features", config.features}};
  if (config.reads_rows()) {
    json["n_classes"] = config.vocabulary;
  } else {
    json["n_positions"] = config.context;
  }
  json["activation_function"] = "gelu_new";
  json["layer_norm_epsilon"] = config.norm_epsilon;
  json["torch_dtype"] = "float32";
  return json;
}

Json config_json(const model::ModelConfig& config) {
  if (config.reads_features()) return features_config_json(config);
  const int end_of_text = config.vocabulary - 1;
  return {{"model_type", "gpt2"},
          {"architectures", {"GPT2LMHeadModel"}},
          {"n_layer", config.layers},
          {"n_head", config.heads},
          {"n_embd", config.width},
          {"n_inner", config.inner},
          {"n_positions", config.context},
          {"vocab_size", config.vocabulary},
          {"activation_function", "gelu_new"},
          {"layer_norm_epsilon", config.norm_epsilon},
          {"scale_attn_weights", true},
          {"tie_word_embeddings", true},
          {"attn_pdrop", 0.0},
          {"embd_pdrop", 0.0},
          {"resid_pdrop", 0.0},
          {"bos_token_id", end_of_text},
          {"eos_token_id", end_of_text},
          {"torch_dtype", "float32"}};
}

/// Means over equal stretches of steps: [[last step of the stretch, loss], ...].
Json loss_curve(const std::vector<double>& losses) {
  Json curve = Json::array();
  const std::size_t points = std::min(curve_points, losses.size());
  for (std::size_t i = 0; i < points; ++i) {
    const std::size_t begin = i * losses.size() / points;
    const std::size_t end = (i + 1) * losses.size() / points;
    const double sum = std::accumulate(losses.begin() + static_cast<std::ptrdiff_t>(begin),
                                       losses.begin() + static_cast<std::ptrdiff_t>(end), 0.0);
    curve.push_back({end, sum / static_cast<double>(end - begin)});
  }
  return curve;
}

/// Optimiser and schedule, after the sizes of a batch.
Json training_json(Json sizes, const TrainingOptions& training, int width) {
  sizes["optimizer"] = "AdamW, no weight decay of norms, biases and embeddings";
  sizes["learning_rate"] = training.schedule.peak;
  sizes["schedule"] = "linear warm-up, then half a cosine to final_share of the peak";
  sizes["warmup_steps"] = training.schedule.warmup;
  sizes["final_share"] = training.schedule.final_share;
  sizes["beta1"] = training.adamw.beta1;
  sizes["beta2"] = training.adamw.beta2;
  sizes["epsilon"] = training.adamw.epsilon;
  sizes["weight_decay"] = training.adamw.weight_decay;
  sizes["largest_gradient_norm"] = training.largest_gradient;
  sizes["initial_deviation"] = initial_deviation(width);
  return sizes;
}

/// How a recipe begins: what was run, and the model's sizes.
template <class Recipe>
Json recipe_json(const Recipe& recipe, const char* task, std::size_t parameters) {
  Json model = {{"layers", recipe.layers}, {"heads", recipe.heads}, {"width", recipe.width}};
  if constexpr (requires { recipe.features; }) model["features"] = recipe.features;
  model["parameters"] = parameters;
  return {{"command", command_line(recipe)},
          {"task", task},
          {"seed", recipe.seed},
          {"model", std::move(model)}};
}

Json training_json(const DigitShiftRecipe& recipe) {
  return training_json({{"steps", recipe.training.schedule.steps},
                        {"sequences_per_step", recipe.batch},
                        {"tokens_per_sequence", 4 * recipe.examples + 2}},
                       recipe.training, recipe.width);
}

Json distribution_json(const DigitShiftRecipe& recipe) {
  Json templates = Json::array();
  for (const auto& pattern : generators::digit_shift_templates())
    templates.push_back(pattern.example);
  return {{"description",
           fmt::format("Each sequence is a task of its own: a shift drawn uniformly from {} and a "
                       "template drawn uniformly, then {} examples with x uniform on 0..9 and y = "
                       "(x + shift) mod 10, replaced by a uniform digit with probability {}. The "
                       "loss is the cross-entropy over the whole vocabulary of every y given what "
                       "stands before it, so that each number of examples from 0 to {} is trained.",
                       format_shifts(recipe.family.shifts), recipe.examples + 1,
                       recipe.family.label_noise, recipe.examples)},
          {"shifts", recipe.family.shifts},
          {"label_noise", recipe.family.label_noise},
          {"examples", recipe.examples},
          {"templates", templates}};
}

Json measured_json(const std::vector<MeasuredErrors>& measured) {
  Json rows = Json::array();
  for (const MeasuredErrors& row : measured) {
    Json errors = Json::object();
    for (const PredictorErrors& one : row.predictors) {
      errors[one.predictor] = {{"squared_error", one.squared_error.mean},
                               {"squared_error_standard_error", one.squared_error.standard_error},
                               {"accuracy", one.accuracy.mean},
                               {"accuracy_standard_error", one.accuracy.standard_error}};
    }
    rows.push_back({{"tasks", row.tasks},
                    {"shifts", row.family.shifts},
                    {"label_noise", row.family.label_noise},
                    {"examples", row.examples},
                    {"count", row.count},
                    {"errors", errors}});
  }
  return rows;
}

}  // namespace

void write_model(const model::Parameters<float>& parameters,
                 const std::filesystem::path& directory) {
  io::write_file(directory / "config.json", config_json(parameters.config()).dump(1) + "\n");
  io::SafetensorsWriter writer;
  writer.set_metadata("format", "pt");
  for (const auto& [name, shape] : parameters.shapes()) {
    const std::size_t size =
        std::accumulate(shape.begin(), shape.end(), std::size_t{1}, std::multiplies<>());
    writer.add("transformer." + name, shape,
               std::span(parameters.values()).subspan(parameters.offset(name), size));
  }
  writer.write(directory / "model.safetensors");
}

std::string format_recipe(const DigitShiftRecipe& recipe, const std::vector<double>& losses,
                          const PretrainResult& result) {
  Json json = recipe_json(recipe, "digit-shift", result.parameters);
  json["distribution"] = distribution_json(recipe);
  json["training"] = training_json(recipe);
  json["loss"] = {{"unit", "nats per label"},
                  {"fresh_sequences", recipe.test_tasks},
                  {"model", result.loss.model},
                  {"ideal", result.loss.ideal},
                  {"curve", loss_curve(losses)}};
  json["measured"] = {
      {"squared_error",
       "of the expectation of y / 9 under the probabilities of the ten digits, against the right "
       "label's value"},
      {"predictors",
       "ideal: Bayes prediction for the distribution trained on; nearest shift: the one that most "
       "examples agree with; copy: the labels of examples with the query's digit; guess: all "
       "digits alike"},
      {"rows", measured_json(result.measured)}};
  return json.dump(1) + "\n";
}

namespace {

Json distribution_json(const TabularRecipe& recipe) {
  const generators::TablePrior& prior = recipe.prior;
  Json names = Json::array();
  for (const generators::Generator generator : generators::generators)
    names.push_back(name_of(generator));
  return {{"description",
           fmt::format(
               "Each table is drawn anew: {} to {} labelled rows and {} queries, 2 to {} columns "
               "(both log-uniform), two classes in half of the tables and otherwise up to {}, "
               "labels by one of six kinds of generator alike. Correlated, skewed, coarse, "
               "irrelevant and incomplete columns, uneven classes, noise and replaced labels are "
               "mixed in. The loss is the cross-entropy of every query's class given the labelled "
               "rows.",
               prior.fewest_context, prior.most_context, prior.queries, prior.most_features,
               prior.most_classes)},
          {"generators", names},
          {"fewest_rows", prior.fewest_context},
          {"most_rows", prior.most_context},
          {"queries", prior.queries},
          {"most_columns", prior.most_features},
          {"most_classes", prior.most_classes}};
}

Json estimate_json(const statistics::Estimate& estimate) {
  if (!std::isfinite(estimate.mean)) return nullptr;
  return {{"mean", estimate.mean}, {"standard_error", estimate.standard_error}};
}

Json measured_json(const std::vector<MeasuredTables>& measured) {
  Json rows = Json::array();
  for (const MeasuredTables& row : measured) {
    Json errors = Json::object();
    for (const TableErrors& one : row.predictors) {
      errors[one.predictor] = {{"log_loss", estimate_json(one.log_loss)},
                               {"accuracy", estimate_json(one.accuracy)}};
    }
    rows.push_back({{"context", row.context}, {"tables", row.count}, {"errors", errors}});
  }
  return rows;
}

}  // namespace

std::string format_recipe(const TabularRecipe& recipe, const std::vector<double>& losses,
                          const TabularResult& result) {
  Json json = recipe_json(recipe, "tabular", result.parameters);
  json["distribution"] = distribution_json(recipe);
  json["training"] =
      training_json({{"steps", recipe.training.schedule.steps}, {"tables_per_step", recipe.batch}},
                    recipe.training, recipe.width);
  json["loss"] = {{"unit", "nats per query"}, {"curve", loss_curve(losses)}};
  json["measured"] = {
      {"tables", "fresh ones from the same distribution, by the size of their context"},
      {"predictors",
       "ridge: least squares on the classes' indicators; nearest: the label of the nearest row; "
       "frequencies: those of the context"},
      {"rows", measured_json(result.measured)}};
  return json.dump(1) + "\n";
}

std::string format_recipe(const RegressionRecipe& recipe, const std::vector<double>& losses,
                          const RegressionResult& result) {
  Json rows = Json::array();
  for (const MeasuredRegression& row : result.measured) {
    rows.push_back({{"examples", row.examples},
                    {"model", estimate_json(row.model)},
                    {"ideal", estimate_json(row.ideal)}});
  }
  Json json = recipe_json(recipe, "regression", result.parameters);
  json["distribution"] = {
      {"description",
       fmt::format("Each series is a task of its own: beta ~ N(0, I/{0}), then {1} pairs with x ~ "
                   "N(0, I) in {0} dimensions and y = x'beta plus noise of variance {2}. The loss "
                   "is the squared error of every y given what stands before it, so that each "
                   "number of pairs from 0 to {3} is trained.",
                   recipe.dimension, recipe.examples + 1, recipe.noise, recipe.examples)},
      {"dimension", recipe.dimension},
      {"noise", recipe.noise},
      {"examples", recipe.examples}};
  json["training"] = training_json({{"steps", recipe.training.schedule.steps},
                                    {"series_per_step", recipe.batch},
                                    {"rows_per_series", 2 * recipe.examples + 1}},
                                   recipe.training, recipe.width);
  json["loss"] = {{"unit", "squared error"}, {"curve", loss_curve(losses)}};
  json["measured"] = {{"tasks", result.count},
                      {"squared_error", "of the noisy label"},
                      {"ideal", "the posterior mean of beta under the distribution trained on"},
                      {"rows", rows}};
  return json.dump(1) + "\n";
}

void finish_run(const TrainingState& state, const RunOptions& run, const std::string& recipe) {
  io::AtomicDirectory directory(run.out);
  write_model(state.parameters, directory.staging());
  io::write_file(directory.staging() / "recipe.json", recipe);
  directory.commit();
  std::error_code ignored;
  std::filesystem::remove(state_path(run.out), ignored);
}

}  // namespace sextant::studies::pretrain
