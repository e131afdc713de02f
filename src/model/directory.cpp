#include "sextant/model/directory.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "sextant/core/errors.hpp"
#include "sextant/core/names.hpp"
#include "sextant/io/content.hpp"
#include "sextant/io/files.hpp"
#include "sextant/io/json.hpp"
#include "sextant/model/weights.hpp"
#include "tensor_names.hpp"

namespace sextant::model {
namespace fs = std::filesystem;
namespace {

const std::string head_name(head_tensor);

/// Small files that a model's loading reads where they are there.
constexpr std::string_view companions[] = {"config.json",
                                           "tokenizer.json",
                                           "tokenizer_config.json",
                                           "vocab.json",
                                           "merges.txt",
                                           "vocab.txt",
                                           "added_tokens.json",
                                           "special_tokens_map.json",
                                           "modules.json",
                                           "1_Pooling/config.json",
                                           "sentence_bert_config.json"};

/// "gpt2" or "sentence-transformers/all-MiniLM-L6-v2": letters, digits and -_. in one or two parts.
bool is_hub_name(const std::string& text) {
  const auto is_plain = [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '_' || c == '.' ||
           c == '/';
  };
  return !text.empty() && text.front() != '/' && text.front() != '.' && text.back() != '/' &&
         std::ranges::all_of(text, is_plain) && std::ranges::count(text, '/') <= 1;
}

/// The folder of a snapshot when `path` is a model's folder in the cache of the hub.
fs::path snapshot_in(const fs::path& path) {
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(path / "snapshots", error)) {
    if (entry.is_directory()) return entry.path();
  }
  return {};
}

/// Whether config.json speaks of tying at all.
bool says_tie(const fs::path& directory) {
  const fs::path file = directory / "config.json";
  return io::parse_json(io::read_file(file), file.string()).contains("tie_word_embeddings");
}

/// Whether the head is the embedding, by the tensors that there are.
void resolve_head(ModelDirectory& directory) {
  ModelConfig& config = directory.config;
  TensorSource& tensors = directory.tensors;
  if (!config.architecture.has_head || config.reads_features()) return;
  const std::string embedding_name(tensor_names(config.family).token);
  for (const std::string& name : {head_name, embedding_name}) {
    if (tensors.may_lie_in_missing_file(name, config.family)) {
      tensors.at(name, config.family);  // throws
    }
  }
  const auto head = tensors.find(head_name, config.family);
  const auto embedding = tensors.find(embedding_name, config.family);
  if (!config.tied_head) {
    if (head.tensor != nullptr || embedding.tensor == nullptr) return;
    throw InputError(
        tensors.label(), fmt::format("tensor \"{}\"", head_name),
        fmt::format("is missing, and config.json{} says that it is not the embedding: "
                    "get the file again, or, if it is, set tie_word_embeddings to true",
                    says_tie(directory.path)
                        ? ""
                        : ", which is silent on tie_word_embeddings, by default"));
  }
  if (head.tensor == nullptr) return;
  if (embedding.tensor == nullptr) {
    tensors.add_alias(embedding_name, head);
  } else if (!same_values(head, embedding)) {
    config.tied_head = false;
    directory.readings.push_back(fmt::format(
        "{}: {} is used as the head, since its values differ from {}, although {}", tensors.label(),
        head.tensor->name, embedding.tensor->name,
        says_tie(directory.path)
            ? "config.json ties them (tie_word_embeddings)"
            : "config.json, which is silent on tie_word_embeddings, ties them by default"));
  }
}

/// Throws where the weights hold fewer layers than config.json asks for.
void check_layers(const ModelDirectory& directory) {
  const ModelConfig& config = directory.config;
  const TensorSource& tensors = directory.tensors;
  const auto is_there = [&](int layer) {
    const std::string name = matrix_place(config, layer, LinearKind::mlp_in).name;
    return tensors.find(name, config.family).tensor != nullptr ||
           tensors.is_promised(name, config.family);
  };
  int held = config.layers;
  while (held > 0 && !is_there(held - 1)) --held;
  if (held == config.layers || held == 0) return;
  throw InputError(
      (directory.path / "config.json").string(), tensor_names(config.family).layers_setting,
      fmt::format("is {}, but {} holds {}: get the configuration and the weights of "
                  "one model",
                  config.layers, fs::path(tensors.label()).filename().string(),
                  held == 1 ? "layer 0 alone" : fmt::format("layers 0 to {} alone", held - 1)));
}

/// Directories directly below, with a config.json of their own.
std::vector<std::string> model_folders(const fs::path& path) {
  std::vector<std::string> folders;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(path, error)) {
    if (fs::exists(entry.path() / "config.json", error)) folders.push_back(entry.path().string());
  }
  std::ranges::sort(folders);
  return folders;
}

[[noreturn]] void throw_no_config(const fs::path& path) {
  std::error_code error;
  std::string remedy;
  if (fs::exists(path / "adapter_config.json", error)) {
    remedy =
        ", but an adapter is there: merge it into its base model (peft's `merge_and_unload`) and "
        "save that";
  } else if (fs::exists(path / "model.safetensors", error) ||
             fs::exists(path / "model.safetensors.index.json", error)) {
    remedy = ", which belongs to the weights that are there: get that file too";
  } else if (const auto folders = model_folders(path); !folders.empty()) {
    constexpr std::size_t most = 5;
    remedy = fmt::format("; {}: {}", folders.size() == 1 ? "this one has it" : "these have one",
                         listed(folders, most));
  }
  throw InputError(path.string(), "", "is no model's directory: config.json is missing" + remedy);
}

}  // namespace

void check_directory(const fs::path& path) {
  std::error_code error;
  const auto status = fs::status(path, error);
  if (!fs::exists(status)) {
    const std::string name = path.string();
    throw InputError(
        name, "",
        "does not exist, expected a model's directory" +
            (is_hub_name(name)
                 ? fmt::format(": if it is a model of the Hugging Face hub, download it first, as "
                               "with `hf download {0} --local-dir {1}`, and give that directory",
                               name, fs::path(name).filename().string())
                 : std::string()));
  }
  if (!fs::is_directory(status)) {
    throw InputError(path.string(), "",
                     "is a file, expected a model's directory, with config.json and "
                     "model.safetensors in it");
  }
  if (const fs::path snapshot = snapshot_in(path);
      !snapshot.empty() && !fs::exists(path / "config.json")) {
    throw InputError(path.string(), "",
                     fmt::format("is a folder of the hub's cache, expected a model's directory: "
                                 "give {}",
                                 snapshot.string()));
  }
  if (const fs::path folder = path / "0_Transformer";
      fs::exists(folder / "config.json") && !fs::exists(path / "config.json")) {
    throw InputError(
        path.string(), "",
        fmt::format("has its encoder in a folder of its own: give {}", folder.string()));
  }
  if (!fs::exists(path / "config.json")) throw_no_config(path);
  for (const std::string_view name : companions) {
    const fs::path file = path / name;
    if (!fs::is_regular_file(file, error)) continue;
    const io::MappedFile mapped(file);
    if (!io::is_placeholder(mapped.bytes())) continue;
    throw InputError(file.string(), "", io::other_content(mapped.bytes(), "a model's file"));
  }
}

ModelDirectory open_directory(const fs::path& path) {
  ModelConfig config = read_config(path);
  ModelDirectory directory{path, config, TensorSource(path), {}};
  directory.readings = directory.tensors.readings();
  check_layers(directory);
  resolve_head(directory);
  return directory;
}

}  // namespace sextant::model
