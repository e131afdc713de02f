#pragma once

/// Geometry files: `PromptGeometry` as safetensors, readable and writable from any framework.
///
/// Tensors, F64 or F32 each, with n examples, m queries and B blocks:
///
///     residuals        [n]
///     kernels          [B, n, n]
///     query_kernels    [m, B, n]   absent, or with first extent 0, when m = 0
///     query_variances  [m, B]      likewise
///     prompt_base      [n]         optional
///     prompt_targets   [n]         optional
///     query_base       [m]         optional
///     query_targets    [m]         optional
///
/// Metadata: `format` = "sextant-geometry/1" and `blocks` = JSON list of B objects
/// {"name", "layer", "head", "kind", "parameters"}, where "head" may be null, -1 or absent for a
/// block without heads; optional `block_scales` = JSON object of blocks' names and the scales that
/// their kernels, couplings and variances hold already (absent: 1 for all). Other metadata keys are
/// ignored; other tensors are errors.

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "sextant/geometry/prompt_geometry.hpp"

namespace sextant::io {
class SafetensorsFile;
}

namespace sextant::geometry {

inline constexpr std::string_view geometry_format = "sextant-geometry/1";

/// Reads and validates a geometry file. Kernels come back exactly symmetric ((K + K')/2).
///
/// Throws `InputError` naming file, tensor, block and value for everything `validate` rejects and
/// for a wrong format or version, missing or unexpected tensors, wrong shapes or dtypes, and block
/// descriptions that are not JSON, have unknown keys or the wrong number of entries, and scales
/// that are not positive numbers of its blocks. A kernel stored in F32 is held to
/// `single_precision_tolerances`, F64 to the default ones. Cost: see `validate`. Memory: the result
/// and one n x n matrix a thread; the file is mapped.
PromptGeometry read_geometry(const std::filesystem::path& path);

/// The same of a file that is open, or of content in memory. Throws `InputError` naming its path.
PromptGeometry read_geometry(const io::SafetensorsFile& file);

/// Validates `geometry` and writes it in F64, atomically. `query_targets` are written only when
/// every query has one; `prompt_base`, `prompt_targets` and `query_base` when they are known.
/// Returns what is known and not in the file, one sentence each.
///
/// Throws `InputError` when `geometry` is invalid (labelled with `path`) or `path` cannot be
/// written; then nothing is left behind. Kernels are not copied.
std::vector<std::string> write_geometry(const std::filesystem::path& path,
                                        const PromptGeometry& geometry);

}  // namespace sextant::geometry
