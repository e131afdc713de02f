#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "config_reading.hpp"
#include "sextant/core/errors.hpp"

namespace sextant::model {
namespace {

constexpr std::string_view full = "full_attention";
constexpr std::string_view sliding = "sliding_attention";

/// Throws for what turns a part of a head's columns alone.
void reject_partial(const io::JsonObject& config) {
  constexpr std::string_view key = "partial_rotary_factor";
  if (number_or(config, key, 1) == 1) return;
  throw InputError(config.file(), config.place(key),
                   fmt::format("is {:g}, and rotary positions are supported for whole heads alone",
                               config.number(key)));
}

/// The base of the frequencies by `key`. Throws unless it is positive.
double read_theta(const io::JsonObject& json, std::string_view key, double missing) {
  const double theta = number_or(json, key, missing);
  if (theta > 0) return theta;
  throw InputError(json.file(), json.place(key),
                   fmt::format("is {:g}, expected a number above 0", theta));
}

/// Reads theta and scaling from `json`, where it has them; `context` is the model's.
Rotary read_rotary(const io::JsonObject& json, double theta, int context) {
  Rotary rotary;
  rotary.theta = read_theta(json, "rope_theta", theta);
  reject_partial(json);
  const std::string_view key = is_set(json, "rope_type") ? "rope_type" : "type";
  const std::string type = is_set(json, key) ? json.string(key) : "default";
  if (type == "default") return rotary;
  if (type != "linear" && type != "llama3") {
    throw InputError(json.file(), json.place(key),
                     fmt::format("is \"{}\", expected default, linear or llama3", type));
  }
  rotary.factor = json.number("factor");
  if (!(rotary.factor > 0)) {
    throw InputError(json.file(), json.place("factor"),
                     fmt::format("is {:g}, expected a number above 0", rotary.factor));
  }
  rotary.scaling = RotaryScaling::linear;
  if (type == "linear") return rotary;
  rotary.scaling = RotaryScaling::llama3;
  rotary.low_frequency_factor = json.number("low_freq_factor");
  rotary.high_frequency_factor = json.number("high_freq_factor");
  rotary.original_context = number_or(json, "original_max_position_embeddings", context);
  if (!(rotary.low_frequency_factor > 0) ||
      !(rotary.high_frequency_factor > rotary.low_frequency_factor)) {
    throw InputError(json.file(), json.place("high_freq_factor"),
                     fmt::format("is {:g} with low_freq_factor {:g}, expected two numbers above 0, "
                                 "the first one larger",
                                 rotary.high_frequency_factor, rotary.low_frequency_factor));
  }
  return rotary;
}

/// `rope_scaling` where both are there, as in transformers 5.
std::optional<io::JsonObject> rotary_settings(const io::JsonObject& json) {
  for (const std::string_view key : {"rope_scaling", "rope_parameters"}) {
    if (is_set(json, key) && !json.at(key).empty()) return json.object(key);
  }
  return std::nullopt;
}

void take_rotary(const io::JsonObject& json, ModelConfig& config) {
  reject_partial(json);
  const double theta = read_theta(json, "rope_theta", 10000);
  const auto settings = rotary_settings(json);
  config.rotary = settings ? read_rotary(*settings, theta, config.context) : Rotary{.theta = theta};
  if (!settings) return;
  for (const std::string_view key : {full, sliding}) {
    if (!settings->has(key)) continue;
    throw InputError(json.file(), settings->place(key),
                     "gives rotary positions by kind of layer, which this family does not have");
  }
}

/// Gemma 3: one for layers without a window, one for those with one, to which no scaling applies
/// unless its own settings say so.
void take_rotary_by_layer(const io::JsonObject& json, ModelConfig& config) {
  reject_partial(json);
  const double theta = read_theta(json, "rope_theta", 1e6);
  const double local = read_theta(json, "rope_local_base_freq", 10000);
  config.rotary.theta = theta;
  config.local_rotary = Rotary{.theta = local};
  if (is_set(json, "rope_parameters")) {
    const io::JsonObject all = json.object("rope_parameters");
    for (const auto& [key, value] : all.value().items()) {
      if (key == full || key == sliding) continue;
      throw InputError(json.file(), all.place(key),
                       fmt::format("is not known, expected {} and {}", full, sliding));
    }
    if (is_set(all, full)) config.rotary = read_rotary(all.object(full), theta, config.context);
    if (is_set(all, sliding)) {
      config.local_rotary = read_rotary(all.object(sliding), local, config.context);
    }
  }
  if (is_set(json, "rope_scaling")) {
    config.rotary = read_rotary(json.object("rope_scaling"), config.rotary.theta, config.context);
  }
}

/// The kinds of the layers by `layer_types`, which has to name each.
std::vector<bool> windowed_layers(const io::JsonObject& json, int layers) {
  const io::Json& types = json.at("layer_types");
  const std::string place = json.place("layer_types");
  if (!types.is_array() || types.size() != static_cast<std::size_t>(layers)) {
    throw InputError(json.file(), place,
                     fmt::format("is not a list of the kinds of {} layers", layers));
  }
  std::vector<bool> windowed;
  for (std::size_t i = 0; i < types.size(); ++i) {
    if (types[i] != full && types[i] != sliding) {
      throw InputError(
          json.file(), fmt::format("{}[{}]", place, i),
          fmt::format("is {}, expected \"{}\" or \"{}\"", types[i].dump(), full, sliding));
    }
    windowed.push_back(types[i] == sliding);
  }
  return windowed;
}

void take_windows(const io::JsonObject& json, Family family, ModelConfig& config) {
  constexpr int default_window = 4096;
  if (family == Family::llama) return;
  const bool is_gemma = family == Family::gemma3;
  const bool is_null = json.has("sliding_window") && json.at("sliding_window").is_null();
  bool used = !is_null;
  if (family == Family::qwen2 || family == Family::qwen3) {
    used = used && flag_or(json, "use_sliding_window", false);
  }
  const int window = used ? size_or(json, "sliding_window", default_window) : 0;
  std::vector<bool> windowed(static_cast<std::size_t>(config.layers), true);
  if (family != Family::mistral && is_set(json, "layer_types")) {
    windowed = windowed_layers(json, config.layers);
  } else if (is_gemma) {
    const int pattern = size_or(json, "sliding_window_pattern", 6);
    for (int l = 0; l < config.layers; ++l) {
      windowed[static_cast<std::size_t>(l)] = (l + 1) % pattern != 0;
    }
  } else if (family != Family::mistral) {
    const int first = is_set(json, "max_window_layers")
                          ? static_cast<int>(json.integer("max_window_layers", 0, max_size))
                          : 28;
    for (int l = 0; l < config.layers; ++l) windowed[static_cast<std::size_t>(l)] = l >= first;
  }
  const bool any = std::ranges::find(windowed, true) != windowed.end();
  if (window == 0 && any && (is_gemma || is_set(json, "layer_types"))) {
    throw InputError(json.file(), json.place("sliding_window"),
                     "is not set, and some layers attend to a window");
  }
  if (window == 0) return;
  for (const bool one : windowed) config.windows.push_back(one ? window : 0);
}

void take_biases(const io::JsonObject& json, Family family, ModelConfig& config) {
  config.biases = {false, false, false};
  if (family == Family::qwen2) config.biases.query_key_value = true;
  if (family == Family::llama || family == Family::qwen3 || family == Family::gemma3) {
    const bool attention = flag_or(json, "attention_bias", false);
    config.biases = {attention, attention, false};
  }
  if (family == Family::llama) config.biases.mlp = flag_or(json, "mlp_bias", false);
}

}  // namespace

std::vector<double> rotary_frequencies(const Rotary& rotary, int head_width) {
  std::vector<double> frequencies;
  for (int j = 0; j < head_width; j += 2) {
    double frequency = std::pow(rotary.theta, -static_cast<double>(j) / head_width);
    if (rotary.scaling == RotaryScaling::linear) frequency /= rotary.factor;
    if (rotary.scaling == RotaryScaling::llama3) {
      // How often the original context holds the wave decides.
      const double turns = rotary.original_context * frequency / (2 * std::numbers::pi);
      const double share = (turns - rotary.low_frequency_factor) /
                           (rotary.high_frequency_factor - rotary.low_frequency_factor);
      const double kept = std::clamp(share, 0.0, 1.0);
      frequency *= kept + (1 - kept) / rotary.factor;
    }
    frequencies.push_back(frequency);
  }
  return frequencies;
}

ModelConfig read_rotary_config(Family family, const io::JsonObject& json) {
  const bool is_gemma = family == Family::gemma3;
  ModelConfig config(family);
  read_sizes(json, config);
  // What configurations of transformers leave out where they are the defaults.
  const int default_heads = is_gemma ? 4 : family == Family::mistral ? 8 : config.heads;
  const bool names_heads = json.has("num_key_value_heads");
  config.key_value_heads =
      size_or(json, "num_key_value_heads", names_heads ? config.heads : default_heads);
  config.head_size = size_or(json, "head_dim",
                             is_gemma                                           ? 256
                             : family == Family::qwen3 && !json.has("head_dim") ? 128
                                                                                : 0);
  config.activation = read_activation(json, is_gemma ? "hidden_activation" : "hidden_act",
                                      is_gemma ? "gelu_pytorch_tanh" : "silu");
  config.norm_epsilon = number_or(json, "rms_norm_eps", 1e-6);
  config.tied_head = flag_or(json, "tie_word_embeddings", is_gemma);
  take_biases(json, family, config);
  take_windows(json, family, config);
  if (is_gemma) {
    config.query_scalar = number_or(json, "query_pre_attn_scalar", 256);
    if (!(*config.query_scalar > 0)) {
      throw InputError(json.file(), json.place("query_pre_attn_scalar"),
                       fmt::format("is {:g}, expected a number above 0", *config.query_scalar));
    }
    config.embedding_scale = std::sqrt(static_cast<double>(config.width));
    take_rotary_by_layer(json, config);
    reject_flag(json, "use_bidirectional_attention");
  } else {
    take_rotary(json, config);
  }
  for (const std::string_view key : {"attn_logit_softcapping", "final_logit_softcapping"}) {
    reject_set(json, key);
  }
  if (std::int64_t{config.heads} * config.head_size > max_size) {
    throw InputError(json.file(), json.place("head_dim"),
                     fmt::format("is {}, and {} heads of that width are beyond {} columns",
                                 config.head_size, config.heads, max_size));
  }
  if (config.heads % config.key_heads() != 0) {
    throw InputError(json.file(), json.place("num_key_value_heads"),
                     fmt::format("is {}, which does not divide the {} attention heads",
                                 config.key_heads(), config.heads));
  }
  if (config.head_width() % 2 != 0) {
    throw InputError(json.file(), "",
                     fmt::format("has heads of width {}, and rotary positions need an even one",
                                 config.head_width()));
  }
  return config;
}

}  // namespace sextant::model
