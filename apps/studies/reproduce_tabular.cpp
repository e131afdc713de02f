#include <algorithm>
#include <memory>

#include "reproduce.hpp"
#include "sextant/core/errors.hpp"
#include "sextant/studies/reproduce/tabular_study.hpp"

namespace sextant::apps {
namespace {

struct ReproduceTabularOptions {
  ReproduceOptions common;
  std::string model;
  studies::reproduce::TabularOptions study;
};

void run_reproduce_tabular(const ReproduceTabularOptions& options) {
  apply_shared_options(options.common.shared);
  studies::reproduce::TabularOptions study = options.study;
  study.model = options.model.empty() ? shipped_model("tabular-rows") : options.model;
  study.out = options.common.out;
  study.resume = options.common.resume;
  study.seed = options.common.shared.seed;
  study.resampling.seed = study.seed;
  study.on_progress = part_progress(options.common);
  std::ranges::sort(study.sizes);
  if (std::ranges::adjacent_find(study.sizes) != study.sizes.end()) {
    throw UsageError("--sizes: has a size twice");
  }
  ReproduceOutput output(options.common, "tabular");
  const studies::reproduce::TabularResult result = studies::reproduce::run_tabular_study(study);
  const report::Heading top =
      heading("Tables: classification in context", study.model.string(), study.seed,
              {{"tables", std::to_string(result.tables.size())},
               {"splits of each", std::to_string(study.repeats)},
               {"synthetic tables of the pilot", std::to_string(study.pilot_tables)}});
  output.write(to_json(result), tabular_html(top, result),
               tabular_text(result, report::terminal_style(1)));
}

}  // namespace

void add_reproduce_tabular(CLI::App& reproduce) {
  auto* command = reproduce.add_subcommand(
      "tabular", "Accuracy and log-loss on real tables against the size of the context");
  const auto options = std::make_shared<ReproduceTabularOptions>();
  auto& study = options->study;
  command
      ->add_option("--data", study.data,
                   "Folder with index.csv (name, categorical_features) and a CSV file per table")
      ->required();
  command->add_option("--model", options->model,
                      "Model of rows; default: the shipped models/tabular-rows");
  command->add_option("--sizes", study.sizes, "Sizes of the context, such as 16,64,256")
      ->delimiter(',')
      ->check(CLI::Range(2, 1'000'000))
      ->capture_default_str();
  command->add_option("--repeats", study.repeats, "Splits of every table")
      ->check(CLI::Range(1, 100'000))
      ->capture_default_str();
  command->add_option("--test-rows", study.most_test, "Most test rows of a split")
      ->check(CLI::Range(1, 1'000'000))
      ->capture_default_str();
  command
      ->add_option("--pilot-tables", study.pilot_tables,
                   "Synthetic tables that choose step scale and fixed T")
      ->check(CLI::Range(2, 100'000))
      ->capture_default_str();
  add_reproduce_options(*command, options->common, Resumable::yes);
  command->callback([options] { run_reproduce_tabular(*options); });
}

}  // namespace sextant::apps
