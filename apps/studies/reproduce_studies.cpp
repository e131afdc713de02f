#include <functional>
#include <memory>

#include "reproduce.hpp"
#include "sextant/core/errors.hpp"
#include "sextant/io/files.hpp"
#include "sextant/io/json.hpp"
#include "sextant/studies/reproduce/digit_tasks.hpp"
#include "sextant/studies/reproduce/sst2_tasks.hpp"
#include "sextant/studies/reproduce/study_report.hpp"

namespace sextant::apps {
namespace {

namespace fs = std::filesystem;

struct ReproduceStudiesOptions {
  ReproduceOptions common;
  std::string model;
  std::string data;
  studies::reproduce::StudyOptions study;
  studies::reproduce::DigitTaskOptions digits;
  studies::reproduce::Sst2Options sentences;
};

/// What the recipe beside a checkpoint says about its training; empty without one.
std::string training_of(const fs::path& model) {
  const fs::path recipe = model / "recipe.json";
  if (!fs::exists(recipe)) return {};
  const auto json = io::parse_json(io::read_file(recipe), recipe.string());
  const auto distribution = json.find("distribution");
  if (distribution == json.end() || !distribution->contains("description")) return {};
  return (*distribution)["description"].get<std::string>();
}

/// Runs a study and writes what it gave.
void run_reproduce_studies(const ReproduceStudiesOptions& options, const std::string& experiment,
                           const std::string& title, const fs::path& model,
                           const studies::reproduce::Published& published,
                           const std::function<studies::reproduce::Study()>& make) {
  const ReproduceOptions& common = options.common;
  studies::reproduce::StudyOptions study = options.study;
  study.out = common.out;
  study.resume = common.resume;
  study.resampling.seed = common.shared.seed;
  study.on_progress = part_progress(common);
  ReproduceOutput output(common, experiment);
  const studies::reproduce::StudyResult result = studies::reproduce::run_study(make(), study);
  const report::Heading top =
      heading(title, model.string(), common.shared.seed,
              {{"tasks", std::to_string(study.tasks)},
               {"tasks of the head study", std::to_string(study.subspace_tasks)},
               {"pilot tasks", std::to_string(study.pilot_tasks)}});
  output.write(to_json(result), study_html(top, result, training_of(model), published),
               study_text(result, report::terminal_style(1)));
}

void run_digit_shift(const ReproduceStudiesOptions& options) {
  apply_shared_options(options.common.shared);
  const std::string model = options.model.empty() ? shipped_model("digits-gpt2") : options.model;
  studies::reproduce::DigitTaskOptions tasks = options.digits;
  tasks.first_seed = studies::reproduce::first_task_seed(options.common.shared.seed);
  run_reproduce_studies(options, "digit-shift", "Digit shift: how far and which heads", model,
                        studies::reproduce::published_digit_shift(),
                        [&] { return studies::reproduce::digit_shift_study(model, tasks); });
}

void run_sst2(const ReproduceStudiesOptions& options) {
  apply_shared_options(options.common.shared);
  studies::reproduce::Sst2Options tasks = options.sentences;
  if (tasks.balanced && tasks.examples % 2 != 0) {
    throw UsageError("--balanced needs an even number of --examples");
  }
  tasks.seed = options.common.shared.seed;
  run_reproduce_studies(options, "sst2", "SST-2: how far and which heads", options.model,
                        studies::reproduce::published_sst2(), [&] {
                          return studies::reproduce::sst2_study(options.model, options.data, tasks);
                        });
}

void add_study_options(CLI::App& command, ReproduceStudiesOptions& options) {
  auto& study = options.study;
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
  add_reproduce_options(command, options.common, Resumable::yes);
}

void add_digit_shift(CLI::App& reproduce) {
  auto* command = reproduce.add_subcommand(
      "digit-shift", "How far and which heads, on digit-shift tasks with clean and noisy labels");
  const auto options = std::make_shared<ReproduceStudiesOptions>();
  command->add_option("--model", options->model,
                      "Decoder directory; default: the shipped models/digits-gpt2");
  command->add_option("--examples", options->digits.examples, "Labelled examples of a task")
      ->check(CLI::Range(2, 1000))
      ->capture_default_str();
  command
      ->add_option("--noise", options->digits.label_noise,
                   "Probability that a label of a noisy task is replaced by a uniform digit")
      ->check(CLI::Range(0.0, 1.0))
      ->check([](const std::string& text) {
        return text.find_first_of("0123456789") == std::string::npos
                   ? "Value " + text + " is not a number between 0 and 1"
                   : std::string();
      })
      ->capture_default_str();
  add_study_options(*command, *options);
  command->callback([options] { run_digit_shift(*options); });
}

void add_sst2(CLI::App& reproduce) {
  auto* command = reproduce.add_subcommand(
      "sst2", "The same on sentences with their sentiment, for decoders and sentence encoders");
  const auto options = std::make_shared<ReproduceStudiesOptions>();
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
  command->add_flag("--balanced", options->sentences.balanced,
                    "Tasks with as many examples of one label as of the other");
  command
      ->add_option("--head-sentences", options->sentences.head_sentences,
                   "Fit the encoder's head on the first so many training sentences; 0: on all")
      ->check(CLI::Range(0, 10'000'000))
      ->capture_default_str();
  command->add_option("--queries", options->sentences.queries, "Other sentences of a task")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  add_study_options(*command, *options);
  command->callback([options] { run_sst2(*options); });
}

}  // namespace

void add_reproduce_studies(CLI::App& reproduce) {
  add_digit_shift(reproduce);
  add_sst2(reproduce);
}

}  // namespace sextant::apps
