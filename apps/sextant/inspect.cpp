#include <fmt/format.h>

#include <filesystem>
#include <memory>
#include <span>

#include "commands.hpp"
#include "output.hpp"
#include "sextant/core/errors.hpp"
#include "sextant/geometry/file.hpp"
#include "sextant/io/content.hpp"
#include "sextant/io/files.hpp"
#include "sextant/io/safetensors.hpp"
#include "sextant/model/directory.hpp"
#include "sextant/task/row_prompt.hpp"
#include "standard_input.hpp"
#include "summary.hpp"
#include "table_source.hpp"

namespace sextant::apps {
namespace {

constexpr std::string_view for_tables =
    "--label, --categorical, --delimiter and --header are for tables (.csv, .tsv)";

struct InspectOptions {
  SharedOptions shared;
  OutputOptions output;
  std::string path;
  TableOptions table;
};

Summary summarize_safetensors(const std::string& path, const report::TerminalStyle& style) {
  const io::SafetensorsFile file(path);
  const auto format = file.metadata().find("format");
  const std::string name = format == file.metadata().end() ? "" : format->second;
  if (name.starts_with("sextant-head/")) return summarize_head(readout::read_head(path), style);
  if (name.starts_with("sextant-geometry/")) {
    return summarize_geometry(geometry::read_geometry(path), style);
  }
  throw InputError(path, "metadata \"format\"",
                   "is neither sextant-geometry/1 nor sextant-head/1; for a model give its "
                   "directory");
}

Summary summarize_rows(const io::CsvTable& rows, const InspectOptions& options,
                       const report::TerminalStyle& style) {
  task::ClassTable table = task::parse_class_table(rows, table_columns(options.table));
  if (const std::string reason = task::no_task_reason(table); !reason.empty()) {
    table.notes.push_back(
        fmt::format("{}: is refused by the commands that learn from it: {}", table.file, reason));
  }
  return summarize_table(table, style);
}

/// Whether a file whose name does not say what it is holds a table: what is nothing else.
bool holds_table(const std::string& path) {
  if (path.ends_with(".json") || path.ends_with(".safetensors")) return false;
  const io::MappedFile file(path);
  return io::other_content(file.bytes(), "a table").empty();
}

bool is_head(const io::SafetensorsFile& file) {
  const auto format = file.metadata().find("format");
  return format != file.metadata().end() && format->second.starts_with("sextant-head/");
}

/// Standard input has no name that says what it is: a geometry, a head, a prompt or, otherwise, a
/// table.
Summary summarize_standard_input(const InspectOptions& options,
                                 const report::TerminalStyle& style) {
  std::string content = read_standard_input("a prompt, a geometry, a head or a table");
  const std::string other = io::other_content(std::as_bytes(std::span(content)), "a table");
  const bool is_table = other.empty();
  if (options.table.any() && !is_table) throw UsageError(std::string(for_tables));
  if (is_table) {
    return summarize_rows(io::parse_csv(content, standard_input_name, table_format(options.table)),
                          options, style);
  }
  if (other.starts_with("is JSON")) {
    return summarize_prompt(task::parse_prompt(content, standard_input_name), style);
  }
  if (other.starts_with("is a safetensors file")) {
    if (is_head({content, standard_input_name})) {
      return summarize_head(readout::parse_head(std::move(content), standard_input_name), style);
    }
    return summarize_geometry(geometry::parse_geometry(std::move(content), standard_input_name),
                              style);
  }
  throw InputError(standard_input_name, "",
                   io::other_content(std::as_bytes(std::span(content)),
                                     "a prompt (JSON), a geometry, a head or a table"));
}

Summary summarize_file(const InspectOptions& options, const report::TerminalStyle& style) {
  std::error_code error;
  const auto status = std::filesystem::status(options.path, error);
  if (!std::filesystem::exists(status)) {
    const std::string extension = std::filesystem::path(options.path).extension().string();
    const bool is_file_name =
        extension == ".json" || extension == ".csv" || extension == ".safetensors";
    if (!is_file_name) model::check_directory(options.path);  // knows names of models
    throw InputError(options.path, "", "does not exist");
  }
  const bool is_directory = std::filesystem::is_directory(status);
  const bool is_table =
      !is_directory && (options.path.ends_with(".csv") || options.path.ends_with(".tsv") ||
                        holds_table(options.path));
  if (options.table.any() && !is_table) throw UsageError(std::string(for_tables));
  if (is_directory) return summarize_model(options.path, style);
  if (is_table) {
    return summarize_rows(io::read_csv(options.path, table_format(options.table)), options, style);
  }
  if (options.path.ends_with(".safetensors")) return summarize_safetensors(options.path, style);
  return summarize_prompt(task::load_prompt(options.path), style);
}

void run_inspect(const InspectOptions& options) {
  apply_shared_options(options.shared);
  ResultFiles files(options.output, {{"path", options.path}});
  const auto style = report::terminal_style(1);
  const Summary summary = is_standard_input(options.path) ? summarize_standard_input(options, style)
                                                          : summarize_file(options, style);
  files.write(summary.json,
              fmt::format("{}: {}\n\n{}", input_name(options.path),
                          summary.json["format"].get<std::string>(), summary.text),
              {});
}

}  // namespace

void add_inspect(CLI::App& app) {
  auto* command =
      app.add_subcommand("inspect", "What a model directory, geometry, prompt or head file holds");
  const auto options = std::make_shared<InspectOptions>();
  command
      ->add_option("path", options->path,
                   "Model directory, .safetensors, .json, .csv or .tsv; - for standard "
                   "input, recognised by its content")
      ->required();
  add_table_options(*command, options->table);
  add_output_options(*command, options->output, false);
  add_shared_options(*command, options->shared);
  command->callback([options] { run_inspect(*options); });
}

}  // namespace sextant::apps
