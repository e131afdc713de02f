#pragma once

/// The parts of `validate`, which the reader applies block by block while it reads.

#include <string>
#include <string_view>

#include "sextant/geometry/validation.hpp"

namespace sextant::geometry::detail {

/// `kernels, block 3 "h.0.attn.v.3"`: how messages name one block's part of a field.
std::string block_place(std::string_view field, Eigen::Index block, std::string_view name);

/// Throws `InputError` unless names are unique and every description is in range.
void check_blocks(const std::vector<Block>& blocks, std::string_view label);

/// Throws `InputError` unless every scale is of one of `blocks`, finite and positive.
void check_scales(const BlockScales& scales, const std::vector<Block>& blocks,
                  std::string_view label, std::string_view place);

/// Throws `InputError` unless `kernel` is finite, symmetric and positive semidefinite.
void check_kernel(const Eigen::Ref<const Eigen::MatrixXd>& kernel, std::string_view label,
                  std::string_view place, const Tolerances& tolerances);

/// Throws `InputError` unless the values of everything but the kernels are finite and in range.
/// Sizes must be right already.
void check_values(const PromptGeometry& geometry, std::string_view label);

/// Throws `InputError` unless residuals = targets - base where both are known.
void check_residuals(const PromptGeometry& geometry, std::string_view label, double tolerance);

/// Throws `InputError` unless the sum of the kernels of `blocks` is in the range of
/// core/number_range.hpp, by its diagonal: that of a positive semidefinite matrix has the largest
/// entries.
void check_total(const PromptGeometry& geometry, std::span<const Eigen::Index> blocks,
                 std::string_view label);

}  // namespace sextant::geometry::detail
