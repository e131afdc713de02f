/// Experiment 1 of the digit-shift study on the shipped model: tasks per second on all cores, and
/// where the time of a task goes on one.
///
/// Shares are of the parts measured by themselves, one after the other: `forward` passes of the
/// real steps, `backward` (the steps without those), `capture`, and `statistics` (both selections,
/// which scan all horizons in the linear model, and the advice).

#include <benchmark/benchmark.h>

#include <chrono>
#include <vector>

#include "sextant/advice/plan.hpp"
#include "sextant/core/memory.hpp"
#include "sextant/core/threads.hpp"
#include "sextant/geometry/blocks.hpp"
#include "sextant/reproduce/digit_tasks.hpp"
#include "sextant/reproduce/horizon_experiment.hpp"
#include "sextant/ttt/path.hpp"

namespace {

using namespace sextant;
using Clock = std::chrono::steady_clock;

constexpr std::int64_t horizon = 30;
constexpr std::size_t tasks_per_round = 32;

const reproduce::DigitTasks& tasks() {
  static const reproduce::DigitTasks made(SEXTANT_SOURCE_DIR "/models/digits-gpt2", {});
  return made;
}

void whole_tasks(benchmark::State& state) {
  keep_freed_memory();
  for (auto ignored : state) {
    parallel_for(tasks_per_round, [](std::ptrdiff_t i) {
      const auto result =
          reproduce::run_horizon_task(tasks().task(static_cast<std::size_t>(i)), 0.1, horizon);
      benchmark::DoNotOptimize(result.path.data());
    });
  }
  state.counters["tasks_per_second"] = benchmark::Counter(
      static_cast<double>(state.iterations()) * tasks_per_round, benchmark::Counter::kIsRate);
}

template <class Body>
double seconds(const Body& body) {
  const auto begin = Clock::now();
  body();
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

void parts_of_a_task(benchmark::State& state) {
  set_threads(1);
  double forward = 0;
  double steps = 0;
  double capture = 0;
  double selections = 0;
  double advice = 0;
  for (auto ignored : state) {
    for (std::size_t i = 0; i < 8; ++i) {
      const reproduce::Task task = tasks().task(i);
      geometry::PromptGeometry geometry;
      capture += seconds([&] { geometry = task.model.capture({}); });
      double rho = 0;
      selections += seconds([&] {
        advice::SelectOptions options;
        rho = advice::select(geometry, options).rho;
        options.sigma2.rule = evidence::Sigma2Rule::profile;
        benchmark::DoNotOptimize(advice::select(geometry, options).t_map);
      });
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
  state.counters["horizon_scan_to_steps"] = selections / steps;
}

BENCHMARK(whole_tasks)->UseRealTime()->Unit(benchmark::kMillisecond);
BENCHMARK(parts_of_a_task)->Iterations(3)->Unit(benchmark::kMillisecond);

}  // namespace

BENCHMARK_MAIN();
