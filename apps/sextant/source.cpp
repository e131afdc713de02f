#include "source.hpp"

#include <fmt/format.h>

#include <filesystem>
#include <span>
#include <tuple>

#include "program/output.hpp"
#include "program/standard_input.hpp"
#include "sextant/core/errors.hpp"
#include "sextant/core/wording.hpp"
#include "sextant/geometry/block_scales.hpp"
#include "sextant/geometry/blocks.hpp"
#include "sextant/geometry/file.hpp"
#include "sextant/io/content.hpp"
#include "sextant/io/files.hpp"
#include "sextant/io/json.hpp"
#include "sextant/io/safetensors.hpp"

namespace sextant::apps {

namespace {

constexpr std::string_view geometry_description = "a geometry file (.safetensors)";

/// The blocks of a geometry file that --layers and --blocks-kind ask for.
geometry::PromptGeometry filtered(geometry::PromptGeometry geometry, const SourceOptions& options) {
  if (options.layers.empty() && options.kinds.empty()) return geometry;
  geometry::BlockFilter filter{.kinds = options.kinds};
  if (!options.layers.empty()) {
    std::tie(filter.first_layer, filter.last_layer) = parse_layers(options.layers);
  }
  try {
    return geometry::restricted_to_blocks(geometry, geometry::filter_blocks(geometry, filter));
  } catch (const ArgumentError& error) {
    throw UsageError(fmt::format("--layers, --blocks-kind: {}: {} {}", input_name(options.geometry),
                                 error.argument(), error.problem()));
  }
}

/// Where a content that is not the expected one belongs.
struct Elsewhere {
  io::Content content;
  std::string_view remedy;
};

/// Throws where what was given goes with another option.
void check_given(const std::string& name, std::span<const std::byte> content,
                 std::string_view expected, std::span<const Elsewhere> others) {
  const io::Content kind = io::content_of(content);
  for (const Elsewhere& one : others) {
    if (kind != one.content) continue;
    throw InputError(name, "",
                     fmt::format("{}: {}", io::other_content(content, expected), one.remedy));
  }
}

void check_geometry_content(const std::string& name, std::span<const std::byte> content) {
  constexpr Elsewhere others[] = {
      {io::Content::json, "a prompt goes with --prompt, beside --model"},
      {io::Content::text, "a table goes with --csv, beside --model"}};
  check_given(name, content, geometry_description, others);
}

void check_prompt_content(const std::string& name, std::span<const std::byte> content) {
  constexpr Elsewhere others[] = {
      {io::Content::safetensors, "a geometry goes with --geometry, alone"},
      {io::Content::text, "a table goes with --csv, in place of --prompt"}};
  check_given(name, content, "JSON (a prompt)", others);
}

/// A table may begin with a bracket: JSON is what reads as JSON.
void check_table_content(const std::string& name, std::string_view content) {
  constexpr Elsewhere others[] = {
      {io::Content::safetensors, "a geometry goes with --geometry, alone"},
      {io::Content::json, "a prompt goes with --prompt, in place of --csv"}};
  const auto bytes = std::as_bytes(std::span(content));
  if (io::content_of(bytes) == io::Content::json && !io::Json::accept(content)) return;
  check_given(name, bytes, "text (CSV or TSV)", others);
}

geometry::PromptGeometry read_geometry(const std::string& path) {
  if (is_standard_input(path)) {
    std::string content = read_standard_input(std::string(geometry_description));
    check_geometry_content(standard_input_name, std::as_bytes(std::span(content)));
    return geometry::read_geometry(io::SafetensorsFile(std::move(content), standard_input_name));
  }
  std::error_code error;
  if (std::filesystem::is_directory(path, error)) {
    throw InputError(path, "",
                     fmt::format("is a directory, expected {}: a model's directory goes with "
                                 "--model, beside --prompt",
                                 geometry_description));
  }
  check_geometry_content(path, io::MappedFile(path).bytes());
  return geometry::read_geometry(path);
}

/// A table in a file or on standard input.
io::CsvTable read_table(const std::string& path, const io::CsvOptions& format) {
  if (!is_standard_input(path)) return io::read_csv(path, format);
  const std::string content = read_standard_input("a table (CSV or TSV)");
  check_table_content(standard_input_name, content);
  return io::parse_csv(content, standard_input_name, format);
}

/// The model with its prompt, one part of which comes from standard input.
ttt::PromptModel model_on_standard_input(const SourceOptions& options) {
  ttt::PromptOptions prompt{.query = options.query, .label = standard_input_name};
  if (!options.head.empty()) prompt.head = options.head;
  if (options.csv.empty()) {
    const std::string text = read_standard_input("a prompt (JSON)");
    check_prompt_content(standard_input_name, std::as_bytes(std::span(text)));
    return ttt::load_prompt_model(options.model, task::parse_prompt(text, standard_input_name),
                                  prompt);
  }
  const io::CsvOptions format = table_format(options.table);
  ttt::PromptTable table{read_table(options.csv, format), {}, table_columns(options.table), {}};
  if (!options.query_csv.empty()) table.queries = read_table(options.query_csv, format);
  return ttt::load_prompt_model(options.model, table, prompt);
}

/// Calls `apply`; an unknown block is then the file's fault.
template <class Apply>
auto naming_scales(const SourceOptions& options, const Apply& apply) {
  try {
    return apply();
  } catch (const ArgumentError& error) {
    throw InputError(options.block_scales, "", std::string(error.problem()));
  }
}

bool reads_standard_input(const SourceOptions& options) {
  return is_standard_input(options.prompt) || is_standard_input(options.csv) ||
         is_standard_input(options.query_csv);
}

}  // namespace

std::string prompt_name(const SourceOptions& options) {
  return input_name(options.csv.empty() ? options.prompt : options.csv);
}

ttt::PromptModel open_model(const SourceOptions& options, bool quiet) {
  if (options.csv.empty() && !is_standard_input(options.prompt)) {
    check_prompt_content(options.prompt, io::MappedFile(options.prompt).bytes());
  }
  if (!options.csv.empty() && !is_standard_input(options.csv)) {
    check_table_content(options.csv, io::read_file(options.csv));
  }
  ttt::PromptModel model = reads_standard_input(options)
                               ? model_on_standard_input(options)
                               : ttt::load_prompt_model(prompt_files(options));
  if (model.prompt().source != nullptr) warn(model.prompt().source->notes, quiet);
  warn_of_notes(*model.weights().notes, options.model, quiet);
  if (!options.block_scales.empty()) {
    const auto scales = geometry::read_block_scales(options.block_scales);
    naming_scales(options, [&] { model.set_block_scales(scales); });
  }
  return model;
}

geometry::PromptGeometry capture(const ttt::PromptModel& model,
                                 const model::CaptureOptions& options) {
  try {
    return model.capture(options);
  } catch (const ArgumentError& error) {
    if (error.argument() != "features") throw;
    throw UsageError("--features: " + error.problem());
  }
}

void warn_of_capture(const ttt::PromptModel& model, std::span<const geometry::Block> blocks,
                     const SourceOptions& options, bool quiet) {
  for (const std::string& note : model.capture_notes(blocks)) {
    warn({fmt::format("{}: {}", options.block_scales, note)}, quiet);
  }
}

Source open_source(const SourceOptions& options, bool quiet) {
  check_source(options);
  Source source;
  if (options.from_model()) {
    source.model.emplace(open_model(options, quiet));
    source.geometry = capture(*source.model, capture_options(options));
    warn_of_capture(*source.model, source.geometry.blocks, options, quiet);
    source.description = fmt::format("{} with {}", options.model, prompt_name(options));
    return source;
  }
  source.geometry = read_geometry(options.geometry);
  if (!options.block_scales.empty()) {
    const auto scales = geometry::read_block_scales(options.block_scales);
    const auto& held = source.geometry.block_scales;
    if (!held.empty()) {
      throw UsageError(fmt::format(
          "--block-scales: {} holds the scales of {} of its blocks already, first {}: {}, and they "
          "would be applied twice; leave the option out, or capture the geometry anew with it",
          options.geometry, held.size(), held.begin()->first, held.begin()->second));
    }
    source.geometry = naming_scales(
        options, [&] { return geometry::with_block_scales(std::move(source.geometry), scales); });
  }
  source.geometry = filtered(std::move(source.geometry), options);
  source.description = input_name(options.geometry);
  if (options.query) {
    if (*options.query < 0 || *options.query >= source.geometry.queries()) {
      throw UsageError(fmt::format("--query: {} is outside the {} of {} (from 0)", *options.query,
                                   counted(source.geometry.queries(), "query"),
                                   input_name(options.geometry)));
    }
    const Eigen::Index only = *options.query;
    source.geometry = geometry::restricted_to_queries(source.geometry, std::span(&only, 1));
  }
  return source;
}

std::vector<std::pair<std::string, std::string>> counts(Eigen::Index examples, Eigen::Index queries,
                                                        std::size_t blocks) {
  return {{"examples", std::to_string(examples)},
          {"queries", std::to_string(queries)},
          {"blocks", std::to_string(blocks)}};
}

report::Heading heading(const std::string& title, const Source& source, std::uint64_t seed) {
  const geometry::PromptGeometry& geometry = source.geometry;
  return heading(title, source.description, seed,
                 counts(geometry.examples(), geometry.queries(), geometry.blocks.size()));
}

}  // namespace sextant::apps
