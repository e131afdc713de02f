#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "sextant/io/files.hpp"
#include "sextant/io/json.hpp"
#include "sextant/model/directory.hpp"
#include "unused_tensors.hpp"

namespace sextant::model {
namespace fs = std::filesystem;
namespace {

using Names = std::vector<std::string_view>;

bool contains(const Names& names, std::string_view name) {
  return std::ranges::find(names, name) != names.end();
}

bool starts_with_any(const Names& beginnings, std::string_view name) {
  return std::ranges::any_of(beginnings, [&](auto one) { return name.starts_with(one); });
}

bool ends_with_any(const Names& endings, std::string_view name) {
  return std::ranges::any_of(endings, [&](auto one) { return name.ends_with(one); });
}

// --- Settings of config.json.

const Names& read_settings(Family family) {
  static const Names gpt2{"n_layer",
                          "n_head",
                          "n_embd",
                          "n_inner",
                          "vocab_size",
                          "n_positions",
                          "n_ctx",
                          "activation_function",
                          "layer_norm_epsilon",
                          "tie_word_embeddings",
                          "scale_attn_weights",
                          "scale_attn_by_inverse_layer_idx",
                          "add_cross_attention",
                          "tokenizer_class"};  // the tokenizer's class, read by the tokenizer
  static const Names bert{"num_hidden_layers", "num_attention_heads", "hidden_size",
                          "intermediate_size", "vocab_size",          "max_position_embeddings",
                          "hidden_act",        "layer_norm_eps",      "position_embedding_type",
                          "is_decoder",        "add_cross_attention", "tie_word_embeddings",
                          "type_vocab_size",   "tokenizer_class"};
  static const Names rows{"n_layer",
                          "n_head",
                          "n_embd",
                          "n_inner",
                          "n_features",
                          "n_classes",
                          "n_rows",
                          "n_positions",
                          "activation_function",
                          "layer_norm_epsilon"};
  static const Names distilbert{"n_layers",
                                "n_heads",
                                "dim",
                                "hidden_dim",
                                "vocab_size",
                                "max_position_embeddings",
                                "activation",
                                "sinusoidal_pos_embds",
                                "tokenizer_class",
                                "tie_weights_"};
  static const Names rotary{"num_hidden_layers",
                            "num_attention_heads",
                            "num_key_value_heads",
                            "hidden_size",
                            "head_dim",
                            "intermediate_size",
                            "vocab_size",
                            "max_position_embeddings",
                            "rms_norm_eps",
                            "tie_word_embeddings",
                            "rope_theta",
                            "rope_scaling",
                            "rope_parameters",
                            "partial_rotary_factor",
                            "attn_logit_softcapping",
                            "final_logit_softcapping",
                            "tokenizer_class",
                            "pretraining_tp"};
  switch (family) {
    case Family::gpt2:
      return gpt2;
    case Family::bert:
    case Family::roberta:
      return bert;
    case Family::distilbert:
      return distilbert;
    case Family::rows:
    case Family::series:
      return rows;
    default:
      return rotary;
  }
}

/// Settings that only some of the families with rotary positions read.
bool is_read_by(Family family, std::string_view key) {
  switch (family) {
    case Family::llama:
      return contains({"hidden_act", "attention_bias", "mlp_bias"}, key);
    case Family::mistral:
      return contains({"hidden_act", "sliding_window"}, key);
    case Family::qwen2:
      return contains({"hidden_act", "sliding_window", "use_sliding_window", "max_window_layers",
                       "layer_types"},
                      key);
    case Family::qwen3:
      return contains({"hidden_act", "attention_bias", "sliding_window", "use_sliding_window",
                       "max_window_layers", "layer_types"},
                      key);
    case Family::gemma3:
      return contains({"hidden_activation", "hidden_act", "attention_bias", "sliding_window",
                       "sliding_window_pattern", "_sliding_window_pattern", "layer_types",
                       "query_pre_attn_scalar", "rope_local_base_freq",
                       "use_bidirectional_attention", "cache_implementation"},
                      key);
    default:
      return false;
  }
}

/// Settings of training, of generating text, of other heads and of the program that wrote the file.
bool is_harmless_setting(std::string_view key) {
  static const Names names{"model_type",
                           "architectures",
                           "torch_dtype",
                           "dtype",
                           "transformers_version",
                           "_name_or_path",
                           "name_or_path",
                           "model_name",
                           "language",
                           "initializer_range",
                           "use_cache",
                           "gradient_checkpointing",
                           "task_specific_params",
                           "id2label",
                           "label2id",
                           "num_labels",
                           "problem_type",
                           "finetuning_task",
                           "is_decoder",
                           "is_encoder_decoder",
                           "tie_encoder_decoder",
                           "reorder_and_upcast_attn",
                           "chunk_size_feed_forward",
                           "torchscript",
                           "return_dict",
                           "return_dict_in_generate",
                           "use_bfloat16",
                           "directionality",
                           "remove_invalid_values",
                           "tf_legacy_loss",
                           "do_sample",
                           "early_stopping",
                           "max_length",
                           "max_new_tokens",
                           "min_length",
                           "temperature",
                           "top_k",
                           "top_p",
                           "typical_p",
                           "prefix",
                           "exponential_decay_length_penalty"};
  return contains(names, key) ||
         starts_with_any(
             {"summary_", "pooler_", "output_", "num_beam", "num_return_", "_attn_implementation"},
             key) ||
         ends_with_any({"_token_id", "_tokens", "_words_ids", "_penalty", "_ngram_size", "_pdrop"},
                       key) ||
         key.find("dropout") != std::string_view::npos;
}

bool is_off(const io::Json& value) {
  return value.is_null() || value == false ||
         (value.is_string() && value.get_ref<const std::string&>().empty()) ||
         ((value.is_array() || value.is_object()) && value.empty());
}

std::string shortened(const io::Json& value) {
  constexpr std::size_t longest = 40;
  const std::string text = value.dump();
  return text.size() <= longest ? text : text.substr(0, longest) + "...";
}

/// The members of a JSON file; none when there is no such file or it cannot be read as one.
io::Json members(const fs::path& path) {
  std::error_code error;
  if (!fs::is_regular_file(path, error)) return io::Json::object();
  io::Json value = io::Json::parse(io::read_file(path), nullptr, false);
  return value.is_object() ? value : io::Json::object();
}

std::vector<NotUsed> unused_settings(const ModelDirectory& directory) {
  const ModelConfig& config = directory.config;
  std::vector<NotUsed> result;
  const io::Json settings = members(directory.path / "config.json");
  for (const auto& [key, value] : settings.items()) {
    if (is_off(value) || contains(read_settings(config.family), key) ||
        is_read_by(config.family, key) || is_harmless_setting(key)) {
      continue;
    }
    std::string_view reason = "is not a setting of this architecture here";
    if (key == "auto_map") reason = "code of the model's own is not run";
    if (key == "quantization_config") reason = "weights are taken as they lie in the file";
    result.push_back({key, fmt::format("{} in config.json: {}", shortened(value), reason)});
  }
  if (!config.is_encoder()) return result;
  const io::Json sentence = members(directory.path / "sentence_bert_config.json");
  const auto length = sentence.find("max_seq_length");
  if (length != sentence.end() && length->is_number_integer() && *length < config.context) {
    result.push_back({"max_seq_length",
                      fmt::format("{} in sentence_bert_config.json: longer texts are read in full, "
                                  "up to the context of {} tokens",
                                  length->dump(), config.context),
                      false});
  }
  const io::Json prompts = members(directory.path / "config_sentence_transformers.json");
  const auto prompt = prompts.find("default_prompt_name");
  if (prompt != prompts.end() && !is_off(*prompt)) {
    result.push_back({"default_prompt_name",
                      fmt::format("{} in config_sentence_transformers.json: no such text is put "
                                  "before the sentences",
                                  prompt->dump())});
  }
  return result;
}

// --- Files.

bool is_tokenizer_file(std::string_view name) {
  return contains({"tokenizer.json", "tokenizer_config.json", "vocab.json", "merges.txt",
                   "vocab.txt", "added_tokens.json", "special_tokens_map.json", "tokenizer.model",
                   "spiece.model", "sentencepiece.bpe.model"},
                  name);
}

/// Text for readers, code, and what a training leaves.
bool is_document(std::string_view name) {
  return name.starts_with(".") || starts_with_any({"README", "LICENSE", "NOTICE"}, name) ||
         contains({"generation_config.json", "recipe.json", "data_config.json",
                   "trainer_state.json", "training_args.bin", "train_results.json",
                   "eval_results.json", "all_results.json", "optimizer.pt", "scheduler.pt"},
                  name) ||
         ends_with_any({".md", ".txt", ".rst", ".pdf", ".png", ".jpg", ".jpeg", ".gif", ".svg",
                        ".py", ".ipynb", ".log", ".csv", ".tsv", ".jinja"},
                       name);
}

/// "1_Pooling": a stage of a sentence encoder, its folder named by number and kind.
bool is_sentence_file(std::string_view name) {
  const std::size_t digits = std::min(name.find_first_not_of("0123456789"), name.size());
  const bool is_stage = digits > 0 && name.substr(digits).starts_with("_");
  return is_stage || contains({"modules.json", "sentence_bert_config.json",
                               "config_sentence_transformers.json"},
                              name);
}

std::optional<NotUsed> unused_file(const ModelDirectory& directory, const fs::path& path,
                                   bool is_folder) {
  const std::string name = path.filename().string();
  const bool is_encoder = directory.config.is_encoder();
  if (name.starts_with("adapter_")) {
    return NotUsed{name, "part of an adapter, which transformers would add to the weights"};
  }
  if (is_sentence_file(name)) {
    if (is_encoder) return std::nullopt;
    return NotUsed{name, "a setting of a sentence encoder, which this model is not", false};
  }
  if (contains({"onnx", "openvino", "coreml"}, name) && is_folder) {
    return NotUsed{name, "holds the model in another format", false};
  }
  if (name.starts_with(".")) return std::nullopt;
  if (is_folder) return NotUsed{name, "is a folder that is not looked into", false};
  if (name == "config.json" || is_tokenizer_file(name) || is_document(name)) return std::nullopt;
  if (name == "head.safetensors") {
    if (is_encoder) return std::nullopt;
    return NotUsed{name, "is a head for encoders, and this model has its own", false};
  }
  if (directory.tensors.label() == path.string()) return std::nullopt;
  for (const auto& file : directory.tensors.files()) {
    if (file->path() == path.string()) return std::nullopt;
  }
  if (is_weights_file(name)) {
    return NotUsed{name,
                   fmt::format("holds weights too; those of {} are used",
                               fs::path(directory.tensors.label()).filename().string()),
                   false};
  }
  if (name.ends_with(".json") && members(path).contains("examples")) {
    return NotUsed{name, "is a prompt, no part of the model", false};
  }
  return NotUsed{name, "is no file of a model that is known here", false};
}

std::vector<NotUsed> unused_files(const ModelDirectory& directory) {
  std::vector<fs::directory_entry> entries(fs::directory_iterator(directory.path), {});
  std::ranges::sort(entries);
  std::vector<NotUsed> result;
  for (const auto& entry : entries) {
    std::error_code error;
    auto file = unused_file(directory, entry.path(), entry.is_directory(error));
    if (file) result.push_back(std::move(*file));
  }
  return result;
}

}  // namespace

bool is_weights_file(std::string_view name) {
  return name.find(".safetensors") != std::string_view::npos || name.starts_with("pytorch_model") ||
         ends_with_any({".bin", ".h5", ".msgpack", ".onnx", ".gguf", ".ot", ".pt", ".pth"}, name);
}

std::string sentence(const NotUsed& part) { return fmt::format("{}: {}", part.name, part.reason); }

std::string DirectoryNotes::unused_line() const {
  constexpr std::size_t most = 4;
  std::vector<std::string> names;
  for (const auto* group : {&files, &tensors, &settings}) {
    for (const NotUsed& part : *group) {
      if (part.matters) names.push_back(part.name);
    }
  }
  std::string line;
  for (std::size_t i = 0; i < std::min(names.size(), most); ++i) {
    line += (i > 0 ? ", " : "") + names[i];
  }
  if (names.size() > most) line += fmt::format(" and {} more", names.size() - most);
  return line;
}

DirectoryNotes directory_notes(const ModelDirectory& directory) {
  return {directory.readings, unused_files(directory), unused_tensors(directory),
          unused_settings(directory)};
}

}  // namespace sextant::model
