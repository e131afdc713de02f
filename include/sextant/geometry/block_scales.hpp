#pragma once

/// Anisotropic priors: a prior variance for each block's parameters [W, App. F.3]; theory Sec. 2.

#include <filesystem>
#include <map>
#include <string>

#include "sextant/geometry/prompt_geometry.hpp"

namespace sextant::geometry {

/// Prior variances of blocks' parameters relative to tau2, by block name, each positive; 1 for
/// blocks that are not named. Kernels become sum_b scale_b K_b, and gradient descent is
/// preconditioned: block b moves scale_b times as far.
using BlockScales = std::map<std::string, double>;

/// Ends of the range of scales in files, both allowed.
inline constexpr double smallest_block_scale = 1e-9;
inline constexpr double largest_block_scale = 1e9;

/// Reads a JSON object of names and such numbers. Throws `InputError` naming file and place for
/// anything else.
BlockScales read_block_scales(const std::filesystem::path& path);

/// The geometry under these variances: kernels, couplings and variances of every named block times
/// its scale. Throws `ArgumentError` for a block that is not there and a scale that is not
/// positive.
PromptGeometry with_block_scales(PromptGeometry geometry, const BlockScales& scales);

}  // namespace sextant::geometry
