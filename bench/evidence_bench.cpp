/// Evidence over 10,000 horizons against one eigen-decomposition, both at n = 512.
///
/// `evidence_to_decomposition` is the ratio of the two times, measured in one loop so that both
/// see the same machine state; the promise is a ratio below 1.

#include <benchmark/benchmark.h>

#include <Eigen/Core>
#include <chrono>
#include <cstdint>
#include <numeric>
#include <vector>

#include "sextant/core/random.hpp"
#include "sextant/evidence/curve.hpp"
#include "sextant/spectral/eigensystem.hpp"
#include "sextant/spectral/filters.hpp"

namespace {

using namespace sextant;
using Clock = std::chrono::steady_clock;

constexpr Eigen::Index n = 512;
constexpr std::int64_t horizon_count = 10'000;

struct Problem {
  Problem() {
    Random random(1);
    Eigen::MatrixXd phi(n, 2 * n);
    for (double& x : phi.reshaped()) x = random.normal();
    kernel = phi * phi.transpose() / (2.0 * static_cast<double>(n));
    residuals.resize(n);
    for (double& x : residuals) x = random.normal();
    system = spectral::decompose(kernel);
    rotated = system.rotate(residuals);
    rho = spectral::step_from_scale(system.largest());
    std::iota(horizons.begin(), horizons.end(), 0);
  }
  Eigen::MatrixXd kernel;
  Eigen::VectorXd residuals;
  spectral::Eigensystem system;
  Eigen::VectorXd rotated;
  double rho = 0;
  std::vector<std::int64_t> horizons = std::vector<std::int64_t>(horizon_count);
};

const Problem& problem() {
  static const Problem instance;
  return instance;
}

double seconds(Clock::time_point begin, Clock::time_point end) {
  return std::chrono::duration<double>(end - begin).count();
}

void decomposition(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(spectral::decompose(problem().kernel));
}
BENCHMARK(decomposition)->Unit(benchmark::kMillisecond);

void evidence_10000(benchmark::State& state) {
  const evidence::Sigma2Choice choice{static_cast<evidence::Sigma2Rule>(state.range(0)), 1.0};
  const Problem& p = problem();
  for (auto _ : state) {
    benchmark::DoNotOptimize(
        evidence::evidence_curve(p.system.values, p.rotated, p.rho, p.horizons, choice));
  }
}
BENCHMARK(evidence_10000)
    ->ArgName("profile")
    ->Arg(static_cast<int>(evidence::Sigma2Rule::plug_in))
    ->Arg(static_cast<int>(evidence::Sigma2Rule::profile))
    ->Unit(benchmark::kMillisecond);

void ratio(benchmark::State& state) {
  const Problem& p = problem();
  double decomposing = 0;
  double scanning = 0;
  for (auto _ : state) {
    const auto begin = Clock::now();
    benchmark::DoNotOptimize(spectral::decompose(p.kernel));
    const auto middle = Clock::now();
    benchmark::DoNotOptimize(
        evidence::evidence_curve(p.system.values, p.rotated, p.rho, p.horizons));
    decomposing += seconds(begin, middle);
    scanning += seconds(middle, Clock::now());
  }
  state.counters["evidence_to_decomposition"] = scanning / decomposing;
}
BENCHMARK(ratio)->Unit(benchmark::kMillisecond);

}  // namespace
