#pragma once

/// Where results go: tables on standard output, JSON, an HTML report.

#include <CLI/CLI.hpp>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "sextant/io/files.hpp"
#include "sextant/report/html_report.hpp"

namespace sextant::apps {

struct OutputOptions {
  std::string json;    ///< A file, "-" for standard output in place of tables, or empty.
  std::string report;  ///< An HTML file, or empty.
};

/// Adds --json and, where `with_report`, --report.
void add_output_options(CLI::App& command, OutputOptions& options, bool with_report);

/// The files of a result. They are opened before any work is done, so that an unwritable one fails
/// at once and leaves nothing behind, and appear whole or not at all.
class ResultFiles {
 public:
  /// Throws `InputError` for a file that cannot be written.
  explicit ResultFiles(const OutputOptions& options);

  /// Writes the JSON and the report where asked for, then `text` on standard output unless the JSON
  /// goes there. `html` is only called when a report is wanted.
  void write(const report::OrderedJson& json, const std::string& text,
             const std::function<std::string()>& html);

 private:
  bool json_on_standard_output_;
  std::unique_ptr<io::AtomicFile> json_;
  std::unique_ptr<io::AtomicFile> report_;
};

/// The command line as typed, for a report's provenance.
std::string command_line();
void remember_command_line(int argc, char** argv);

/// "sextant: warning: ..." on standard error.
void warn(const std::vector<std::string>& warnings, bool quiet);

}  // namespace sextant::apps
