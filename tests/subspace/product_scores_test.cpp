/// Scores from products against the closed forms on dense kernels.

#include "sextant/subspace/product_scores.hpp"

#include <doctest/doctest.h>

#include <cmath>

#include "sextant/core/errors.hpp"
#include "sextant/subspace/scores.hpp"
#include "support/random_blocks.hpp"
#include "support/random_geometry.hpp"

using namespace sextant;
using namespace sextant::subspace;

namespace {

const spectral::Benchmark model = {0.7, 0.3};

struct Case {
  geometry::PromptGeometry geometry;
  Eigen::MatrixXd sum;

  explicit Case(std::uint64_t seed) {
    Random random(seed);
    geometry = test::random_geometry(random, 50, 3, {4, 20, 60, 1});
    sum = Eigen::MatrixXd::Zero(50, 50);
    for (const auto& kernel : geometry.kernels) sum += kernel;
  }
  geometry::BlockMatrices blocks() const { return geometry::block_matrices(geometry); }
  Eigen::VectorXd forms(const Eigen::VectorXd& v) const {
    Eigen::VectorXd values(4);
    for (Eigen::Index b = 0; b < 4; ++b) {
      values[b] = v.dot(geometry.kernels[static_cast<std::size_t>(b)] * v);
    }
    return values;
  }
};

}  // namespace

TEST_CASE("trace scores from products are within their stated errors") {
  const Case c(1);
  const spectral::DenseKernel kernel(c.sum);
  const Eigen::VectorXd exact = trace_scores(c.blocks(), spectral::decompose(c.sum), model);
  int inside = 0;
  constexpr int seeds = 200;
  for (int seed = 0; seed < seeds; ++seed) {
    const EstimatedScores scores =
        trace_scores_from_products(kernel, [&](const auto& v) { return c.forms(v); }, model,
                                   {8, 50, static_cast<std::uint64_t>(seed)});
    // 2.36 is the 97.5% quantile of Student's t with 7 degrees of freedom.
    for (Eigen::Index b = 0; b < 4; ++b) {
      inside += std::abs(scores.values[b] - exact[b]) <= 2.36 * scores.errors[b];
    }
  }
  CHECK(inside > 0.91 * 4 * seeds);
  CHECK(inside < 0.99 * 4 * seeds);
}

TEST_CASE("query-aware scores hold the exact ones, and all eigenpairs make them exact") {
  const Case c(2);
  const spectral::DenseKernel kernel(c.sum);
  const Eigen::VectorXd exact = query_aware_scores(c.blocks(), spectral::decompose(c.sum), model);
  double previous = 1e300;
  for (const Eigen::Index count : {5, 20, 50}) {
    const EstimatedScores scores = query_aware_scores_from_products(
        c.geometry.query_kernels, spectral::top_eigenpairs(kernel, count), model);
    for (Eigen::Index b = 0; b < 4; ++b) {
      CHECK(std::abs(scores.values[b] - exact[b]) <= scores.errors[b] + 1e-9 * exact[b]);
    }
    CHECK(scores.errors.sum() < previous);
    previous = scores.errors.sum();
  }
  CHECK(previous == 0);
}

TEST_CASE("scores from products refuse what has no answer") {
  const Case c(3);
  const spectral::DenseKernel kernel(c.sum);
  const auto forms = [&](const Eigen::VectorXd& v) { return c.forms(v); };
  CHECK_THROWS_AS(trace_scores_from_products(kernel, forms, {1, 0}), ArgumentError);
  CHECK_THROWS_AS(trace_scores_from_products(kernel, forms, model, {1, 10, 1}), ArgumentError);
  const auto top = spectral::top_eigenpairs(kernel, 5);
  CHECK_THROWS_AS(query_aware_scores_from_products({}, top, model), ArgumentError);
  CHECK_THROWS_AS(query_aware_scores_from_products({Eigen::MatrixXd::Ones(3, 4)}, top, model),
                  ArgumentError);
  CHECK(trace_scores_from_products(kernel, forms, {0, 1}).values.isZero());
}
