#pragma once

/// GPT-2 directories for tests, and what loading them says.

#include <algorithm>
#include <functional>
#include <nlohmann/json.hpp>

#include "sextant/core/errors.hpp"
#include "sextant/model/directory.hpp"
#include "sextant/model/transformer.hpp"
#include "support/model_directory.hpp"

namespace sextant::test {

namespace fs = std::filesystem;
using namespace model;

inline std::string loading_error(const std::function<void()>& action) {
  try {
    action();
  } catch (const InputError& error) {
    return error.what();
  }
  return "no error";
}

inline bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

inline std::string load_error(const fs::path& directory) {
  return loading_error([&] { load_weights<float>(directory); });
}

/// Logits of every token after a few sequences.
inline Rows<float> logits(const Weights<float>& weights) {
  const TokenBatch batch = pack_causal({{1, 2, 3}, {4, 5}});
  const Rows<float> hidden = forward(weights, batch, tree_layouts(batch), false).hidden;
  const Rows<float> head =
      Eigen::Map<const Rows<float>>(weights.head, weights.config.vocabulary, weights.config.width);
  return hidden * head.transpose();
}

/// A GPT-2 with tensors beside its own, or without some of them.
struct HeadCase {
  TemporaryDirectory directory{"head-case"};
  Parameters<float> parameters = random_parameters<float>(small_config(Family::gpt2), 1);
  std::vector<float> other;

  HeadCase() {
    const auto& config = parameters.config();
    Random random(5);
    other.resize(static_cast<std::size_t>(config.vocabulary * config.width));
    for (float& value : other) value = static_cast<float>(0.4 * random.normal());
  }
  const float* embedding() { return parameters.data("wte.weight"); }

  /// `tie` is null for a config.json that is silent; `head` null for no lm_head.weight.
  void write(const nlohmann::json& tie, const float* head, bool with_embedding,
             const std::string& prefix = "transformer.") {
    auto config = config_json(parameters.config());
    if (!tie.is_null()) config["tie_word_embeddings"] = tie;
    io::write_file(directory.path() / "config.json", config.dump());
    io::SafetensorsWriter writer;
    add_tensors(writer, parameters, [&](const std::string& name) {
      return name == "wte.weight" && !with_embedding ? std::string() : prefix + name;
    });
    const auto& shape = parameters.config();
    if (head != nullptr) {
      writer.add("lm_head.weight", {std::size_t(shape.vocabulary), std::size_t(shape.width)},
                 std::span<const float>(head, other.size()));
    }
    writer.write(directory.path() / "model.safetensors");
  }
  Weights<float> load() const { return load_weights<float>(directory.path()); }
  /// Logits of the model with this embedding and this head.
  Rows<float> expected(const float* token_embedding, const float* head) const {
    Weights<float> weights = parameters.weights();
    weights.token_embedding = token_embedding;
    weights.head = head;
    return logits(weights);
  }
};

}  // namespace sextant::test
