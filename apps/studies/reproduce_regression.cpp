#include <memory>

#include "reproduce.hpp"
#include "sextant/studies/reproduce/regression_shift.hpp"

namespace sextant::apps {
namespace {

struct ReproduceRegressionOptions {
  ReproduceOptions common;
  studies::reproduce::RegressionShiftOptions study;
  std::string model;
};

void run_reproduce_regression(const ReproduceRegressionOptions& options) {
  apply_shared_options(options.common.shared);
  studies::reproduce::RegressionShiftOptions study = options.study;
  study.seed = options.common.shared.seed;
  const std::string model =
      options.model.empty() ? shipped_model("regression-gpt2") : options.model;
  ReproduceOutput output(options.common, "regression-shift");
  const studies::reproduce::TheoryStudy result = regression_shift_study(study, model);
  const report::Heading top = heading(
      result.title, model, study.seed,
      {{"tasks", std::to_string(study.tasks)}, {"pilot tasks", std::to_string(study.pilot_tasks)}});
  output.write(to_json(result), theory_html(top, result),
               theory_text(result, report::terminal_style(1)));
}

}  // namespace

void add_reproduce_regression(CLI::App& reproduce) {
  auto* command = reproduce.add_subcommand("regression-shift",
                                           "A GPT-2 for regression, adapted to another covariance");
  const auto options = std::make_shared<ReproduceRegressionOptions>();
  command->add_option("--model", options->model,
                      "Directory of `pretrain regression`; default: the shipped one");
  command->add_option("--tasks", options->study.tasks, "Tasks for each covariance")
      ->check(CLI::Range(2, 1'000'000))
      ->capture_default_str();
  command
      ->add_option("--pilot-tasks", options->study.pilot_tasks,
                   "Other tasks, for step size and number of steps")
      ->check(CLI::Range(1, 1'000'000))
      ->capture_default_str();
  add_reproduce_options(*command, options->common, Resumable::no);
  command->callback([options] { run_reproduce_regression(*options); });
}

}  // namespace sextant::apps
