#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "reproduce.hpp"
#include "sextant/core/errors.hpp"
#include "sextant/studies/reproduce/single_index_study.hpp"
#include "sextant/studies/single_index/stages.hpp"

namespace sextant::apps {
namespace {

struct ReproduceSingleIndexOptions {
  ReproduceOptions common;
  studies::reproduce::SingleIndexOptions study;
};

/// Defaults that do not go with the sizes given are cut; what was given has to fit.
void fit_defaults(const CLI::App& command, studies::reproduce::SingleIndexOptions& study) {
  const auto least = *std::min_element(study.dimensions.begin(), study.dimensions.end());
  if (command.count("--more-ranks") == 0) {
    std::erase_if(study.more_ranks,
                  [&](Eigen::Index rank) { return rank > least || rank == study.rank; });
  }
  if (command.count("--kernel-tasks") == 0) {
    study.kernel_tasks = std::min(study.kernel_tasks, study.tasks);
  }
}

/// Every size makes rows of its own, so that one given twice would be averaged with itself.
void check_different(const std::string& option, std::vector<Eigen::Index> values) {
  std::ranges::sort(values);
  const auto twice = std::ranges::adjacent_find(values);
  if (twice != values.end()) {
    throw UsageError(fmt::format("{}: {} is given twice", option, *twice));
  }
}

void check(const studies::reproduce::SingleIndexOptions& study) {
  const auto least = *std::min_element(study.dimensions.begin(), study.dimensions.end());
  check_different("--dimensions", study.dimensions);
  check_different("--samples", study.samples);
  check_different("--more-ranks", study.more_ranks);
  if (std::ranges::find(study.more_ranks, study.rank) != study.more_ranks.end()) {
    throw UsageError(fmt::format("--more-ranks: {} is --rank already", study.rank));
  }
  if (study.rank > least) {
    throw UsageError(fmt::format("--rank: is {}, expected at most the smallest dimension, {}",
                                 study.rank, least));
  }
  if (study.kernel_tasks > study.tasks) {
    throw UsageError(fmt::format("--kernel-tasks: is {}, expected at most the {} tasks",
                                 study.kernel_tasks, study.tasks));
  }
}

void run_reproduce_single_index(const ReproduceSingleIndexOptions& options) {
  apply_shared_options(options.common.shared);
  studies::reproduce::SingleIndexOptions study = options.study;
  // CLI11 hands an empty list over as one 0.
  std::erase(study.more_ranks, 0);
  check(study);
  studies::reproduce::check_options(study);
  study.seed = options.common.shared.seed;
  study.on_progress = part_progress(options.common);
  ReproduceOutput output(options.common, "single-index");
  const studies::reproduce::TheoryStudy result = studies::reproduce::single_index_study(study);
  const report::Heading top =
      heading(result.title, "no model", study.seed,
              {{"tasks", std::to_string(study.tasks)},
               {"prompts per dimension", std::to_string(study.prompts_per_dimension)}});
  output.write(to_json(result), theory_html(top, result),
               theory_text(result, report::terminal_style(1)));
}

}  // namespace

void add_reproduce_single_index(CLI::App& reproduce) {
  auto* command = reproduce.add_subcommand(
      "single-index", "Single-index tasks: three test-time stages, in-context and kernel ridge");
  const auto options = std::make_shared<ReproduceSingleIndexOptions>();
  studies::reproduce::SingleIndexOptions& study = options->study;
  const auto sizes = [&](const char* name, std::vector<Eigen::Index>& values, const char* text,
                         Eigen::Index least, Eigen::Index most) {
    command->add_option(name, values, text)
        ->delimiter(',')
        ->check(CLI::Range(least, most))
        ->capture_default_str();
  };
  const Eigen::Index largest = studies::generators::largest_single_index_dimension;
  sizes("--dimensions", study.dimensions, "Dimensions d of the inputs", 1, largest);
  sizes("--samples", study.samples, "Labelled samples N at test time",
        studies::single_index::fewest_samples, 100'000);
  sizes("--more-ranks", study.more_ranks, "Other ranks, at the middle dimension; 0: none", 0,
        largest);
  command->add_option("--rank", study.rank, "Rank r of the hidden subspace")
      ->check(CLI::Range(Eigen::Index{1}, largest))
      ->capture_default_str();
  command->add_option("--tasks", study.tasks, "Test tasks of each size")
      ->check(CLI::Range(2, 100'000))
      ->capture_default_str();
  command->add_option("--kernel-tasks", study.kernel_tasks, "The first of them for kernel ridge")
      ->check(CLI::Range(2, 100'000))
      ->capture_default_str();
  command
      ->add_option("--kernel-samples", study.kernel_samples, "Kernel ridge up to this many samples")
      ->check(CLI::Range(Eigen::Index{0}, Eigen::Index{20'000}))
      ->capture_default_str();
  command
      ->add_option("--prompts-per-dimension", study.prompts_per_dimension,
                   "Prompts of pretraining over d (times r/4 above r = 4)")
      ->check(CLI::Range(1, 100'000))
      ->capture_default_str();
  command
      ->add_option("--prompt-size", study.prompt_size,
                   "Examples, and queries, of a pretraining prompt")
      ->check(CLI::Range(Eigen::Index{1}, Eigen::Index{1'000'000}))
      ->capture_default_str();
  add_reproduce_options(*command, options->common, Resumable::no);
  command->callback([options, command] {
    fit_defaults(*command, options->study);
    run_reproduce_single_index(*options);
  });
}

}  // namespace sextant::apps
