#include <fmt/format.h>

#include <memory>
#include <optional>

#include "commands.hpp"
#include "output.hpp"
#include "sextant/core/errors.hpp"
#include "sextant/core/progress.hpp"
#include "sextant/core/version.hpp"
#include "sextant/io/json.hpp"
#include "sextant/report/json_output.hpp"
#include "sextant/reproduce/digit_shift_report.hpp"

namespace sextant::apps {
namespace {

namespace fs = std::filesystem;

struct Options {
  SharedOptions shared;
  OutputOptions output;
  std::string model;
  reproduce::DigitShiftOptions experiment;
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

void run(Options& options) {
  apply_shared_options(options.shared);
  auto& experiment = options.experiment;
  experiment.model = options.model.empty() ? shipped_model() : options.model;
  experiment.seed = options.shared.seed;
  std::optional<Progress> progress;
  std::string shown;
  experiment.on_progress = [&](std::string_view part, std::size_t done, std::size_t count,
                               std::size_t before) {
    if (shown != part) {
      shown = part;
      progress.emplace(shown, count, !options.shared.quiet);
    }
    progress->update(done, {}, before);
  };
  fs::create_directories(experiment.out);
  ResultFiles files(options.output);
  io::AtomicFile report_file(experiment.out / "report.html");
  io::AtomicFile json_file(experiment.out / "results.json");
  const reproduce::DigitShiftResult result = reproduce::run_digit_shift(experiment);
  progress.reset();

  report::Heading heading;
  heading.title = "Digit shift: how far and which heads";
  heading.subtitle = experiment.model.string();
  heading.provenance.command = command_line();
  heading.provenance.version = version();
  heading.provenance.details = {
      {"seed", std::to_string(experiment.seed)},
      {"tasks", std::to_string(experiment.tasks)},
      {"tasks of the head study", std::to_string(experiment.subspace_tasks)},
      {"pilot tasks", std::to_string(experiment.pilot_tasks)}};
  const report::OrderedJson json = reproduce::to_json(result);
  const std::string html = digit_shift_html(heading, result, training_of(experiment.model));
  report_file.stream() << html;
  json_file.stream() << report::json_text(json);
  report_file.commit();
  json_file.commit();
  files.write(json, reproduce::digit_shift_text(result, report::terminal_style(1)),
              [&] { return html; });
}

}  // namespace

void add_reproduce(CLI::App& app) {
  auto* reproduce = app.add_subcommand(
      "reproduce", "Run a paper's experiment; ours beside the published figures");
  reproduce->require_subcommand(1);
  auto* command = reproduce->add_subcommand(
      "digit-shift", "How far and which heads, on digit-shift tasks with clean and noisy labels");
  const auto options = std::make_shared<Options>();
  auto& experiment = options->experiment;
  command->add_option("--model", options->model,
                      "Decoder directory; default: the shipped models/digits-gpt2");
  command->add_option("--out", experiment.out, "Directory for rows, results.json and report.html")
      ->required();
  command->add_option("--tasks", experiment.tasks, "Tasks of the horizon study")
      ->check(CLI::Range(2, 10'000'000))
      ->capture_default_str();
  command
      ->add_option("--head-tasks", experiment.subspace_tasks,
                   "Tasks of the head study; 0 leaves it out")
      ->check(CLI::Range(0, 10'000'000))
      ->capture_default_str();
  command
      ->add_option("--pilot-tasks", experiment.pilot_tasks,
                   "Other tasks, that choose step scale and fixed horizon")
      ->check(CLI::Range(2, 10'000'000))
      ->capture_default_str();
  command->add_option("--examples", experiment.examples, "Labelled examples of a task")
      ->check(CLI::Range(2, 1000))
      ->capture_default_str();
  command
      ->add_option("--noise", experiment.label_noise,
                   "Probability that a label of a noisy task is replaced by a uniform digit")
      ->check(CLI::Range(0.0, 1.0))
      ->capture_default_str();
  command
      ->add_option("--last-layers", experiment.subspaces.last_layers,
                   "The head study chooses among the heads of that many last layers")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  command->add_flag("--resume", experiment.resume, "Continue a run that was stopped");
  add_output_options(*command, options->output, true);
  add_shared_options(*command, options->shared);
  command->callback([options] { run(*options); });
}

}  // namespace sextant::apps
