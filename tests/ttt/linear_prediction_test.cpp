/// The linear model of an update against gradient descent on the residuals, step by step.

#include "sextant/ttt/linear_prediction.hpp"

#include <doctest/doctest.h>

#include <Eigen/Dense>
#include <cmath>

#include "sextant/core/errors.hpp"
#include "support/close.hpp"
#include "support/random_geometry.hpp"

using namespace sextant;
using namespace sextant::ttt;

TEST_CASE("closed form equals step-by-step descent in the linear model") {
  Random random(4);
  const auto geometry = test::random_geometry(random, 7, 3, {5, 2, 9});
  const std::vector<std::string> blocks = {geometry.blocks[2].name, geometry.blocks[0].name};
  const Eigen::MatrixXd kernel = geometry.kernels[0] + geometry.kernels[2];
  const double rho = 0.4 / kernel.operatorNorm();
  for (const int horizon : {0, 1, 6}) {
    CAPTURE(horizon);
    const LinearPrediction linear = predict_linearly(geometry, blocks, rho, horizon);
    const Adaptation expected = expected_adaptation(geometry, blocks, rho, horizon);
    Eigen::VectorXd residuals = geometry.residuals;
    Eigen::VectorXd queries = geometry.query_base;
    REQUIRE(linear.residual_norms.size() == static_cast<std::size_t>(horizon) + 1);
    for (int t = 0; t < horizon; ++t) {
      CHECK(linear.residual_norms[static_cast<std::size_t>(t)] ==
            test::close(residuals.norm(), 1e-12));
      for (Eigen::Index x = 0; x < 3; ++x) {
        const auto& coupling = geometry.query_kernels[static_cast<std::size_t>(x)];
        queries(x) += rho * (coupling.col(0) + coupling.col(2)).dot(residuals);
      }
      residuals -= rho * kernel * residuals;
    }
    const double scale = 1e-12 * (1 + queries.norm() + geometry.residuals.norm());
    CHECK((geometry.residuals - linear.example_changes - residuals).norm() <= scale);
    CHECK((geometry.query_base + linear.query_changes - queries).norm() <= scale);
    for (Eigen::Index x = 0; x < 3; ++x) {
      const QueryOutcome& outcome = expected.queries[static_cast<std::size_t>(x)];
      CHECK(std::abs(outcome.linearized - queries(x)) <= scale);
      CHECK(std::isnan(outcome.adapted));
      CHECK(*outcome.squared_error_base ==
            std::pow(geometry.query_base(x) - *geometry.query_targets[static_cast<std::size_t>(x)],
                     2));
    }
    CHECK(expected.prompt.residual_norm_predicted == test::close(residuals.norm(), 1e-12));
  }
}

TEST_CASE("what a geometry lacks stays unknown; wrong requests are rejected") {
  Random random(5);
  auto geometry = test::random_geometry(random, 3, 2, {4});
  geometry.query_base.resize(0);
  geometry.query_targets.clear();
  const Adaptation expected = expected_adaptation(geometry, {}, 0, 0);
  CHECK(std::isnan(expected.queries[1].base));
  CHECK_FALSE(expected.queries[1].squared_error_base.has_value());
  CHECK(expected.queries[1].query == 1);
  CHECK_FALSE(expected.is_measured());
  CHECK_THROWS_AS(predict_linearly(geometry, {"nothing"}, 0, 0), ArgumentError);
  CHECK_THROWS_AS(predict_linearly(geometry, {}, 0, -1), ArgumentError);
  const double limit = 1 / geometry.kernels[0].operatorNorm();
  CHECK_THROWS_AS(predict_linearly(geometry, {geometry.blocks[0].name}, 1.01 * limit, 2),
                  ArgumentError);
}
