#include "sextant/model/blocks.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "sextant/core/errors.hpp"

namespace sextant::model {
namespace {

BlockSlice head_slice(const ModelConfig& config, LinearKind kind, int head) {
  const int width = config.head_width();
  if (kind == LinearKind::output) return {head * width, width, 0, config.width};
  return {0, config.width, head * width, width};
}

ModelBlock make_block(const ModelConfig& config, int layer, LinearKind kind, int head) {
  ModelBlock result;
  result.kind = kind;
  switch (kind) {
    case LinearKind::query:
    case LinearKind::key:
    case LinearKind::value:
    case LinearKind::output:
      result.slice = head_slice(config, kind, head);
      result.block.name = fmt::format("h.{}.attn.{}.{}", layer, kind_name(kind).front(), head);
      result.block.head = head;
      break;
    case LinearKind::mlp_in:
      result.slice = {0, config.width, 0, config.inner};
      result.block.name = fmt::format("h.{}.mlp.in", layer);
      break;
    case LinearKind::mlp_out:
      result.slice = {0, config.inner, 0, config.width};
      result.block.name = fmt::format("h.{}.mlp.out", layer);
      break;
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
  for (const LinearKind kind : kinds) {
    if (std::ranges::find(block_kinds, kind) == std::end(block_kinds)) {
      throw ArgumentError("model_blocks", "kinds",
                          fmt::format("\"{}\" matrices are not cut into blocks, expected value, "
                                      "output, mlp-in or mlp-out",
                                      kind_name(kind)));
    }
  }
  std::vector<ModelBlock> blocks;
  for (int layer = first_layer; layer <= last; ++layer) {
    for (const LinearKind kind : block_kinds) {
      if (std::ranges::find(kinds, kind) == kinds.end()) {
        continue;
      }
      const bool by_head = kind == LinearKind::value || kind == LinearKind::output;
      for (int head = 0; head < (by_head ? config.heads : 1); ++head) {
        blocks.push_back(make_block(config, layer, kind, head));
      }
    }
  }
  return blocks;
}

std::vector<ModelBlock> all_model_blocks(const ModelConfig& config) {
  return model_blocks(config, block_kinds);
}

}  // namespace sextant::model
