#include <memory>

#include "commands.hpp"
#include "products.hpp"
#include "program/help.hpp"
#include "program/output.hpp"
#include "program/shared_options.hpp"
#include "sextant/advice/choose_horizon.hpp"
#include "sextant/report/advice_text.hpp"
#include "sextant/report/json_output.hpp"
#include "source.hpp"

namespace sextant::apps {
namespace {

struct HorizonOptions {
  SharedOptions shared;
  SourceOptions source;
  StatisticOptions statistic;
  OutputOptions output;
  KernelOptions kernel;
};

void write_select(const advice::HorizonChoice& choice, const report::Heading& heading,
                  const task::EncodedPrompt* prompt, const HorizonOptions& options,
                  ResultFiles& files) {
  warn(choice.warnings, options.shared.quiet);
  report::OrderedJson json = report::to_json(choice);
  std::string text = report::horizon_text(choice, report::terminal_style(1));
  add_table(prompt, nullptr, json, text);
  files.write(json, text, [&] { return report::horizon_html(heading, choice, prompt); });
}

void run_select(const HorizonOptions& options) {
  apply_shared_options(options.shared);
  options.kernel.check(options.statistic);
  const advice::HorizonOptions select = select_options(options.statistic);
  ResultFiles files(options.output, input_files(options.source));
  const std::string title = "How far to adapt";
  const std::uint64_t seed = options.shared.seed;
  if (options.kernel.from_products()) {
    const ProductSource source(options.source, options.shared.quiet);
    write_select(advice::choose_horizon(source.products, select, options.kernel.products(seed)),
                 heading(title, source, seed), &source.model.prompt(), options, files);
    return;
  }
  const Source source = open_source(options.source, options.shared.quiet);
  write_select(advice::choose_horizon(source.geometry, select), heading(title, source, seed),
               source.prompt(), options, files);
}

}  // namespace

void add_select(CLI::App& app) {
  auto* command =
      app.add_subcommand("select", "How far: evidence over horizons, gaps, certificate");
  const auto options = std::make_shared<HorizonOptions>();
  add_source_options(*command, options->source, true);
  add_kernel_options(*command, options->kernel);
  add_horizon_options(*command, options->statistic);
  add_output_options(*command, options->output, true);
  add_shared_options(*command, options->shared);
  add_example(*command,
              "sextant select --model models/digits-gpt2 --prompt "
              "models/digits-gpt2/demo-clean.json --horizons 0:300",
              "How far to adapt all value heads, of 0 to 300 steps.");
  command->callback([options] { run_select(*options); });
}

}  // namespace sextant::apps
