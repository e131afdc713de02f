/// The experiments on the shipped model: against single calls of the library, and resumed.

#include "sextant/studies/reproduce/study.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "sextant/advice/plan.hpp"
#include "sextant/core/errors.hpp"
#include "sextant/core/threads.hpp"
#include "sextant/geometry/blocks.hpp"
#include "sextant/io/files.hpp"
#include "sextant/studies/reproduce/digit_tasks.hpp"
#include "sextant/studies/reproduce/study_report.hpp"
#include "sextant/ttt/adapt.hpp"
#include "support/close.hpp"
#include "support/model_directory.hpp"

using namespace sextant;
using namespace sextant::studies;
using namespace sextant::studies::reproduce;

namespace {

const std::filesystem::path shipped = SEXTANT_SOURCE_DIR "/models/digits-gpt2";

ttt::Adaptation made_by(const ttt::PromptModel& model, const geometry::PromptGeometry& geometry,
                        const std::vector<std::string>& blocks, double rho, std::int64_t horizon) {
  ttt::AdaptOptions options;
  options.blocks = blocks;
  options.rho = rho;
  options.horizon = horizon;
  return ttt::adapt(model, geometry, options).result;
}

DigitTasks tasks_from(std::uint64_t first_seed) {
  DigitTaskOptions options;
  options.first_seed = first_seed;
  return {shipped, options};
}

StudyResult run(const StudyOptions& options, double noise = 0.55) {
  DigitTaskOptions tasks;
  tasks.label_noise = noise;
  return run_study(digit_shift_study(shipped, tasks), options);
}

StudyOptions small_run(const std::filesystem::path& out) {
  StudyOptions options;
  options.out = out;
  options.tasks = 6;
  options.subspace_tasks = 3;
  options.pilot_tasks = 4;
  options.max_horizon = 9;
  options.fixed_horizons = {1, 8};
  options.subspaces.budgets = {1, 8, 64};
  options.subspaces.random_draws = 2;
  options.resampling.resamples = 200;
  return options;
}

}  // namespace

TEST_CASE("more examples than the model can read are refused by name") {
  DigitTaskOptions options;
  options.examples = 900;
  CHECK_THROWS_WITH_AS(DigitTasks(shipped, options).task(0),
                       doctest::Contains("examples is 900, which makes a prompt of"),
                       ArgumentError);
}

TEST_CASE("a task's numbers are those of select, adapt and advise") {
  const DigitTasks tasks = tasks_from(40);
  for (const std::size_t index : {0, 1, 2, 3}) {
    CAPTURE(index);
    const Task task = tasks.task(index);
    CHECK(task.number == 40 + static_cast<double>(index));
    CHECK(task.group == index % 2);
    const HorizonTask result = run_horizon_task(task, 0.1, 12);
    const ttt::PromptModel& model = task.model;
    const auto geometry = model.capture({});
    const double target = *geometry.query_targets[0];
    const auto error_of = [&](double prediction) { return std::pow(prediction - target, 2); };
    CHECK(std::abs(result.path[0] - error_of(geometry.query_base(0))) < 1e-5);
    const auto adapted = [&](const advice::Plan& plan) {
      return made_by(model, geometry, plan.block_names, plan.rho, plan.horizon);
    };
    advice::PlanOptions at_five;
    at_five.ranking.horizon = 5;
    for (const auto& block : geometry.blocks) at_five.blocks.push_back(block.name);
    const auto five = adapted(advice::plan(geometry, at_five));
    CHECK(std::abs(error_of(five.queries[0].adapted) - result.path[5]) < 4e-5);
    CHECK(five.rho == result.rho);

    const advice::Plan plan = advice::plan(geometry);
    CHECK(result.advised == plan.adapt);
    double expected = geometry.query_base(0);
    if (plan.adapt) {
      const auto made = adapted(plan);
      CHECK(result.t_advised == plan.horizon);
      CHECK(result.kept == made.is_kept());
      if (made.is_kept()) expected = made.queries[0].adapted;
    }
    CHECK(std::abs(result.advice - error_of(expected)) < 1e-3);
  }
}

TEST_CASE("runs with different seeds share no task") {
  CHECK(first_task_seed(1) == 1);
  CHECK(first_task_seed(2) > first_task_seed(1) + 10'000'000);
  CHECK(first_task_seed(1) + 1'000'000'000 + 10'000'000 < first_task_seed(2));  // the pilot's
  CHECK(first_task_seed(0) != first_task_seed(1));
}

TEST_CASE("rows read back, and the oracle is never worse than a fixed horizon") {
  const DigitTasks tasks = tasks_from(7);
  std::vector<HorizonTask> results;
  for (std::size_t i = 0; i < 4; ++i) {
    results.push_back(run_horizon_task(tasks.task(i), 0.2, 8));
    const Row row = results.back().row();
    CHECK(row.size() == HorizonTask::columns(8).size());
    CHECK(HorizonTask::from_row(row).row() == row);
  }
  const std::vector<std::int64_t> fixed = {1, 2, 3, 4, 5, 6, 7, 8};
  const auto methods = horizon_methods(results, fixed);
  const auto& oracle = methods.back();
  CHECK(oracle.method == "oracle");
  for (const MethodErrors& method : methods) {
    CAPTURE(method.method);
    REQUIRE(method.errors.size() == results.size());
    if (method.method != "no update" && !method.method.starts_with("T = ") &&
        !method.method.starts_with("evidence")) {
      continue;
    }
    for (std::size_t i = 0; i < results.size(); ++i) {
      CHECK(oracle.errors[i] <= method.errors[i]);
    }
  }
}

TEST_CASE("with all heads every rule is the same, and one set is one update") {
  const Task source = tasks_from(5).task(0);
  SubspaceOptions options;
  options.budgets = {2, 1000};
  options.last_layers = 2;
  const SubspaceTask task = run_subspace_task(source, options);
  const std::size_t methods = subspace_methods().size();
  REQUIRE(task.query_errors.size() == 2 * methods);
  for (std::size_t m = 1; m < methods; ++m) {
    CHECK(task.query_errors[2 * m + 1] == test::close(task.query_errors[1], 1e-12));
    CHECK(task.prompt_errors[2 * m + 1] == test::close(task.prompt_errors[1], 1e-12));
  }
  CHECK(SubspaceTask::from_row(task.row()).row() == task.row());
  CHECK(task.row().size() == SubspaceTask::columns(options).size());

  const ttt::PromptModel& model = source.model;
  const auto geometry = model.capture({{model::LinearKind::value}, 2, 3});
  advice::PlanOptions plan;
  plan.ranking.method = subspace::Method::trace;
  plan.ranking.budget = 2;
  plan.ranking.horizon = options.horizon;
  const auto chosen = advice::plan(geometry, plan);
  const auto made = made_by(model, geometry, chosen.block_names, chosen.rho, options.horizon);
  const auto names = subspace_methods();
  const auto trace = static_cast<std::size_t>(std::ranges::find(names, "trace") - names.begin());
  CHECK(task.query_errors[2 * trace] == test::close(*made.queries[0].squared_error_adapted, 1e-3));
  CHECK(task.prompt_errors[2 * trace] ==
        test::close(std::pow(made.prompt.residual_norm_after, 2) / 10, 1e-3));
}

TEST_CASE("a whole run: the same files whatever the threads, and after a stop") {
  const test::TemporaryDirectory directory("digit-shift");
  set_threads(1);
  const StudyResult one = run(small_run(directory.path() / "one"));
  set_threads(2);
  const StudyResult two = run(small_run(directory.path() / "two"));
  const char* const parts[] = {"pilot.csv", "horizons.csv", "subspaces.csv"};
  for (const char* part : parts) {
    CHECK(io::read_file(directory.path() / "one" / part) ==
          io::read_file(directory.path() / "two" / part));
  }
  CHECK(to_json(one) == to_json(two));
  set_threads(0);

  // Stopped in the middle of a row of the second part.
  const auto cut = directory.path() / "two";
  const std::string rows = io::read_file(cut / "horizons.csv");
  io::write_file(cut / "horizons.csv", rows.substr(0, rows.size() * 2 / 3));
  std::filesystem::remove(cut / "subspaces.csv");
  StudyOptions options = small_run(cut);
  CHECK_THROWS_AS(run(options), InputError);
  options.resume = true;
  CHECK(to_json(run(options)) == to_json(one));
  for (const char* part : parts) {
    CHECK(io::read_file(directory.path() / "one" / part) == io::read_file(cut / part));
  }
  CHECK_THROWS_AS(run(options, 0.5), InputError);
}

TEST_CASE("the pilot takes the best of its own tasks; reports hold every part") {
  const test::TemporaryDirectory directory("digit-report");
  const StudyResult result = run(small_run(directory.path() / "run"));
  const auto& pilot = result.pilot;
  const auto best = std::ranges::min_element(pilot.scale_errors) - pilot.scale_errors.begin();
  CHECK(pilot.step_scale == small_run("").step_scales[static_cast<std::size_t>(best)]);
  CHECK(pilot.horizon_errors.size() == 10);
  for (std::size_t t = 1; t < 10; ++t) {
    CHECK(pilot.horizon_errors[static_cast<std::size_t>(pilot.fixed_horizon)] <=
          pilot.horizon_errors[t]);
  }
  REQUIRE(result.horizons.size() == 3);
  CHECK(result.horizons[1].tasks == 3);
  CHECK(result.subspaces.size() == 3 * subspace_methods().size());
  const std::string text = study_text(result, {});
  const std::string html =
      study_html({"t", "s", {}}, result, "trained on this", published_digit_shift()).html();
  for (const char* part : {"oracle", "Gibbs average", "trace-bottom", "Holm", "noisy"}) {
    CAPTURE(part);
    CHECK(text.find(part) != std::string::npos);
    CHECK(html.find(part) != std::string::npos);
  }
  CHECK(html.find("trained on this") != std::string::npos);
  CHECK(html.find("Published figures") != std::string::npos);
}

TEST_CASE("wrong options are rejected") {
  StudyOptions options = small_run(std::filesystem::temp_directory_path() / "unused");
  options.tasks = 1;
  CHECK_THROWS_AS(run(options), ArgumentError);
  options = small_run(options.out);
  options.fixed_horizons = {10};
  CHECK_THROWS_AS(run(options), ArgumentError);
}

TEST_CASE("a model's fingerprint reads its configuration and every shard") {
  const auto parameters =
      test::random_parameters<float>(test::small_config(model::Family::gpt2), 1);
  const test::TemporaryDirectory directory("fingerprint");
  const std::filesystem::path path = directory.path();
  test::write_model(path, parameters);
  const std::uint64_t single = weights_fingerprint(path);
  CHECK(single == weights_fingerprint(path));
  const std::string config = io::read_file(path / "config.json");
  io::write_file(path / "config.json", config + " ");
  CHECK(weights_fingerprint(path) != single);
  io::write_file(path / "config.json", config);
  std::filesystem::remove(path / "model.safetensors");
  CHECK_THROWS_AS(weights_fingerprint(path), InputError);

  nlohmann::json map;
  for (const int shard : {0, 1, 2}) {
    const std::string file = fmt::format("model-{}.safetensors", shard);
    io::SafetensorsWriter writer;
    test::add_tensors(writer, parameters, [&](const std::string& name) {
      const bool here = name.size() % 3 == static_cast<std::size_t>(shard);
      if (here) map[name] = file;
      return here ? name : std::string();
    });
    writer.write(path / file);
  }
  io::write_file(path / "model.safetensors.index.json", nlohmann::json{{"weight_map", map}}.dump());
  const std::uint64_t sharded = weights_fingerprint(path);
  CHECK(sharded != 0);
  CHECK(sharded == weights_fingerprint(path));
  for (const int shard : {0, 1, 2}) {
    const std::filesystem::path file = path / fmt::format("model-{}.safetensors", shard);
    const std::string kept = io::read_file(file);
    std::string changed = kept;
    changed[changed.size() - 2] = static_cast<char>(changed[changed.size() - 2] ^ 1);
    io::write_file(file, changed);
    CHECK(weights_fingerprint(path) != sharded);
    io::write_file(file, kept);
  }
  CHECK(weights_fingerprint(path) == sharded);
}
