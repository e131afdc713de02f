#include "sextant/model/tensor_source.hpp"

#include <fmt/format.h>

#include "sextant/core/errors.hpp"
#include "sextant/io/files.hpp"
#include "sextant/io/json.hpp"

namespace sextant::model {
namespace fs = std::filesystem;
namespace {

/// tensor name -> shard file name
std::map<std::string, std::string> read_index(const fs::path& path) {
  const io::Json json = io::parse_json(io::read_file(path), path.string());
  const io::JsonObject map = io::JsonObject(json, path.string()).object("weight_map");
  std::map<std::string, std::string> result;
  for (const auto& [tensor, ignored] : map.value().items()) {
    const std::string shard = map.string(tensor);
    if (shard.empty() || fs::path(shard).filename() != fs::path(shard)) {
      throw InputError(path.string(), map.place(tensor),
                       fmt::format("is \"{}\", expected a file name in the same directory", shard));
    }
    result[tensor] = shard;
  }
  return result;
}

std::string replaced(std::string name, std::string_view ending, std::string_view by) {
  if (name.ends_with(ending)) name.replace(name.size() - ending.size(), ending.size(), by);
  return name;
}

}  // namespace

TensorSource::TensorSource(const fs::path& directory) {
  const fs::path single = directory / "model.safetensors";
  const fs::path index = directory / "model.safetensors.index.json";
  if (fs::exists(single)) {
    label_ = single.string();
    files_.push_back(std::make_shared<io::SafetensorsFile>(single));
    for (const auto& tensor : files_.back()->tensors()) {
      tensors_[tensor.name] = {files_.back().get(), &tensor};
    }
    return;
  }
  if (!fs::exists(index)) {
    throw InputError(directory.string(), "",
                     "has neither model.safetensors nor model.safetensors.index.json");
  }
  label_ = index.string();
  std::map<std::string, const io::SafetensorsFile*> shards;
  for (const auto& [tensor, shard] : read_index(index)) {
    auto& file = shards[shard];
    if (file == nullptr) {
      files_.push_back(std::make_shared<io::SafetensorsFile>(directory / shard));
      file = files_.back().get();
    }
    tensors_[tensor] = {file, &file->at(tensor)};
  }
}

TensorSource::Found TensorSource::find_exactly(const std::string& name) const {
  const auto found = tensors_.find(name);
  return found == tensors_.end() ? Found{} : found->second;
}

TensorSource::Found TensorSource::find(const std::string& name, Family family) const {
  const std::string prefix = family == Family::bert ? "bert." : "transformer.";
  std::vector<std::string> spellings{name};
  if (family == Family::bert && name.find("LayerNorm.") != std::string::npos) {
    spellings.push_back(replaced(replaced(name, "LayerNorm.weight", "LayerNorm.gamma"),
                                 "LayerNorm.bias", "LayerNorm.beta"));
  }
  for (const auto& spelling : spellings) {
    if (const Found found = find_exactly(spelling); found.tensor != nullptr) return found;
    if (const Found found = find_exactly(prefix + spelling); found.tensor != nullptr) return found;
  }
  return {};
}

}  // namespace sextant::model
