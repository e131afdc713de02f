#include "sextant/model/tensor_source.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "sextant/core/errors.hpp"
#include "sextant/io/files.hpp"
#include "sextant/io/json.hpp"
#include "tensor_names.hpp"

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
  const std::string prefix(tensor_names(family).prefix);
  std::vector<std::string> result{name, prefix + name};
  const bool is_bert = family == Family::bert || family == Family::roberta;
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

/// The files named like model-00001-of-00004.safetensors, in order.
std::vector<std::string> shard_names(const fs::path& directory) {
  std::vector<std::string> names;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(directory, error)) {
    const std::string name = entry.path().filename().string();
    if (name.ends_with(".safetensors") && name.find("-of-") != std::string::npos) {
      names.push_back(name);
    }
  }
  std::ranges::sort(names);
  return names;
}

/// Says what is there in place of safetensors weights, and what to do about it.
[[noreturn]] void throw_no_weights(const fs::path& directory) {
  const std::string none = "has neither model.safetensors nor model.safetensors.index.json";
  const auto has = [&](const std::string& name) { return fs::exists(directory / name); };
  if (const auto shards = shard_names(directory); !shards.empty()) {
    throw InputError(
        directory.string(), "",
        fmt::format("has {} of weights, {}{}, but not model.safetensors.index.json, which says "
                    "which tensors lie in which shard: get that file too",
                    shards.size() == 1 ? "a shard" : fmt::format("{} shards", shards.size()),
                    shards.front(), shards.size() == 1 ? "" : " to " + shards.back()));
  }
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
  throw InputError(directory.string(), "",
                   none +
                       ": the weights are missing, get that file too from where the model comes "
                       "from (in a clone with `git lfs pull`)");
}

std::string file_name(const io::SafetensorsFile& file) {
  return fs::path(file.path()).filename().string();
}

}  // namespace

TensorSource::TensorSource(const fs::path& directory) {
  const fs::path single = directory / "model.safetensors";
  const fs::path index = directory / "model.safetensors.index.json";
  const bool is_single = fs::exists(single);
  if (!is_single && !fs::exists(index)) throw_no_weights(directory);
  label_ = (is_single ? single : index).string();
  if (is_single) {
    open(single);
    if (fs::exists(index)) {
      readings_.push_back(fmt::format(
          "{}: model.safetensors is used, as in transformers, and not the shards of "
          "model.safetensors.index.json, which lies there too; remove what is not meant",
          directory.string()));
    }
    return;
  }
  const auto promised = read_index(index);
  std::set<std::string> shards;  // in alphabetical order, of which the last one counts
  for (const auto& [tensor, shard] : promised) shards.insert(shard);
  for (const std::string& shard : shards) {
    if (fs::exists(directory / shard)) open(directory / shard);
  }
  for (const auto& [tensor, shard] : promised) {
    if (tensors_.contains(tensor)) continue;
    const bool no_shard = !fs::exists(directory / shard);
    absent_[tensor] = {no_shard ? fmt::format("lies in {}, which is not in the directory", shard)
                                : fmt::format("is not in {}, where the index has it", shard),
                       no_shard};
  }
}

void TensorSource::open(const fs::path& path) {
  files_.push_back(std::make_shared<io::SafetensorsFile>(path));
  std::string first;
  std::size_t replaced = 0;
  std::string earlier;
  for (const auto& tensor : files_.back()->tensors()) {
    const Found here{files_.back().get(), &tensor};
    const auto [place, is_new] = tensors_.try_emplace(tensor.name, here);
    if (is_new) continue;
    if (!same_values(place->second, here) && replaced++ == 0) {
      first = tensor.name;
      earlier = file_name(*place->second.file);
    }
    place->second = here;
  }
  if (replaced == 0) return;
  readings_.push_back(fmt::format(
      "{}: {}{} is used, as in transformers, which takes the last shard's, and not that of {}, "
      "whose values differ",
      path.string(), first, replaced == 1 ? "" : fmt::format(" (and {} more)", replaced - 1),
      earlier));
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
  throw InputError(label_, place, "is missing" + other_prefix(name));
}

/// What to say where the tensor is there under a prefix that is not known; or nothing.
std::string TensorSource::other_prefix(const std::string& name) const {
  const std::string ending = "." + name;
  for (const auto& [held, ignored] : tensors_) {
    if (!held.ends_with(ending)) continue;
    return fmt::format(
        "; there is \"{}\": the model was saved inside another one, whose prefix \"{}\" its "
        "tensors have: save it alone, with its own `save_pretrained`",
        held, held.substr(0, held.size() - name.size()));
  }
  return {};
}

bool TensorSource::is_promised(const std::string& name, Family family) const {
  return std::ranges::any_of(spellings(name, family),
                             [&](const auto& spelling) { return absent_.contains(spelling); });
}

bool same_values(const TensorSource::Found& a, const TensorSource::Found& b) {
  if (a.tensor->shape != b.tensor->shape) return false;
  if (a.tensor->type_name == b.tensor->type_name) {
    return std::ranges::equal(a.file->bytes(*a.tensor), b.file->bytes(*b.tensor));
  }
  const auto is_read = [](const TensorSource::Found& one) {
    return one.tensor->type <= io::ElementType::bf16;
  };
  return is_read(a) && is_read(b) && a.file->doubles(*a.tensor) == b.file->doubles(*b.tensor);
}

}  // namespace sextant::model
