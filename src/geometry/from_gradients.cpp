#include "sextant/geometry/from_gradients.hpp"

#include <fmt/format.h>

#include "sextant/core/errors.hpp"
#include "sextant/geometry/validation.hpp"

namespace sextant::geometry {
namespace {

constexpr std::string_view from_gradients_name = "from_gradients";

Eigen::VectorXd known_residuals(const KnownPredictions& known) {
  if (known.residuals.size() > 0) return known.residuals;
  if (known.prompt_targets.size() == 0 || known.prompt_base.size() == 0) {
    throw ArgumentError(from_gradients_name, "known",
                        "has no residuals, expected them or prompt_targets and prompt_base");
  }
  check_size(from_gradients_name, "known.prompt_base",
             static_cast<std::size_t>(known.prompt_base.size()),
             static_cast<std::size_t>(known.prompt_targets.size()));
  return known.prompt_targets - known.prompt_base;
}

/// The extents of `given` [rows, p], where a block's p is that of its examples.
void check_gradients(const BlockGradients& block, std::size_t b, Eigen::Index n, Eigen::Index m) {
  const auto check = [&](std::string_view field, const Eigen::MatrixXd& given, Eigen::Index rows) {
    if (given.rows() == rows && (rows == 0 || given.cols() == block.examples.cols())) return;
    throw ArgumentError(
        from_gradients_name, fmt::format("blocks[{}].{}", b, field),
        fmt::format("of \"{}\" has shape [{}, {}], expected [{}, {}]", block.block.name,
                    given.rows(), given.cols(), rows, block.examples.cols()));
  };
  check("examples", block.examples, n);
  check("queries", block.queries, m);
  const auto p = static_cast<std::int64_t>(block.examples.cols());
  if (block.block.parameters != 0 && block.block.parameters != p) {
    throw ArgumentError(from_gradients_name, fmt::format("blocks[{}].block.parameters", b),
                        fmt::format("of \"{}\" is {}, but its gradients have {} columns",
                                    block.block.name, block.block.parameters, p));
  }
}

}  // namespace

PromptGeometry from_gradients(const std::vector<BlockGradients>& blocks,
                              const KnownPredictions& known) {
  if (blocks.empty()) throw ArgumentError(from_gradients_name, "blocks", "is empty");
  PromptGeometry geometry;
  geometry.residuals = known_residuals(known);
  geometry.prompt_base = known.prompt_base;
  geometry.prompt_targets = known.prompt_targets;
  geometry.query_base = known.query_base;
  geometry.query_targets = known.query_targets;
  const Eigen::Index n = geometry.examples();
  const Eigen::Index m = blocks.front().queries.rows();
  const auto count = static_cast<Eigen::Index>(blocks.size());
  geometry.query_kernels.assign(static_cast<std::size_t>(m), Eigen::MatrixXd(n, count));
  geometry.query_variances.resize(m, count);
  for (std::size_t b = 0; b < blocks.size(); ++b) {
    const BlockGradients& given = blocks[b];
    check_gradients(given, b, n, m);
    Block& block = geometry.blocks.emplace_back(given.block);
    block.parameters = given.examples.cols();
    if (block.kind.empty()) block.kind = "block";
    // Half of the product is made and mirrored, so that the kernel is exactly symmetric.
    Eigen::MatrixXd kernel = Eigen::MatrixXd::Zero(n, n);
    kernel.selfadjointView<Eigen::Lower>().rankUpdate(given.examples);
    kernel.triangularView<Eigen::StrictlyUpper>() = kernel.transpose();
    geometry.kernels.push_back(std::move(kernel));
    if (m == 0) continue;
    const auto column = static_cast<Eigen::Index>(b);
    const Eigen::MatrixXd coupling = given.examples * given.queries.transpose();
    for (Eigen::Index x = 0; x < m; ++x) {
      geometry.query_kernels[static_cast<std::size_t>(x)].col(column) = coupling.col(x);
    }
    geometry.query_variances.col(column) = given.queries.rowwise().squaredNorm();
  }
  validate(geometry, from_gradients_name);
  return geometry;
}

}  // namespace sextant::geometry
