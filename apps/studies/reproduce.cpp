#include "reproduce.hpp"

#include <memory>
#include <optional>

#include "commands.hpp"
#include "program/program.hpp"
#include "program/standard_input.hpp"
#include "program/study_commands.hpp"
#include "sextant/core/errors.hpp"
#include "sextant/core/progress.hpp"
#include "sextant/io/files.hpp"
#include "sextant/report/figure_files.hpp"
#include "sextant/report/json_output.hpp"

namespace sextant::apps {

void add_reproduce_options(CLI::App& command, ReproduceOptions& options, Resumable resumable) {
  command
      .add_option("--out", options.out, "Directory for results.json, report.html, figures and rows")
      ->required();
  if (resumable == Resumable::yes) {
    command.add_flag("--resume", options.resume, "Continue a run that was stopped");
  }
  add_output_options(command, options.output, true);
  add_shared_options(command, options.shared);
}

std::string shipped_model(const std::string& model) {
  namespace fs = std::filesystem;
  const fs::path name = fs::path("models") / model;
  std::error_code error;
  for (const fs::path& candidate :
       {name, program_path().parent_path().parent_path() / "share" / "sextant" / name}) {
    if (fs::exists(candidate / "config.json", error)) return candidate.string();
  }
  throw UsageError("--model: give a model directory; the shipped one (" + name.string() +
                   ") is not in this directory");
}

studies::reproduce::PartProgress part_progress(const ReproduceOptions& options) {
  struct Shown {
    std::string part;
    std::optional<Progress> progress;
  };
  const auto shown = std::make_shared<Shown>();
  const bool enabled = !options.shared.quiet;
  return [shown, enabled](std::string_view part, std::size_t done, std::size_t count,
                          std::size_t before) {
    if (shown->part != part) {
      shown->part = part;
      shown->progress.emplace(shown->part, count, enabled);
    }
    shown->progress->update(done, {}, before);
    if (done == count) shown->progress.reset();
  };
}

namespace {

const std::filesystem::path& checked_out(const std::filesystem::path& out) {
  check_is_no_dash({"--out", out});
  return out;
}

}  // namespace

ReproduceOutput::ReproduceOutput(const ReproduceOptions& options, std::string experiment)
    : options_(options),
      experiment_(std::move(experiment)),
      directory_(checked_out(options.out), experiment_),
      files_(options.output) {}

void ReproduceOutput::write(const report::OrderedJson& results, const report::HtmlReport& html,
                            const std::string& text) {
  report::OrderedJson json = {{"experiment", experiment_}};
  json.update(results);
  io::write_file(options_.out / "results.json", report::json_text(json));
  io::write_file(options_.out / "report.html", html.html());
  const std::string warning = report::write_figures(options_.out / "figures", html.figures());
  if (!warning.empty()) warn({warning}, options_.shared.quiet);
  files_.write(json, text, [&] { return html.html(); });
}

void add_reproduce(CLI::App& app) {
  CLI::App& reproduce = add_study_command(app, "reproduce");
  reproduce.require_subcommand(1);
  add_reproduce_studies(reproduce);
  add_reproduce_gaussian(reproduce);
  add_reproduce_regression(reproduce);
  add_reproduce_tabular(reproduce);
  add_reproduce_theory(reproduce);
  add_reproduce_single_index(reproduce);
}

}  // namespace sextant::apps
