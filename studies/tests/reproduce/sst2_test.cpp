/// Sentence tasks on a small random encoder: what they are drawn from, and a whole run.

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "sextant/core/errors.hpp"
#include "sextant/core/random.hpp"
#include "sextant/io/files.hpp"
#include "sextant/studies/reproduce/sst2_tasks.hpp"
#include "support/close.hpp"
#include "support/model_directory.hpp"

using namespace sextant;
using namespace sextant::studies;
using namespace sextant::studies::reproduce;

namespace {

/// `count` sentences of single letters; "a" and "b" are more frequent where the label is 1.
std::string sentences(int count, std::uint64_t seed) {
  Random random(seed);
  std::string text = "sentence\tlabel\n";
  for (int i = 0; i < count; ++i) {
    const auto label = random.below(2);
    for (int w = 0; w < 5; ++w) {
      const std::uint64_t letters = label == 1 && random.below(2) == 0 ? 2 : 6;
      text += static_cast<char>('a' + random.below(letters));
      text += ' ';
    }
    text += fmt::format("\t{}\n", label);
  }
  return text;
}

}  // namespace

TEST_CASE("sentence tasks: both labels, no sentence of the pilot's half, the same for a seed") {
  const test::TemporaryDirectory directory("sst2");
  test::write_letters_encoder(directory.path() / "encoder");
  io::write_file(directory.path() / "dev.tsv", sentences(80, 1));
  io::write_file(directory.path() / "train_2000.tsv", sentences(60, 2));
  Sst2Options options;
  options.examples = 6;
  options.queries = 2;
  const Study study = sst2_study(directory.path() / "encoder", directory.path(), options);
  CHECK(study.groups.empty());
  for (const std::size_t index : {0, 1, 5}) {
    const Task task = study.task(index);
    const auto& prompt = task.model.prompt();
    CHECK(prompt.example_targets.size() == 6);
    CHECK(prompt.query_targets.size() == 2);
    CHECK(std::ranges::count(prompt.example_targets, 0.0) > 0);
    CHECK(std::ranges::count(prompt.example_targets, 1.0) > 0);
    CHECK(study.task(index).model.prompt().example_tokens == prompt.example_tokens);
    CHECK(study.pilot_task(index).model.prompt().example_tokens != prompt.example_tokens);
  }
  CHECK(study.task(0).model.prompt().example_tokens != study.task(1).model.prompt().example_tokens);

  StudyOptions run;
  run.out = directory.path() / "run";
  run.tasks = 3;
  run.pilot_tasks = 2;
  run.subspace_tasks = 2;
  run.max_horizon = 8;
  run.fixed_horizons = {8};
  run.step_scales = {0.1};
  run.resampling.resamples = 100;
  const StudyResult result = run_study(study, run);
  CHECK(result.horizons.size() == 1);
  CHECK(result.pilot.step_scale == 0.1);
  double base = 0;  // of the pilot, over both queries of both tasks
  for (const std::size_t index : {0, 1}) {
    const ttt::PromptModel model = study.pilot_task(index).model;
    base += mean_squared_error(model, model.predictions(model.weights()).tail(2)) / 2;
  }
  CHECK(result.pilot.horizon_errors[0] == test::close(base, 1e-5));
  for (const HorizonTask& task : result.horizon_tasks) CHECK(task.path.size() == 9);
}

TEST_CASE("tasks can be balanced, and the head can be fitted on fewer sentences") {
  const test::TemporaryDirectory directory("sst2-options");
  test::write_letters_encoder(directory.path() / "encoder");
  io::write_file(directory.path() / "dev.tsv", sentences(80, 1));
  io::write_file(directory.path() / "train_2000.tsv", sentences(60, 2));
  Sst2Options options;
  options.examples = 7;
  options.balanced = true;
  const auto study = [&] {
    return sst2_study(directory.path() / "encoder", directory.path(), options);
  };
  const Study all = study();
  for (const std::size_t index : {0, 1, 2, 3, 4, 5}) {
    const auto positive = std::ranges::count(all.task(index).model.prompt().example_targets, 1.0);
    CHECK((positive == 3 || positive == 4));
  }
  options.head_sentences = 20;
  const Study fewer = study();
  CHECK(fewer.settings != all.settings);
  const auto base = [](const Study& from) {
    const ttt::PromptModel model = from.task(0).model;
    return Eigen::VectorXd(model.predictions(model.weights()));
  };
  CHECK(base(fewer) != base(all));
  options.head_sentences = 61;
  CHECK_THROWS_AS(study(), InputError);
}

TEST_CASE("data that cannot serve are refused") {
  const test::TemporaryDirectory directory("sst2-bad");
  test::write_letters_encoder(directory.path() / "encoder");
  const auto make = [&] { return sst2_study(directory.path() / "encoder", directory.path(), {}); };
  CHECK_THROWS_AS(make(), InputError);
  io::write_file(directory.path() / "dev.tsv", sentences(20, 1));
  CHECK_THROWS_AS(make(), InputError);  // too few
  io::write_file(directory.path() / "dev.tsv", sentences(80, 1) + "a b\t3\n");
  CHECK_THROWS_AS(make(), InputError);
  io::write_file(directory.path() / "dev.tsv", sentences(80, 1));
  CHECK_THROWS_AS(make(), InputError);  // no training sentences
  // One label alone, which no draw could mend.
  io::write_file(directory.path() / "train_2000.tsv", sentences(60, 2));
  std::string positive = "sentence\tlabel\n";
  for (int i = 0; i < 80; ++i) positive += "a b\t1\n";
  io::write_file(directory.path() / "dev.tsv", positive);
  CHECK_THROWS_AS(make(), InputError);
}

TEST_CASE("the head is fitted and used with the directory's pooling, which the settings name") {
  const test::TemporaryDirectory directory("sst2-pooling");
  const std::filesystem::path encoder = directory.path() / "encoder";
  test::write_letters_encoder(encoder);
  io::write_file(directory.path() / "dev.tsv", sentences(80, 1));
  io::write_file(directory.path() / "train_2000.tsv", sentences(60, 2));
  Sst2Options options;
  options.examples = 6;
  const auto study = [&] { return sst2_study(encoder, directory.path(), options); };
  const auto predictions = [](const Study& of) {
    const ttt::PromptModel model = of.task(0).model;
    return Eigen::VectorXd(model.predictions(model.weights()));
  };
  const Study mean = study();
  std::filesystem::create_directories(encoder / "1_Pooling");
  std::filesystem::create_directories(encoder / "2_Normalize");
  io::write_file(encoder / "1_Pooling" / "config.json", R"({"pooling_mode": "cls"})");
  const Study cls = study();
  CHECK(mean.settings.find("pooling mean,") != std::string::npos);
  CHECK(cls.settings.find("pooling cls normalized,") != std::string::npos);
  CHECK((predictions(mean) - predictions(cls)).norm() > 1e-3);
}
