#include <fmt/format.h>

#include <functional>
#include <memory>
#include <optional>

#include "commands.hpp"
#include "output.hpp"
#include "sextant/core/errors.hpp"
#include "sextant/core/progress.hpp"
#include "sextant/core/version.hpp"
#include "sextant/io/files.hpp"
#include "sextant/io/json.hpp"
#include "sextant/report/json_output.hpp"
#include "sextant/reproduce/digit_tasks.hpp"
#include "sextant/reproduce/sst2_tasks.hpp"
#include "sextant/reproduce/study_report.hpp"

namespace sextant::apps {
namespace {

namespace fs = std::filesystem;

struct Options {
  SharedOptions shared;
  OutputOptions output;
  std::string model;
  std::string data;
  reproduce::StudyOptions study;
  reproduce::DigitTaskOptions digits;
  reproduce::Sst2Options sentences;
};

/// The checkpoint that comes with the program: in the source tree, or beside the installed program.
std::string shipped_model() {
  const fs::path name = fs::path("models") / "digits-gpt2";
  std::error_code error;
  const fs::path program = fs::read_symlink("/proc/self/exe", error);
  for (const fs::path& candidate :
       {name, program.parent_path().parent_path() / "share" / "sextant" / name}) {
    if (fs::exists(candidate / "config.json", error)) return candidate.string();
  }
  throw UsageError(
      "--model: give a model directory; the shipped one (models/digits-gpt2) is not "
      "in this directory");
}

/// What the recipe beside a checkpoint says about its training; empty without one.
std::string training_of(const fs::path& model) {
  const fs::path recipe = model / "recipe.json";
  if (!fs::exists(recipe)) return {};
  const auto json = io::parse_json(io::read_file(recipe), recipe.string());
  const auto distribution = json.find("distribution");
  if (distribution == json.end() || !distribution->contains("description")) return {};
  return (*distribution)["description"].get<std::string>();
}

/// Runs a study with a progress line for each part and writes what it gave.
void run(const Options& options, const std::string& title, const fs::path& model,
         const reproduce::Published& published, const std::function<reproduce::Study()>& make) {
  reproduce::StudyOptions study = options.study;
  study.resampling.seed = options.shared.seed;
  std::optional<Progress> progress;
  std::string shown;
  study.on_progress = [&](std::string_view part, std::size_t done, std::size_t count,
                          std::size_t before) {
    if (shown != part) {
      shown = part;
      progress.emplace(shown, count, !options.shared.quiet);
    }
    progress->update(done, {}, before);
  };
  fs::create_directories(study.out);
  ResultFiles files(options.output);
  const reproduce::StudyResult result = reproduce::run_study(make(), study);
  progress.reset();

  report::Heading heading;
  heading.title = title;
  heading.subtitle = model.string();
  heading.provenance.command = command_line();
  heading.provenance.version = version();
  heading.provenance.details = {{"seed", std::to_string(options.shared.seed)},
                                {"tasks", std::to_string(study.tasks)},
                                {"tasks of the head study", std::to_string(study.subspace_tasks)},
                                {"pilot tasks", std::to_string(study.pilot_tasks)}};
  const report::OrderedJson json = reproduce::to_json(result);
  const std::string html = study_html(heading, result, training_of(model), published);
  io::write_file(study.out / "results.json", report::json_text(json));
  io::write_file(study.out / "report.html", html);
  files.write(json, reproduce::study_text(result, report::terminal_style(1)), [&] { return html; });
}

void run_digit_shift(const Options& options) {
  apply_shared_options(options.shared);
  const std::string model = options.model.empty() ? shipped_model() : options.model;
  reproduce::DigitTaskOptions tasks = options.digits;
  tasks.first_seed = options.shared.seed;
  run(options, "Digit shift: how far and which heads", model, reproduce::published_digit_shift(),
      [&] { return reproduce::digit_shift_study(model, tasks); });
}

void run_sst2(const Options& options) {
  apply_shared_options(options.shared);
  reproduce::Sst2Options tasks = options.sentences;
  tasks.seed = options.shared.seed;
  run(options, "SST-2: how far and which heads", options.model, reproduce::published_sst2(),
      [&] { return reproduce::sst2_study(options.model, options.data, tasks); });
}

void add_study_options(CLI::App& command, Options& options) {
  auto& study = options.study;
  command.add_option("--out", study.out, "Directory for rows, results.json and report.html")
      ->required();
  command.add_option("--tasks", study.tasks, "Tasks of the horizon study")
      ->check(CLI::Range(2, 10'000'000))
      ->capture_default_str();
  command
      .add_option("--head-tasks", study.subspace_tasks, "Tasks of the head study; 0 leaves it out")
      ->check(CLI::Range(0, 10'000'000))
      ->capture_default_str();
  command
      .add_option("--pilot-tasks", study.pilot_tasks,
                  "Other tasks, that choose step scale and fixed horizon")
      ->check(CLI::Range(2, 10'000'000))
      ->capture_default_str();
  command
      .add_option("--last-layers", study.subspaces.last_layers,
                  "The head study chooses among the heads of that many last layers")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  command.add_flag("--resume", study.resume, "Continue a run that was stopped");
  add_output_options(command, options.output, true);
  add_shared_options(command, options.shared);
}

void add_digit_shift(CLI::App& reproduce) {
  auto* command = reproduce.add_subcommand(
      "digit-shift", "How far and which heads, on digit-shift tasks with clean and noisy labels");
  const auto options = std::make_shared<Options>();
  command->add_option("--model", options->model,
                      "Decoder directory; default: the shipped models/digits-gpt2");
  command->add_option("--examples", options->digits.examples, "Labelled examples of a task")
      ->check(CLI::Range(2, 1000))
      ->capture_default_str();
  command
      ->add_option("--noise", options->digits.label_noise,
                   "Probability that a label of a noisy task is replaced by a uniform digit")
      ->check(CLI::Range(0.0, 1.0))
      ->capture_default_str();
  add_study_options(*command, *options);
  command->callback([options] { run_digit_shift(*options); });
}

void add_sst2(CLI::App& reproduce) {
  auto* command = reproduce.add_subcommand(
      "sst2", "The same on sentences with their sentiment, for decoders and sentence encoders");
  const auto options = std::make_shared<Options>();
  auto& study = options->study;
  study.tasks = 200;
  study.subspace_tasks = 50;
  study.pilot_tasks = 20;
  study.step_scales = {0.1};  // as the paper does here
  command->add_option("--model", options->model, "Model directory")->required();
  command
      ->add_option("--data", options->data,
                   "Folder with dev.tsv and, for encoders, train_2000.tsv (sentence<TAB>label)")
      ->required();
  command->add_option("--examples", options->sentences.examples, "Labelled sentences of a task")
      ->check(CLI::Range(2, 1000))
      ->capture_default_str();
  command->add_option("--queries", options->sentences.queries, "Other sentences of a task")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  add_study_options(*command, *options);
  command->callback([options] { run_sst2(*options); });
}

}  // namespace

void add_reproduce(CLI::App& app) {
  auto* reproduce = app.add_subcommand(
      "reproduce", "Run a paper's experiment; ours beside the published figures");
  reproduce->require_subcommand(1);
  add_digit_shift(*reproduce);
  add_sst2(*reproduce);
}

}  // namespace sextant::apps
