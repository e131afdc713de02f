#include "sextant/subspace/scores.hpp"

#include <doctest/doctest.h>

#include <Eigen/Dense>
#include <limits>

#include "sextant/core/errors.hpp"
#include "sextant/subspace/greedy.hpp"
#include "sextant/subspace/optimal.hpp"
#include "sextant/subspace/ranking.hpp"
#include "sextant/subspace/update.hpp"
#include "support/close.hpp"
#include "support/random_blocks.hpp"

using namespace sextant;
using namespace sextant::subspace;
using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;
using spectral::Benchmark;
using test::RandomBlocks;

namespace {

spectral::Eigensystem full_system(const geometry::BlockMatrices& blocks) {
  return spectral::decompose(geometry::summed_kernel(blocks));
}

/// The prompt's own examples as explicit queries.
RandomBlocks with_prompt_as_queries(RandomBlocks blocks) {
  const Index n = blocks.examples();
  const auto count = static_cast<Index>(blocks.kernels.size());
  blocks.query_kernels.assign(static_cast<std::size_t>(n), MatrixXd(n, count));
  blocks.query_variances.resize(n, count);
  for (Index b = 0; b < count; ++b) {
    for (Index i = 0; i < n; ++i) {
      blocks.query_kernels[i].col(b) = blocks.kernels[b].col(i);
      blocks.query_variances(i, b) = blocks.kernels[b](i, i);
    }
  }
  return blocks;
}

}  // namespace

TEST_CASE("scores equal the information that the prompt has about a block's weights") {
  Random random(1);
  const RandomBlocks blocks = test::random_blocks(random, 6, 3, {2, 5, 1, 9}, {1, 0.3, 2, 0.1});
  const Benchmark model{0.7, 0.4};
  // Weight space: I = Var(E[u | r]) is the prior minus the posterior covariance of all weights.
  const MatrixXd jacobian = blocks.jacobian(blocks.all());
  const Index p = jacobian.cols();
  const MatrixXd precision =
      MatrixXd::Identity(p, p) / model.tau2 + jacobian.transpose() * jacobian / model.sigma2;
  const MatrixXd information = model.tau2 * MatrixXd::Identity(p, p) - precision.inverse();
  // Function space: the posterior mean of a block's correction is linear in r, r ~ N(0, M).
  MatrixXd covariance = model.tau2 * geometry::summed_kernel(blocks.view());
  covariance.diagonal().array() += model.sigma2;
  const Eigen::LDLT<MatrixXd> solver(covariance);

  const spectral::Eigensystem full = full_system(blocks.view());
  const VectorXd query_aware = query_aware_scores(blocks.view(), full, model);
  const VectorXd trace = trace_scores(blocks.view(), full, model);
  Index first = 0;
  for (Index b = 0; b < 4; ++b) {
    const Index width = blocks.jacobians[b].cols();
    const MatrixXd part = information.block(first, first, width, width);
    const MatrixXd& query = blocks.query_gradients[b];
    CHECK(query_aware[b] == test::close((query.transpose() * part * query).trace() / 3, 1e-11));
    CHECK(trace[b] == test::close(part.trace() / model.tau2, 1e-11));
    double variance = 0;
    for (Index x = 0; x < 3; ++x) {
      const VectorXd weights = solver.solve(MatrixXd(model.tau2 * blocks.query_kernels[x].col(b)));
      variance += weights.dot(covariance * weights) / 3;
    }
    CHECK(query_aware[b] == test::close(variance, 1e-11));
    first += width;
  }
  const MatrixXd all = blocks.query_gradient(blocks.all());
  const MatrixXd remaining = all.transpose() * precision.inverse() * all;
  CHECK(bayes_error(blocks.view(), full, model) == test::close(remaining.trace() / 3, 1e-11));
}

TEST_CASE("trace scores add up to the effective number of directions") {
  Random random(2);
  const RandomBlocks blocks = test::random_blocks(random, 7, 1, {2, 1, 3, 1});
  const spectral::Eigensystem full = full_system(blocks.view());
  const Benchmark model{2, 0.3};
  const double expected = (full.values.array() / (full.values.array() + 0.15)).sum();
  CHECK(trace_scores(blocks.view(), full, model).sum() == test::close(expected, 1e-12));
  // Without observation variance: the rank, n = 7 of 7 directions here and 3 of 7 there.
  CHECK(trace_scores(blocks.view(), full, {2, 0}).sum() == test::close(7, 1e-9));
  const RandomBlocks narrow = test::random_blocks(random, 7, 1, {2, 1});
  const spectral::Eigensystem singular = full_system(narrow.view());
  const VectorXd scores = trace_scores(narrow.view(), singular, {0.5, 0});
  CHECK(scores.sum() == test::close(3, 1e-9));
  // And as the limit of small variances.
  const VectorXd nearly = trace_scores(narrow.view(), singular, {0.5, 1e-8});
  CHECK((scores - nearly).cwiseAbs().maxCoeff() < 1e-6);
  const VectorXd query_limit = query_aware_scores(narrow.view(), singular, {0.5, 1e-8});
  CHECK(
      (query_aware_scores(narrow.view(), singular, {0.5, 0}) - query_limit).cwiseAbs().maxCoeff() <
      1e-8);
}

TEST_CASE("one block that holds everything explains what the posterior does not leave") {
  Random random(3);
  const RandomBlocks blocks = test::random_blocks(random, 5, 2, {8});
  const spectral::Eigensystem full = full_system(blocks.view());
  const Benchmark model{1.3, 0.2};
  const double prior = model.tau2 * geometry::mean_variance(blocks.view(), 0);
  CHECK(query_aware_scores(blocks.view(), full, model)[0] +
            bayes_error(blocks.view(), full, model) ==
        test::close(prior, 1e-13));
}

TEST_CASE("without a query the prompt's examples stand in") {
  Random random(4);
  const RandomBlocks blocks = test::random_blocks(random, 5, 0, {2, 7, 3});
  const RandomBlocks explicit_queries = with_prompt_as_queries(blocks);
  const spectral::Eigensystem full = full_system(blocks.view());
  const Benchmark model{1, 0.5};
  CHECK(blocks.view().prompt_as_queries());
  CHECK(blocks.view().queries() == 5);
  CHECK((query_aware_scores(blocks.view(), full, model) -
         query_aware_scores(explicit_queries.view(), full, model))
            .cwiseAbs()
            .maxCoeff() < 1e-12);
  CHECK(bayes_error(blocks.view(), full, model) ==
        test::close(bayes_error(explicit_queries.view(), full, model), 1e-12));
  CHECK(geometry::mean_variance(blocks.view(), 1) ==
        test::close(geometry::mean_variance(explicit_queries.view(), 1), 1e-12));
}

TEST_CASE("degenerate models and kernels have defined scores") {
  Random random(5);
  RandomBlocks blocks = test::random_blocks(random, 1, 1, {1, 4});
  spectral::Eigensystem full = full_system(blocks.view());
  CHECK(trace_scores(blocks.view(), full, {1, 0}).sum() == test::close(1, 1e-12));
  for (const Benchmark model : {Benchmark{0, 1}, Benchmark{0, 0}}) {
    CHECK(query_aware_scores(blocks.view(), full, model).isZero(0));
    CHECK(trace_scores(blocks.view(), full, model).isZero(0));
    CHECK(bayes_error(blocks.view(), full, model) == 0);
  }
  blocks = test::random_blocks(random, 4, 2, {3, 3}, {0, 0});
  full = full_system(blocks.view());
  for (const double sigma2 : {0.0, 1.0}) {
    CHECK(query_aware_scores(blocks.view(), full, {1, sigma2}).isZero(0));
    CHECK(trace_scores(blocks.view(), full, {1, sigma2}).isZero(0));
  }
}

TEST_CASE("wrong arguments of the scores are named") {
  Random random(6);
  const RandomBlocks blocks = test::random_blocks(random, 3, 2, {2, 2});
  const spectral::Eigensystem full = full_system(blocks.view());
  CHECK_THROWS_AS(trace_scores(blocks.view(), full, {-1, 1}), ArgumentError);
  CHECK_THROWS_AS(trace_scores(blocks.view(), full, {1, -1}), ArgumentError);
  CHECK_THROWS_AS(trace_scores(blocks.view(), spectral::decompose(MatrixXd::Identity(2, 2)), {}),
                  ArgumentError);
  CHECK_THROWS_AS(trace_scores({{}, {}, MatrixXd()}, full, {}), ArgumentError);
  RandomBlocks broken = blocks;
  broken.kernels[1](0, 0) = std::numeric_limits<double>::quiet_NaN();
  CHECK_THROWS_WITH_AS(trace_scores(broken.view(), full, {}),
                       "trace_scores: kernels[1] has an entry that is not finite", ArgumentError);
  broken = blocks;
  broken.query_variances(1, 0) = -1;
  CHECK_THROWS_AS(bayes_error(broken.view(), full, {}), ArgumentError);
  broken = blocks;
  broken.query_kernels[1].resize(3, 3);
  CHECK_THROWS_AS(query_aware_scores(broken.view(), full, {}), ArgumentError);
  broken = blocks;
  broken.query_variances.resize(1, 2);
  CHECK_THROWS_AS(bayes_error(broken.view(), full, {}), ArgumentError);
}

TEST_CASE("everything that takes blocks refuses a kernel that is none") {
  Random random(6);
  const RandomBlocks blocks = test::random_blocks(random, 4, 2, {3, 3});
  const spectral::Eigensystem full = full_system(blocks.view());
  const Eigen::VectorXd residuals = Eigen::VectorXd::Ones(4);
  const spectral::Benchmark model{1, 1};
  const Eigen::Index first[] = {0};
  const auto check_all = [&](const geometry::BlockMatrices& view, const auto& check) {
    check([&] { trace_scores(view, full, model); });
    check([&] { query_aware_scores(view, full, model); });
    check([&] { bayes_error(view, full, model); });
    check([&] { UpdateRisk(view, model); });
    check([&] { risk_of(view, first, model, {}); });
    check([&] { optimal_subspace(view, full, residuals, model); });
    check([&] { select_by_risk(view, model, {}); });
    check([&] { select_by_correction(view, residuals, {}); });
    check([&] { rank_blocks(view, full, residuals, model, {}); });
  };
  check_all(blocks.view(), [](const auto& call) { CHECK_NOTHROW(call()); });
  RandomBlocks broken = blocks;
  broken.kernels[1](0, 2) += 1;
  check_all(broken.view(), [](const auto& call) {
    CHECK_THROWS_WITH_AS(call(), doctest::Contains("kernels[1] has the entries [2, 0] = "),
                         ArgumentError);
  });
  broken.kernels[1](2, 0) = broken.kernels[1](0, 2) = 100;
  check_all(broken.view(), [](const auto& call) {
    CHECK_THROWS_WITH_AS(call(), doctest::Contains("larger than its diagonal entries"),
                         ArgumentError);
  });
}
