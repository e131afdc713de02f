#include "sextant/subspace/blocks.hpp"

#include <fmt/format.h>

#include <string>

#include "sextant/core/errors.hpp"
#include "sextant/core/threads.hpp"
#include "sextant/spectral/kernel_checks.hpp"

namespace sextant::subspace {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;

void check_matrix(std::string_view function, const std::string& argument,
                  const Eigen::Ref<const MatrixXd>& matrix, Index rows, Index columns) {
  if (matrix.rows() != rows || matrix.cols() != columns) {
    throw ArgumentError(
        function, argument,
        fmt::format("is {} x {}, expected {} x {}", matrix.rows(), matrix.cols(), rows, columns));
  }
  if (!matrix.allFinite()) {
    throw ArgumentError(function, argument, "has an entry that is not finite");
  }
}

}  // namespace

Index BlockMatrices::queries() const {
  return prompt_as_queries() ? examples() : static_cast<Index>(query_kernels.size());
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

void check_model(std::string_view function, const spectral::Benchmark& model) {
  check_not_negative(function, "tau2", model.tau2);
  check_not_negative(function, "sigma2", model.sigma2);
}

void add_couplings(const BlockMatrices& blocks, Index block, MatrixXd& sum) {
  if (blocks.prompt_as_queries()) {
    sum += blocks.kernels[block];
    return;
  }
  for (std::size_t x = 0; x < blocks.query_kernels.size(); ++x) {
    sum.col(static_cast<Index>(x)) += blocks.query_kernels[x].col(block);
  }
}

double mean_variance(const BlockMatrices& blocks, Index block) {
  return blocks.prompt_as_queries() ? blocks.kernels[block].diagonal().mean()
                                    : blocks.query_variances.col(block).mean();
}

MatrixXd summed_kernel(const BlockMatrices& blocks) {
  MatrixXd sum = MatrixXd::Zero(blocks.examples(), blocks.examples());
  for (const MatrixXd& kernel : blocks.kernels) sum += kernel;
  return sum;
}

}  // namespace sextant::subspace
