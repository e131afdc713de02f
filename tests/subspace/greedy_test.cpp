#include "sextant/subspace/greedy.hpp"

#include <doctest/doctest.h>

#include <Eigen/Dense>
#include <cmath>
#include <functional>
#include <numeric>

#include "sextant/core/errors.hpp"
#include "sextant/core/threads.hpp"
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

constexpr Benchmark unit{1, 1};

RandomBlocks mixed_blocks(std::uint64_t seed, Index n, Index m, Index count) {
  Random random(seed);
  std::vector<Index> widths;
  std::vector<double> scales;
  for (Index b = 0; b < count; ++b) {
    widths.push_back(1 + static_cast<Index>(random.below(static_cast<std::uint64_t>(n + 3))));
    scales.push_back(std::exp(random.normal()));
  }
  return test::random_blocks(random, n, m, widths, scales);
}

/// q_T(K) by a dense decomposition and powers, as directly as can be.
MatrixXd naive_filter(const MatrixXd& kernel, double scale, std::int64_t horizon) {
  const Eigen::SelfAdjointEigenSolver<MatrixXd> solver(kernel);
  const double top = solver.eigenvalues().maxCoeff();
  VectorXd filter(kernel.rows());
  for (Index i = 0; i < kernel.rows(); ++i) {
    const double l = solver.eigenvalues()[i];
    filter[i] = 0;
    for (std::int64_t step = 0; step < horizon; ++step) {
      filter[i] += scale / top * std::pow(1 - scale / top * l, static_cast<double>(step));
    }
  }
  return solver.eigenvectors() * filter.asDiagonal() * solver.eigenvectors().transpose();
}

MatrixXd naive_couplings(const RandomBlocks& blocks, const std::vector<Index>& set) {
  if (blocks.query_kernels.empty()) {
    MatrixXd sum = MatrixXd::Zero(blocks.examples(), blocks.examples());
    for (const Index b : set) sum += blocks.kernels[b];
    return sum;
  }
  return blocks.jacobian(set) * blocks.query_gradient(set);
}

double naive_risk(const RandomBlocks& blocks, const std::vector<Index>& set, const Benchmark& model,
                  std::int64_t horizon) {
  const MatrixXd queries = blocks.query_kernels.empty()
                               ? MatrixXd(blocks.jacobian(blocks.all()).transpose())
                               : blocks.query_gradient(blocks.all());
  if (set.empty()) return model.tau2 * queries.squaredNorm() / static_cast<double>(queries.cols());
  const MatrixXd jacobian = blocks.jacobian(set);
  const MatrixXd weights =
      naive_filter(jacobian * jacobian.transpose(), 0.1, horizon) * naive_couplings(blocks, set);
  const MatrixXd missed = queries - blocks.jacobian(blocks.all()).transpose() * weights;
  return (model.tau2 * missed.squaredNorm() + model.sigma2 * weights.squaredNorm()) /
         static_cast<double>(weights.cols());
}

double naive_correction(const RandomBlocks& blocks, const std::vector<Index>& set,
                        const VectorXd& residuals, std::int64_t horizon) {
  const MatrixXd jacobian = blocks.jacobian(set);
  const MatrixXd couplings = naive_couplings(blocks, set);
  const VectorXd corrections = couplings.transpose() *
                               naive_filter(jacobian * jacobian.transpose(), 0.1, horizon) *
                               residuals;
  return corrections.squaredNorm() / static_cast<double>(couplings.cols());
}

/// Forward greedy minimisation of `value`, as directly as can be.
void check_against_naive(const GreedySelection& found, Index count, double sign,
                         const std::function<double(const std::vector<Index>&)>& value) {
  std::vector<Index> chosen;
  for (std::size_t k = 0; k < found.order.size(); ++k) {
    double best = -std::numeric_limits<double>::infinity();
    Index best_block = -1;
    for (Index b = 0; b < count; ++b) {
      if (std::ranges::find(chosen, b) != chosen.end()) continue;
      std::vector<Index> candidate = chosen;
      candidate.push_back(b);
      const double candidate_value = value(candidate);
      if (k == 0) CHECK(found.alone[b] == test::close(candidate_value, 1e-9));
      if (sign * candidate_value > best) {
        best = sign * candidate_value;
        best_block = b;
      }
    }
    CHECK(found.order[k] == best_block);
    CHECK(found.criterion[k] == test::close(sign * best, 1e-9));
    chosen.push_back(best_block);
  }
}

GreedyOptions greedy_options(std::int64_t horizon, std::optional<Index> budget,
                             UpdateMethod method = UpdateMethod::automatic) {
  GreedyOptions options;
  options.update = {horizon, {0.1, {}}, method};
  options.budget = budget;
  return options;
}

}  // namespace

TEST_CASE("greedy selections equal a naive implementation, whatever the method") {
  const Benchmark model{0.9, 0.5};
  for (const Index m : {0, 1, 3}) {
    for (const Index n : {4, 10, 36}) {
      const Index count = 9;
      const RandomBlocks blocks = mixed_blocks(10 + m + n, n, m, count);
      Random random(7);
      const VectorXd residuals = normal_matrix(n, 1, random);
      for (const UpdateMethod method : {UpdateMethod::automatic, UpdateMethod::iteration,
                                        UpdateMethod::tridiagonal, UpdateMethod::decomposition}) {
        CAPTURE(m);
        CAPTURE(n);
        CAPTURE(name_of(method));
        const GreedyOptions options = greedy_options(8, 4, method);
        const GreedySelection risk = select_by_risk(blocks.view(), model, options);
        CHECK(risk.stop == StopReason::budget_reached);
        CHECK(risk.evaluations == 9 + 8 + 7 + 6);
        CHECK(risk.criterion_of_none == test::close(naive_risk(blocks, {}, model, 8), 1e-12));
        check_against_naive(risk, count, -1, [&](const std::vector<Index>& set) {
          return naive_risk(blocks, set, model, 8);
        });
        const GreedySelection correction = select_by_correction(blocks.view(), residuals, options);
        check_against_naive(correction, count, 1, [&](const std::vector<Index>& set) {
          return naive_correction(blocks, set, residuals, 8);
        });
      }
    }
  }
}

TEST_CASE("risk without a budget stops where it no longer falls") {
  for (std::uint64_t seed = 0; seed < 10; ++seed) {
    const RandomBlocks blocks = mixed_blocks(seed, 8, 2, 12);
    const Benchmark model{1, 2};
    const GreedySelection stopped = select_by_risk(blocks.view(), model, greedy_options(8, {}));
    const GreedySelection all = select_by_risk(blocks.view(), model, greedy_options(8, 12));
    const std::size_t size = stopped.order.size();
    double previous = stopped.criterion_of_none;
    for (std::size_t k = 0; k < size; ++k) {
      CHECK(stopped.order[k] == all.order[k]);
      CHECK(stopped.criterion[k] == all.criterion[k]);
      CHECK(stopped.criterion[k] < previous);
      previous = stopped.criterion[k];
    }
    CHECK((stopped.stop == StopReason::all_chosen) == (size == 12));
    if (size < 12) {
      CHECK(stopped.stop == StopReason::no_improvement);
      CHECK(all.criterion[size] >= previous * (1 - 1e-8));
    }
  }
}

TEST_CASE("nothing is chosen when no update can help") {
  const RandomBlocks blocks = mixed_blocks(1, 5, 2, 4);
  for (const Benchmark model : {Benchmark{0, 1}, Benchmark{0, 0}}) {
    const GreedySelection none = select_by_risk(blocks.view(), model, greedy_options(8, {}));
    CHECK(none.order.empty());
    CHECK(none.stop == StopReason::no_improvement);
    CHECK(none.alone.size() == 4);
  }
  CHECK(select_by_risk(blocks.view(), unit, greedy_options(0, {})).order.empty());
  // With a budget it is filled nevertheless; equal criteria go by index.
  const GreedySelection filled = select_by_risk(blocks.view(), unit, greedy_options(0, 3));
  CHECK(filled.order == std::vector<Index>{0, 1, 2});
  CHECK(filled.criterion[2] == filled.criterion_of_none);
  // A query that no block reaches.
  RandomBlocks unreachable = blocks;
  for (MatrixXd& coupling : unreachable.query_kernels) coupling.setZero();
  CHECK(select_by_risk(unreachable.view(), unit, greedy_options(8, {})).order.empty());
  // Zero residuals give zero corrections.
  const GreedySelection correction =
      select_by_correction(blocks.view(), VectorXd::Zero(5), greedy_options(8, {}));
  CHECK(correction.order == std::vector<Index>{0, 1, 2, 3});
  CHECK(correction.criterion == std::vector<double>(4, 0.0));
  CHECK(correction.stop == StopReason::all_chosen);
}

TEST_CASE("ordinary special cases: n = 1, one block, zero and equal blocks, sigma2 = 0") {
  for (const Index n : {1, 6}) {
    Random random(3);
    const RandomBlocks one = test::random_blocks(random, n, 1, {4});
    for (const double sigma2 : {0.0, 0.1}) {
      const GreedySelection found = select_by_risk(one.view(), {1, sigma2}, greedy_options(8, {}));
      CHECK(found.order == std::vector<Index>{0});
      CHECK(found.stop == StopReason::all_chosen);
      CHECK(found.criterion[0] == test::close(naive_risk(one, {0}, {1, sigma2}, 8), 1e-11));
    }
    const RandomBlocks zero = test::random_blocks(random, n, 1, {2, 2}, {0, 0});
    CHECK(select_by_risk(zero.view(), unit, greedy_options(8, {})).order.empty());
    CHECK(select_by_risk(zero.view(), unit, greedy_options(8, 2)).order ==
          std::vector<Index>{0, 1});
    // A block that is there twice: the first copy goes first.
    RandomBlocks twice = test::random_blocks(random, n, 2, {3, 5, 3});
    twice.kernels[2] = twice.kernels[0] = twice.kernels[0] * 100;
    for (MatrixXd& coupling : twice.query_kernels) {
      coupling.col(0) *= 100;
      coupling.col(2) = coupling.col(0);
    }
    twice.query_variances.col(0) *= 100;
    twice.query_variances.col(2) = twice.query_variances.col(0);
    const GreedySelection ties = select_by_risk(twice.view(), {1, 0.1}, greedy_options(8, 3));
    CHECK(ties.alone[0] == ties.alone[2]);
    CHECK(std::ranges::find(ties.order, 0) < std::ranges::find(ties.order, 2));
  }
}

TEST_CASE("renaming blocks renames the selection; threads do not matter") {
  const Index count = 10;
  const RandomBlocks blocks = mixed_blocks(5, 9, 2, count);
  Random random(6);
  std::vector<std::size_t> to_old(count);
  std::iota(to_old.begin(), to_old.end(), std::size_t{0});
  random.shuffle(to_old);
  RandomBlocks renamed = blocks;
  for (std::size_t b = 0; b < to_old.size(); ++b) {
    renamed.kernels[b] = blocks.kernels[to_old[b]];
    for (std::size_t x = 0; x < 2; ++x) {
      renamed.query_kernels[x].col(static_cast<Index>(b)) =
          blocks.query_kernels[x].col(static_cast<Index>(to_old[b]));
    }
    renamed.query_variances.col(static_cast<Index>(b)) =
        blocks.query_variances.col(static_cast<Index>(to_old[b]));
  }
  set_threads(1);
  const GreedySelection before = select_by_risk(blocks.view(), {1, 1}, greedy_options(8, 6));
  const GreedySelection after = select_by_risk(renamed.view(), {1, 1}, greedy_options(8, 6));
  for (std::size_t k = 0; k < 6; ++k) {
    CHECK(to_old[after.order[k]] == static_cast<std::size_t>(before.order[k]));
    CHECK(after.criterion[k] == test::close(before.criterion[k], 1e-11));
  }
  for (const int threads : {2, 5}) {
    set_threads(threads);
    const GreedySelection again = select_by_risk(blocks.view(), {1, 1}, greedy_options(8, 6));
    CHECK(again.order == before.order);
    CHECK(again.criterion == before.criterion);
  }
  set_threads(0);
}

TEST_CASE("gain per parameter prefers the cheap block, and falls back to gain alone") {
  // Three blocks with independent queries on one example each: gains are what each lowers R by.
  RandomBlocks blocks;
  blocks.query_variances = Eigen::RowVector3d(4, 3, 3);
  blocks.query_kernels = {MatrixXd(2, 3)};
  blocks.query_kernels[0] << 2, 1.7, 0, 0, 0, 1.7;
  for (const double diagonal : {1.0, 1.0, 0.0}) {
    blocks.kernels.emplace_back(Eigen::Vector2d(diagonal, 1 - diagonal).asDiagonal());
  }
  const std::vector<std::int64_t> parameters = {1000, 10, 100};
  GreedyOptions options = greedy_options(30, {});
  const Benchmark model{1, 0.01};
  const GreedySelection plain = select_by_risk(blocks.view(), model, options);
  options.parameters = parameters;
  const GreedySelection weighed = select_by_risk(blocks.view(), model, options);
  CHECK(plain.order.front() == 0);
  CHECK(weighed.order.front() == 1);
  CHECK(weighed.alone == plain.alone);
  const double gain_0 = plain.criterion_of_none - plain.alone[0];
  const double gain_1 = plain.criterion_of_none - plain.alone[1];
  CHECK(gain_0 > gain_1);
  CHECK(gain_1 / 10 > gain_0 / 1000);
  // Where every block does harm, the least harm goes first, however many parameters share it.
  options.budget = 1;
  const GreedySelection harmful = select_by_risk(blocks.view(), {1, 100}, options);
  CHECK(harmful.criterion[0] > harmful.criterion_of_none);
  CHECK(harmful.criterion[0] == harmful.alone.minCoeff());
  // No steps, no gain: everything ties, the smallest index goes first in spite of its size.
  options.update.horizon = 0;
  CHECK(select_by_risk(blocks.view(), model, options).order == std::vector<Index>{0});
}

TEST_CASE("wrong arguments of the selections are named") {
  const RandomBlocks blocks = mixed_blocks(8, 4, 1, 3);
  const VectorXd residuals = VectorXd::Ones(4);
  for (const Index budget : {-1, 0, 4}) {
    CHECK_THROWS_AS(select_by_risk(blocks.view(), unit, greedy_options(8, budget)), ArgumentError);
    CHECK_THROWS_AS(select_by_correction(blocks.view(), residuals, greedy_options(8, budget)),
                    ArgumentError);
  }
  CHECK_THROWS_WITH_AS(select_by_risk(blocks.view(), unit, greedy_options(8, 4)),
                       "select_by_risk: budget is 4, expected between 1 and the number of blocks, "
                       "3",
                       ArgumentError);
  CHECK_THROWS_AS(select_by_risk(blocks.view(), unit, greedy_options(-1, 1)), ArgumentError);
  CHECK_THROWS_AS(select_by_risk(blocks.view(), {1, -1}, greedy_options(1, 1)), ArgumentError);
  CHECK_THROWS_AS(select_by_correction(blocks.view(), VectorXd::Ones(3), greedy_options(1, 1)),
                  ArgumentError);
  GreedyOptions options = greedy_options(8, 1);
  options.update.step.rho = 1e6;
  CHECK_THROWS_AS(select_by_risk(blocks.view(), unit, options), ArgumentError);
  options = greedy_options(8, 1);
  const std::vector<std::int64_t> none = {1, 0, 1};
  options.parameters = none;
  CHECK_THROWS_AS(select_by_risk(blocks.view(), unit, options), ArgumentError);
}
