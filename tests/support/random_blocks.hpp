#pragma once

/// Blocks with their Jacobians, for tests that go through weight space.

#include <Eigen/Core>
#include <vector>

#include "sextant/core/random.hpp"
#include "sextant/geometry/block_matrices.hpp"
#include "support/random_geometry.hpp"

namespace sextant::test {

struct RandomBlocks {
  std::vector<Eigen::MatrixXd> jacobians;        ///< J^(b) [n, p_b]
  std::vector<Eigen::MatrixXd> query_gradients;  ///< j^(b) [p_b, m]
  std::vector<Eigen::MatrixXd> kernels;
  std::vector<Eigen::MatrixXd> query_kernels;
  Eigen::MatrixXd query_variances;

  geometry::BlockMatrices view() const { return {kernels, query_kernels, query_variances}; }
  Eigen::Index examples() const { return kernels.front().rows(); }

  /// J [n, p] of `blocks` side by side.
  Eigen::MatrixXd jacobian(const std::vector<Eigen::Index>& blocks) const {
    Eigen::Index width = 0;
    for (const Eigen::Index b : blocks) width += jacobians[b].cols();
    Eigen::MatrixXd result(examples(), width);
    Eigen::Index column = 0;
    for (const Eigen::Index b : blocks) {
      result.middleCols(column, jacobians[b].cols()) = jacobians[b];
      column += jacobians[b].cols();
    }
    return result;
  }
  /// j [p, m] of `blocks`, stacked.
  Eigen::MatrixXd query_gradient(const std::vector<Eigen::Index>& blocks) const {
    Eigen::Index height = 0;
    for (const Eigen::Index b : blocks) height += query_gradients[b].rows();
    Eigen::MatrixXd result(height, query_variances.rows());
    Eigen::Index row = 0;
    for (const Eigen::Index b : blocks) {
      result.middleRows(row, query_gradients[b].rows()) = query_gradients[b];
      row += query_gradients[b].rows();
    }
    return result;
  }
  std::vector<Eigen::Index> all() const {
    std::vector<Eigen::Index> result;
    for (std::size_t b = 0; b < kernels.size(); ++b) {
      result.push_back(static_cast<Eigen::Index>(b));
    }
    return result;
  }
};

/// Block b has `widths[b]` parameters and gradients of size `scales[b]` (default 1).
inline RandomBlocks random_blocks(Random& random, Eigen::Index n, Eigen::Index m,
                                  const std::vector<Eigen::Index>& widths,
                                  const std::vector<double>& scales = {}) {
  RandomBlocks result;
  const auto count = static_cast<Eigen::Index>(widths.size());
  result.query_kernels.assign(static_cast<std::size_t>(m), Eigen::MatrixXd(n, count));
  result.query_variances.resize(m, count);
  for (Eigen::Index b = 0; b < count; ++b) {
    const double scale = scales.empty() ? 1.0 : scales[b];
    result.jacobians.emplace_back(scale * normal_matrix(n, widths[b], random));
    result.query_gradients.emplace_back(scale * normal_matrix(widths[b], m, random));
    const Eigen::MatrixXd& jacobian = result.jacobians.back();
    const Eigen::MatrixXd& query = result.query_gradients.back();
    Eigen::MatrixXd kernel = jacobian * jacobian.transpose();
    kernel = (kernel + kernel.transpose()).eval() / 2;
    result.kernels.push_back(kernel);
    for (Eigen::Index x = 0; x < m; ++x) {
      result.query_kernels[x].col(b) = jacobian * query.col(x);
      result.query_variances(x, b) = query.col(x).squaredNorm();
    }
  }
  return result;
}

}  // namespace sextant::test
