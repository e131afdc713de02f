#include "model_directory.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <numeric>

#include "sextant/io/files.hpp"
#include "sextant/io/safetensors.hpp"
#include "sextant/pretrain/digit_vocabulary.hpp"

namespace sextant::pretrain {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t curve_points = 50;

Json config_json(const model::ModelConfig& config) {
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

Json training_json(const DigitShiftRecipe& recipe) {
  const TrainingOptions& training = recipe.training;
  return {{"steps", training.schedule.steps},
          {"sequences_per_step", recipe.batch},
          {"tokens_per_sequence", 4 * recipe.examples + 2},
          {"optimizer", "AdamW, no weight decay of norms, biases and embeddings"},
          {"learning_rate", training.schedule.peak},
          {"schedule", "linear warm-up, then half a cosine to final_share of the peak"},
          {"warmup_steps", training.schedule.warmup},
          {"final_share", training.schedule.final_share},
          {"beta1", training.adamw.beta1},
          {"beta2", training.adamw.beta2},
          {"epsilon", training.adamw.epsilon},
          {"weight_decay", training.adamw.weight_decay},
          {"largest_gradient_norm", training.largest_gradient},
          {"initial_deviation", initial_deviation(recipe)}};
}

Json distribution_json(const DigitShiftRecipe& recipe) {
  Json templates = Json::array();
  for (const auto& pattern : task::digit_shift_templates()) templates.push_back(pattern.example);
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

void write_gpt2(const model::Parameters<float>& parameters,
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
  const Json json = {
      {"command", command_line(recipe)},
      {"task", "digit-shift"},
      {"seed", recipe.seed},
      {"model",
       {{"layers", recipe.layers},
        {"heads", recipe.heads},
        {"width", recipe.width},
        {"parameters", result.parameters}}},
      {"distribution", distribution_json(recipe)},
      {"training", training_json(recipe)},
      {"loss",
       {{"unit", "nats per label"},
        {"fresh_sequences", recipe.test_tasks},
        {"model", result.loss.model},
        {"ideal", result.loss.ideal},
        {"curve", loss_curve(losses)}}},
      {"measured",
       {{"squared_error",
         "of the expectation of y / 9 under the probabilities of the ten digits, against the right "
         "label's value"},
        {"predictors",
         "ideal: Bayes prediction for the distribution trained on; nearest shift: the one that "
         "most "
         "examples agree with; copy: the labels of examples with the query's digit; guess: all "
         "digits alike"},
        {"rows", measured_json(result.measured)}}}};
  return json.dump(1) + "\n";
}

}  // namespace sextant::pretrain
