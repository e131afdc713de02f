#include <fmt/format.h>

#include <memory>

#include "commands.hpp"
#include "output.hpp"
#include "sextant/advice/plan.hpp"
#include "sextant/core/errors.hpp"
#include "sextant/report/advice_text.hpp"
#include "sextant/report/json_output.hpp"
#include "source.hpp"
#include "update.hpp"

namespace sextant::apps {
namespace {

struct Options {
  SharedOptions shared;
  SourceOptions source;
  StatisticOptions statistic;
  UpdateOptions update;
  OutputOptions output;
};

void run(const Options& options) {
  apply_shared_options(options.shared);
  advice::PlanOptions plan_options;
  plan_options.score = score_options(options.statistic, options.shared.seed);
  check_update(options.update);
  const Source source = open_source(options.source);
  if (!source.model && !options.update.out_model.empty()) {
    throw UsageError("--out-model needs --model: a geometry file holds no weights");
  }
  const advice::Plan plan = advice::plan(source.geometry, plan_options);
  std::optional<ttt::AdaptedModel> adapted;
  if (source.model) {
    adapted = make_update(*source.model, source.geometry, plan, plan.adapt, options.update,
                          options.source.model, options.shared.quiet);
  }
  const ttt::Adaptation* result = adapted ? &adapted->result : nullptr;
  const auto style = report::terminal_style(1);
  std::string text = report::plan_text(plan, source.geometry.blocks, style);
  if (result != nullptr) text += "\n" + report::adaptation_text(*result, style);
  write_result(options.output, report::to_json(plan, result), text, [&] {
    return report::plan_html(heading("Advice on adapting", source, options.shared.seed), plan,
                             source.geometry.blocks, result);
  });
}

}  // namespace

void add_advise(CLI::App& app) {
  auto* command = app.add_subcommand(
      "advise", "When, how far and which; with a model, adapts it and checks the prediction");
  const auto options = std::make_shared<Options>();
  add_source_options(*command, options->source, true);
  add_score_options(*command, options->statistic);
  add_horizon_options(*command, options->statistic);
  add_update_options(*command, options->update);
  add_output_options(*command, options->output, true);
  add_shared_options(*command, options->shared);
  command->callback([options] { run(*options); });
}

}  // namespace sextant::apps
