#include "output.hpp"

#include <fmt/format.h>

#include <cstdio>
#include <memory>

#include "sextant/core/errors.hpp"
#include "sextant/io/files.hpp"

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

void write_result(const OutputOptions& options, const report::OrderedJson& json,
                  const std::string& text, const std::function<std::string()>& html) {
  const std::string dumped = json.dump(2) + "\n";
  const bool json_file = !options.json.empty() && options.json != "-";
  // Both files are opened before either appears, so that an unwritable one leaves nothing behind.
  std::unique_ptr<io::AtomicFile> json_out;
  std::unique_ptr<io::AtomicFile> report_out;
  if (json_file) json_out = std::make_unique<io::AtomicFile>(options.json);
  if (!options.report.empty()) report_out = std::make_unique<io::AtomicFile>(options.report);
  if (json_out) json_out->stream() << dumped;
  if (report_out) report_out->stream() << html();
  if (json_out) json_out->commit();
  if (report_out) report_out->commit();
  const std::string& shown = options.json == "-" ? dumped : text;
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
