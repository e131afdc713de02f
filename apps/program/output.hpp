#pragma once

/// Where results go: tables on standard output, JSON, an HTML report.

#include <CLI/CLI.hpp>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "sextant/report/advice_html.hpp"
#include "sextant/report/html_report.hpp"

namespace sextant::model {
struct DirectoryNotes;
}

namespace sextant::apps {

struct OutputOptions {
  std::string json;    ///< A file, "-" for standard output in place of tables, or empty.
  std::string report;  ///< An HTML file, or empty.
};

/// Adds --json and, where `with_report`, --report.
void add_output_options(CLI::App& command, OutputOptions& options, bool with_report);

/// An option and the path that was given for it.
struct NamedPath {
  std::string option;
  std::filesystem::path path;
};

/// Throws `UsageError` when two of `outputs` are one file, or one is an input. Paths may be empty.
void check_outputs(const std::vector<NamedPath>& outputs, const std::vector<NamedPath>& inputs);

/// The files of a result. That they can be written is found out before any work is done, and they
/// appear whole or not at all.
class ResultFiles {
 public:
  /// `inputs` are files that the command reads, `others` what it writes besides. Throws
  /// `InputError` for a file that cannot be written, `UsageError` as `check_outputs`
  /// and `check_standard_input`.
  explicit ResultFiles(const OutputOptions& options, const std::vector<NamedPath>& inputs = {},
                       std::vector<NamedPath> others = {});

  /// Writes the JSON and the report where asked for, then `text` on standard output unless the JSON
  /// goes there. `html` is only called when a report is wanted.
  void write(const report::OrderedJson& json, const std::string& text,
             const std::function<std::string()>& html);

 private:
  OutputOptions options_;
};

/// The command line as typed, for a report's provenance.
std::string command_line();
void remember_command_line(int argc, char** argv);

/// What stands at the top and the foot of a report: titles, and how it was made. `details` follow
/// the seed.
report::Heading heading(const std::string& title, const std::string& subtitle, std::uint64_t seed,
                        std::vector<std::pair<std::string, std::string>> details);

/// "sextant: warning: ..." on standard error, wrapped to the terminal or 80 columns.
void warn(const std::vector<std::string>& warnings, bool quiet);
/// What was done, on standard error too; nothing when `quiet`.
void inform(const std::string& sentence, bool quiet);

/// Warns of what was decided where a model's files disagree, and, in one line, of what is not used.
void warn_of_notes(const model::DirectoryNotes& notes, const std::string& directory, bool quiet);

}  // namespace sextant::apps
