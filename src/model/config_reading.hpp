#pragma once

/// What the readers of the families' configurations share.

#include "sextant/io/json.hpp"
#include "sextant/model/config.hpp"

namespace sextant::model {

inline constexpr int max_size = 1 << 24;

/// A member that counts as absent where it is null.
inline bool is_set(const io::JsonObject& config, std::string_view key) {
  return config.has(key) && !config.at(key).is_null();
}
inline int size(const io::JsonObject& config, std::string_view key) {
  return static_cast<int>(config.integer(key, 1, max_size));
}
inline int size_or(const io::JsonObject& config, std::string_view key, int missing) {
  return is_set(config, key) ? size(config, key) : missing;
}
inline bool flag_or(const io::JsonObject& config, std::string_view key, bool missing) {
  return is_set(config, key) ? config.boolean(key) : missing;
}
inline double number_or(const io::JsonObject& config, std::string_view key, double missing) {
  return is_set(config, key) ? config.number(key) : missing;
}

/// The function by the name that transformers has for it. Throws `InputError` for others.
Activation read_activation(const io::JsonObject& config, std::string_view key,
                           const std::string& missing);

/// Layers, heads, width, inner width, vocabulary and context, under the names that BERT and Llama
/// share.
void read_sizes(const io::JsonObject& json, ModelConfig& config);

/// Throws `InputError` where a flag is set.
void reject_flag(const io::JsonObject& config, std::string_view key);

/// Throws `InputError` where a member is there, not null and not false.
void reject_set(const io::JsonObject& config, std::string_view key);

/// A configuration of Llama, Mistral, Qwen2, Qwen3 or Gemma 3 (text), as transformers 5.24 reads
/// it: rotary settings at the top or in `rope_parameters`, by kind of layer for Gemma 3.
ModelConfig read_rotary_config(Family family, const io::JsonObject& config);

}  // namespace sextant::model
