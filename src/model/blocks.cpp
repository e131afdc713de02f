#include "sextant/model/blocks.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "matrix_extents.hpp"
#include "sextant/core/errors.hpp"

namespace sextant::model {
namespace {

/// How many blocks a matrix is cut into, 0 where it is one whole.
int heads_of(const ModelConfig& config, LinearKind kind) {
  switch (kind) {
    case LinearKind::query:
    case LinearKind::output:
      return config.heads;
    case LinearKind::key:
    case LinearKind::value:
      return config.key_heads();
    default:
      return 0;
  }
}

/// "q", "in": the end of a block's name.
std::string_view short_name(LinearKind kind) {
  switch (kind) {
    case LinearKind::query:
      return "q";
    case LinearKind::key:
      return "k";
    case LinearKind::value:
      return "v";
    case LinearKind::output:
      return "o";
    case LinearKind::mlp_in:
      return "in";
    case LinearKind::mlp_gate:
      return "gate";
    case LinearKind::mlp_out:
      return "out";
  }
  return {};
}

ModelBlock make_block(const ModelConfig& config, int layer, LinearKind kind, int head) {
  ModelBlock result;
  result.kind = kind;
  const auto [in, out] = detail::extents(config, kind);
  if (heads_of(config, kind) == 0) {
    result.slice = {0, in, 0, out};
    result.block.name = fmt::format("h.{}.mlp.{}", layer, short_name(kind));
  } else {
    const int width = config.head_width();
    result.slice = kind == LinearKind::output ? BlockSlice{head * width, width, 0, out}
                                              : BlockSlice{0, in, head * width, width};
    result.block.name = fmt::format("h.{}.attn.{}.{}", layer, short_name(kind), head);
    result.block.head = head;
  }
  result.block.layer = layer;
  result.block.kind = kind_name(kind);
  result.block.parameters = std::int64_t{result.slice.input_count} * result.slice.output_count;
  return result;
}

}  // namespace

std::string kind_name(LinearKind kind) {
  switch (kind) {
    case LinearKind::query:
      return "query";
    case LinearKind::key:
      return "key";
    case LinearKind::value:
      return "value";
    case LinearKind::output:
      return "output";
    case LinearKind::mlp_in:
      return "mlp-in";
    case LinearKind::mlp_gate:
      return "mlp-gate";
    case LinearKind::mlp_out:
      return "mlp-out";
  }
  return {};
}

std::optional<LinearKind> block_kind_from_name(std::string_view name) {
  for (const LinearKind kind : block_kinds) {
    if (kind_name(kind) == name) return kind;
  }
  return std::nullopt;
}

std::vector<ModelBlock> model_blocks(const ModelConfig& config, std::span<const LinearKind> kinds,
                                     int first_layer, int last_layer) {
  const int last = last_layer < 0 ? config.layers - 1 : last_layer;
  if (first_layer < 0 || last_layer < -1 || first_layer > last || last >= config.layers) {
    const std::string asked =
        last_layer < -1 || first_layer != last
            ? fmt::format("{} to {} are", first_layer, last_layer < -1 ? last_layer : last)
            : fmt::format("{} is", first_layer);
    throw ArgumentError(
        "model_blocks", "layers",
        fmt::format("{} outside the model's layers, which are 0 to {}", asked, config.layers - 1));
  }
  if (kinds.empty()) throw ArgumentError("model_blocks", "kinds", "is empty");
  const std::vector<LinearKind> known = linear_kinds(config);
  for (const LinearKind kind : kinds) {
    if (std::ranges::find(known, kind) == known.end()) {
      throw ArgumentError(
          "model_blocks", "kinds",
          fmt::format("has \"{}\", and the model's MLPs have no gate", kind_name(kind)));
    }
  }
  std::vector<ModelBlock> blocks;
  for (int layer = first_layer; layer <= last; ++layer) {
    for (const LinearKind kind : block_kinds) {
      if (std::ranges::find(kinds, kind) == kinds.end()) {
        continue;
      }
      for (int head = 0; head < std::max(heads_of(config, kind), 1); ++head) {
        blocks.push_back(make_block(config, layer, kind, head));
      }
    }
  }
  return blocks;
}

std::vector<ModelBlock> all_model_blocks(const ModelConfig& config) {
  return model_blocks(config, linear_kinds(config));
}

}  // namespace sextant::model
