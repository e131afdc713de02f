#include <functional>
#include <memory>

#include "reproduce.hpp"
#include "sextant/reproduce/run_log.hpp"
#include "sextant/reproduce/theory_study.hpp"

namespace sextant::apps {
namespace {

struct Options {
  ReproduceOptions common;
  reproduce::TheoryOptions theory;
  std::string model;
};

using Make = std::function<reproduce::TheoryStudy(const Options&)>;

void run(const Options& options, const Make& make) {
  apply_shared_options(options.common.shared);
  Options used = options;
  used.theory.seed = options.common.shared.seed;
  reproduce::make_study_directory(options.common.out);
  ResultFiles files(options.common.output);
  const reproduce::TheoryStudy study = make(used);
  const report::Heading heading = reproduce_heading(
      options.common, study.title, used.model, {{"draws", std::to_string(options.theory.draws)}});
  write_results(options.common, files, to_json(study), theory_html(heading, study),
                theory_text(study, report::terminal_style(1)));
}

void add(CLI::App& reproduce, const char* name, const char* description, int draws,
         const Make& make, bool with_model = false) {
  auto* command = reproduce.add_subcommand(name, description);
  const auto options = std::make_shared<Options>();
  options->theory.draws = draws;
  if (with_model) {
    command->add_option("--model", options->model,
                        "Decoder directory; default: the shipped models/digits-gpt2");
  } else {
    command->add_option("--draws", options->theory.draws, "Draws of each simulation")
        ->check(CLI::Range(100, 10'000'000))
        ->capture_default_str();
  }
  add_reproduce_options(*command, options->common, Resumable::no);
  command->callback([options, make] { run(*options, make); });
}

}  // namespace

void add_reproduce_theory(CLI::App& reproduce) {
  add(reproduce, "bayes-gap", "When adapting helps: Bayes gaps against simulation", 4000,
      [](const Options& options) { return reproduce::bayes_gap_study(options.theory); });
  add(reproduce, "horizon", "How far: matched times and the Marchenko-Pastur limit", 4000,
      [](const Options& options) { return reproduce::horizon_study(options.theory); });
  add(reproduce, "necessity", "What no fixed number of steps can do", 4000,
      [](const Options& options) { return reproduce::necessity_study(options.theory); });
  add(reproduce, "evidence-bound", "Certificates with their coverage, calibration of posteriors",
      4000, [](const Options& options) { return reproduce::evidence_bound_study(options.theory); });
  add(reproduce, "subspace", "Optimal subspaces and global designs", 4000,
      [](const Options& options) { return reproduce::subspace_study(options.theory); });
  add(
      reproduce, "validity", "Deviation from the linear model on a real model", 100,
      [](const Options& options) {
        return reproduce::validity_study(options.theory,
                                         options.model.empty() ? shipped_model() : options.model);
      },
      true);
}

}  // namespace sextant::apps
