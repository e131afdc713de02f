#include "program/output.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <optional>

#include "program/help.hpp"
#include "program/standard_input.hpp"
#include "sextant/core/errors.hpp"
#include "sextant/core/version.hpp"
#include "sextant/io/files.hpp"
#include "sextant/model/directory.hpp"
#include "sextant/report/json_output.hpp"
#include "sextant/report/text.hpp"

namespace sextant::apps {
namespace {

namespace fs = std::filesystem;

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
  in_group(command, output_group, [&] {
    command.add_option("--json", options.json,
                       "Write the result as JSON to this file; - for standard output, in place of "
                       "the tables");
    if (with_report) {
      command.add_option("--report", options.report, "Write a self-contained HTML report");
    }
  });
}

void check_outputs(const std::vector<NamedPath>& outputs, const std::vector<NamedPath>& inputs) {
  const auto same = [](const fs::path& a, const fs::path& b) {
    std::error_code error;
    return !a.empty() && !b.empty() &&
           fs::weakly_canonical(fs::absolute(a), error) ==
               fs::weakly_canonical(fs::absolute(b), error);
  };
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    for (const NamedPath& input : inputs) {
      if (!is_standard_input(input.path) && same(outputs[i].path, input.path)) {
        throw UsageError(fmt::format("{}: {} is also read ({}), expected another file",
                                     outputs[i].option, outputs[i].path.string(), input.option));
      }
    }
    for (std::size_t j = 0; j < i; ++j) {
      if (same(outputs[i].path, outputs[j].path)) {
        throw UsageError(fmt::format("{}: {} is also written by {}, expected another file",
                                     outputs[i].option, outputs[i].path.string(),
                                     outputs[j].option));
      }
    }
  }
}

ResultFiles::ResultFiles(const OutputOptions& options, const std::vector<NamedPath>& inputs,
                         std::vector<NamedPath> others)
    : options_(options) {
  if (options_.json != "-") others.push_back({"--json", options_.json});
  others.push_back({"--report", options_.report});
  check_standard_input(inputs);
  std::ranges::for_each(others, check_is_no_dash);
  check_outputs(others, inputs);
  // Opened and closed again: what a stopped run has not finished leaves no trace.
  if (!options_.json.empty() && options_.json != "-") const io::AtomicFile probe(options_.json);
  if (!options_.report.empty()) const io::AtomicFile probe(options_.report);
}

void ResultFiles::write(const report::OrderedJson& json, const std::string& text,
                        const std::function<std::string()>& html) {
  const std::string dumped = report::json_text(json);
  const bool json_on_standard_output = options_.json == "-";
  std::optional<io::AtomicFile> json_file;
  std::optional<io::AtomicFile> report_file;
  if (!options_.json.empty() && !json_on_standard_output) {
    json_file.emplace(options_.json).stream() << dumped;
  }
  if (!options_.report.empty()) report_file.emplace(options_.report).stream() << html();
  if (json_file) json_file->commit();
  if (report_file) report_file->commit();
  const std::string& shown = json_on_standard_output ? dumped : text;
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

report::Heading heading(const std::string& title, const std::string& subtitle, std::uint64_t seed,
                        std::vector<std::pair<std::string, std::string>> details) {
  details.insert(details.begin(), {"seed", std::to_string(seed)});
  return {title, subtitle, {command_line(), std::string(version()), std::move(details)}};
}

void warn(const std::vector<std::string>& warnings, bool quiet) {
  if (quiet) return;
  const int width = report::terminal_style(2).width;
  for (const std::string& warning : warnings) {
    fmt::print(stderr, "{}\n",
               report::wrap("sextant: warning: " + report::printable(warning), width));
  }
}

void inform(const std::string& sentence, bool quiet) {
  if (quiet) return;
  fmt::print(
      stderr, "{}\n",
      report::wrap("sextant: " + report::printable(sentence), report::terminal_style(2).width));
}

void warn_of_notes(const model::DirectoryNotes& notes, const std::string& directory, bool quiet) {
  warn(notes.readings, quiet);
  const std::string unused = notes.unused_line();
  if (unused.empty()) return;
  warn({fmt::format("{}: not used: {} (`sextant inspect {}` says why)", directory, unused,
                    quoted(directory))},
       quiet);
}

}  // namespace sextant::apps
