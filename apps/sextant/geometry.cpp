#include <fmt/format.h>

#include <memory>

#include "commands.hpp"
#include "program/help.hpp"
#include "program/output.hpp"
#include "program/shared_options.hpp"
#include "sextant/geometry/file.hpp"
#include "source.hpp"
#include "summary.hpp"

namespace sextant::apps {
namespace {

struct GeometryOptions {
  SharedOptions shared;
  SourceOptions source;
  OutputOptions output;
  std::string out;
};

void run_geometry(const GeometryOptions& options) {
  apply_shared_options(options.shared);
  check_source(options.source);
  capture_options(options.source);  // wrong usage before any work
  ResultFiles files(options.output, input_files(options.source), {{"--out", options.out}});
  const ttt::PromptModel model = open_model(options.source, options.shared.quiet);
  const geometry::PromptGeometry geometry = apps::capture(model, capture_options(options.source));
  warn_of_capture(model, geometry.blocks, options.source, options.shared.quiet);
  warn(geometry::write_geometry(options.out, geometry), options.shared.quiet);
  Summary summary = summarize_geometry(geometry, report::terminal_style(1));
  add_table(&model.prompt(), nullptr, summary.json, summary.text);
  files.write(summary.json, summary.text + fmt::format("\nWritten to {}\n", options.out), {});
}

}  // namespace

void add_geometry(CLI::App& app) {
  auto* command = app.add_subcommand("geometry", "Capture residuals and block kernels of a prompt");
  const auto options = std::make_shared<GeometryOptions>();
  add_source_options(*command, options->source, false);
  command->add_option("--out", options->out, "Geometry file to write (.safetensors)")
      ->required()
      ->group(output_group);
  add_output_options(*command, options->output, false);
  add_shared_options(*command, options->shared);
  add_example(*command,
              "sextant geometry --model models/digits-gpt2 --prompt "
              "models/digits-gpt2/demo-clean.json --out g.safetensors",
              "`sextant advise --geometry g.safetensors` then needs no model.");
  command->callback([options] { run_geometry(*options); });
}

}  // namespace sextant::apps
