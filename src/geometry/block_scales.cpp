#include "sextant/geometry/block_scales.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "sextant/core/errors.hpp"
#include "sextant/core/wording.hpp"
#include "sextant/geometry/blocks.hpp"
#include "sextant/geometry/validation.hpp"
#include "sextant/io/files.hpp"
#include "sextant/io/json.hpp"

namespace sextant::geometry {

std::string scale_problem(double scale) {
  if (scale >= smallest_block_scale && scale <= largest_block_scale) return {};
  return fmt::format("is {}, expected a positive number from {:g} to {:g}", scale,
                     smallest_block_scale, largest_block_scale);
}

void check_scale(std::string_view function, std::string_view block, double scale) {
  const std::string problem = scale_problem(scale);
  if (!problem.empty()) throw ArgumentError(function, block, problem);
}

BlockScales read_block_scales(const std::filesystem::path& path) {
  const io::Json json = io::parse_json(io::read_file(path), path.string());
  const io::JsonObject top(json, path.string());
  BlockScales scales;
  for (const auto& [name, value] : json.items()) {
    const double scale = top.number(name);
    if (const std::string problem = scale_problem(scale); !problem.empty()) {
      throw InputError(path.string(), top.place(name), problem);
    }
    scales.emplace(name, scale);
  }
  return scales;
}

PromptGeometry with_block_scales(PromptGeometry geometry, const BlockScales& scales) {
  check_sizes("with_block_scales", geometry);
  if (!scales.empty() && !geometry.block_scales.empty()) {
    throw ArgumentError(
        "with_block_scales", "geometry",
        fmt::format("holds the scales of {} already, first \"{}\": kernels would be scaled "
                    "twice",
                    counted(geometry.block_scales.size(), "block"),
                    geometry.block_scales.begin()->first));
  }
  for (const auto& [name, scale] : scales) {
    check_scale("with_block_scales", name, scale);
    const auto b = static_cast<std::size_t>(select_blocks(geometry, {name}).front());
    geometry.kernels[b] *= scale;
    for (Eigen::MatrixXd& coupling : geometry.query_kernels) {
      coupling.col(static_cast<Eigen::Index>(b)) *= scale;
    }
    if (geometry.queries() > 0) geometry.query_variances.col(static_cast<Eigen::Index>(b)) *= scale;
    if (scale != 1) geometry.block_scales.emplace(name, scale);
  }
  return geometry;
}

double scale_of(const BlockScales& scales, const std::string& block) {
  const auto found = scales.find(block);
  return found == scales.end() ? 1.0 : found->second;
}

BlockScales scales_of(const BlockScales& scales, const std::vector<std::string>& blocks) {
  BlockScales found;
  for (const std::string& name : blocks) {
    const auto scale = scales.find(name);
    if (scale != scales.end()) found.insert(*scale);
  }
  return found;
}

std::string unused_scales(const BlockScales& scales, std::span<const Block> captured) {
  std::string first;
  std::size_t unused = 0;
  for (const auto& [name, scale] : scales) {
    if (std::ranges::find(captured, name, &Block::name) != captured.end()) continue;
    if (unused++ == 0) first = name;
  }
  if (unused == 0) return {};
  if (scales.size() == 1) {
    return fmt::format("Block {} has a scale and is not captured: it has no effect.", first);
  }
  return fmt::format("{} of the {} blocks with a scale, first {}, {} not captured: {} no effect.",
                     unused, scales.size(), first, unused == 1 ? "is" : "are",
                     unused == 1 ? "its scale has" : "their scales have");
}

std::string scale_difference(const std::vector<std::string>& blocks, const BlockScales& first,
                             std::string_view here, const BlockScales& second,
                             std::string_view there) {
  for (const std::string& block : blocks) {
    const double one = scale_of(first, block);
    const double other = scale_of(second, block);
    if (one == other) continue;
    return fmt::format("block \"{}\" has the scale {} {} and {} {}", block, one, here, other,
                       there);
  }
  return {};
}

}  // namespace sextant::geometry
