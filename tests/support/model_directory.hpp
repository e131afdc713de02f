#pragma once

/// Small model directories on disk, for tests.

#include <unistd.h>

#include <filesystem>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>

#include "sextant/io/files.hpp"
#include "sextant/io/safetensors.hpp"
#include "support/random_model.hpp"

namespace sextant::test {

/// A directory that is removed again.
class TemporaryDirectory {
 public:
  explicit TemporaryDirectory(const std::string& name)
      : path_(std::filesystem::temp_directory_path() /
              ("sextant-" + name + "-" + std::to_string(::getpid()))) {
    std::filesystem::remove_all(path_);
    std::filesystem::create_directories(path_);
  }
  ~TemporaryDirectory() { std::filesystem::remove_all(path_); }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

inline nlohmann::json config_json(const model::ModelConfig& config) {
  if (config.family == model::Family::gpt2) {
    return {{"model_type", "gpt2"},
            {"n_layer", config.layers},
            {"n_head", config.heads},
            {"n_embd", config.width},
            {"n_inner", config.inner},
            {"vocab_size", config.vocabulary},
            {"n_positions", config.context},
            {"activation_function", "gelu_new"},
            {"layer_norm_epsilon", config.norm_epsilon}};
  }
  if (config.reads_rows()) {
    return {{"model_type", "sextant-rows"},  {"n_layer", config.layers},
            {"n_head", config.heads},        {"n_embd", config.width},
            {"n_inner", config.inner},       {"n_classes", config.vocabulary},
            {"n_features", config.features}, {"layer_norm_epsilon", config.norm_epsilon}};
  }
  return {{"model_type", "bert"},
          {"num_hidden_layers", config.layers},
          {"num_attention_heads", config.heads},
          {"hidden_size", config.width},
          {"intermediate_size", config.inner},
          {"vocab_size", config.vocabulary},
          {"max_position_embeddings", config.context},
          {"hidden_act", "gelu"},
          {"layer_norm_eps", config.norm_epsilon}};
}

/// Adds every tensor to `writer`, `rename` deciding what each is called ("" leaves it out).
inline void add_tensors(io::SafetensorsWriter& writer, const model::Parameters<float>& parameters,
                        const std::function<std::string(const std::string&)>& rename) {
  for (const auto& parameter : parameters.shapes()) {
    const std::string name = rename(parameter.name);
    if (name.empty()) continue;
    std::size_t size = 1;
    for (const std::size_t extent : parameter.shape) size *= extent;
    writer.add(name, parameter.shape,
               std::span<const float>(
                   parameters.values().data() + parameters.offset(parameter.name), size));
  }
}

inline void write_model(const std::filesystem::path& directory,
                        const model::Parameters<float>& parameters,
                        const std::string& prefix = "") {
  io::write_file(directory / "config.json", config_json(parameters.config()).dump());
  io::SafetensorsWriter writer;
  add_tensors(writer, parameters, [&](const std::string& name) { return prefix + name; });
  writer.write(directory / "model.safetensors");
}

/// A random encoder of two layers with a WordPiece vocabulary of single letters. `factor` is of one
/// weight.
inline void write_letters_encoder(const std::filesystem::path& directory, float factor = 1) {
  std::filesystem::create_directories(directory);
  auto parameters = random_parameters<float>(small_config(model::Family::bert, 2, 2, 12), 1);
  parameters.data("encoder.layer.1.attention.self.value.weight")[5] *= factor;
  write_model(directory, parameters);
  io::write_file(
      directory / "vocab.txt",
      "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\na\nb\nc\nd\ne\nf\n##a\n##b\n##c\n##d\n##e\n##f\n");
}

}  // namespace sextant::test
