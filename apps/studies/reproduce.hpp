#pragma once

/// What the experiments of `sextant reproduce` have in common.

#include <CLI/CLI.hpp>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "program/output.hpp"
#include "program/shared_options.hpp"
#include "sextant/report/advice_html.hpp"
#include "sextant/report/html_report.hpp"
#include "sextant/studies/reproduce/run_log.hpp"

namespace sextant::apps {

struct ReproduceOptions {
  SharedOptions shared;
  OutputOptions output;
  std::filesystem::path out;
  bool resume = false;
};

enum class Resumable { yes, no };

/// --out, --resume for runs that can be continued, and the options of outputs and of all commands.
void add_reproduce_options(CLI::App& command, ReproduceOptions& options, Resumable resumable);

/// A checkpoint that comes with the program, models/NAME: in the source tree, or beside the
/// installed program. Throws `UsageError` when it is in neither place.
std::string shipped_model(const std::string& name);

/// A progress line for each part.
studies::reproduce::PartProgress part_progress(const ReproduceOptions& options);

/// Where an experiment writes: --out, which no other run uses meanwhile, and the files asked for.
class ReproduceOutput {
 public:
  /// `experiment` is the subcommand's name. Throws `InputError` when something cannot be written or
  /// --out holds another experiment.
  ReproduceOutput(const ReproduceOptions& options, std::string experiment);
  /// Writes results.json (with the key "experiment"), report.html and figures/ below --out, then
  /// the outputs that were asked for and `text`.
  void write(const report::OrderedJson& results, const report::HtmlReport& html,
             const std::string& text);

 private:
  const ReproduceOptions& options_;
  std::string experiment_;
  studies::reproduce::StudyDirectory directory_;
  ResultFiles files_;
};

void add_reproduce_studies(CLI::App& reproduce);
void add_reproduce_gaussian(CLI::App& reproduce);
void add_reproduce_regression(CLI::App& reproduce);
void add_reproduce_tabular(CLI::App& reproduce);
void add_reproduce_theory(CLI::App& reproduce);
void add_reproduce_single_index(CLI::App& reproduce);

}  // namespace sextant::apps
