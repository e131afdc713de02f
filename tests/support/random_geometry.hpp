#pragma once

/// Random geometries built from explicit Jacobians, so that kernels, couplings and variances are
/// inner products of one set of gradients.

#include <Eigen/Core>
#include <string>
#include <vector>

#include "sextant/core/random_matrix.hpp"
#include "sextant/geometry/prompt_geometry.hpp"

namespace sextant::test {

/// n examples, m queries, one block per entry of `widths` with that many parameters.
inline geometry::PromptGeometry random_geometry(Random& random, Eigen::Index n, Eigen::Index m,
                                                const std::vector<Eigen::Index>& widths) {
  geometry::PromptGeometry result;
  const auto blocks = static_cast<Eigen::Index>(widths.size());
  result.query_kernels.assign(static_cast<std::size_t>(m), Eigen::MatrixXd(n, blocks));
  result.query_variances = Eigen::MatrixXd(m, blocks);
  for (Eigen::Index b = 0; b < blocks; ++b) {
    const Eigen::Index p = widths[static_cast<std::size_t>(b)];
    const Eigen::MatrixXd jacobian = normal_matrix(n, p, random);
    const Eigen::MatrixXd query = normal_matrix(p, m, random);
    result.kernels.emplace_back(jacobian * jacobian.transpose());
    for (Eigen::Index x = 0; x < m; ++x) {
      result.query_kernels[static_cast<std::size_t>(x)].col(b) = jacobian * query.col(x);
      result.query_variances(x, b) = query.col(x).squaredNorm();
    }
    result.blocks.push_back({"h." + std::to_string(b / 2) + ".attn.v." + std::to_string(b % 2),
                             static_cast<int>(b / 2), static_cast<int>(b % 2), "value", p});
  }
  const auto normals = [&](Eigen::Index size) {
    return Eigen::VectorXd(normal_matrix(size, 1, random));
  };
  result.prompt_base = normals(n);
  result.prompt_targets = normals(n);
  result.residuals = result.prompt_targets - result.prompt_base;
  result.query_base = normals(m);
  for (Eigen::Index x = 0; x < m; ++x) result.query_targets.emplace_back(random.normal());
  return result;
}

}  // namespace sextant::test
