#include "update.hpp"

#include <fmt/format.h>

#include "program/help.hpp"
#include "program/output.hpp"
#include "program/standard_input.hpp"
#include "sextant/core/errors.hpp"
#include "sextant/core/progress.hpp"
#include "sextant/io/files.hpp"

namespace sextant::apps {

void add_update_options(CLI::App& command, UpdateOptions& options) {
  in_group(command, update_group, [&] {
    command
        .add_option("--solver", options.solver,
                    "steps: T gradient steps; one-shot: the same correction in one pass")
        ->capture_default_str();
    command.add_option("--out-model", options.out_model,
                       "Write the adapted model to this directory, new or empty");
  });
}

void check_update(const UpdateOptions& options) {
  if (options.solver != "steps" && options.solver != "one-shot") {
    throw UsageError(fmt::format("--solver: \"{}\" is neither steps nor one-shot", options.solver));
  }
  check_is_no_dash({"--out-model", options.out_model});
  // Made and removed again: a directory that cannot be written fails before any work.
  if (!options.out_model.empty()) const io::AtomicDirectory probe(options.out_model);
}

advice::Update make_update(const Source& source, const advice::Plan& plan, advice::UpdateRule rule,
                           const UpdateOptions& options, const SourceOptions& files, bool quiet) {
  advice::UpdateOptions update;
  update.rule = rule;
  update.solver = options.solver == "steps" ? ttt::Solver::steps : ttt::Solver::one_shot;
  if (options.rank) update.rank = *options.rank;
  const bool makes_steps = (plan.adapt || rule == advice::UpdateRule::anyway) && !options.rank;
  Progress progress("adapting", makes_steps ? static_cast<std::size_t>(plan.horizon) : 0, !quiet);
  update.on_step = [&](std::int64_t done) { progress.update(static_cast<std::size_t>(done)); };
  advice::Update made = advice::adapt(*source.model, source.geometry, plan, update);
  warn(made.warnings, quiet);
  if (options.out_model.empty()) return made;
  if (made.discarded) {
    warn({options.out_model + " is not written"}, quiet);
  } else {
    model::write_adapted_model(files.model, options.out_model, made.changed);
    const bool is_as_loaded =
        made.changed.empty() ||
        (made.result.is_made_of_steps() ? !made.result.is_update() : made.result.rank == 0);
    inform(
        fmt::format("{}: the {} is written", options.out_model,
                    is_as_loaded ? "model as loaded, to which nothing was done," : "adapted model"),
        quiet);
  }
  return made;
}

}  // namespace sextant::apps
