#include <memory>

#include "commands.hpp"
#include "products.hpp"
#include "program/help.hpp"
#include "program/output.hpp"
#include "program/shared_options.hpp"
#include "sextant/advice/rank_blocks.hpp"
#include "sextant/core/errors.hpp"
#include "sextant/report/advice_text.hpp"
#include "sextant/report/json_output.hpp"
#include "source.hpp"

namespace sextant::apps {
namespace {

struct ScoreOptions {
  SharedOptions shared;
  SourceOptions source;
  StatisticOptions statistic;
  OutputOptions output;
  KernelOptions kernel;
};

void write_score(const advice::BlockRanking& ranking, const std::vector<geometry::Block>& blocks,
                 const report::Heading& heading, const task::EncodedPrompt* prompt,
                 const ScoreOptions& options, ResultFiles& files) {
  warn(ranking.warnings, options.shared.quiet);
  report::OrderedJson json = report::to_json(ranking);
  std::string text = report::ranking_text(ranking, blocks, report::terminal_style(1));
  add_table(prompt, nullptr, json, text);
  files.write(json, text, [&] { return report::ranking_html(heading, ranking, blocks, prompt); });
}

/// Throws `UsageError` for a rule that needs kernels.
void check_products(const advice::BlockRankingOptions& score) {
  using subspace::Method;
  if (subspace::is_greedy(score.method) || score.method == Method::random) {
    throw UsageError(
        "--kernel products knows --method query-aware, trace and trace-bottom; the others need "
        "kernels");
  }
}

void run_score(const ScoreOptions& options) {
  apply_shared_options(options.shared);
  options.kernel.check(options.statistic);
  const advice::BlockRankingOptions score = score_options(options.statistic, options.shared.seed);
  if (options.kernel.from_products()) check_products(score);
  ResultFiles files(options.output, input_files(options.source));
  const std::string title = "Which blocks to adapt";
  const std::uint64_t seed = options.shared.seed;
  if (options.kernel.from_products()) {
    const ProductSource source(options.source, options.shared.quiet);
    if (score.method == subspace::Method::query_aware && source.model.queries() == 0) {
      throw UsageError("--method query-aware needs a query, and " + prompt_name(options.source) +
                       " has none: use trace");
    }
    write_score(advice::rank_blocks(source.products, score, options.kernel.products(seed)),
                source.products.blocks(), heading(title, source, seed), &source.model.prompt(),
                options, files);
    return;
  }
  const Source source = open_source(options.source, options.shared.quiet);
  write_score(advice::rank_blocks(source.geometry, score), source.geometry.blocks,
              heading(title, source, seed), source.prompt(), options, files);
}

}  // namespace

void add_score(CLI::App& app) {
  auto* command = app.add_subcommand("score", "Which directions: rank blocks and heads");
  const auto options = std::make_shared<ScoreOptions>();
  add_source_options(*command, options->source, true);
  add_kernel_options(*command, options->kernel);
  add_score_options(*command, options->statistic);
  add_horizon_options(*command, options->statistic);
  add_output_options(*command, options->output, true);
  add_shared_options(*command, options->shared);
  add_example(*command,
              "sextant score --model models/digits-gpt2 --prompt "
              "models/digits-gpt2/demo-clean.json --method trace --budget 4",
              "The four blocks with the largest share of what the examples determine.");
  command->callback([options] { run_score(*options); });
}

}  // namespace sextant::apps
