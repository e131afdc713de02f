#include "sextant/model/config.hpp"

#include <fmt/format.h>

#include <cmath>

#include "sextant/core/errors.hpp"
#include "sextant/io/files.hpp"
#include "sextant/io/json.hpp"
#include "sextant/model/directory.hpp"

namespace sextant::model {
namespace {

constexpr int max_size = 1 << 24;

int size(const io::JsonObject& config, std::string_view key) {
  return static_cast<int>(config.integer(key, 1, max_size));
}

int size_or(const io::JsonObject& config, std::string_view key, int missing) {
  return config.has(key) && !config.at(key).is_null() ? size(config, key) : missing;
}

bool flag_or(const io::JsonObject& config, std::string_view key, bool missing) {
  return config.has(key) ? config.boolean(key) : missing;
}

double number_or(const io::JsonObject& config, std::string_view key, double missing) {
  return config.has(key) ? config.number(key) : missing;
}

Activation activation(const io::JsonObject& config, std::string_view key,
                      const std::string& missing) {
  const std::string name = config.has(key) ? config.string(key) : missing;
  if (name == "gelu") return Activation::gelu;
  if (name == "gelu_new" || name == "gelu_pytorch_tanh") return Activation::gelu_tanh;
  if (name == "relu") return Activation::relu;
  throw InputError(
      config.file(), config.place(key),
      fmt::format("is \"{}\", expected gelu, gelu_new, gelu_pytorch_tanh or relu", name));
}

void reject_flag(const io::JsonObject& config, std::string_view key) {
  if (flag_or(config, key, false)) {
    throw InputError(config.file(), config.place(key), "is true, which is not supported");
  }
}

ModelConfig gpt2_config(const io::JsonObject& json) {
  ModelConfig config;
  config.family = Family::gpt2;
  config.layers = size(json, "n_layer");
  config.heads = size(json, "n_head");
  config.width = size(json, "n_embd");
  config.inner = size_or(json, "n_inner", 4 * config.width);
  config.vocabulary = size(json, "vocab_size");
  config.context = size(json, json.has("n_positions") ? "n_positions" : "n_ctx");
  config.activation = activation(json, "activation_function", "gelu_new");
  config.norm_epsilon = number_or(json, "layer_norm_epsilon", 1e-5);
  config.tied_head = flag_or(json, "tie_word_embeddings", true);
  config.scale_attention = flag_or(json, "scale_attn_weights", true);
  config.scale_attention_by_layer = flag_or(json, "scale_attn_by_inverse_layer_idx", false);
  reject_flag(json, "add_cross_attention");
  return config;
}

ModelConfig bert_config(const io::JsonObject& json) {
  ModelConfig config;
  config.family = Family::bert;
  config.layers = size(json, "num_hidden_layers");
  config.heads = size(json, "num_attention_heads");
  config.width = size(json, "hidden_size");
  config.inner = size(json, "intermediate_size");
  config.vocabulary = size(json, "vocab_size");
  config.context = size(json, "max_position_embeddings");
  config.activation = activation(json, "hidden_act", "gelu");
  config.norm_epsilon = number_or(json, "layer_norm_eps", 1e-12);
  if (json.has("position_embedding_type") && json.string("position_embedding_type") != "absolute") {
    throw InputError(
        json.file(), "position_embedding_type",
        fmt::format("is \"{}\", expected \"absolute\"", json.string("position_embedding_type")));
  }
  reject_flag(json, "is_decoder");
  reject_flag(json, "add_cross_attention");
  return config;
}

/// What models of rows and of series have in common.
ModelConfig rows_layers(const io::JsonObject& json) {
  ModelConfig config;
  config.layers = size(json, "n_layer");
  config.heads = size(json, "n_head");
  config.width = size(json, "n_embd");
  config.inner = size_or(json, "n_inner", 4 * config.width);
  config.features = size(json, "n_features");
  config.activation = activation(json, "activation_function", "gelu_new");
  config.norm_epsilon = number_or(json, "layer_norm_epsilon", 1e-5);
  config.tied_head = false;
  return config;
}

ModelConfig rows_config(const io::JsonObject& json) {
  ModelConfig config = rows_layers(json);
  config.family = Family::rows;
  config.vocabulary = size(json, "n_classes");
  config.context = size_or(json, "n_rows", max_size);
  return config;
}

ModelConfig series_config(const io::JsonObject& json) {
  ModelConfig config = rows_layers(json);
  config.family = Family::series;
  config.vocabulary = 1;
  config.context = size(json, "n_positions");
  return config;
}

}  // namespace

double ModelConfig::attention_scale(int layer) const {
  double scale = scale_attention ? 1.0 / std::sqrt(static_cast<double>(head_width())) : 1.0;
  if (scale_attention_by_layer) scale /= layer + 1;
  return scale;
}

std::string family_name(Family family) {
  switch (family) {
    case Family::gpt2:
      return "gpt2";
    case Family::bert:
      return "bert";
    case Family::rows:
      return "rows";
    case Family::series:
      return "series";
  }
  return {};
}

ModelConfig parse_config(std::string_view text, std::string_view file) {
  const io::Json json = io::parse_json(text, file);
  const io::JsonObject object(json, std::string(file));
  const std::string type = object.string("model_type");
  if (type != "gpt2" && type != "bert" && type != "sextant-rows" && type != "sextant-series") {
    throw InputError(
        file, "model_type",
        fmt::format("is \"{}\", expected gpt2, bert, sextant-rows or sextant-series", type));
  }
  const ModelConfig config = type == "gpt2"           ? gpt2_config(object)
                             : type == "bert"         ? bert_config(object)
                             : type == "sextant-rows" ? rows_config(object)
                                                      : series_config(object);
  if (config.width % config.heads != 0) {
    throw InputError(file, "",
                     fmt::format("has width {}, which {} attention heads do not divide",
                                 config.width, config.heads));
  }
  if (!(config.norm_epsilon > 0)) {
    throw InputError(file, "", "has a layer norm epsilon that is not above 0");
  }
  return config;
}

ModelConfig read_config(const std::filesystem::path& directory) {
  check_directory(directory);
  const auto path = directory / "config.json";
  return parse_config(io::read_file(path), path.string());
}

}  // namespace sextant::model
