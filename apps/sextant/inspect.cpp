#include <fmt/format.h>

#include <filesystem>
#include <memory>
#include <span>

#include "commands.hpp"
#include "program/output.hpp"
#include "program/shared_options.hpp"
#include "program/standard_input.hpp"
#include "sextant/core/errors.hpp"
#include "sextant/geometry/file.hpp"
#include "sextant/io/content.hpp"
#include "sextant/io/files.hpp"
#include "sextant/io/json.hpp"
#include "sextant/io/safetensors.hpp"
#include "sextant/model/directory.hpp"
#include "sextant/task/row_prompt.hpp"
#include "summary.hpp"
#include "table_source.hpp"

namespace sextant::apps {
namespace {

constexpr std::string_view for_tables =
    "--label, --categorical, --delimiter and --header are for tables";

struct InspectOptions {
  SharedOptions shared;
  OutputOptions output;
  std::string path;
  TableOptions table;
};

Summary summarize_rows(const io::CsvTable& rows, const InspectOptions& options,
                       const report::TerminalStyle& style) {
  task::ClassTable table = task::parse_class_table(rows, table_columns(options.table));
  if (const std::string reason = task::no_task_reason(table); !reason.empty()) {
    table.notes.push_back(
        fmt::format("{}: is refused by the commands that learn from it: {}", table.file, reason));
  }
  return summarize_table(table, style);
}

constexpr std::string_view what_is_read =
    "a prompt (JSON), a geometry or a head (safetensors), a table (CSV, TSV) or a model's "
    "directory";

Summary summarize_safetensors(const io::SafetensorsFile& file, const report::TerminalStyle& style) {
  const auto format = file.metadata().find("format");
  const std::string name = format == file.metadata().end() ? "" : format->second;
  if (name.starts_with("sextant-head/")) return summarize_head(readout::read_head(file), style);
  const bool is_geometry = name.starts_with("sextant-geometry/") || file.find("kernels") != nullptr;
  if (is_geometry) return summarize_geometry(geometry::read_geometry(file), style);
  throw InputError(file.path(), "metadata \"format\"",
                   "is neither sextant-geometry/1 nor sextant-head/1; for a model give its "
                   "directory");
}

/// Of JSON only prompts are inspected alone.
Summary summarize_json(std::string_view text, const std::string& name,
                       const report::TerminalStyle& style) {
  const io::Json json = io::parse_json(text, name);
  if (json.is_object() && !json.contains("examples")) {
    const bool is_config = json.contains("model_type") || json.contains("architectures");
    throw InputError(name, "",
                     is_config ? "is a model's configuration, which is inspected with the rest of "
                                 "the model: give the directory"
                               : "was read as a prompt, as all JSON is here, and has no "
                                 "\"examples\"");
  }
  return summarize_prompt(task::parse_prompt(text, name), style);
}

/// Whatever the name, the content decides; but text, of which a table can be any, is a table only
/// where the name does not promise something else.
bool holds_table(std::span<const std::byte> content, const std::string& path) {
  if (path.ends_with(".json") || path.ends_with(".safetensors")) return false;
  const io::Content kind = io::content_of(content);
  const auto* text = reinterpret_cast<const char*>(content.data());
  const bool is_json = kind == io::Content::json && io::Json::accept(text, text + content.size());
  if (path.ends_with(".csv") || path.ends_with(".tsv")) {
    return !is_json && kind != io::Content::safetensors;
  }
  // No list is a prompt, so that what begins like one is at best a cell in brackets.
  return kind == io::Content::text || (kind == io::Content::json && !is_json && text[0] == '[');
}

/// Throws for content that is none of what is read.
[[noreturn]] void throw_not_read(std::span<const std::byte> content, const std::string& name) {
  const std::string other = io::other_content(content, what_is_read);
  throw InputError(name, "",
                   other.empty() ? fmt::format("is of a format that is not known here, expected {}",
                                               what_is_read)
                                 : other);
}

void check_table_options(const InspectOptions& options, bool is_table) {
  if (options.table.any() && !is_table) throw UsageError(std::string(for_tables));
}

Summary summarize_standard_input(const InspectOptions& options,
                                 const report::TerminalStyle& style) {
  std::string content = read_standard_input("a prompt, a geometry, a head or a table");
  const auto bytes = std::as_bytes(std::span(content));
  const bool is_table = holds_table(bytes, "");
  check_table_options(options, is_table);
  if (is_table) {
    return summarize_rows(io::parse_csv(content, standard_input_name, table_format(options.table)),
                          options, style);
  }
  const io::Content kind = io::content_of(bytes);
  if (kind == io::Content::json) return summarize_json(content, standard_input_name, style);
  if (kind != io::Content::safetensors) throw_not_read(bytes, standard_input_name);
  return summarize_safetensors(io::SafetensorsFile(std::move(content), standard_input_name), style);
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
  check_table_options(options, !is_directory);
  if (is_directory) return summarize_model(options.path, style);
  const io::MappedFile mapped(options.path);
  const auto bytes = mapped.bytes();
  const bool is_table = holds_table(bytes, options.path);
  check_table_options(options, is_table);
  if (is_table) {
    return summarize_rows(io::read_csv(options.path, table_format(options.table)), options, style);
  }
  const io::Content kind = io::content_of(bytes);
  if (kind == io::Content::json) {
    const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    return summarize_json(text, options.path, style);
  }
  if (kind != io::Content::safetensors) throw_not_read(bytes, options.path);
  return summarize_safetensors(io::SafetensorsFile(options.path), style);
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
                   "Model directory, geometry, head, prompt or table, recognised by its "
                   "content; - for standard input")
      ->required();
  add_table_options(*command, options->table);
  add_output_options(*command, options->output, false);
  add_shared_options(*command, options->shared);
  command->callback([options] { run_inspect(*options); });
}

}  // namespace sextant::apps
