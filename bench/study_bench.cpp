/// Experiment 1 of the digit-shift study on the shipped model: tasks per second on all cores, and
/// where the time of a task goes on one.
///
/// Shares are of the parts measured by themselves, one after the other: `forward` passes of the
/// real steps, `backward` (the steps without those), `capture`, and `statistics` (both selections
/// and the advice). `scan_to_steps` is the linearised scan, evidence and corrections of all
/// horizons from the kernel, over the real steps. Processor time of one thread, which other
/// programs disturb less than the clock.

#include <benchmark/benchmark.h>

#include <ctime>
#include <vector>

#include "sextant/advice/plan.hpp"
#include "sextant/core/memory.hpp"
#include "sextant/core/threads.hpp"
#include "sextant/geometry/blocks.hpp"
#include "sextant/spectral/eigensystem.hpp"
#include "sextant/spectral/filters.hpp"
#include "sextant/studies/reproduce/digit_tasks.hpp"
#include "sextant/studies/reproduce/horizon_experiment.hpp"
#include "sextant/ttt/step_path.hpp"

namespace {

using namespace sextant;

constexpr std::int64_t horizon = 30;
constexpr std::size_t tasks_per_round = 32;

const studies::reproduce::DigitTasks& tasks() {
  static const studies::reproduce::DigitTasks made(SEXTANT_SOURCE_DIR "/models/digits-gpt2", {});
  return made;
}

void whole_tasks(benchmark::State& state) {
  keep_freed_memory();
  for (auto ignored : state) {
    parallel_for(tasks_per_round, [](std::ptrdiff_t i) {
      const auto result = studies::reproduce::run_horizon_task(
          tasks().task(static_cast<std::size_t>(i)), 0.1, horizon);
      benchmark::DoNotOptimize(result.path.data());
    });
  }
  state.counters["tasks_per_second"] = benchmark::Counter(
      static_cast<double>(state.iterations()) * tasks_per_round, benchmark::Counter::kIsRate);
}

template <class Body>
double seconds(const Body& body) {
  const auto now = [] {
    timespec time{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
  };
  const double begin = now();
  body();
  return now() - begin;
}

/// What the linear model says of every horizon: its evidence and the queries' corrections.
void scan_horizons(const geometry::PromptGeometry& geometry, double rho) {
  const spectral::Eigensystem system = spectral::decompose(geometry::summed_kernel(geometry));
  const Eigen::VectorXd rotated = system.rotate(geometry.residuals);
  const auto horizons = advice::default_horizons();
  benchmark::DoNotOptimize(evidence::evidence_curve(system.values, rotated, rho, horizons).t_map);
  for (Eigen::Index x = 0; x < geometry.queries(); ++x) {
    const Eigen::VectorXd coupling = system.rotate(geometry::summed_coupling(geometry, x));
    for (const std::int64_t t : horizons) {
      benchmark::DoNotOptimize(spectral::query_correction(
          spectral::gd_query_filter(system.values, rho, t), coupling, rotated));
    }
  }
}

void parts_of_a_task(benchmark::State& state) {
  set_threads(1);
  double forward = 0;
  double steps = 0;
  double capture = 0;
  double selections = 0;
  double advice = 0;
  double scan = 0;
  for (auto ignored : state) {
    for (std::size_t i = 0; i < 8; ++i) {
      const studies::reproduce::Task task = tasks().task(i);
      geometry::PromptGeometry geometry;
      capture += seconds([&] { geometry = task.model.capture({}); });
      double rho = 0;
      selections += seconds([&] {
        advice::HorizonOptions options;
        rho = advice::choose_horizon(geometry, options).rho;
        options.sigma2.rule = evidence::Sigma2Rule::profile;
        benchmark::DoNotOptimize(advice::choose_horizon(geometry, options).t_map);
      });
      scan += seconds([&] { scan_horizons(geometry, rho); });
      advice += seconds([&] { benchmark::DoNotOptimize(advice::plan(geometry).horizon); });
      const std::vector<std::string> names = geometry::block_names(geometry);
      steps += seconds([&] { ttt::step_path(task.model, names, rho, horizon); });
      forward += seconds([&] {
        for (std::int64_t t = 0; t <= horizon; ++t) {
          benchmark::DoNotOptimize(task.model.predictions(task.model.weights()).data());
        }
      });
    }
  }
  set_threads(0);
  const double total = capture + selections + advice + steps;
  state.counters["forward"] = forward / total;
  state.counters["backward"] = (steps - forward) / total;
  state.counters["capture"] = capture / total;
  state.counters["statistics"] = (selections + advice) / total;
  state.counters["scan_to_steps"] = scan / steps;
}

BENCHMARK(whole_tasks)->UseRealTime()->Unit(benchmark::kMillisecond);
BENCHMARK(parts_of_a_task)->Iterations(3)->Unit(benchmark::kMillisecond);

}  // namespace
