#include "sextant/studies/generators/gaussian_task.hpp"

#include <fmt/format.h>

#include <cmath>

#include "sextant/core/errors.hpp"
#include "sextant/core/random_matrix.hpp"

namespace sextant::studies::generators {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

constexpr std::string_view here = "draw_gaussian_task";

void check(const GaussianFamily& family) {
  if (family.examples < 1) throw ArgumentError(here, "examples", "is below 1");
  if (family.queries < 0) throw ArgumentError(here, "queries", "is negative");
  if (family.blocks.empty()) throw ArgumentError(here, "blocks", "is empty");
  check_not_negative(here, "benchmark.tau2", family.benchmark.tau2);
  check_not_negative(here, "benchmark.sigma2", family.benchmark.sigma2);
  for (const GaussianBlock& block : family.blocks) {
    if (block.feature_scales.size() == 0) {
      throw ArgumentError(here, "blocks", "has a block without parameters");
    }
    for (const double scale : block.feature_scales) {
      check_not_negative(here, "feature_scales", scale);
    }
    check_finite(here, "query_factor", block.query_factor);
  }
}

}  // namespace

geometry::PromptGeometry draw_gaussian_task(const GaussianFamily& family, Random& random) {
  check(family);
  const Index n = family.examples;
  const Index m = family.queries;
  const auto count = static_cast<Index>(family.blocks.size());
  geometry::PromptGeometry result;
  result.query_kernels.assign(static_cast<std::size_t>(m), MatrixXd(n, count));
  result.query_variances.resize(m, count);
  const double deviation = std::sqrt(family.benchmark.tau2);
  VectorXd residuals = std::sqrt(family.benchmark.sigma2) * normal_vector(n, random);
  VectorXd corrections = VectorXd::Zero(m);
  for (Index b = 0; b < count; ++b) {
    const GaussianBlock& block = family.blocks[static_cast<std::size_t>(b)];
    const auto scales = block.feature_scales.asDiagonal();
    const Index parameters = block.feature_scales.size();
    const MatrixXd jacobian = normal_matrix(n, parameters, random) * scales;
    const MatrixXd query = block.query_factor * (scales * normal_matrix(parameters, m, random));
    const VectorXd update = deviation * normal_vector(parameters, random);
    MatrixXd kernel = jacobian * jacobian.transpose();
    kernel = (kernel + kernel.transpose()).eval() / 2;
    result.kernels.push_back(std::move(kernel));
    const MatrixXd couplings = jacobian * query;
    for (Index x = 0; x < m; ++x) {
      result.query_kernels[static_cast<std::size_t>(x)].col(b) = couplings.col(x);
      result.query_variances(x, b) = query.col(x).squaredNorm();
    }
    residuals += jacobian * update;
    corrections += query.transpose() * update;
    result.blocks.push_back(
        {fmt::format("h.0.attn.v.{}", b), 0, static_cast<int>(b), "value", parameters});
  }
  result.residuals = residuals;
  result.prompt_base = VectorXd::Zero(n);
  result.prompt_targets = residuals;
  result.query_base = VectorXd::Zero(m);
  result.query_targets.assign(corrections.begin(), corrections.end());
  return result;
}

}  // namespace sextant::studies::generators
