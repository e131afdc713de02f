#include "sextant/advice/choose_horizon.hpp"

#include <doctest/doctest.h>

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>
#include <functional>

#include "sextant/core/errors.hpp"
#include "sextant/geometry/blocks.hpp"
#include "support/close.hpp"
#include "support/random_geometry.hpp"

using namespace sextant;
using namespace sextant::advice;
using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;
using evidence::Sigma2Rule;
using geometry::PromptGeometry;

namespace {

/// k' q_T(K) r by T steps in function space.
double stepped_correction(const MatrixXd& kernel, const VectorXd& coupling,
                          const VectorXd& residuals, double rho, std::int64_t horizon) {
  VectorXd alpha = VectorXd::Zero(residuals.size());
  for (std::int64_t step = 0; step < horizon; ++step) {
    alpha += rho * (residuals - kernel * alpha);
  }
  return coupling.dot(alpha);
}

}  // namespace

TEST_CASE("select reports evidence, corrections and gaps that dense algebra confirms") {
  Random random(1);
  PromptGeometry geometry = test::random_geometry(random, 7, 3, {4, 2, 9});
  test::draw_residuals(random, 0.5, 1.0, geometry);
  const HorizonChoice found = choose_horizon(geometry);
  const MatrixXd kernel = geometry::summed_kernel(geometry);
  const VectorXd& r = geometry.residuals;

  CHECK(found.n == 7);
  CHECK(found.lambda_max ==
        test::close(kernel.selfadjointView<Eigen::Lower>().eigenvalues().maxCoeff(), 1e-12));
  CHECK(found.rho * found.lambda_max == test::close(0.1, 1e-12));
  CHECK(found.sigma2 == test::close(r.squaredNorm() / 7, 1e-12));
  CHECK(name_of(found.sigma2_rule) == "plug-in");
  CHECK(found.curve.horizons == default_horizons());
  // Evidence as the density of r under N(0, sigma2 (I - rho K)^-T).
  MatrixXd precision = MatrixXd::Identity(7, 7) / found.sigma2;
  double best = std::numeric_limits<double>::infinity();
  std::int64_t best_horizon = -1;
  for (std::size_t t = 0; t <= 30; ++t) {
    const double expected =
        (r.dot(precision * r) - std::log(precision.determinant())) / (2.0 * 7.0);
    CHECK(found.curve.values[static_cast<Index>(t)] == test::close(expected, 1e-10));
    if (expected < best - 1e-12) {
      best = expected;
      best_horizon = static_cast<std::int64_t>(t);
    }
    precision = (precision * (MatrixXd::Identity(7, 7) - found.rho * kernel)).eval();
  }
  CHECK(found.t_map == best_horizon);
  CHECK(found.posterior.weights.sum() == test::close(1, 1e-12));
  CHECK(found.lambda_star == test::close(found.benchmark.sigma2 / found.benchmark.tau2, 1e-12));

  MatrixXd covariance = found.benchmark.tau2 * kernel;
  covariance.diagonal().array() += found.benchmark.sigma2;
  REQUIRE(found.queries.size() == 3);
  for (Index x = 0; x < 3; ++x) {
    const QueryAdvice& query = found.queries[x];
    const VectorXd k = geometry::summed_coupling(geometry, x);
    CHECK(query.query == x);
    CHECK(query.correction_map ==
          test::close(stepped_correction(kernel, k, r, found.rho, found.t_map), 1e-12));
    double average = 0;
    for (std::int64_t t = 0; t <= 30; ++t) {
      average += found.posterior.weights[t] * stepped_correction(kernel, k, r, found.rho, t);
    }
    CHECK(query.correction_average == test::close(average, 1e-12));
    const VectorXd bayes = covariance.ldlt().solve(found.benchmark.tau2 * k);
    CHECK(query.correction_bayes == test::close(bayes.dot(r), 1e-12));
    CHECK(query.gap_none == test::close(bayes.dot(covariance * bayes), 1e-12));
    CHECK(query.adapt == (query.gap_map < query.gap_none));
    // No update errs by the prior variance; the posterior mean leaves the posterior variance.
    CHECK(query.variance_prior == test::close(query.variance_posterior + query.gap_none, 1e-12));
  }
  const GapPair mean = found.mean_gap();
  CHECK(mean.none ==
        test::close(
            (found.queries[0].gap_none + found.queries[1].gap_none + found.queries[2].gap_none) / 3,
            1e-12));
  REQUIRE(found.bound);
  CHECK(found.bound->reference == BoundReference::fitted);
  CHECK(found.bound->exact_tail <= found.bound->exact_mgf);
  CHECK(found.bound->exact_mgf <= found.bound->paper);
  CHECK(found.spectral_match.horizon_query.size() == 3);
}

TEST_CASE("expected errors hold in simulation when the variances are known") {
  Random random(2);
  PromptGeometry geometry = test::random_geometry(random, 6, 1, {5, 12});
  HorizonOptions options;
  options.horizons = {12};
  options.sigma2 = {Sigma2Rule::fixed, 2.0};
  options.tau2 = 0.3;
  const VectorXd k = geometry::summed_coupling(geometry, 0);
  // (f, correction) of one draw: jointly normal with this covariance.
  MatrixXd joint(7, 7);
  joint.topLeftCorner(6, 6) = geometry::summed_kernel(geometry);
  joint.topRightCorner(6, 1) = k;
  joint.bottomLeftCorner(1, 6) = k.transpose();
  joint(6, 6) = geometry::summed_variance(geometry, 0);
  joint *= *options.tau2;
  const MatrixXd root = joint.llt().matrixL();
  const int draws = 8000;
  double sum = 0;
  double squares = 0;
  double helped = 0;
  double expected_helped = 0;
  double inside = 0;
  HorizonChoice found;
  for (int draw = 0; draw < draws; ++draw) {
    const VectorXd truth = root * normal_matrix(7, 1, random);
    geometry.residuals =
        truth.head(6) + std::sqrt(options.sigma2.value) * normal_matrix(6, 1, random);
    geometry.prompt_base.resize(0);
    found = choose_horizon(geometry, options);
    const double error = std::pow(found.queries[0].correction_map - truth[6], 2);
    sum += error;
    squares += error * error;
    helped += std::sqrt(error) < std::abs(truth[6]);
    expected_helped += *found.queries[0].probability_closer;
    inside +=
        found.queries[0].interval->low <= truth[6] && truth[6] <= found.queries[0].interval->high;
  }
  const double mean = sum / draws;
  const double standard_error = std::sqrt((squares / draws - mean * mean) / draws);
  const QueryAdvice& query = found.queries[0];
  CHECK(found.bound->reference == BoundReference::known);
  CHECK_FALSE(found.fit);
  CHECK(std::abs(mean - query.variance_posterior - query.gap_map) < 4 * standard_error);
  CHECK(query.gap_none - query.gap_map > 10 * standard_error);
  CHECK(std::abs(helped - expected_helped) < 4 * std::sqrt(0.25 * draws));
  CHECK(std::abs(inside - credible_level * draws) <
        4 * std::sqrt(credible_level * (1 - credible_level) * draws));
}

TEST_CASE("options choose variances, query and step") {
  Random random(3);
  PromptGeometry geometry = test::random_geometry(random, 8, 3, {20, 20});
  test::draw_residuals(random, 0.1, 0.5, geometry);
  HorizonOptions options;
  options.query = 2;
  options.sigma2 = {Sigma2Rule::fixed, 0.7};
  HorizonChoice found = choose_horizon(geometry, options);
  REQUIRE(found.queries.size() == 1);
  CHECK(found.queries[0].query == 2);
  CHECK(found.spectral_match.horizon_query.size() == 1);
  CHECK(found.benchmark.sigma2 == 0.7);
  CHECK(found.sigma2 == test::close(0.7, 1e-14));
  CHECK(name_of(found.sigma2_rule) == "fixed");
  options.sigma2 = {Sigma2Rule::profile, 0};
  options.tau2 = 0.25;
  options.step.rho = 1e-3;
  found = choose_horizon(geometry, options);
  CHECK(found.benchmark.tau2 == 0.25);
  CHECK(found.rho == 1e-3);
  CHECK(found.sigma2 == found.curve.sigma2[found.curve.map_index]);
  CHECK(name_of(found.sigma2_rule) == "profile");

  for (const Index query : {-1, 3}) {
    options.query = query;
    CHECK_THROWS_AS(choose_horizon(geometry, options), ArgumentError);
  }
  const auto rejected = [&](const std::function<void(HorizonOptions&)>& spoil) {
    HorizonOptions wrong;
    spoil(wrong);
    CHECK_THROWS_AS(choose_horizon(geometry, wrong), ArgumentError);
  };
  rejected([](HorizonOptions& o) { o.horizons = {-1}; });
  rejected([](HorizonOptions& o) { o.step.scale = 1.5; });
  rejected([](HorizonOptions& o) { o.step.rho = 1e9; });
  rejected([](HorizonOptions& o) { o.sigma2 = {Sigma2Rule::fixed, 0}; });
  rejected([](HorizonOptions& o) { o.sigma2 = {.value = 0.5}; });  // the rule is plug-in
  rejected([](HorizonOptions& o) {
    o.sigma2 = {Sigma2Rule::fixed, 0};
    o.tau2 = 1;
  });
  rejected([](HorizonOptions& o) { o.tau2 = -1; });
  rejected([](HorizonOptions& o) { o.delta = 0; });
  rejected([](HorizonOptions& o) { o.delta = 1; });
  geometry.kernels.pop_back();
  CHECK_THROWS_AS(choose_horizon(geometry), ArgumentError);
}

TEST_CASE("a set of blocks is selected as if there were no others") {
  Random random(4);
  PromptGeometry geometry = test::random_geometry(random, 6, 2, {3, 4, 5});
  test::draw_residuals(random, 1, 1, geometry);
  const std::vector<Index> set = {2, 0};
  const HorizonChoice part = choose_horizon(geometry, set, {});
  const HorizonChoice alone = choose_horizon(geometry::restricted_to_blocks(geometry, set));
  CHECK(part.system.values == alone.system.values);
  CHECK(part.t_map == alone.t_map);
  for (std::size_t x = 0; x < 2; ++x) {
    CHECK(part.queries[x].correction_map == alone.queries[x].correction_map);
    CHECK(part.queries[x].gap_map == alone.queries[x].gap_map);
    CHECK(part.queries[x].variance_prior == alone.queries[x].variance_prior);
  }
}

TEST_CASE("ordinary special cases have defined answers") {
  Random random(5);
  SUBCASE("one example, one block") {
    const HorizonChoice found = choose_horizon(test::random_geometry(random, 1, 1, {3}));
    CHECK(found.n == 1);
    CHECK(std::isfinite(found.curve.values[found.curve.map_index]));
    CHECK(std::isfinite(found.queries[0].correction_bayes));
  }
  SUBCASE("no query: the prompt decides") {
    PromptGeometry geometry = test::random_geometry(random, 12, 0, {30});
    test::draw_residuals(random, 1, 1e-2, geometry);
    const HorizonChoice found = choose_horizon(geometry);
    CHECK(found.queries.empty());
    CHECK(found.mean_gap().none == test::close(found.prompt.none / 12, 1e-12));
    CHECK(found.prompt.adapt);
    CHECK(found.mean_gap().adapt);
  }
  SUBCASE("a zero kernel") {
    PromptGeometry geometry = test::random_geometry(random, 4, 1, {3});
    geometry.kernels[0].setZero();
    geometry.query_kernels[0].setZero();
    HorizonOptions options;
    for (const auto& horizons : {default_horizons(), std::vector<std::int64_t>{2, 4}}) {
      options.horizons = horizons;
      const HorizonChoice found = choose_horizon(geometry, options);
      CHECK(found.rho == 0);
      CHECK(found.t_map == 0);
      CHECK(found.queries[0].correction_map == 0);
      CHECK_FALSE(found.queries[0].adapt);
      CHECK_FALSE(found.prompt.adapt);
      REQUIRE(found.warnings.size() == 1);
      CHECK(found.warnings[0].find("zero") != std::string::npos);
    }
  }
  SUBCASE("zero residuals") {
    PromptGeometry geometry = test::random_geometry(random, 4, 1, {3});
    geometry.residuals.setZero();
    const HorizonChoice found = choose_horizon(geometry);
    CHECK(found.t_map == 0);
    CHECK(found.sigma2 == 0);
    CHECK_FALSE(found.bound);
    CHECK(found.benchmark.tau2 == 0);
    CHECK(found.queries[0].correction_bayes == 0);
    CHECK(found.mean_gap().none == 0);
    CHECK_FALSE(found.mean_gap().adapt);
    CHECK(found.warnings.size() == 1);
  }
}

TEST_CASE("numerical outcomes are said in plain sentences") {
  Random random(6);
  PromptGeometry geometry = test::random_geometry(random, 10, 1, {40});
  test::draw_residuals(random, 1, 1e-6, geometry);
  HorizonOptions options;
  options.horizons = {0, 1, 2};
  const HorizonChoice edge = choose_horizon(geometry, options);
  CHECK(edge.t_map == 2);
  REQUIRE_FALSE(edge.warnings.empty());
  CHECK(edge.warnings[0] == "T_MAP = 2 is the largest candidate: more steps may be better.");
  options.horizons = {2};
  for (const std::string& warning : choose_horizon(geometry, options).warnings) {
    CHECK(warning.find("T_MAP") == std::string::npos);
  }
}

TEST_CASE("couplings that no gradients have are warned of, once") {
  const auto warnings_of = [](const HorizonChoice& choice) {
    std::vector<std::string> found;
    for (const std::string& warning : choice.warnings) {
      if (warning.find("one set of gradients") != std::string::npos) found.push_back(warning);
    }
    return found;
  };
  Random random(6);
  PromptGeometry geometry = test::random_geometry(random, 10, 2, {40, 40});
  const double bound = std::sqrt(geometry.kernels[1](3, 3) * geometry.query_variances(1, 1));
  geometry.query_kernels[1](3, 1) = -bound * (1 + 1e-8);  // rounding
  CHECK(warnings_of(choose_horizon(geometry)).empty());
  geometry.query_kernels[1](3, 1) = -bound * 1.001;
  const auto said = warnings_of(choose_horizon(geometry));
  REQUIRE(said.size() == 1);
  CHECK(said[0].starts_with("The coupling of query 1 with example 3 in block \"h.0.attn.v.1\""));
  HorizonOptions of_one;
  of_one.query = 0;
  CHECK(warnings_of(choose_horizon(geometry, of_one)).empty());
  CHECK(choose_horizon(geometry, of_one).couplings_fit);
  of_one.query = 1;
  CHECK(warnings_of(choose_horizon(geometry, of_one)).size() == 1);
  const std::vector<Index> others = {0};
  CHECK(warnings_of(choose_horizon(geometry, others, {})).empty());
  geometry.query_kernels[1](3, 1) = 0;
  geometry.query_variances(0, 0) = 0;  // a query that no step on this block moves
  CHECK(warnings_of(choose_horizon(geometry)).size() == 1);
  geometry.query_kernels[0].col(0).setZero();
  CHECK(warnings_of(choose_horizon(geometry)).empty());
}

TEST_CASE("couplings that explain more of a query than there is are warned of") {
  // Every |k_i|^2 <= K_ii kappa = 1, but k' K^-1 k = 1.08 for three examples without overlap.
  PromptGeometry geometry;
  geometry.residuals = VectorXd::Ones(3);
  geometry.blocks = {{"a", 0, {}, "value", 9}};
  geometry.kernels = {MatrixXd::Identity(3, 3)};
  geometry.query_kernels = {MatrixXd::Constant(3, 1, 0.6)};
  geometry.query_variances = MatrixXd::Ones(1, 1);
  const auto says = [&] {
    const HorizonChoice choice = choose_horizon(geometry);
    return std::ranges::any_of(choice.warnings, [](const std::string& warning) {
      return warning.starts_with("The couplings of query 0 explain 1.079");
    });
  };
  CHECK(says());
  geometry.query_kernels[0] *= 0.95;
  CHECK_FALSE(says());
}

TEST_CASE("what the residuals cannot tell is said: no T = 0, no lambda_star") {
  Random random(8);
  PromptGeometry geometry = test::random_geometry(random, 10, 1, {40});
  test::draw_residuals(random, 1, 0.1, geometry);
  const auto says = [](const HorizonChoice& found, std::string_view words) {
    return std::ranges::any_of(found.warnings, [&](const std::string& warning) {
      return warning.find(words) != std::string::npos;
    });
  };
  HorizonOptions options;
  options.horizons = {30};
  CHECK(says(choose_horizon(geometry, options), "T = 0, no update, is not among the candidates"));
  options.horizons = {30, 0};
  CHECK_FALSE(says(choose_horizon(geometry, options), "T = 0, no update"));

  CHECK(choose_horizon(geometry).identifies_lambda_star());
  CHECK_FALSE(says(choose_horizon(geometry), "not identified"));
  geometry.kernels[0] = 2 * MatrixXd::Identity(10, 10);
  const HorizonChoice flat = choose_horizon(geometry);
  CHECK_FALSE(flat.identifies_lambda_star());
  CHECK(says(flat, "lambda_star is not identified"));
  CHECK_FALSE(says(flat, "no sign of"));
  CHECK(std::abs(flat.lambda_star - 2) < 1e-9);
  const VectorXd coupling = geometry::summed_coupling(geometry, 0);
  CHECK(std::abs(flat.queries[0].correction_bayes - coupling.dot(geometry.residuals) / 4) < 1e-9);
  options.horizons = default_horizons();
  options.tau2 = 1;
  CHECK(choose_horizon(geometry, options).identifies_lambda_star());
  CHECK_FALSE(choose_horizon(test::random_geometry(random, 1, 1, {5})).identifies_lambda_star());
}

TEST_CASE("options out of range are refused in the name of the function that was called") {
  Random random(8);
  const PromptGeometry geometry = test::random_geometry(random, 6, 1, {4, 5});
  const auto refused = [&](const HorizonOptions& options, const char* message) {
    CHECK_THROWS_WITH_AS(choose_horizon(geometry, options), doctest::Contains(message),
                         ArgumentError);
  };
  refused({.sigma2 = {.rule = Sigma2Rule::fixed}}, "choose_horizon: sigma2 is 0");
  refused({.tau2 = -1.0}, "choose_horizon: tau2 is -1");
  refused({.sigma2 = {.value = 0.5}}, "choose_horizon: sigma2 is given as 0.5");
  refused({.horizons = {0, largest_horizon + 1}}, "choose_horizon: horizons has 2147483648");
  refused({.horizons = {-1}}, "choose_horizon: horizons has -1");
}
