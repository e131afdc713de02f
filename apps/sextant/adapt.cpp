#include <fmt/format.h>

#include <memory>

#include "commands.hpp"
#include "program/help.hpp"
#include "program/output.hpp"
#include "program/shared_options.hpp"
#include "sextant/advice/plan.hpp"
#include "sextant/core/errors.hpp"
#include "sextant/geometry/blocks.hpp"
#include "sextant/report/advice_text.hpp"
#include "sextant/report/json_output.hpp"
#include "source.hpp"
#include "update.hpp"

namespace sextant::apps {
namespace {

struct AdaptOptions {
  SharedOptions shared;
  SourceOptions source;
  StatisticOptions statistic;
  UpdateOptions update;
  OutputOptions output;
  std::string blocks;
};

/// Without --blocks, --budget and --method, every captured block is adapted.
advice::PlanOptions plan_options(const AdaptOptions& options, const Source& source) {
  advice::PlanOptions plan;
  plan.ranking = score_options(options.statistic, options.shared.seed);
  if (!options.blocks.empty()) {
    plan.blocks = parse_names(options.blocks, "--blocks");
  } else if (!options.statistic.budget && options.statistic.method.empty()) {
    plan.blocks = geometry::block_names(source.geometry);
  }
  return plan;
}

void run_adapt(const AdaptOptions& options) {
  apply_shared_options(options.shared);
  check_update(options.update);
  const bool chooses = options.statistic.budget || !options.statistic.method.empty();
  if (!options.blocks.empty() && chooses) {
    throw UsageError("--blocks names the blocks; leave out --budget and --method");
  }
  if (options.update.rank &&
      (options.statistic.horizon != "auto" || options.update.solver != "steps" ||
       options.source.features != "exact" || options.statistic.rho ||
       options.statistic.step_scale || options.statistic.horizons != StatisticOptions().horizons)) {
    throw UsageError(
        "--rank is not made of steps; leave out --horizon, --horizons, --rho, --step-scale, "
        "--solver and --features");
  }
  if (options.update.rank && (options.statistic.delta || options.statistic.sigma == "profile" ||
                              options.statistic.sigma == "plug-in")) {
    throw UsageError("--rank: leave out --delta, and --sigma unless it is a value");
  }
  if (options.statistic.per_parameter && !chooses) {
    throw UsageError("--per-parameter ranks blocks; give --budget or --method, too");
  }
  score_options(options.statistic, options.shared.seed);  // wrong usage before any work
  ResultFiles files(options.output, input_files(options.source),
                    {{"--out-model", options.update.out_model}});
  const Source source = open_source(options.source, options.shared.quiet);
  const advice::PlanOptions wanted = plan_options(options, source);
  const advice::Plan plan = advice::plan(source.geometry, wanted);
  warn(report::summarize(plan).warnings, options.shared.quiet);
  if (plan.blocks.empty()) {
    warn({"no block is chosen, so nothing is updated. " + plan.reason}, options.shared.quiet);
  } else if (!plan.adapt) {
    warn({"the advice is against this. " + plan.reason}, options.shared.quiet);
  }
  const advice::Update adapted = make_update(source, plan, advice::UpdateRule::anyway,
                                             options.update, options.source, options.shared.quiet);
  report::OrderedJson json = report::to_json(plan, adapted.result);
  std::string text = report::adaptation_text(adapted.result, report::terminal_style(1));
  add_table(source.prompt(), &adapted.result, json, text);
  files.write(json, text, [&] {
    return report::plan_html(heading("An adaptation", source, options.shared.seed), plan,
                             source.geometry.blocks, &adapted.result, source.prompt());
  });
}

}  // namespace

void add_adapt(CLI::App& app) {
  auto* command =
      app.add_subcommand("adapt", "Make an update on the model and check the linear prediction");
  const auto options = std::make_shared<AdaptOptions>();
  add_source_options(*command, options->source, false);
  command
      ->add_option("--blocks", options->blocks,
                   "Names of the blocks to adapt, a,b,c; default: all captured, or --budget")
      ->group(which_group);
  add_score_options(*command, options->statistic);
  add_horizon_options(*command, options->statistic);
  add_update_options(*command, options->update);
  command
      ->add_option("--rank", options->update.rank,
                   "In place of steps, the best update of the queries within so many directions, 0 "
                   "to their number")
      ->check(CLI::Range(0, 1'000'000))
      ->group(update_group);
  add_output_options(*command, options->output, true);
  add_shared_options(*command, options->shared);
  add_example(
      *command,
      "sextant adapt --model models/digits-gpt2 --prompt models/digits-gpt2/demo-clean.json "
      "--blocks h.1.attn.v.6,h.1.attn.v.5 --horizon 13 --out-model adapted",
      "Makes 13 steps on two blocks, whatever the advice, and writes the model.");
  command->callback([options] { run_adapt(*options); });
}

}  // namespace sextant::apps
