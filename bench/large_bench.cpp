/// Prompts of many examples: the evidence curve without an n x n kernel, and the dense path against
/// LAPACK's own eigensolver.

#include <benchmark/benchmark.h>
#include <sys/resource.h>

#include <Eigen/Dense>
#include <chrono>
#include <cmath>
#include <numeric>
#include <vector>

#include "sextant/core/random.hpp"
#include "sextant/core/threads.hpp"
#include "sextant/evidence/large.hpp"
#include "sextant/spectral/eigensystem.hpp"

extern "C" void dsyevd_(const char*, const char*, const int*, double*, const int*, double*, double*,
                        const int*, int*, const int*, int*);

namespace {

using namespace sextant;
using Clock = std::chrono::steady_clock;

/// Features of falling size, so that the spectrum is not flat.
Eigen::MatrixXd features(Eigen::Index n, Eigen::Index parameters) {
  Eigen::MatrixXd result(n, parameters);
  parallel_for(parameters, [&](std::ptrdiff_t j) {
    Random random(1, static_cast<std::uint64_t>(j));
    for (Eigen::Index i = 0; i < n; ++i) {
      result(i, j) = random.normal() / std::sqrt(static_cast<double>(j + 1));
    }
  });
  return result;
}

Eigen::VectorXd residuals(Eigen::Index n) {
  Random random(2);
  Eigen::VectorXd r(n);
  for (double& value : r) value = random.normal();
  return r;
}

std::vector<std::int64_t> horizons() {
  std::vector<std::int64_t> list(1001);
  std::iota(list.begin(), list.end(), 0);
  return list;
}

double peak_gigabytes() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) / (1 << 20);
}

void evidence_from_features(benchmark::State& state) {
  const Eigen::MatrixXd phi = features(state.range(0), state.range(1));
  const Eigen::VectorXd r = residuals(state.range(0));
  const std::vector<const Eigen::MatrixXd*> blocks = {&phi};
  for (auto ignored : state) {
    const auto large = evidence::spectrum_from_features(blocks, r);
    benchmark::DoNotOptimize(evidence::evidence_curve(large.spectrum, large.rho, horizons()).t_map);
  }
  state.counters["peak_gigabytes"] = peak_gigabytes();
}

void evidence_from_products(benchmark::State& state) {
  const Eigen::MatrixXd phi = features(state.range(0), state.range(1));
  const Eigen::VectorXd r = residuals(state.range(0));
  const spectral::FeatureKernel kernel({&phi});
  double error = 0;
  for (auto ignored : state) {
    const auto large = evidence::spectrum_from_products(kernel, r);
    benchmark::DoNotOptimize(evidence::evidence_curve(large.spectrum, large.rho, horizons()).t_map);
    error = large.evidence_error(30);
  }
  state.counters["standard_error_at_30"] = error;
  state.counters["peak_gigabytes"] = peak_gigabytes();
}

/// Time of `spectral::decompose` over that of dsyevd alone on the same matrix, one thread each.
void decomposition_over_lapack(benchmark::State& state) {
  const Eigen::MatrixXd phi = features(state.range(0), state.range(0));
  const Eigen::MatrixXd kernel = phi * phi.transpose();
  const int n = static_cast<int>(state.range(0));
  double ours = 0;
  double theirs = 0;
  for (auto ignored : state) {
    const auto begin = Clock::now();
    benchmark::DoNotOptimize(spectral::decompose(kernel).values.data());
    const auto middle = Clock::now();
    Eigen::MatrixXd vectors = kernel;
    Eigen::VectorXd values(n);
    int info = 0;
    int work_size = -1;
    int integer_size = -1;
    double wanted = 0;
    int integers_wanted = 0;
    dsyevd_("V", "L", &n, vectors.data(), &n, values.data(), &wanted, &work_size, &integers_wanted,
            &integer_size, &info);
    work_size = static_cast<int>(wanted);
    integer_size = integers_wanted;
    std::vector<double> work(static_cast<std::size_t>(work_size));
    std::vector<int> integers(static_cast<std::size_t>(integer_size));
    dsyevd_("V", "L", &n, vectors.data(), &n, values.data(), work.data(), &work_size,
            integers.data(), &integer_size, &info);
    benchmark::DoNotOptimize(values.data());
    const auto end = Clock::now();
    ours += std::chrono::duration<double>(middle - begin).count();
    theirs += std::chrono::duration<double>(end - middle).count();
  }
  state.counters["ratio"] = ours / theirs;
}

BENCHMARK(evidence_from_features)
    ->Args({20000, 2000})
    ->Iterations(1)
    ->UseRealTime()
    ->Unit(benchmark::kSecond);
BENCHMARK(evidence_from_products)
    ->Args({20000, 2000})
    ->Iterations(1)
    ->UseRealTime()
    ->Unit(benchmark::kSecond);
BENCHMARK(decomposition_over_lapack)->Arg(2048)->Iterations(3)->Unit(benchmark::kSecond);

}  // namespace

BENCHMARK_MAIN();
