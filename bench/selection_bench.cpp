/// Greedy selection by risk: the chosen update method against a decomposition of every candidate,
/// measured in turn in one loop so that both see the same machine state.
///
/// `speedup` is the median ratio of the two times, `candidates_per_second` the rate of the chosen
/// method on the threads in use (all cores).
///
/// Arguments: examples n, blocks B, queries m (0: the prompt's examples stand in), steps T.

#include <benchmark/benchmark.h>

#include <Eigen/Core>
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <vector>

#include "sextant/core/random.hpp"
#include "sextant/subspace/greedy.hpp"

namespace {

using namespace sextant;
using Clock = std::chrono::steady_clock;
using Eigen::Index;
using Eigen::MatrixXd;

/// Blocks of mixed scale and rank, as heads have.
struct Problem {
  Problem(Index n, Index blocks, Index m) : query_variances(m, blocks) {
    Random random(1);
    query_kernels.assign(static_cast<std::size_t>(m), MatrixXd(n, blocks));
    for (Index b = 0; b < blocks; ++b) {
      const auto width = 1 + static_cast<Index>(random.below(64));
      const double scale = std::exp(random.normal()) / std::sqrt(static_cast<double>(width));
      MatrixXd jacobian(n, width);
      MatrixXd queries(width, m);
      for (double& x : jacobian.reshaped()) x = scale * random.normal();
      for (double& x : queries.reshaped()) x = scale * random.normal();
      const MatrixXd product = jacobian * jacobian.transpose();
      kernels.emplace_back((product + product.transpose()) / 2);
      for (Index x = 0; x < m; ++x) {
        query_kernels[static_cast<std::size_t>(x)].col(b) = jacobian * queries.col(x);
        query_variances(x, b) = queries.col(x).squaredNorm();
      }
    }
  }
  std::vector<MatrixXd> kernels;
  std::vector<MatrixXd> query_kernels;
  MatrixXd query_variances;
};

struct Timing {
  double seconds;
  double candidates;
};

Timing select(const Problem& problem, std::int64_t horizon, subspace::UpdateMethod method) {
  subspace::GreedyOptions options;
  options.update = {horizon, {}, method};
  options.budget = problem.kernels.front().rows() > 128 ? 1 : 4;
  const geometry::BlockMatrices blocks = {problem.kernels, problem.query_kernels,
                                          problem.query_variances};
  const auto begin = Clock::now();
  const auto evaluations = subspace::select_by_risk(blocks, {1, 1}, options).evaluations;
  return {std::chrono::duration<double>(Clock::now() - begin).count(),
          static_cast<double>(evaluations)};
}

double median(std::vector<double> values) {
  std::ranges::sort(values);
  return values[values.size() / 2];
}

void risk_selection(benchmark::State& state, subspace::UpdateMethod method) {
  const Problem problem(state.range(0), state.range(1), state.range(2));
  const std::int64_t horizon = state.range(3);
  std::vector<double> ratios;
  std::vector<double> rates;
  for (auto _ : state) {
    const Timing fast = select(problem, horizon, method);
    const Timing naive = select(problem, horizon, subspace::UpdateMethod::decomposition);
    state.SetIterationTime(fast.seconds);
    ratios.push_back(naive.seconds / fast.seconds);
    rates.push_back(fast.candidates / fast.seconds);
  }
  const Index columns = state.range(2) == 0 ? state.range(0) : state.range(2);
  const auto used = method == subspace::UpdateMethod::automatic
                        ? subspace::cheapest_method(state.range(0), columns, horizon)
                        : method;
  state.SetLabel(std::string(subspace::name_of(used)));
  state.counters["candidates_per_second"] = median(rates);
  state.counters["speedup"] = median(ratios);
}

void sizes(benchmark::internal::Benchmark* bench) {
  for (const int n : {10, 64, 512}) {
    for (const int blocks : {48, 144}) {
      for (const int m : {1, 10}) {
        if (n == 512 && blocks * m > 144) continue;
        bench->Args({n, blocks, m, 8})->Args({n, blocks, m, 30});
      }
    }
    if (n < 512) bench->Args({n, 48, 0, 8});
  }
  bench->UseManualTime()->Unit(benchmark::kMillisecond)->Iterations(7);
}

BENCHMARK_CAPTURE(risk_selection, automatic, subspace::UpdateMethod::automatic)->Apply(sizes);
BENCHMARK_CAPTURE(risk_selection, iteration, subspace::UpdateMethod::iteration)->Apply(sizes);
BENCHMARK_CAPTURE(risk_selection, tridiagonal, subspace::UpdateMethod::tridiagonal)->Apply(sizes);

}  // namespace
