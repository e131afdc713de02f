/// Closed forms of the linear transformer: one setting, a grid of step sizes, a grid of settings.

#include <benchmark/benchmark.h>

#include <cmath>
#include <vector>

#include "sextant/studies/linear/limits.hpp"
#include "sextant/studies/linear/pretraining.hpp"
#include "sextant/studies/linear/starts.hpp"

namespace {

using namespace sextant::studies::linear;

/// d = 20 with sizes on a grid of 64 x 64 proportions.
std::vector<Isotropic> settings() {
  std::vector<Isotropic> result;
  for (int n = 5; n <= 320; n += 5) {
    for (int k = 5; k <= 320; k += 5) result.push_back({n, k, 20, 1, 0.25});
  }
  return result;
}

void one_setting(benchmark::State& state) {
  const Isotropic setting{30, 40, 20, 1, 0.25};
  const double w = pretrained_scale(setting.n, setting.d, setting.sigma2, setting.b2 / 20);
  for (auto _ : state) benchmark::DoNotOptimize(one_step(setting, w));
}
BENCHMARK(one_setting)->Unit(benchmark::kMicrosecond);

void both_starts_and_crossing(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(compare_starts({30, 40, 20, 1, 0.25}));
}
BENCHMARK(both_starts_and_crossing)->Unit(benchmark::kMicrosecond);

void diagonal(benchmark::State& state) {
  const auto d = state.range(0);
  Diagonal setting;
  setting.n = 2 * d;
  setting.k = d;
  setting.input_variances = Eigen::VectorXd::LinSpaced(d, 1, static_cast<double>(d)).cwiseInverse();
  setting.beta = setting.input_variances;
  setting.sigma2 = 0.25;
  const Eigen::VectorXd weights = Eigen::VectorXd::Constant(d, 1e-3);
  for (auto _ : state) benchmark::DoNotOptimize(one_step(setting, weights));
}
BENCHMARK(diagonal)->Arg(20)->Arg(1'000)->Arg(100'000)->Unit(benchmark::kMicrosecond);

/// A thousand step sizes from one setting's coefficients.
void grid_of_steps(benchmark::State& state) {
  const ContextRisks risks = one_step({30, 40, 20, 1, 0.25}, 0.02);
  const Eigen::ArrayXd etas =
      Eigen::ArrayXd::LinSpaced(1000, 0, 2 * risks.same_context.best_step());
  for (auto _ : state) {
    for (const double eta : etas) benchmark::DoNotOptimize(risks.fresh_context.at(eta));
  }
  state.SetItemsProcessed(state.iterations() * etas.size());
}
BENCHMARK(grid_of_steps)->Unit(benchmark::kMicrosecond);

void grid_of_settings(benchmark::State& state) {
  const auto grid = settings();
  for (auto _ : state) {
    for (const Isotropic& setting : grid) benchmark::DoNotOptimize(compare_starts(setting));
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(grid.size()));
}
BENCHMARK(grid_of_settings)->Unit(benchmark::kMillisecond);

void limiting_values(benchmark::State& state) {
  const Proportions p{1.5, 2, 1, 0.25};
  for (auto _ : state) {
    benchmark::DoNotOptimize(limiting_gain(p, limiting_warm_scale(p)));
    benchmark::DoNotOptimize(limiting_crossing(p));
  }
}
BENCHMARK(limiting_values)->Unit(benchmark::kMicrosecond);

}  // namespace
