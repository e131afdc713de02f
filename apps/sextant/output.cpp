#include "output.hpp"

#include <fmt/format.h>

#include <cstdio>

#include "sextant/core/errors.hpp"
#include "sextant/report/json_output.hpp"

namespace sextant::apps {
namespace {

std::string typed_command;

/// A word as a shell would need it.
std::string quoted(const std::string& word) {
  const bool plain = !word.empty() && word.find_first_not_of(
                                          "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                          "0123456789_-+=./,:@%") == std::string::npos;
  if (plain) return word;
  std::string result = "'";
  for (const char c : word) result += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return result + "'";
}

}  // namespace

void add_output_options(CLI::App& command, OutputOptions& options, bool with_report) {
  command.add_option("--json", options.json,
                     "Write the result as JSON to this file; - for standard output, in place of "
                     "the tables");
  if (with_report) {
    command.add_option("--report", options.report, "Write a self-contained HTML report");
  }
}

ResultFiles::ResultFiles(const OutputOptions& options)
    : json_on_standard_output_(options.json == "-") {
  if (!options.json.empty() && !json_on_standard_output_) {
    json_ = std::make_unique<io::AtomicFile>(options.json);
  }
  if (!options.report.empty()) report_ = std::make_unique<io::AtomicFile>(options.report);
}

void ResultFiles::write(const report::OrderedJson& json, const std::string& text,
                        const std::function<std::string()>& html) {
  const std::string dumped = report::json_text(json);
  if (json_) json_->stream() << dumped;
  if (report_) report_->stream() << html();
  if (json_) json_->commit();
  if (report_) report_->commit();
  const std::string& shown = json_on_standard_output_ ? dumped : text;
  if (std::fwrite(shown.data(), 1, shown.size(), stdout) != shown.size() ||
      std::fflush(stdout) != 0) {
    throw InputError("standard output", "", "cannot be written");
  }
}

std::string command_line() { return typed_command; }

void remember_command_line(int argc, char** argv) {
  typed_command = "sextant";
  for (int i = 1; i < argc; ++i) typed_command += " " + quoted(argv[i]);
}

void warn(const std::vector<std::string>& warnings, bool quiet) {
  if (quiet) return;
  for (const std::string& warning : warnings) fmt::print(stderr, "sextant: warning: {}\n", warning);
}

}  // namespace sextant::apps
