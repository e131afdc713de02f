#include <functional>
#include <memory>

#include "reproduce.hpp"
#include "sextant/studies/reproduce/theory_study.hpp"

namespace sextant::apps {
namespace {

struct ReproduceTheoryOptions {
  ReproduceOptions common;
  studies::reproduce::TheoryOptions theory;
  std::string model;
};

using Make = std::function<studies::reproduce::TheoryStudy(const ReproduceTheoryOptions&)>;

void run_reproduce_theory(const ReproduceTheoryOptions& options, const char* name,
                          const Make& make) {
  apply_shared_options(options.common.shared);
  ReproduceTheoryOptions used = options;
  used.theory.seed = options.common.shared.seed;
  ReproduceOutput output(options.common, name);
  const studies::reproduce::TheoryStudy study = make(used);
  const report::Heading top = heading(study.title, used.model, options.common.shared.seed, {});
  output.write(to_json(study), theory_html(top, study),
               theory_text(study, report::terminal_style(1)));
}

enum class Takes { draws, model, neither };

void add_theory_study(CLI::App& reproduce, const char* name, const char* description, Takes takes,
                      const Make& make) {
  auto* command = reproduce.add_subcommand(name, description);
  const auto options = std::make_shared<ReproduceTheoryOptions>();
  if (takes == Takes::model) {
    command->add_option("--model", options->model,
                        "Decoder directory; default: the shipped models/digits-gpt2");
  } else if (takes == Takes::draws) {
    command->add_option("--draws", options->theory.draws, "Draws of each simulation")
        ->check(CLI::Range(100, 10'000'000))
        ->capture_default_str();
  }
  add_reproduce_options(*command, options->common, Resumable::no);
  command->callback([options, name, make] { run_reproduce_theory(*options, name, make); });
}

}  // namespace

void add_reproduce_theory(CLI::App& reproduce) {
  add_theory_study(reproduce, "bayes-gap", "When adapting helps: Bayes gaps against simulation",
                   Takes::draws, [](const ReproduceTheoryOptions& options) {
                     return studies::reproduce::bayes_gap_study(options.theory);
                   });
  add_theory_study(reproduce, "horizon", "How far: matched times and the Marchenko-Pastur limit",
                   Takes::neither, [](const ReproduceTheoryOptions& options) {
                     return studies::reproduce::horizon_study(options.theory);
                   });
  add_theory_study(reproduce, "necessity", "What no fixed number of steps can do", Takes::draws,
                   [](const ReproduceTheoryOptions& options) {
                     return studies::reproduce::necessity_study(options.theory);
                   });
  add_theory_study(reproduce, "evidence-bound",
                   "Certificates with their coverage, calibration of posteriors", Takes::draws,
                   [](const ReproduceTheoryOptions& options) {
                     return studies::reproduce::evidence_bound_study(options.theory);
                   });
  add_theory_study(reproduce, "subspace", "Optimal subspaces and global designs", Takes::draws,
                   [](const ReproduceTheoryOptions& options) {
                     return studies::reproduce::subspace_study(options.theory);
                   });
  add_theory_study(reproduce, "linear-transformer", "The linear transformer after test-time steps",
                   Takes::draws, [](const ReproduceTheoryOptions& options) {
                     return studies::reproduce::linear_transformer_study(options.theory);
                   });
  add_theory_study(reproduce, "validity", "Deviation from the linear model on a real model",
                   Takes::model, [](const ReproduceTheoryOptions& options) {
                     return studies::reproduce::validity_study(
                         options.theory,
                         options.model.empty() ? shipped_model("digits-gpt2") : options.model);
                   });
}

}  // namespace sextant::apps
