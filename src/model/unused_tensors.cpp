#include "unused_tensors.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include "sextant/model/weights.hpp"
#include "tensor_names.hpp"

namespace sextant::model {
namespace {

/// Heads by the beginning of their tensors' names.
struct Head {
  std::string_view root;
  std::string_view what;
};
constexpr Head heads[] = {
    {"pooler", "a layer over [CLS] for other tasks, which no embedding here passes through"},
    {"cls", "the heads of pretraining (masked words, next sentence)"},
    {"lm_head", "the head of pretraining (masked words)"},
    {"vocab_transform", "the head of pretraining (masked words)"},
    {"vocab_layer_norm", "the head of pretraining (masked words)"},
    {"vocab_projector", "the head of pretraining (masked words)"},
    {"pre_classifier", "a head of another task: predictions here have their own"},
    {"classifier", "a head of another task: predictions here have their own"},
    {"score", "a head of another task: predictions here have their own"},
    {"qa_outputs", "a head of another task: predictions here have their own"},
    {"multiple_choice_head", "a head of another task: predictions here have their own"},
    {"v_head", "a head of another task: predictions here have their own"}};

/// Buffers that older versions of transformers wrote, and that hold no parameter.
bool is_buffer(std::string_view name) {
  constexpr std::string_view endings[] = {".attn.bias", ".attn.masked_bias",
                                          "embeddings.position_ids", "embeddings.token_type_ids",
                                          "rotary_emb.inv_freq"};
  return std::ranges::any_of(endings, [&](auto ending) { return name.ends_with(ending); });
}

/// A layer's number from a tensor's name without prefix.
std::optional<int> layer_of(std::string_view name, Family family) {
  const std::string stem = fmt::format("{}.", tensor_names(family).layer);
  if (!name.starts_with(stem)) return std::nullopt;
  name.remove_prefix(stem.size());
  const std::string digits(name.substr(0, std::min(name.find('.'), std::size_t{7})));
  const bool is_number =
      !digits.empty() && std::ranges::all_of(digits, [](char c) { return c >= '0' && c <= '9'; });
  return is_number ? std::optional(std::stoi(digits)) : std::nullopt;
}

/// The name with every number in it as "*".
std::string pattern_of(std::string_view name) {
  std::string pattern;
  for (const char c : name) {
    const bool digit = c >= '0' && c <= '9';
    const bool part_begins = pattern.empty() || pattern.back() == '.';
    if (digit && part_begins) {
      pattern += '*';
    } else if (!digit || pattern.back() != '*') {
      pattern += c;
    }
  }
  return pattern;
}

std::string counted(std::size_t count) {
  return count == 1 ? "one tensor" : fmt::format("{} tensors", count);
}

/// Tensors that lie there under two names.
struct Twin {
  std::string used;
  bool differs = false;
  std::size_t count = 0;
};

}  // namespace

std::vector<NotUsed> unused_tensors(const ModelDirectory& directory) {
  const ModelConfig& config = directory.config;
  const TensorNames& names = tensor_names(config.family);
  std::set<const io::TensorInfo*> used;
  std::map<std::string, TensorSource::Found> other_names;  // of tensors that are used
  for (const ParameterShape& parameter : parameter_shapes(config)) {
    const auto found = directory.tensors.find(parameter.name, config.family);
    used.insert(found.tensor);
    for (const auto& spelling : spellings(parameter.name, config.family)) {
      other_names[spelling] = found;
    }
  }
  std::set<int> layers;
  std::size_t layer_tensors = 0;
  std::map<std::string, std::size_t> roots;
  std::map<std::string, std::size_t> others;
  std::map<std::string, Twin> twins;
  for (const auto& [full, place] : directory.tensors.all()) {
    if (used.contains(place.tensor) || full != place.tensor->name) continue;
    std::string_view name = full;
    if (name.starts_with(names.prefix)) name.remove_prefix(names.prefix.size());
    const bool is_copy = config.tied_head && config.architecture.has_head && name == head_tensor;
    if (is_buffer(name) || is_copy) continue;
    const std::string root(name.substr(0, name.find('.')));
    const auto layer = layer_of(name, config.family);
    if (const auto other = other_names.find(full); other != other_names.end()) {
      Twin& twin = twins[pattern_of(full)];
      twin.used = pattern_of(other->second.tensor->name);
      twin.differs = twin.differs || !same_values(other->second, place);
      ++twin.count;
    } else if (layer && *layer >= config.layers) {
      layers.insert(*layer);
      ++layer_tensors;
    } else if (std::ranges::any_of(heads, [&](const Head& head) { return head.root == root; })) {
      ++roots[root];
    } else {
      ++others[pattern_of(full)];
    }
  }
  std::vector<NotUsed> result;
  if (!layers.empty()) {
    const std::string_view stem = names.layer;
    result.push_back({layers.size() == 1 ? fmt::format("{}.{}", stem, *layers.begin())
                                         : fmt::format("{0}.{1} to {0}.{2}", stem, *layers.begin(),
                                                       *layers.rbegin()),
                      fmt::format("{} of layers beyond the {} that config.json asks for ({})",
                                  counted(layer_tensors), config.layers, names.layers_setting)});
  }
  for (const auto& [root, count] : roots) {
    const auto* head = std::ranges::find(heads, std::string_view(root), &Head::root);
    result.push_back({root, fmt::format("{} of {}", counted(count), head->what)});
  }
  for (const auto& [pattern, twin] : twins) {
    result.push_back(
        {pattern,
         fmt::format("{} that the file also has as {}, which is used, as in "
                     "transformers; the values {}",
                     counted(twin.count), twin.used, twin.differs ? "differ" : "are the same"),
         twin.differs});
  }
  for (const auto& [pattern, count] : others) {
    result.push_back({pattern, fmt::format("{} that {} does not have", counted(count),
                                           fmt::format("the architecture of config.json ({})",
                                                       family_name(config.family)))});
  }
  return result;
}

}  // namespace sextant::model
