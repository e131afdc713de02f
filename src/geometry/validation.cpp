#include "sextant/geometry/validation.hpp"

#include <fmt/format.h>

#include <Eigen/Cholesky>
#include <algorithm>
#include <cmath>
#include <unordered_map>

#include "checks.hpp"
#include "sextant/core/errors.hpp"
#include "sextant/core/number_range.hpp"
#include "sextant/core/threads.hpp"
#include "sextant/geometry/block_scales.hpp"
#include "sextant/geometry/blocks.hpp"
#include "sextant/spectral/eigensystem.hpp"
#include "sextant/spectral/kernel_checks.hpp"

namespace sextant::geometry {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

/// Calls `check` with the label "geometry" and passes what it throws on as an argument's fault.
template <class Check>
void as_argument(std::string_view function, const Check& check) {
  constexpr std::string_view label = "geometry";
  try {
    check(label);
  } catch (const InputError& error) {
    const std::string_view message = error.what();
    throw ArgumentError(function, label,
                        fmt::format("is not valid: {}", message.substr(label.size() + 2)));
  }
}

/// Throws unless `values` are in the range whose squares are numbers, the largest of them at both
/// ends.
void check_range(std::string_view label, std::string_view field,
                 const Eigen::Ref<const MatrixXd>& values, const std::string& remedy) {
  if (values.size() == 0) return;
  Index row = 0;
  Index column = 0;
  const double largest = values.cwiseAbs().maxCoeff(&row, &column);
  const std::string problem = beyond_range(values(row, column), remedy);
  if (largest == 0 || problem.empty()) return;
  const std::string entry =
      values.cols() == 1 ? fmt::format("[{}]", row) : fmt::format("[{}, {}]", row, column);
  throw InputError(label, field, fmt::format("entry {} {}", entry, problem));
}

/// The fit of the benchmark divides squared residuals by kernels.
void check_units(std::string_view label, double residual, double kernel) {
  if (residual == 0 || kernel == 0) return;
  const double log_ratio = 2 * std::log10(residual) - std::log10(kernel);
  constexpr double most = 150;
  if (std::abs(log_ratio) <= most) return;
  throw InputError(
      label, "kernels",
      fmt::format("are up to {:g} beside residuals up to {:g}: the squared residuals over the "
                  "kernels leave the range of a 64-bit number; {}",
                  kernel, residual, rescale_kernels));
}

void check_extent(std::string_view label, std::string_view field, Index actual, Index expected,
                  std::string_view what) {
  if (actual != expected) {
    throw InputError(label, field, fmt::format("has {} {}, expected {}", actual, what, expected));
  }
}

/// Empty (unknown) or of size `expected`.
void check_optional(std::string_view label, std::string_view field, Index actual, Index expected) {
  if (actual != 0) check_extent(label, field, actual, expected, "values");
}

void check_all_finite(std::string_view label, std::string_view field, const VectorXd& values) {
  for (Index i = 0; i < values.size(); ++i) {
    if (!std::isfinite(values[i])) {
      throw InputError(label, field,
                       fmt::format("entry [{}] is {}, expected a finite number", i, values[i]));
    }
  }
}

void check_finite_matrix(std::string_view label, std::string_view place,
                         const Eigen::Ref<const MatrixXd>& matrix) {
  for (Index j = 0; j < matrix.cols(); ++j) {
    for (Index i = 0; i < matrix.rows(); ++i) {
      if (!std::isfinite(matrix(i, j))) {
        throw InputError(
            label, place,
            fmt::format("entry [{}, {}] is {}, expected a finite number", i, j, matrix(i, j)));
      }
    }
  }
}

void check_symmetric(const Eigen::Ref<const MatrixXd>& kernel, std::string_view label,
                     std::string_view place, double tolerance) {
  const spectral::Asymmetry worst = spectral::asymmetry(kernel);
  if (worst.relative <= tolerance) return;
  throw InputError(
      label, place,
      fmt::format("entries [{0}, {1}] = {2} and [{1}, {0}] = {3} differ by {4:.3g} of the "
                  "largest entry, expected a symmetric matrix (within {5:g})",
                  worst.row, worst.column, kernel(worst.row, worst.column),
                  kernel(worst.column, worst.row), worst.relative, tolerance));
}

void check_semidefinite(const Eigen::Ref<const MatrixXd>& kernel, double scale,
                        std::string_view label, std::string_view place, double tolerance) {
  for (Index i = 0; i < kernel.rows(); ++i) {
    if (kernel(i, i) < 0) {
      throw InputError(
          label, place,
          fmt::format("diagonal entry [{0}, {0}] is {1}, expected at least 0", i, kernel(i, i)));
    }
  }
  MatrixXd shifted = kernel / scale;
  const double trace = shifted.trace();
  shifted.diagonal().array() += tolerance * trace;
  if (trace > 0 && Eigen::LLT<Eigen::Ref<MatrixXd>>(shifted).info() == Eigen::Success) return;
  const double smallest = spectral::decompose(kernel / scale).most_negative;
  if (smallest >= -tolerance * trace) return;
  throw InputError(label, place,
                   fmt::format("smallest eigenvalue is {:.6g} with trace {:.6g}, expected a "
                               "positive semidefinite matrix (eigenvalues of at least -{:g} trace)",
                               smallest * scale, trace * scale, tolerance));
}

/// Predictions and labels may all be small, but not their squares overflow.
void check_labels(const PromptGeometry& geometry, std::string_view label) {
  check_range(label, "residuals", geometry.residuals, rescale_labels);
  const auto check = [&](std::string_view field, Index i, double value) {
    const std::string problem = beyond_range(value, rescale_labels, 0);
    if (problem.empty()) return;
    throw InputError(label, field, fmt::format("entry [{}] {}", i, problem));
  };
  const auto check_all = [&](std::string_view field, const VectorXd& values) {
    for (Index i = 0; i < values.size(); ++i) check(field, i, values[i]);
  };
  check_all("prompt_base", geometry.prompt_base);
  check_all("prompt_targets", geometry.prompt_targets);
  check_all("query_base", geometry.query_base);
  for (std::size_t x = 0; x < geometry.query_targets.size(); ++x) {
    check("query_targets", static_cast<Index>(x), geometry.query_targets[x].value_or(0));
  }
}

/// A query's couplings and variance in one block.
void check_query_range(std::string_view label, const std::string& place,
                       const Eigen::Ref<const VectorXd>& values) {
  Index largest = 0;
  values.cwiseAbs().maxCoeff(&largest);
  const std::string problem = beyond_range(values[largest], rescale_kernels, 0);
  if (problem.empty()) return;
  throw InputError(label, place, fmt::format("entry [{}] {}", largest, problem));
}

}  // namespace

namespace detail {

std::string block_place(std::string_view field, Index block, std::string_view name) {
  return fmt::format("{}, block {} \"{}\"", field, block, name);
}

void check_blocks(const std::vector<Block>& blocks, std::string_view label) {
  std::unordered_map<std::string_view, std::size_t> seen;
  for (std::size_t b = 0; b < blocks.size(); ++b) {
    const Block& block = blocks[b];
    const std::string place = fmt::format("blocks[{}]", b);
    if (block.name.empty()) throw InputError(label, place + ".name", "is empty");
    if (const auto [first, is_new] = seen.emplace(block.name, b); !is_new) {
      throw InputError(
          label, place + ".name",
          fmt::format("\"{}\" is also the name of blocks[{}]", block.name, first->second));
    }
    if (block.kind.empty()) throw InputError(label, place + ".kind", "is empty");
    if (block.layer < 0) {
      throw InputError(label, place + ".layer",
                       fmt::format("is {}, expected at least 0", block.layer));
    }
    if (block.head.value_or(0) < 0) {
      throw InputError(label, place + ".head",
                       fmt::format("is {}, expected at least 0", *block.head));
    }
    if (block.parameters < 1) {
      throw InputError(label, place + ".parameters",
                       fmt::format("is {}, expected at least 1", block.parameters));
    }
  }
}

void check_scales(const BlockScales& scales, const std::vector<Block>& blocks,
                  std::string_view label, std::string_view place) {
  for (const auto& [name, scale] : scales) {
    if (std::ranges::find(blocks, name, &Block::name) == blocks.end()) {
      throw InputError(label, place, fmt::format("\"{}\" is not the name of a block", name));
    }
    if (const std::string problem = scale_problem(scale); !problem.empty()) {
      throw InputError(label, place, fmt::format("\"{}\" {}", name, problem));
    }
  }
}

void check_kernel(const Eigen::Ref<const MatrixXd>& kernel, std::string_view label,
                  std::string_view place, const Tolerances& tolerances) {
  check_finite_matrix(label, place, kernel);
  const double scale = kernel.cwiseAbs().maxCoeff();
  if (scale == 0) return;
  check_symmetric(kernel, label, place, tolerances.symmetry);
  check_semidefinite(kernel, scale, label, place, tolerances.semidefinite);
}

void check_values(const PromptGeometry& geometry, std::string_view label) {
  check_all_finite(label, "residuals", geometry.residuals);
  for (Index x = 0; x < geometry.queries(); ++x) {
    for (Index b = 0; b < geometry.block_count(); ++b) {
      const std::string field = fmt::format("query_kernels, query {}", x);
      check_all_finite(label, block_place(field, b, geometry.blocks[b].name),
                       geometry.query_kernels[x].col(b));
      const double variance = geometry.query_variances(x, b);
      if (!std::isfinite(variance) || variance < 0) {
        throw InputError(
            label,
            block_place(fmt::format("query_variances, query {}", x), b, geometry.blocks[b].name),
            fmt::format("is {}, expected a finite number of at least 0", variance));
      }
      const std::string& name = geometry.blocks[b].name;
      check_query_range(label, block_place(field, b, name), geometry.query_kernels[x].col(b));
      check_query_range(label, block_place(fmt::format("query_variances, query {}", x), b, name),
                        VectorXd::Constant(1, variance));
    }
  }
  check_all_finite(label, "prompt_base", geometry.prompt_base);
  check_all_finite(label, "prompt_targets", geometry.prompt_targets);
  check_all_finite(label, "query_base", geometry.query_base);
  for (std::size_t x = 0; x < geometry.query_targets.size(); ++x) {
    const auto& target = geometry.query_targets[x];
    if (target && !std::isfinite(*target)) {
      throw InputError(label, "query_targets",
                       fmt::format("entry [{}] is {}, expected a finite number", x, *target));
    }
  }
  check_labels(geometry, label);
}

void check_residuals(const PromptGeometry& geometry, std::string_view label, double tolerance) {
  const VectorXd& base = geometry.prompt_base;
  const VectorXd& targets = geometry.prompt_targets;
  if (base.size() == 0 || targets.size() == 0) return;
  const double scale = std::max(base.cwiseAbs().maxCoeff(), targets.cwiseAbs().maxCoeff());
  const VectorXd expected = targets - base;
  Index worst = 0;
  const double difference = (geometry.residuals - expected).cwiseAbs().maxCoeff(&worst);
  if (difference <= tolerance * scale) return;
  constexpr double half_precision = 0x1p-9;  // base, target and residual, each rounded to 11 bits
  const bool is_turned = (geometry.residuals + expected).cwiseAbs().maxCoeff() <=
                         half_precision * expected.cwiseAbs().maxCoeff();
  const std::string_view cause =
      is_turned ? "all have the other sign: store prompt_targets - prompt_base"
      : difference <= half_precision * scale
          ? "so near as after rounding to half precision (F16): store 32 or 64 bits, or "
            "leave out prompt_base and prompt_targets, which are optional"
          : "they belong to other predictions or labels: store those of one run, or leave out "
            "prompt_base and prompt_targets, which are optional";
  throw InputError(
      label, "residuals",
      fmt::format("entry [{}] is {}, expected prompt_targets - prompt_base = {} "
                  "(within {:g} of the largest of the two, {:g}); {}",
                  worst, geometry.residuals[worst], expected[worst], tolerance, scale, cause));
}

void check_total(const PromptGeometry& geometry, std::span<const Index> blocks,
                 std::string_view label) {
  VectorXd diagonal = VectorXd::Zero(geometry.examples());
  for (const Index b : blocks) diagonal += geometry.kernels[b].diagonal();
  if (!std::isfinite(diagonal.sum())) {
    throw InputError(
        label, "kernels",
        fmt::format("sum over blocks is too large for a 64-bit number; {}", rescale_kernels));
  }
  check_range(label, "kernels, diagonal of their sum", diagonal, rescale_kernels);
  check_units(label, geometry.residuals.cwiseAbs().maxCoeff(), diagonal.cwiseAbs().maxCoeff());
}

}  // namespace detail

void validate_sizes(const PromptGeometry& geometry, std::string_view label) {
  const Index n = geometry.examples();
  const Index m = geometry.queries();
  const Index blocks = geometry.block_count();
  if (n < 1) throw InputError(label, "residuals", "has no values, expected at least 1");
  if (blocks < 1) throw InputError(label, "blocks", "is empty, expected at least 1 block");
  check_extent(label, "kernels", static_cast<Index>(geometry.kernels.size()), blocks, "matrices");
  for (Index b = 0; b < blocks; ++b) {
    const MatrixXd& kernel = geometry.kernels[b];
    if (kernel.rows() != n || kernel.cols() != n) {
      throw InputError(
          label, detail::block_place("kernels", b, geometry.blocks[b].name),
          fmt::format("has shape [{}, {}], expected [{}, {}]", kernel.rows(), kernel.cols(), n, n));
    }
  }
  for (Index x = 0; x < m; ++x) {
    const MatrixXd& coupling = geometry.query_kernels[x];
    if (coupling.rows() != n || coupling.cols() != blocks) {
      throw InputError(label, fmt::format("query_kernels, query {}", x),
                       fmt::format("has {} examples and {} blocks, expected {} and {}",
                                   coupling.rows(), coupling.cols(), n, blocks));
    }
  }
  if (m > 0 || geometry.query_variances.size() > 0) {
    check_extent(label, "query_variances", geometry.query_variances.rows(), m, "queries");
    check_extent(label, "query_variances", geometry.query_variances.cols(), blocks, "blocks");
  }
  check_optional(label, "prompt_base", geometry.prompt_base.size(), n);
  check_optional(label, "prompt_targets", geometry.prompt_targets.size(), n);
  check_optional(label, "query_base", geometry.query_base.size(), m);
  check_optional(label, "query_targets", static_cast<Index>(geometry.query_targets.size()), m);
  check_optional(label, "query_numbers", static_cast<Index>(geometry.query_numbers.size()), m);
}

void validate(const PromptGeometry& geometry, std::string_view label,
              const Tolerances& tolerances) {
  validate_sizes(geometry, label);
  detail::check_blocks(geometry.blocks, label);
  detail::check_scales(geometry.block_scales, geometry.blocks, label, "block_scales");
  parallel_for(geometry.block_count(), [&](Index b) {
    detail::check_kernel(geometry.kernels[b], label,
                         detail::block_place("kernels", b, geometry.blocks[b].name), tolerances);
  });
  detail::check_values(geometry, label);
  detail::check_residuals(geometry, label, tolerances.residual);
  detail::check_total(geometry, all_blocks(geometry), label);
}

void check_residuals(std::string_view function, const PromptGeometry& geometry) {
  as_argument(function, [&](std::string_view label) {
    validate_sizes(geometry, label);
    detail::check_residuals(geometry, label, single_precision_tolerances.residual);
  });
}

void check_sizes(std::string_view function, const PromptGeometry& geometry) {
  as_argument(function, [&](std::string_view label) { validate_sizes(geometry, label); });
}

void check_geometry(std::string_view function, const PromptGeometry& geometry,
                    std::span<const Index> blocks) {
  as_argument(function, [&](std::string_view label) {
    validate_sizes(geometry, label);
    detail::check_blocks(geometry.blocks, label);
    detail::check_scales(geometry.block_scales, geometry.blocks, label, "block_scales");
  });
  parallel_for(static_cast<std::ptrdiff_t>(blocks.size()), [&](std::ptrdiff_t i) {
    const Index b = blocks[static_cast<std::size_t>(i)];
    if (b < 0 || b >= geometry.block_count()) {
      throw ArgumentError(function, "blocks",
                          fmt::format("[{}] is {}, expected an index between 0 and {}", i, b,
                                      geometry.block_count() - 1));
    }
    spectral::check_kernel(function,
                           "geometry." + detail::block_place("kernels", b, geometry.blocks[b].name),
                           geometry.kernels[b]);
  });
  as_argument(function, [&](std::string_view label) {
    detail::check_values(geometry, label);
    detail::check_total(geometry, blocks, label);
  });
}

void check_geometry(std::string_view function, const PromptGeometry& geometry) {
  check_geometry(function, geometry, all_blocks(geometry));
}

}  // namespace sextant::geometry
