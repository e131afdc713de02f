#include "tensor_names.hpp"

#include <fmt/format.h>

namespace sextant::model {
namespace {

constexpr TensorNames gpt2_names = {
    .prefix = "transformer.",
    .token = "wte.weight",
    .position = "wpe.weight",
    .feature = {},
    .type = {},
    .first_norm = {},
    .final_norm = "ln_f",
    .layer = "h",
    .linear =
        {"attn.c_attn", "attn.c_attn", "attn.c_attn", "attn.c_proj", "mlp.c_fc", "mlp.c_proj", {}},
    .norms = {"ln_1", "ln_2", {}, {}, {}, {}},
    .fused = true,
    .transposed = false,
    .layers_setting = "n_layer"};

constexpr TensorNames of_features(bool has_positions) {
  TensorNames names = gpt2_names;
  names.feature = "wfe.weight";
  if (!has_positions) names.position = {};
  return names;
}
constexpr TensorNames rows_names = of_features(false);
constexpr TensorNames series_names = of_features(true);

constexpr TensorNames of_bert(std::string_view prefix) {
  return {.prefix = prefix,
          .token = "embeddings.word_embeddings.weight",
          .position = "embeddings.position_embeddings.weight",
          .feature = {},
          .type = "embeddings.token_type_embeddings.weight",
          .first_norm = "embeddings.LayerNorm",
          .final_norm = {},
          .layer = "encoder.layer",
          .linear = {"attention.self.query",
                     "attention.self.key",
                     "attention.self.value",
                     "attention.output.dense",
                     "intermediate.dense",
                     "output.dense",
                     {}},
          .norms = {"output.LayerNorm", "attention.output.LayerNorm", {}, {}, {}, {}},
          .fused = false,
          .transposed = true,
          .layers_setting = "num_hidden_layers"};
}
constexpr TensorNames bert_names = of_bert("bert.");
constexpr TensorNames roberta_names = of_bert("roberta.");

constexpr TensorNames distilbert_names = {
    .prefix = "distilbert.",
    .token = "embeddings.word_embeddings.weight",
    .position = "embeddings.position_embeddings.weight",
    .feature = {},
    .type = {},
    .first_norm = "embeddings.LayerNorm",
    .final_norm = {},
    .layer = "transformer.layer",
    .linear = {"attention.q_lin",
               "attention.k_lin",
               "attention.v_lin",
               "attention.out_lin",
               "ffn.lin1",
               "ffn.lin2",
               {}},
    .norms = {"output_layer_norm", "sa_layer_norm", {}, {}, {}, {}},
    .fused = false,
    .transposed = true,
    .layers_setting = "n_layers"};

constexpr TensorNames llama_names = {
    .prefix = "model.",
    .token = "embed_tokens.weight",
    .position = {},
    .feature = {},
    .type = {},
    .first_norm = {},
    .final_norm = "norm",
    .layer = "layers",
    .linear = {"self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj", "self_attn.o_proj",
               "mlp.up_proj", "mlp.down_proj", "mlp.gate_proj"},
    .norms = {"input_layernorm",
              "post_attention_layernorm",
              "self_attn.q_norm",
              "self_attn.k_norm",
              {},
              {}},
    .fused = false,
    .transposed = true,
    .layers_setting = "num_hidden_layers"};

constexpr TensorNames of_gemma3() {
  TensorNames names = llama_names;
  names.norms[static_cast<int>(NormRole::mlp)] = "pre_feedforward_layernorm";
  names.norms[static_cast<int>(NormRole::attention_output)] = "post_attention_layernorm";
  names.norms[static_cast<int>(NormRole::mlp_output)] = "post_feedforward_layernorm";
  return names;
}
constexpr TensorNames gemma3_names = of_gemma3();

}  // namespace

const TensorNames& tensor_names(Family family) {
  switch (family) {
    case Family::gpt2:
      return gpt2_names;
    case Family::rows:
      return rows_names;
    case Family::series:
      return series_names;
    case Family::bert:
      return bert_names;
    case Family::roberta:
      return roberta_names;
    case Family::distilbert:
      return distilbert_names;
    case Family::llama:
    case Family::mistral:
    case Family::qwen2:
    case Family::qwen3:
      return llama_names;
    case Family::gemma3:
      return gemma3_names;
  }
  return gpt2_names;
}

std::string linear_name(const ModelConfig& config, int layer, LinearKind kind) {
  const TensorNames& names = tensor_names(config.family);
  return fmt::format("{}.{}.{}", names.layer, layer, names.linear[static_cast<int>(kind)]);
}

std::string norm_name(const ModelConfig& config, int layer, NormRole role) {
  const TensorNames& names = tensor_names(config.family);
  const std::string_view name = names.norms[static_cast<int>(role)];
  if (role != NormRole::attention) return fmt::format("{}.{}.{}", names.layer, layer, name);
  if (config.architecture.norm_placement == NormPlacement::after) {
    if (layer == 0) return std::string(names.first_norm);
    return fmt::format("{}.{}.{}", names.layer, layer - 1, name);
  }
  if (layer == config.layers) return std::string(names.final_norm);
  return fmt::format("{}.{}.{}", names.layer, layer, name);
}

}  // namespace sextant::model
