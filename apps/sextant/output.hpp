#pragma once

/// Where results go: tables on standard output, JSON, an HTML report.

#include <CLI/CLI.hpp>
#include <functional>
#include <string>
#include <vector>

#include "sextant/report/html_report.hpp"

namespace sextant::apps {

struct OutputOptions {
  std::string json;    ///< A file, "-" for standard output in place of tables, or empty.
  std::string report;  ///< An HTML file, or empty.
};

/// Adds --json and, where `with_report`, --report.
void add_output_options(CLI::App& command, OutputOptions& options, bool with_report);

/// Writes a result: the JSON and the report where asked for, and `text` on standard output unless
/// the JSON goes there. `html` is only called when a report is wanted. Files appear whole or not at
/// all; standard output is written last.
void write_result(const OutputOptions& options, const report::OrderedJson& json,
                  const std::string& text, const std::function<std::string()>& html);

/// The command line as typed, for a report's provenance.
std::string command_line();
void remember_command_line(int argc, char** argv);

/// "sextant: warning: ..." on standard error.
void warn(const std::vector<std::string>& warnings, bool quiet);

}  // namespace sextant::apps
