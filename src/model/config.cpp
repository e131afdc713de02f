#include "sextant/model/config.hpp"

#include <fmt/format.h>

#include <cmath>
#include <utility>

#include "config_reading.hpp"
#include "sextant/core/errors.hpp"
#include "sextant/io/files.hpp"
#include "sextant/io/json.hpp"
#include "sextant/model/directory.hpp"

namespace sextant::model {

Activation read_activation(const io::JsonObject& config, std::string_view key,
                           const std::string& missing) {
  const std::string name = is_set(config, key) ? config.string(key) : missing;
  if (name == "gelu") return Activation::gelu;
  if (name == "gelu_new" || name == "gelu_pytorch_tanh") return Activation::gelu_tanh;
  if (name == "relu") return Activation::relu;
  if (name == "silu" || name == "swish") return Activation::silu;
  throw InputError(
      config.file(), config.place(key),
      fmt::format("is \"{}\", expected gelu, gelu_new, gelu_pytorch_tanh, relu or silu", name));
}

void read_sizes(const io::JsonObject& json, ModelConfig& config) {
  config.layers = size(json, "num_hidden_layers");
  config.heads = size(json, "num_attention_heads");
  config.width = size(json, "hidden_size");
  config.inner = size(json, "intermediate_size");
  config.vocabulary = size(json, "vocab_size");
  config.context = size(json, "max_position_embeddings");
}

void reject_flag(const io::JsonObject& config, std::string_view key) {
  if (flag_or(config, key, false)) {
    throw InputError(config.file(), config.place(key), "is true, which is not supported");
  }
}

void reject_set(const io::JsonObject& config, std::string_view key) {
  if (!is_set(config, key) || config.at(key) == false) return;
  throw InputError(config.file(), config.place(key),
                   fmt::format("is {}, which is not supported", config.at(key).dump()));
}

namespace {

ModelConfig gpt2_config(const io::JsonObject& json) {
  ModelConfig config(Family::gpt2);
  config.layers = size(json, "n_layer");
  config.heads = size(json, "n_head");
  config.width = size(json, "n_embd");
  config.inner = size_or(json, "n_inner", 4 * config.width);
  config.vocabulary = size(json, "vocab_size");
  config.context = size(json, json.has("n_positions") ? "n_positions" : "n_ctx");
  config.activation = read_activation(json, "activation_function", "gelu_new");
  config.norm_epsilon = number_or(json, "layer_norm_epsilon", 1e-5);
  config.tied_head = flag_or(json, "tie_word_embeddings", true);
  config.scale_attention = flag_or(json, "scale_attn_weights", true);
  config.scale_attention_by_layer = flag_or(json, "scale_attn_by_inverse_layer_idx", false);
  reject_flag(json, "add_cross_attention");
  return config;
}

/// BERT or RoBERTa, whose positions begin behind the padding token's number.
ModelConfig bert_config(Family family, const io::JsonObject& json) {
  ModelConfig config(family);
  read_sizes(json, config);
  config.activation = read_activation(json, "hidden_act", "gelu");
  config.norm_epsilon = number_or(json, "layer_norm_eps", 1e-12);
  if (json.has("position_embedding_type") && json.string("position_embedding_type") != "absolute") {
    throw InputError(
        json.file(), "position_embedding_type",
        fmt::format("is \"{}\", expected \"absolute\"", json.string("position_embedding_type")));
  }
  reject_flag(json, "is_decoder");
  reject_flag(json, "add_cross_attention");
  if (family != Family::roberta) return config;
  const std::int64_t padding =
      is_set(json, "pad_token_id") ? json.integer("pad_token_id", 0, max_size) : 1;
  config.position_offset = static_cast<int>(padding) + 1;
  config.context -= config.position_offset;
  if (config.context >= 1) return config;
  throw InputError(json.file(), "max_position_embeddings",
                   fmt::format("is {}, which leaves no position behind the first {}, those of the "
                               "padding token",
                               config.context + config.position_offset, config.position_offset));
}

ModelConfig distilbert_config(const io::JsonObject& json) {
  ModelConfig config(Family::distilbert);
  config.layers = size(json, "n_layers");
  config.heads = size(json, "n_heads");
  config.width = size(json, "dim");
  config.inner = size(json, "hidden_dim");
  config.vocabulary = size(json, "vocab_size");
  config.context = size(json, "max_position_embeddings");
  config.activation = read_activation(json, "activation", "gelu");
  config.norm_epsilon = 1e-12;
  return config;
}

/// What models of rows and of series have in common.
ModelConfig rows_layers(Family family, const io::JsonObject& json) {
  ModelConfig config(family);
  config.layers = size(json, "n_layer");
  config.heads = size(json, "n_head");
  config.width = size(json, "n_embd");
  config.inner = size_or(json, "n_inner", 4 * config.width);
  config.features = size(json, "n_features");
  config.activation = read_activation(json, "activation_function", "gelu_new");
  config.norm_epsilon = number_or(json, "layer_norm_epsilon", 1e-5);
  config.tied_head = false;
  return config;
}

ModelConfig rows_config(const io::JsonObject& json) {
  ModelConfig config = rows_layers(Family::rows, json);
  config.vocabulary = size(json, "n_classes");
  config.context = size_or(json, "n_rows", max_size);
  return config;
}

ModelConfig series_config(const io::JsonObject& json) {
  ModelConfig config = rows_layers(Family::series, json);
  config.vocabulary = 1;
  config.context = size(json, "n_positions");
  return config;
}

}  // namespace

double ModelConfig::attention_scale(int layer) const {
  double scale = scale_attention
                     ? 1.0 / std::sqrt(query_scalar.value_or(static_cast<double>(head_width())))
                     : 1.0;
  if (scale_attention_by_layer) scale /= layer + 1;
  return scale;
}

int ModelConfig::window(int layer) const {
  const auto index = static_cast<std::size_t>(layer);
  return index < windows.size() ? windows[index] : 0;
}

namespace {

/// The families by `model_type`.
constexpr std::pair<std::string_view, Family> families[] = {{"gpt2", Family::gpt2},
                                                            {"llama", Family::llama},
                                                            {"mistral", Family::mistral},
                                                            {"qwen2", Family::qwen2},
                                                            {"qwen3", Family::qwen3},
                                                            {"gemma3_text", Family::gemma3},
                                                            {"bert", Family::bert},
                                                            {"roberta", Family::roberta},
                                                            {"distilbert", Family::distilbert},
                                                            {"sextant-rows", Family::rows},
                                                            {"sextant-series", Family::series}};

Family read_family(const io::JsonObject& json) {
  const std::string type = json.string("model_type");
  std::string known;
  for (const auto& [name, family] : families) {
    if (name == type) return family;
    known += fmt::format("{}{}", known.empty() ? "" : ", ", name);
  }
  const std::string remedy =
      type == "gemma3"
          ? ": of a model with images, save the text model alone (`model.language_model`)"
          : "";
  throw InputError(json.file(), "model_type",
                   fmt::format("is \"{}\", expected one of {}{}", type, known, remedy));
}

ModelConfig config_of(Family family, const io::JsonObject& json) {
  switch (family) {
    case Family::gpt2:
      return gpt2_config(json);
    case Family::rows:
      return rows_config(json);
    case Family::series:
      return series_config(json);
    case Family::bert:
    case Family::roberta:
      return bert_config(family, json);
    case Family::distilbert:
      return distilbert_config(json);
    default:
      return read_rotary_config(family, json);
  }
}

}  // namespace

ModelConfig parse_config(std::string_view text, std::string_view file) {
  const io::Json json = io::parse_json(text, file);
  const io::JsonObject object(json, std::string(file));
  ModelConfig config = config_of(read_family(object), object);
  if (config.head_size == 0 && config.width % config.heads != 0) {
    throw InputError(file, "",
                     fmt::format("has width {}, which {} attention heads do not divide",
                                 config.width, config.heads));
  }
  if (!(config.norm_epsilon > 0)) {
    throw InputError(file, "", "has a norm epsilon that is not above 0");
  }
  return config;
}

ModelConfig read_config(const std::filesystem::path& directory) {
  check_directory(directory);
  const auto path = directory / "config.json";
  return parse_config(io::read_file(path), path.string());
}

}  // namespace sextant::model
