#include "sextant/advice/make_update.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "sextant/core/errors.hpp"
#include "sextant/core/wording.hpp"
#include "sextant/geometry/blocks.hpp"
#include "sextant/spectral/largest_eigenvalue.hpp"
#include "sextant/ttt/low_rank.hpp"

namespace sextant::advice {
namespace {

Update update_of(ttt::AdaptedModel made) {
  return {std::move(made.result), std::move(made.weights), std::move(made.changed), false, {}};
}

double largest_of_planned(const geometry::PromptGeometry& geometry, const Plan& plan) {
  const auto blocks = geometry::select_blocks(geometry, plan.block_names);
  return spectral::largest_eigenvalue(geometry::summed_kernel(geometry, blocks)).value;
}

/// Throws where the residuals or the kernel of the planned blocks in `geometry`, captured as the
/// plan's was, are not the plan's.
void check_geometry_of_plan(const geometry::PromptGeometry& geometry, const Plan& plan) {
  if (!plan.chosen || plan.block_names.empty()) return;
  if (plan.tokenwise != geometry.tokenwise) {
    constexpr std::string_view kinds[] = {"exact", "tokenwise"};
    throw ArgumentError("adapt", "plan",
                        fmt::format("was made from {} features, and the geometry holds {} ones",
                                    kinds[plan.tokenwise], kinds[geometry.tokenwise]));
  }
  const double norm = geometry.residuals.norm();
  if (std::abs(norm - plan.residual_norm) > 1e-3 * plan.residual_norm) {
    throw ArgumentError("adapt", "plan",
                        fmt::format("was made for another model, prompt or labels: the norm of its "
                                    "residuals is {:.6g}, here it is {:.6g}",
                                    plan.residual_norm, norm));
  }
  constexpr double tolerance = 1e-5;  // kernels of single precision
  const double found = largest_of_planned(geometry, plan);
  if (std::abs(found - plan.chosen->lambda_max) <= tolerance * plan.chosen->lambda_max) return;
  throw ArgumentError(
      "adapt", "plan",
      fmt::format("was made for another model or prompt: its blocks' kernel has the largest "
                  "eigenvalue {:.6g}, here it is {:.6g}",
                  plan.chosen->lambda_max, found));
}

void check_scales_of_plan(const ttt::PromptModel& model, const Plan& plan) {
  const std::string difference = geometry::scale_difference(
      plan.modelled_names, plan.block_scales, "in it", model.block_scales(), "in the model");
  if (difference.empty()) return;
  throw ArgumentError("adapt", "plan", "was made under other block scales: " + difference);
}

void check_blocks_of_plan(const ttt::PromptModel& model, const Plan& plan) {
  std::set<std::string> known;
  for (const model::ModelBlock& block : model::all_model_blocks(model.weights().config)) {
    known.insert(block.block.name);
  }
  for (const std::string& name : plan.block_names) {
    if (known.contains(name)) continue;
    throw ArgumentError(
        "adapt", "plan",
        fmt::format("was made for another model: this one has no block \"{}\"", name));
  }
}

void check(const ttt::PromptModel& model, const Plan& plan, const UpdateOptions& options) {
  if (options.rank && options.solver != ttt::Solver::steps) {
    throw ArgumentError("adapt", "rank",
                        "is given together with a solver, expected one of the two");
  }
  if (options.rank && (*options.rank < 0 || *options.rank > model.queries())) {
    throw ArgumentError("adapt", "rank",
                        fmt::format("is {}, expected 0 to {}, the number of queries", *options.rank,
                                    model.queries()));
  }
  check_blocks_of_plan(model, plan);
  check_scales_of_plan(model, plan);
}

bool is_wanted(const Plan& plan, const UpdateOptions& options) {
  return (plan.adapt || options.rule == UpdateRule::anyway) && !plan.block_names.empty();
}

/// The update of rank `*options.rank`, whatever the steps of `plan`.
Update make_low_rank(const ttt::PromptModel& model, const geometry::PromptGeometry& geometry,
                     const Plan& plan, const UpdateOptions& options) {
  return update_of(ttt::adapt_low_rank(
      model, geometry,
      {.blocks = plan.block_names,
       .rank = *options.rank,
       .benchmark = plan.chosen ? plan.chosen->benchmark : plan.whole.benchmark}));
}

/// The steps of `plan`; sized for `geometry` where that is not what it was made from.
Update make_steps(const ttt::PromptModel& model, const geometry::PromptGeometry& geometry,
                  bool resized, const Plan& plan, const UpdateOptions& options) {
  ttt::AdaptOptions steps;
  steps.solver = options.solver;
  steps.on_step = options.on_step;
  const bool advised = options.rule == UpdateRule::as_advised;
  if (plan.adapt || !advised) {
    steps.blocks = plan.block_names;
    steps.horizon = plan.horizon;
    steps.rho = resized && !plan.block_names.empty()
                    ? plan.step.for_kernel(largest_of_planned(geometry, plan))
                    : plan.rho;
  }
  Update update = update_of(ttt::adapt(model, geometry, steps));
  if (update.result.is_kept()) return update;
  update.discarded = advised;
  const double before = update.result.prompt.residual_norm_before;
  const double after = update.result.prompt.residual_norm_after;
  const int digits = digits_apart(before, after, 4);
  update.warnings.push_back(
      fmt::format("The update raised the residual norm of the labelled examples from {:.{}g} to "
                  "{:.{}g}{}",
                  before, digits, after, digits, advised ? ": discard it" : ""));
  if (update.discarded) {
    update.weights = model.weights();
    update.changed.clear();
  }
  return update;
}

/// `geometry`: of exact features wherever an update is made; `resized` where the plan's was of
/// others.
Update make(const ttt::PromptModel& model, const geometry::PromptGeometry& geometry, bool resized,
            const Plan& plan, const UpdateOptions& options) {
  const bool wanted = is_wanted(plan, options);
  Update update = options.rank && wanted ? make_low_rank(model, geometry, plan, options)
                                         : make_steps(model, geometry, resized, plan, options);
  if (resized && wanted) {
    update.warnings.insert(
        update.warnings.begin(),
        options.rank ? "The blocks were chosen by tokenwise features; the update uses exact ones"
                     : "The blocks and steps were chosen by tokenwise features; the step size and "
                       "the linear model of the update use exact ones");
  }
  return update;
}

/// What captures all of the planned blocks, exactly, and few others; one layer without any.
model::CaptureOptions capture_of_planned(const model::ModelConfig& config, const Plan& plan) {
  model::CaptureOptions wanted;
  wanted.kinds.clear();
  wanted.first_layer = config.layers - 1;
  wanted.last_layer = 0;
  for (const model::ModelBlock& block : model::all_model_blocks(config)) {
    if (std::ranges::find(plan.block_names, block.block.name) == plan.block_names.end()) continue;
    if (std::ranges::find(wanted.kinds, block.kind) == wanted.kinds.end()) {
      wanted.kinds.push_back(block.kind);
    }
    wanted.first_layer = std::min(wanted.first_layer, block.block.layer);
    wanted.last_layer = std::max(wanted.last_layer, block.block.layer);
  }
  if (!wanted.kinds.empty()) return wanted;
  return {.first_layer = config.layers - 1, .last_layer = config.layers - 1};
}

}  // namespace

LabelScale label_scale_of(const ttt::PromptModel& model) {
  const model::ModelConfig& config = model.weights().config;
  return config.causal() || config.reads_rows() ? LabelScale::labels_and_predictions
                                                : LabelScale::labels_alone;
}

void take_learning_rate(const ttt::Adaptation& update, Plan& plan) {
  if (update.is_measured() && update.is_made_of_steps()) set_learning_rate(update.rho, plan);
}

Update adapt(const ttt::PromptModel& model, const geometry::PromptGeometry& geometry,
             const Plan& plan, const UpdateOptions& options) {
  check(model, plan, options);
  check_geometry_of_plan(geometry, plan);
  if (!plan.tokenwise || !is_wanted(plan, options)) {
    return make(model, geometry, false, plan, options);
  }
  return make(model, model.capture(capture_of_planned(model.weights().config, plan)), true, plan,
              options);
}

Update adapt(const ttt::PromptModel& model, const Plan& plan, const UpdateOptions& options) {
  check(model, plan, options);
  model::CaptureOptions planned = capture_of_planned(model.weights().config, plan);
  const bool resized = plan.tokenwise && !plan.block_names.empty();
  if (resized) {
    planned.features = model::Features::tokenwise;
    check_geometry_of_plan(model.capture(planned), plan);
    planned.features = model::Features::exact;
  }
  const geometry::PromptGeometry geometry = model.capture(planned);
  if (!resized) check_geometry_of_plan(geometry, plan);
  return make(model, geometry, resized, plan, options);
}

}  // namespace sextant::advice
