#include <fmt/format.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "commands.hpp"
#include "program/help.hpp"
#include "program/output.hpp"
#include "program/study_commands.hpp"
#include "sextant/core/errors.hpp"
#include "sextant/studies/generators/covariances.hpp"
#include "sextant/studies/linear/advice.hpp"
#include "sextant/studies/presentation/linear_text.hpp"

namespace sextant::apps {
namespace {

constexpr const char* setting_group = "The setting";
constexpr const char* advice_group = "The advice";

struct LinearOptions {
  studies::linear::Isotropic setting;
  std::optional<std::int64_t> d;
  std::string covariances;
  studies::linear::AdviceOptions advice;
  OutputOptions output;
};

studies::linear::Advice advice_from(const LinearOptions& options) {
  studies::linear::Isotropic setting = options.setting;
  if (options.covariances.empty()) {
    if (!options.d) throw UsageError("--d: is missing; give it, or --covariances FILE");
    setting.d = *options.d;
    return studies::linear::advise(setting, options.advice);
  }
  const studies::generators::Covariances read =
      studies::generators::read_covariances(options.covariances);
  if (options.d && *options.d != read.task.size()) {
    throw UsageError(fmt::format("--d: is {}, but {} holds {} variances", *options.d,
                                 options.covariances, read.task.size()));
  }
  return studies::linear::advise(
      studies::linear::Diagonal{setting.n, setting.k, read.input_variances, read.task,
                                setting.sigma2},
      read.task_variances, options.advice);
}

void run_linear(const LinearOptions& options) {
  ResultFiles files(options.output, {{"--covariances", options.covariances}});
  const studies::linear::Advice advice = advice_from(options);
  files.write(studies::presentation::to_json(advice),
              studies::presentation::linear_text(advice, report::terminal_style(1)), {});
}

}  // namespace

void add_linear(CLI::App& app) {
  CLI::App* command = &add_study_command(app, "linear");
  const auto options = std::make_shared<LinearOptions>();
  in_group(*command, setting_group, [&] {
    command->add_option("--n", options->setting.n, "Labelled examples in a context, 1 to 10^6")
        ->required();
    command->add_option("--k", options->setting.k, "Samples of the gradient step, 1 to 10^6")
        ->required();
    command->add_option("--d", options->d,
                        "Dimension, 1 to 10^5; with --covariances that of the file");
    command
        ->add_option("--noise", options->setting.sigma2, "Variance of the labels' noise, 0 or more")
        ->capture_default_str();
    auto* signal = command
                       ->add_option("--signal", options->setting.b2,
                                    "Variance of the labels without noise, |beta|^2, 0 or more")
                       ->capture_default_str();
    command
        ->add_option("--covariances", options->covariances,
                     "JSON file with input_variances, task_variances and, optional, task")
        ->excludes(signal);
  });
  in_group(*command, advice_group, [&] {
    command
        ->add_option(
            "--least-share", options->advice.least_share,
            "Adapt when the best step takes at least this share, 0 to 1, off the excess risk")
        ->capture_default_str();
    command
        ->add_option("--steps", options->advice.steps,
                     "Also up to this many steps, 1 to 10^4, in the limit of large sizes")
        ->capture_default_str();
  });
  add_output_options(*command, options->output, false);
  add_example(*command, "sextant linear --n 30 --k 15 --d 20 --noise 0.25 --steps 20",
              "Whether to adapt on contexts of 30 examples in 20 dimensions, by a step on 15 "
              "samples or up to 20 steps.");
  command->callback([options] { run_linear(*options); });
}

}  // namespace sextant::apps
