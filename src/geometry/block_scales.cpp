#include "sextant/geometry/block_scales.hpp"

#include <fmt/format.h>

#include "sextant/core/errors.hpp"
#include "sextant/geometry/blocks.hpp"
#include "sextant/geometry/validation.hpp"
#include "sextant/io/files.hpp"
#include "sextant/io/json.hpp"

namespace sextant::geometry {

BlockScales read_block_scales(const std::filesystem::path& path) {
  const io::Json json = io::parse_json(io::read_file(path), path.string());
  const io::JsonObject top(json, path.string());
  BlockScales scales;
  for (const auto& [name, value] : json.items()) {
    const double scale = top.number(name);
    if (!(scale >= smallest_block_scale && scale <= largest_block_scale)) {
      throw InputError(path.string(), top.place(name),
                       fmt::format("is {}, expected a positive number from {} to {}", scale,
                                   smallest_block_scale, largest_block_scale));
    }
    scales.emplace(name, scale);
  }
  return scales;
}

PromptGeometry with_block_scales(PromptGeometry geometry, const BlockScales& scales) {
  check_sizes("with_block_scales", geometry);
  for (const auto& [name, scale] : scales) {
    check_positive("with_block_scales", name, scale);
    const auto b = static_cast<std::size_t>(select_blocks(geometry, {name}).front());
    geometry.kernels[b] *= scale;
    for (Eigen::MatrixXd& coupling : geometry.query_kernels) {
      coupling.col(static_cast<Eigen::Index>(b)) *= scale;
    }
    if (geometry.queries() > 0) geometry.query_variances.col(static_cast<Eigen::Index>(b)) *= scale;
  }
  return geometry;
}

}  // namespace sextant::geometry
