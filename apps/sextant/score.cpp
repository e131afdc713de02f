#include "sextant/advice/score.hpp"

#include <memory>

#include "commands.hpp"
#include "output.hpp"
#include "sextant/report/advice_text.hpp"
#include "sextant/report/json_output.hpp"
#include "source.hpp"

namespace sextant::apps {
namespace {

struct Options {
  SharedOptions shared;
  SourceOptions source;
  StatisticOptions statistic;
  OutputOptions output;
};

void run(const Options& options) {
  apply_shared_options(options.shared);
  const advice::ScoreOptions score = score_options(options.statistic, options.shared.seed);
  ResultFiles files(options.output, input_files(options.source));
  const Source source = open_source(options.source);
  const advice::Scoring scoring = advice::score(source.geometry, score);
  warn(scoring.warnings, options.shared.quiet);
  files.write(
      report::to_json(scoring),
      report::scoring_text(scoring, source.geometry.blocks, report::terminal_style(1)), [&] {
        return report::scoring_html(heading("Which blocks to adapt", source, options.shared.seed),
                                    scoring, source.geometry.blocks);
      });
}

}  // namespace

void add_score(CLI::App& app) {
  auto* command = app.add_subcommand("score", "Which directions: rank blocks and heads");
  const auto options = std::make_shared<Options>();
  add_source_options(*command, options->source, true);
  add_score_options(*command, options->statistic);
  add_horizon_options(*command, options->statistic);
  add_output_options(*command, options->output, true);
  add_shared_options(*command, options->shared);
  command->callback([options] { run(*options); });
}

}  // namespace sextant::apps
