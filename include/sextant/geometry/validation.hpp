#pragma once

/// What makes a `PromptGeometry` valid.

#include <span>
#include <string_view>

#include "sextant/geometry/prompt_geometry.hpp"

namespace sextant::geometry {

/// How far rounding may take a geometry from its exact properties. All relative.
struct Tolerances {
  /// |K_ij - K_ji| against the largest |entry| of the kernel.
  double symmetry = 1e-8;
  /// The most negative eigenvalue against the trace of the kernel.
  double semidefinite = 1e-8;
  /// |r - (y - s)| against the largest |y| or |s|, where base predictions and targets are known.
  double residual = 1e-6;
};

/// Tolerances for kernels whose entries were rounded to 32 bits: rounding each entry moves an
/// eigenvalue by up to 6e-8 of the trace, which the default would reject.
inline constexpr Tolerances single_precision_tolerances{1e-6, 1e-6, 1e-6};

/// Throws `InputError` unless `geometry` is valid: n >= 1 residuals and B >= 1 blocks, every size
/// consistent with n, m and B, numbers within the range of core/number_range.hpp, block names
/// non-empty and unique, layers and heads not negative, parameters >= 1, every number finite,
/// kernels symmetric and positive semidefinite within `tolerances`, query variances not negative,
/// residuals = targets - base where both are known, and the sum of all kernels finite. m = 0, n = 1
/// and zero kernels are valid.
///
/// The message is "<label>: <field and block>: <value and expectation>"; the first offence in the
/// order of the fields is reported, whatever the number of threads. Semidefiniteness is decided by
/// a Cholesky factorisation of K + tolerance * trace(K) * I, n^3/3 operations a block; eigenvalues
/// are computed only to report a failure. Cost O(B n^3), parallel over blocks; one n x n copy a
/// thread.
void validate(const PromptGeometry& geometry, std::string_view label,
              const Tolerances& tolerances = {});

/// Throws `ArgumentError` in the name of `function` where `geometry`, made in memory, cannot be
/// answered for: everything `validate` rejects but residuals that contradict targets and base
/// (`check_residuals`), and of each of `blocks` only what its entries show
/// (`spectral::check_kernel`: symmetric, no entry larger than its diagonal allows). That their sum
/// is positive semidefinite is decided by its decomposition, which every answer makes anyway; for a
/// single block `validate` decides it, at n^3/3 operations. Kernels outside `blocks` are not read.
/// Cost O(B n (n + m)), parallel over blocks.
void check_geometry(std::string_view function, const PromptGeometry& geometry,
                    std::span<const Eigen::Index> blocks);
/// Of all blocks.
void check_geometry(std::string_view function, const PromptGeometry& geometry);

/// Throws `ArgumentError` in the name of `function` where residuals are not targets - base, both
/// being known, within rounding to 32 bits: for answers that ask about other labels. O(n).
void check_residuals(std::string_view function, const PromptGeometry& geometry);

/// `validate_sizes` for arguments: throws `ArgumentError` in the name of `function`.
void check_sizes(std::string_view function, const PromptGeometry& geometry);

/// The sizes alone: throws `InputError` unless n >= 1, B >= 1 and every size is consistent with n,
/// m and B. Cost O(B + m).
void validate_sizes(const PromptGeometry& geometry, std::string_view label);

}  // namespace sextant::geometry
