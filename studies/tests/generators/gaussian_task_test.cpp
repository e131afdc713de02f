/// Draws from the Gaussian benchmark: their moments against the model's.

#include "sextant/studies/generators/gaussian_task.hpp"

#include <doctest/doctest.h>

#include <Eigen/Dense>
#include <cmath>

#include "sextant/core/errors.hpp"
#include "sextant/geometry/blocks.hpp"
#include "sextant/geometry/validation.hpp"

using namespace sextant;
using namespace sextant::studies;
using generators::GaussianFamily;

namespace {

GaussianFamily two_blocks() {
  GaussianFamily family;
  family.examples = 4;
  family.queries = 2;
  family.blocks = {{Eigen::Vector3d(1, 0.5, 0), 1}, {Eigen::VectorXd::Constant(2, 0.7), 3}};
  family.benchmark = {1.5, 0.4};
  return family;
}

}  // namespace

TEST_CASE("a draw is a valid geometry with the sizes of its family, the same for the same stream") {
  Random random(3);
  const auto geometry = generators::draw_gaussian_task(two_blocks(), random);
  geometry::validate(geometry, "drawn");
  CHECK(geometry.examples() == 4);
  CHECK(geometry.queries() == 2);
  CHECK(geometry.blocks[0].parameters == 3);
  CHECK(geometry.blocks[1].parameters == 2);
  CHECK(geometry.blocks[1].name == "h.0.attn.v.1");
  Random again(3);
  CHECK(generators::draw_gaussian_task(two_blocks(), again).residuals == geometry.residuals);
  CHECK(generators::draw_gaussian_task(two_blocks(), again).residuals != geometry.residuals);
}

TEST_CASE("residuals and corrections have the benchmark's joint distribution given the kernel") {
  const GaussianFamily family = two_blocks();
  const int draws = 4000;
  double residual_form = 0;  // r'(tau2 K + sigma2 I)^-1 r, chi-square with n degrees of freedom
  double correction_form = 0;
  double kernel_trace = 0;
  double query_variance = 0;
  for (int i = 0; i < draws; ++i) {
    Random random(8, static_cast<std::uint64_t>(i));
    const auto geometry = generators::draw_gaussian_task(family, random);
    Eigen::MatrixXd covariance = family.benchmark.tau2 * geometry::summed_kernel(geometry);
    covariance.diagonal().array() += family.benchmark.sigma2;
    const Eigen::LLT<Eigen::MatrixXd> factor(covariance);
    residual_form += geometry.residuals.dot(factor.solve(geometry.residuals)) / draws;
    const Eigen::VectorXd cross = family.benchmark.tau2 * geometry::summed_coupling(geometry, 1);
    const double mean = cross.dot(factor.solve(geometry.residuals));
    const double variance = family.benchmark.tau2 * geometry::summed_variance(geometry, 1) -
                            cross.dot(factor.solve(cross));
    correction_form += std::pow(*geometry.query_targets[1] - mean, 2) / variance / draws;
    kernel_trace += geometry.kernels[0].trace() / draws;
    query_variance += geometry.query_variances(0, 1) / draws;
  }
  // Four standard errors of each mean.
  CHECK(std::abs(residual_form - 4) < 4 * std::sqrt(2.0 * 4 / draws));
  CHECK(std::abs(correction_form - 1) < 4 * std::sqrt(2.0 / draws));
  CHECK(std::abs(kernel_trace - 4 * 1.25) < 4 * std::sqrt(4 * 2 * (1 + 0.0625) / draws));
  const double expected = 3 * 3 * 2 * 0.7 * 0.7;
  CHECK(std::abs(query_variance - expected) < 4 * expected / std::sqrt(draws));
}

TEST_CASE("what cannot be drawn is rejected") {
  Random random(1);
  GaussianFamily family = two_blocks();
  family.examples = 0;
  CHECK_THROWS_AS(generators::draw_gaussian_task(family, random), ArgumentError);
  family = two_blocks();
  family.blocks.clear();
  CHECK_THROWS_AS(generators::draw_gaussian_task(family, random), ArgumentError);
  family = two_blocks();
  family.blocks[0].feature_scales(1) = -1;
  CHECK_THROWS_AS(generators::draw_gaussian_task(family, random), ArgumentError);
  family = two_blocks();
  family.benchmark.sigma2 = -1;
  CHECK_THROWS_AS(generators::draw_gaussian_task(family, random), ArgumentError);
}
