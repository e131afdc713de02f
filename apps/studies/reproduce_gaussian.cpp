#include <memory>

#include "reproduce.hpp"
#include "sextant/studies/reproduce/gaussian_report.hpp"

namespace sextant::apps {
namespace {

struct ReproduceGaussianOptions {
  ReproduceOptions common;
  studies::reproduce::GaussianOptions study;
};

void run_reproduce_gaussian(const ReproduceGaussianOptions& options) {
  apply_shared_options(options.common.shared);
  studies::reproduce::GaussianOptions study = options.study;
  study.out = options.common.out;
  study.resume = options.common.resume;
  study.seed = options.common.shared.seed;
  study.resampling.seed = study.seed;
  study.on_progress = part_progress(options.common);
  ReproduceOutput output(options.common, "gaussian-benchmark");
  const studies::reproduce::GaussianResult result = studies::reproduce::run_gaussian_study(study);
  const report::Heading top = heading("The Gaussian benchmark: how far and which blocks",
                                      "no model", options.common.shared.seed,
                                      {{"prompts", std::to_string(study.prompts)},
                                       {"geometries", std::to_string(study.geometries)}});
  output.write(to_json(result), gaussian_html(top, result),
               gaussian_text(result, report::terminal_style(1)));
}

}  // namespace

void add_reproduce_gaussian(CLI::App& reproduce) {
  auto* command = reproduce.add_subcommand(
      "gaussian-benchmark",
      "How far and which blocks, on prompts of the Gaussian benchmark, where errors are exact");
  const auto options = std::make_shared<ReproduceGaussianOptions>();
  command->add_option("--prompts", options->study.prompts, "Prompts of each spectrum")
      ->check(CLI::Range(2, 10'000'000))
      ->capture_default_str();
  command->add_option("--geometries", options->study.geometries, "Geometries of each set of heads")
      ->check(CLI::Range(2, 10'000'000))
      ->capture_default_str();
  add_reproduce_options(*command, options->common, Resumable::yes);
  command->callback([options] { run_reproduce_gaussian(*options); });
}

}  // namespace sextant::apps
