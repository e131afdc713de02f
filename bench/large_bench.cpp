/// Prompts of many examples: the evidence curve without an n x n kernel, and the dense path against
/// LAPACK's own eigensolver.
///
/// `peak_gigabytes` is the largest resident memory of the whole process so far, the features
/// included: run one benchmark at a time (`--benchmark_filter`) to read it.

#include <benchmark/benchmark.h>
#include <cblas.h>
#include <sys/resource.h>

#include <Eigen/Dense>
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <numeric>
#include <vector>

#include "sextant/core/blas.hpp"
#include "sextant/core/random.hpp"
#include "sextant/core/threads.hpp"
#include "sextant/evidence/products.hpp"
#include "sextant/spectral/dense_product.hpp"
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

/// Eigenvalues and vectors by dsyevd alone, as a program that calls LAPACK itself would.
void call_lapack(const Eigen::MatrixXd& kernel) {
  Eigen::MatrixXd vectors = kernel;
  const int n = static_cast<int>(kernel.rows());
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
  dsyevd_("V", "L", &n, vectors.data(), &n, values.data(), work.data(), &work_size, integers.data(),
          &integer_size, &info);
  if (info != 0) std::abort();
  benchmark::DoNotOptimize(values.data());
}

template <class Body>
double seconds(const Body& body) {
  const auto begin = Clock::now();
  body();
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

/// Time of `spectral::decompose`, which uses one thread, over that of dsyevd on the same matrix
/// with as many BLAS threads as the argument says: median, smallest and largest of the iterations'
/// ratios. Who comes first alternates.
void decomposition_over_lapack(benchmark::State& state) {
  const Eigen::Index n = state.range(0);
  const Eigen::MatrixXd phi = features(n, n);
  Eigen::MatrixXd kernel(n, n);
  spectral::transposed_product(phi, phi, kernel);
  kernel.triangularView<Eigen::StrictlyUpper>() = kernel.transpose();
  prepare_blas();  // so that ours is not the first to set the number of threads
  const auto lapack = [&] {
    openblas_set_num_threads(static_cast<int>(state.range(1)));
    const double time = seconds([&] { call_lapack(kernel); });
    openblas_set_num_threads(1);
    return time;
  };
  const auto ours = [&] {
    return seconds([&] { benchmark::DoNotOptimize(spectral::decompose(kernel).values.data()); });
  };
  lapack();
  ours();
  std::vector<double> ratios;
  for (auto ignored : state) {
    const bool ours_first = ratios.size() % 2 == 0;
    const double first = ours_first ? ours() : lapack();
    const double second = ours_first ? lapack() : ours();
    ratios.push_back(ours_first ? first / second : second / first);
  }
  std::sort(ratios.begin(), ratios.end());
  state.counters["ratio"] = (ratios[(ratios.size() - 1) / 2] + ratios[ratios.size() / 2]) / 2;
  state.counters["lowest"] = ratios.front();
  state.counters["highest"] = ratios.back();
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
BENCHMARK(decomposition_over_lapack)
    ->ArgNames({"n", "lapack_threads"})
    ->Args({2048, 1})
    ->Args({2048, 2})
    ->Iterations(9)
    ->UseRealTime()
    ->Unit(benchmark::kSecond);

}  // namespace
