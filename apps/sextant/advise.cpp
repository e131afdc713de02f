#include <fmt/format.h>

#include <memory>

#include "commands.hpp"
#include "program/help.hpp"
#include "program/output.hpp"
#include "program/shared_options.hpp"
#include "sextant/advice/plan.hpp"
#include "sextant/core/errors.hpp"
#include "sextant/report/advice_text.hpp"
#include "sextant/report/json_output.hpp"
#include "sextant/ttt/linear_prediction.hpp"
#include "source.hpp"
#include "update.hpp"

namespace sextant::apps {
namespace {

struct AdviseOptions {
  SharedOptions shared;
  SourceOptions source;
  StatisticOptions statistic;
  UpdateOptions update;
  OutputOptions output;
};

void run_advise(const AdviseOptions& options) {
  apply_shared_options(options.shared);
  advice::PlanOptions plan_options;
  plan_options.ranking = score_options(options.statistic, options.shared.seed);
  check_update(options.update);
  if (!options.source.from_model() && !options.update.out_model.empty()) {
    throw UsageError("--out-model needs --model: a geometry file holds no weights");
  }
  if (!options.source.from_model() && options.update.solver != "steps") {
    throw UsageError("--solver needs --model: from a geometry file no update is made");
  }
  ResultFiles files(options.output, input_files(options.source),
                    {{"--out-model", options.update.out_model}});
  const Source source = open_source(options.source, options.shared.quiet);
  plan_options.label_scale =
      source.model ? advice::label_scale_of(*source.model) : advice::LabelScale::labels_alone;
  advice::Plan plan = advice::plan(source.geometry, plan_options);
  std::vector<std::string> warnings = report::summarize(plan).warnings;
  const bool takes_rate = source.model && !options.update.rank;  // that of the update, below
  if (takes_rate) std::erase(warnings, advice::tokenwise_rate_warning);
  warn(warnings, options.shared.quiet);
  const ttt::Adaptation update =
      source.model
          ? make_update(source, plan, advice::UpdateRule::as_advised, options.update,
                        options.source, options.shared.quiet)
                .result
          : ttt::expected_adaptation(source.geometry,
                                     plan.adapt ? plan.block_names : std::vector<std::string>(),
                                     plan.adapt ? plan.rho : 0, plan.adapt ? plan.horizon : 0);
  advice::take_learning_rate(update, plan);
  const auto style = report::terminal_style(1);
  std::string text = report::plan_text(plan, source.geometry.blocks, style);
  text += update.is_measured() ? "\n" + report::adaptation_text(update, style)
                               : report::expectation_text(update, style);
  report::OrderedJson json = report::to_json(plan, update);
  add_table(source.prompt(), &update, json, text);
  if (!update.is_measured() || update.is_kept()) {
    text += report::to_do_text(plan, &update, source.prompt(), style);
  }
  files.write(json, text, [&] {
    return report::plan_html(heading("Advice on adapting", source, options.shared.seed), plan,
                             source.geometry.blocks, &update, source.prompt());
  });
}

}  // namespace

void add_advise(CLI::App& app) {
  auto* command = app.add_subcommand(
      "advise", "When, how far and which; with a model, adapts it and checks the prediction");
  const auto options = std::make_shared<AdviseOptions>();
  add_source_options(*command, options->source, true);
  add_score_options(*command, options->statistic);
  add_horizon_options(*command, options->statistic);
  add_update_options(*command, options->update);
  add_output_options(*command, options->output, true);
  add_shared_options(*command, options->shared);
  add_example(*command,
              "sextant advise --model models/digits-gpt2 --prompt "
              "models/digits-gpt2/demo-clean.json --json advice.json --report advice.html",
              "Says whether, how far and on which blocks to adapt, makes the update and ends with "
              "what to do; `advice.to_do` in the JSON holds the same.");
  command->callback([options] { run_advise(*options); });
}

}  // namespace sextant::apps
