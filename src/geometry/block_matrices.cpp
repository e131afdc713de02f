#include "sextant/geometry/block_matrices.hpp"

#include <fmt/format.h>

#include <string>

#include "sextant/core/errors.hpp"
#include "sextant/core/threads.hpp"
#include "sextant/geometry/validation.hpp"
#include "sextant/spectral/kernel_checks.hpp"

namespace sextant::geometry {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;

void check_matrix_size(std::string_view function, std::string_view argument,
                       const Eigen::Ref<const MatrixXd>& matrix, Index rows, Index columns) {
  if (matrix.rows() == rows && matrix.cols() == columns) return;
  throw ArgumentError(
      function, argument,
      fmt::format("is {} x {}, expected {} x {}", matrix.rows(), matrix.cols(), rows, columns));
}

void check_block(std::string_view function, const BlockMatrices& blocks, Index block) {
  if (block >= 0 && block < blocks.count()) return;
  throw ArgumentError(function, "block",
                      fmt::format("is {}, of {} blocks, from 0", block, blocks.count()));
}

void check_matrix(std::string_view function, const std::string& argument,
                  const Eigen::Ref<const MatrixXd>& matrix, Index rows, Index columns) {
  check_matrix_size(function, argument, matrix, rows, columns);
  if (!matrix.allFinite()) {
    throw ArgumentError(function, argument, "has an entry that is not finite");
  }
}

}  // namespace

Index BlockMatrices::queries() const {
  return prompt_as_queries() ? examples() : static_cast<Index>(query_kernels.size());
}

BlockMatrices block_matrices(const PromptGeometry& geometry, const std::optional<Index>& query) {
  check_sizes("block_matrices", geometry);
  if (!query) return {geometry.kernels, geometry.query_kernels, geometry.query_variances};
  if (*query < 0 || *query >= geometry.queries()) {
    throw ArgumentError("block_matrices", "query",
                        fmt::format("is {}, expected one of the {} queries, numbered from 0",
                                    *query, geometry.queries()));
  }
  return {geometry.kernels, std::span(geometry.query_kernels).subspan(*query, 1),
          geometry.query_variances.middleRows(*query, 1)};
}

void check_blocks(std::string_view function, const BlockMatrices& blocks) {
  const Index n = blocks.examples();
  const Index count = blocks.count();
  if (count == 0) throw ArgumentError(function, "kernels", "is empty, expected at least 1 block");
  if (n == 0) throw ArgumentError(function, "kernels[0]", "is empty, expected at least 1 example");
  parallel_for(count, [&](Index b) {
    const std::string argument = fmt::format("kernels[{}]", b);
    check_matrix(function, argument, blocks.kernels[b], n, n);
    spectral::check_kernel(function, argument, blocks.kernels[b]);
  });
  for (std::size_t x = 0; x < blocks.query_kernels.size(); ++x) {
    check_matrix(function, fmt::format("query_kernels[{}]", x), blocks.query_kernels[x], n, count);
  }
  if (!blocks.prompt_as_queries()) {
    check_matrix(function, "query_variances", blocks.query_variances, blocks.queries(), count);
    if (blocks.query_variances.minCoeff() < 0) {
      throw ArgumentError(function, "query_variances", "has an entry below 0");
    }
  }
}

void add_couplings(const BlockMatrices& blocks, Index block, MatrixXd& sum) {
  check_block("add_couplings", blocks, block);
  check_matrix_size("add_couplings", "sum", sum, blocks.examples(), blocks.queries());
  const Index n = blocks.examples();
  if (blocks.prompt_as_queries()) {
    check_matrix_size("add_couplings", "kernels", blocks.kernels[block], n, n);
    sum += blocks.kernels[block];
    return;
  }
  for (std::size_t x = 0; x < blocks.query_kernels.size(); ++x) {
    check_matrix_size("add_couplings", "query_kernels", blocks.query_kernels[x], n, blocks.count());
    sum.col(static_cast<Index>(x)) += blocks.query_kernels[x].col(block);
  }
}

double mean_variance(const BlockMatrices& blocks, Index block) {
  check_block("mean_variance", blocks, block);
  if (blocks.prompt_as_queries()) return blocks.kernels[block].diagonal().mean();
  check_matrix_size("mean_variance", "query_variances", blocks.query_variances, blocks.queries(),
                    blocks.count());
  return blocks.query_variances.col(block).mean();
}

MatrixXd summed_kernel(const BlockMatrices& blocks) {
  MatrixXd sum = MatrixXd::Zero(blocks.examples(), blocks.examples());
  for (const MatrixXd& kernel : blocks.kernels) {
    check_matrix_size("summed_kernel", "kernels", kernel, sum.rows(), sum.cols());
    sum += kernel;
  }
  return sum;
}

}  // namespace sextant::geometry
