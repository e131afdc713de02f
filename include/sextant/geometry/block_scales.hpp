#pragma once

/// Anisotropic priors: a prior variance for each block's parameters [W, App. F.3]; theory Sec. 2.
///
/// Kernels become sum_b scale_b K_b, and gradient descent is preconditioned: block b moves scale_b
/// times as far.

#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sextant/geometry/prompt_geometry.hpp"

namespace sextant::geometry {

/// Ends of the range of scales, both allowed, in files and in calls.
inline constexpr double smallest_block_scale = 1e-9;
inline constexpr double largest_block_scale = 1e9;

/// What is wrong with a scale outside that range, as the end of a message; empty for a good one.
std::string scale_problem(double scale);
/// Throws `ArgumentError` with that problem.
void check_scale(std::string_view function, std::string_view block, double scale);

/// Reads a JSON object of names and such numbers. Throws `InputError` naming file and place for
/// anything else.
BlockScales read_block_scales(const std::filesystem::path& path);

/// The scale of a block, 1 where it is not named.
double scale_of(const BlockScales& scales, const std::string& block);

/// The scales of those of `blocks` that are named.
BlockScales scales_of(const BlockScales& scales, const std::vector<std::string>& blocks);

/// The geometry under these variances: kernels, couplings and variances of every named block times
/// its scale, which `PromptGeometry::block_scales` then says (but for scales of 1). Throws
/// `ArgumentError` for a block that is not there, a scale outside 1e-9 to 1e9, and a geometry that
/// holds scales already: its kernels would be scaled twice. No scales leave every geometry as it
/// is.
PromptGeometry with_block_scales(PromptGeometry geometry, const BlockScales& scales);

/// A sentence that says which of `scales` have no effect, because their blocks are not among
/// `captured`; empty where all have.
std::string unused_scales(const BlockScales& scales, std::span<const Block> captured);

/// Where two sets of scales differ on `blocks`, as the end of a message: "block \"h.0.attn.v.1\"
/// has the scale 4 here and 1 there"; empty when they agree. `here` and `there` name the two.
std::string scale_difference(const std::vector<std::string>& blocks, const BlockScales& first,
                             std::string_view here, const BlockScales& second,
                             std::string_view there);

}  // namespace sextant::geometry
