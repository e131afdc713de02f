#include <fmt/format.h>

#include <filesystem>
#include <memory>

#include "commands.hpp"
#include "output.hpp"
#include "sextant/core/errors.hpp"
#include "sextant/geometry/file.hpp"
#include "sextant/io/safetensors.hpp"
#include "sextant/model/directory.hpp"
#include "summary.hpp"
#include "table_source.hpp"

namespace sextant::apps {
namespace {

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
  if (name.starts_with("sextant-head/")) return summarize_head(path, style);
  if (name.starts_with("sextant-geometry/")) {
    return summarize_geometry(geometry::read_geometry(path), style);
  }
  throw InputError(path, "metadata \"format\"",
                   "is neither sextant-geometry/1 nor sextant-head/1; for a model give its "
                   "directory");
}

void run_inspect(const InspectOptions& options) {
  apply_shared_options(options.shared);
  ResultFiles files(options.output, {{"path", options.path}});
  const auto style = report::terminal_style(1);
  std::error_code error;
  const auto status = std::filesystem::status(options.path, error);
  if (!std::filesystem::exists(status)) {
    const std::string extension = std::filesystem::path(options.path).extension().string();
    const bool is_file_name =
        extension == ".json" || extension == ".csv" || extension == ".safetensors";
    if (!is_file_name) model::check_directory(options.path);  // knows names of models
    throw InputError(options.path, "", "does not exist");
  }
  Summary summary;
  const bool is_directory = std::filesystem::is_directory(status);
  const bool is_table =
      !is_directory && (options.path.ends_with(".csv") || options.path.ends_with(".tsv"));
  if (options.table.any() && !is_table) {
    throw UsageError(
        "--label, --categorical, --delimiter and --header are for tables (.csv, .tsv)");
  }
  if (is_directory) {
    summary = summarize_model(options.path, style);
  } else if (is_table) {
    const task::ClassTable table = task::parse_class_table(
        io::read_csv(options.path, table_format(options.table)), table_columns(options.table));
    summary = summarize_table(table, style);
  } else if (options.path.ends_with(".safetensors")) {
    summary = summarize_safetensors(options.path, style);
  } else {
    summary = summarize_prompt(options.path, style);
  }
  files.write(summary.json,
              fmt::format("{}: {}\n\n{}", options.path, summary.json["format"].get<std::string>(),
                          summary.text),
              {});
}

}  // namespace

void add_inspect(CLI::App& app) {
  auto* command =
      app.add_subcommand("inspect", "What a model directory, geometry, prompt or head file holds");
  const auto options = std::make_shared<InspectOptions>();
  command->add_option("path", options->path, "Model directory, .safetensors, .json, .csv or .tsv")
      ->required();
  add_table_options(*command, options->table);
  add_output_options(*command, options->output, false);
  add_shared_options(*command, options->shared);
  command->callback([options] { run_inspect(*options); });
}

}  // namespace sextant::apps
