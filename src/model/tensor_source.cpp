#include "sextant/model/tensor_source.hpp"

#include <fmt/format.h>

#include <algorithm>

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

std::vector<std::string> spellings(const std::string& name, Family family) {
  const bool is_bert = family == Family::bert;
  const std::string prefix = is_bert ? "bert." : "transformer.";
  std::vector<std::string> result{name, prefix + name};
  if (is_bert && name.find("LayerNorm.") != std::string::npos) {
    const std::string old = replaced(replaced(name, "LayerNorm.weight", "LayerNorm.gamma"),
                                     "LayerNorm.bias", "LayerNorm.beta");
    result.push_back(old);
    result.push_back(prefix + old);
  }
  std::ranges::sort(result);
  return result;
}

namespace {

/// Says what is there in place of safetensors weights, and what to do about it.
[[noreturn]] void throw_no_weights(const fs::path& directory) {
  const std::string none = "has neither model.safetensors nor model.safetensors.index.json";
  const auto has = [&](const std::string& name) { return fs::exists(directory / name); };
  for (const std::string_view other :
       {"pytorch_model.bin", "pytorch_model.bin.index.json", "tf_model.h5", "flax_model.msgpack"}) {
    if (!has(std::string(other))) continue;
    throw InputError(directory.string(), "",
                     fmt::format("{}, but {}: convert it in Python with "
                                 "`m = transformers.AutoModel.from_pretrained(DIR); "
                                 "m.save_pretrained(DIR)`, for a decoder AutoModelForCausalLM",
                                 none, other));
  }
  if (has("adapter_config.json")) {
    throw InputError(directory.string(), "",
                     none +
                         ", but an adapter: merge it into its base model (peft's "
                         "`merge_and_unload`) and save that");
  }
  throw InputError(directory.string(), "", none);
}

}  // namespace

TensorSource::TensorSource(const fs::path& directory) {
  const fs::path single = directory / "model.safetensors";
  const fs::path index = directory / "model.safetensors.index.json";
  const bool is_single = fs::exists(single);
  if (!is_single && !fs::exists(index)) throw_no_weights(directory);
  label_ = (is_single ? single : index).string();
  const auto open = [&](const fs::path& path) {
    files_.push_back(std::make_shared<io::SafetensorsFile>(path));
    for (const auto& tensor : files_.back()->tensors()) {
      tensors_.try_emplace(tensor.name, Found{files_.back().get(), &tensor});
    }
  };
  if (is_single) {
    open(single);
    return;
  }
  const auto promised = read_index(index);
  std::map<std::string, const io::SafetensorsFile*> shards;
  for (const auto& [tensor, shard] : promised) {
    if (shards.contains(shard) || !fs::exists(directory / shard)) continue;
    open(directory / shard);
    shards[shard] = files_.back().get();
  }
  for (const auto& [tensor, shard] : promised) {
    const auto file = shards.find(shard);
    const io::TensorInfo* info = file == shards.end() ? nullptr : file->second->find(tensor);
    if (info != nullptr) {
      tensors_[tensor] = {file->second, info};
    } else if (!tensors_.contains(tensor)) {
      const bool no_shard = file == shards.end();
      absent_[tensor] = {no_shard ? fmt::format("lies in {}, which is not in the directory", shard)
                                  : fmt::format("is not in {}, where the index has it", shard),
                         no_shard};
    }
  }
}

TensorSource::Found TensorSource::find_exactly(const std::string& name) const {
  const auto found = tensors_.find(name);
  return found == tensors_.end() ? Found{} : found->second;
}

TensorSource::Found TensorSource::find(const std::string& name, Family family) const {
  for (const auto& spelling : spellings(name, family)) {
    if (const Found found = find_exactly(spelling); found.tensor != nullptr) return found;
  }
  return {};
}

bool TensorSource::may_lie_in_missing_file(const std::string& name, Family family) const {
  return find(name, family).tensor == nullptr &&
         std::ranges::any_of(spellings(name, family), [&](const auto& spelling) {
           const auto absent = absent_.find(spelling);
           return absent != absent_.end() && absent->second.no_shard;
         });
}

TensorSource::Found TensorSource::at(const std::string& name, Family family) const {
  const Found found = find(name, family);
  if (found.tensor != nullptr) return found;
  const std::string place = fmt::format("tensor \"{}\"", name);
  for (const auto& spelling : spellings(name, family)) {
    const auto absent = absent_.find(spelling);
    if (absent == absent_.end()) continue;
    throw InputError(label_, place, absent->second.why + ": get that file again");
  }
  throw InputError(label_, place, "is missing");
}

bool same_values(const TensorSource::Found& a, const TensorSource::Found& b) {
  if (a.tensor->shape != b.tensor->shape) return false;
  if (a.tensor->type_name == b.tensor->type_name) {
    return std::ranges::equal(a.file->bytes(*a.tensor), b.file->bytes(*b.tensor));
  }
  return a.file->doubles(*a.tensor) == b.file->doubles(*b.tensor);
}

}  // namespace sextant::model
