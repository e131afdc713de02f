#include "update.hpp"

#include <fmt/format.h>

#include <optional>

#include "help.hpp"
#include "output.hpp"
#include "sextant/core/errors.hpp"
#include "sextant/core/progress.hpp"
#include "sextant/geometry/blocks.hpp"
#include "sextant/io/files.hpp"
#include "sextant/spectral/largest_eigenvalue.hpp"
#include "sextant/ttt/low_rank.hpp"

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
  // Made and removed again: a directory that cannot be written fails before any work.
  if (!options.out_model.empty()) const io::AtomicDirectory probe(options.out_model);
}

ttt::AdaptedModel make_update(const Source& source, const advice::Plan& plan, Wanted wanted,
                              const UpdateOptions& options, const SourceOptions& files,
                              const subspace::StepRule& step, bool quiet) {
  if (options.rank && !plan.block_names.empty()) {
    const ttt::LowRankOptions low_rank{plan.block_names, *options.rank,
                                       plan.chosen ? plan.chosen->benchmark : plan.whole.benchmark};
    ttt::AdaptedModel adapted = ttt::adapt_low_rank(*source.model, source.geometry, low_rank);
    if (!options.out_model.empty()) {
      model::write_adapted_model(files.model, options.out_model, adapted.changed);
    }
    return adapted;
  }
  ttt::AdaptOptions adapt;
  adapt.solver = options.solver == "steps" ? ttt::Solver::steps : ttt::Solver::one_shot;
  if (wanted != Wanted::nothing) {
    adapt.blocks = plan.block_names;
    adapt.rho = plan.rho;
    adapt.horizon = plan.horizon;
  }
  std::optional<geometry::PromptGeometry> exact;
  if (source.captured.features == model::Features::tokenwise && !adapt.blocks.empty()) {
    // The steps follow exact gradients, so their size and their linear model must, too.
    model::CaptureOptions capture_exactly = source.captured;
    capture_exactly.features = model::Features::exact;
    exact = capture(*source.model, capture_exactly);
    const auto blocks = geometry::select_blocks(*exact, adapt.blocks);
    adapt.rho = step.for_kernel(
        spectral::largest_eigenvalue(geometry::summed_kernel(*exact, blocks)).value);
    warn({"the blocks and steps were chosen by tokenwise features; the step size and the linear "
          "model of the update use exact ones"},
         quiet);
  }
  Progress progress("adapting", static_cast<std::size_t>(adapt.horizon), !quiet);
  adapt.on_step = [&](std::int64_t done) { progress.update(static_cast<std::size_t>(done)); };
  ttt::AdaptedModel adapted = ttt::adapt(*source.model, exact ? *exact : source.geometry, adapt);
  const bool discard = wanted == Wanted::advised && !adapted.result.is_kept();
  if (!adapted.result.is_kept()) {
    warn({fmt::format("the update raised the residual norm of the labelled examples from {:.4g} to "
                      "{:.4g}{}",
                      adapted.result.prompt.residual_norm_before,
                      adapted.result.prompt.residual_norm_after, discard ? ": discard it" : "")},
         quiet);
  }
  if (!options.out_model.empty() && discard) {
    warn({options.out_model + " is not written"}, quiet);
  } else if (!options.out_model.empty()) {
    model::write_adapted_model(files.model, options.out_model, adapted.changed);
  }
  return adapted;
}

}  // namespace sextant::apps
