#pragma once

/// Random geometries built from explicit Jacobians, so that kernels, couplings and variances are
/// inner products of one set of gradients.

#include <Eigen/Cholesky>
#include <Eigen/Core>
#include <string>
#include <vector>

#include "sextant/core/random_matrix.hpp"
#include "sextant/geometry/blocks.hpp"
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

/// Residuals drawn from f ~ N(0, tau2 K), r = f + N(0, sigma2 I), and targets to match.
inline void draw_residuals(Random& random, double tau2, double sigma2,
                           geometry::PromptGeometry& geometry) {
  Eigen::MatrixXd covariance = tau2 * geometry::summed_kernel(geometry);
  covariance.diagonal().array() += sigma2;
  geometry.residuals = covariance.llt().matrixL() * normal_matrix(geometry.examples(), 1, random);
  geometry.prompt_targets = geometry.prompt_base + geometry.residuals;
}

/// Five blocks of 3 to 20 parameters, with residuals from their own prior.
inline geometry::PromptGeometry geometry_from_prior(std::uint64_t seed, Eigen::Index n,
                                                    Eigen::Index m, double tau2, double sigma2) {
  Random random(seed);
  geometry::PromptGeometry geometry = random_geometry(random, n, m, {6, 12, 3, 20, 8});
  draw_residuals(random, tau2, sigma2, geometry);
  return geometry;
}

}  // namespace sextant::test
