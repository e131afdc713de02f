#include "sextant/advice/make_update.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

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

void check_scales_of_plan(const ttt::PromptModel& model, const Plan& plan) {
  const std::string difference = geometry::scale_difference(
      plan.block_names, plan.block_scales, "in it", model.block_scales(), "in the model");
  if (difference.empty()) return;
  throw ArgumentError("adapt", "plan", "was made under other block scales: " + difference);
}

/// The steps of `plan`, sized for `exact` where that is given.
Update make_steps(const ttt::PromptModel& model, const geometry::PromptGeometry& geometry,
                  const geometry::PromptGeometry* exact, const Plan& plan,
                  const UpdateOptions& options) {
  ttt::AdaptOptions steps;
  steps.solver = options.solver;
  steps.on_step = options.on_step;
  const bool advised = options.rule == UpdateRule::as_advised;
  if (plan.adapt || !advised) {
    steps.blocks = plan.block_names;
    steps.rho = plan.rho;
    steps.horizon = plan.horizon;
  }
  const bool resized = exact != nullptr && !steps.blocks.empty();
  if (resized) steps.rho = plan.step.for_kernel(largest_of_planned(*exact, plan));
  Update update = update_of(ttt::adapt(model, resized ? *exact : geometry, steps));
  if (resized) {
    update.warnings.emplace_back(
        "the blocks and steps were chosen by tokenwise features; the step size and the linear "
        "model of the update use exact ones");
  }
  if (update.result.is_kept()) return update;
  update.discarded = advised;
  const double before = update.result.prompt.residual_norm_before;
  const double after = update.result.prompt.residual_norm_after;
  const int digits = digits_apart(before, after, 4);
  update.warnings.push_back(
      fmt::format("the update raised the residual norm of the labelled examples from {:.{}g} to "
                  "{:.{}g}{}",
                  before, digits, after, digits, advised ? ": discard it" : ""));
  if (update.discarded) {
    update.weights = model.weights();
    update.changed.clear();
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
  if (!plan.recipe || !update.is_measured() || update.rho == plan.recipe->learning_rate) return;
  plan.recipe->learning_rate_mean *= update.rho / plan.recipe->learning_rate;
  plan.recipe->learning_rate = update.rho;
}

Update adapt(const ttt::PromptModel& model, const geometry::PromptGeometry& geometry,
             const Plan& plan, const UpdateOptions& options) {
  check_scales_of_plan(model, plan);
  const bool wanted = plan.adapt || options.rule == UpdateRule::anyway;
  if (options.rank && wanted && !plan.block_names.empty()) {
    return update_of(ttt::adapt_low_rank(
        model, geometry,
        {.blocks = plan.block_names,
         .rank = *options.rank,
         .benchmark = plan.chosen ? plan.chosen->benchmark : plan.whole.benchmark}));
  }
  const bool recaptures = options.captured.features == model::Features::tokenwise && wanted &&
                          !plan.block_names.empty();
  if (!recaptures) return make_steps(model, geometry, nullptr, plan, options);
  model::CaptureOptions exactly = options.captured;
  exactly.features = model::Features::exact;
  const geometry::PromptGeometry exact = model.capture(exactly);
  return make_steps(model, geometry, &exact, plan, options);
}

Update adapt(const ttt::PromptModel& model, const Plan& plan, const UpdateOptions& options) {
  check_scales_of_plan(model, plan);
  const geometry::PromptGeometry geometry =
      model.capture(capture_of_planned(model.weights().config, plan));
  if (options.captured.features == model::Features::tokenwise && !plan.block_names.empty()) {
    return make_steps(model, geometry, &geometry, plan, options);
  }
  if (plan.chosen) {
    constexpr double tolerance = 1e-5;  // kernels of single precision
    const double found = largest_of_planned(geometry, plan);
    if (!(std::abs(found - plan.chosen->lambda_max) <= tolerance * plan.chosen->lambda_max)) {
      throw ArgumentError(
          "adapt", "plan",
          fmt::format("was made for another model or prompt, or from tokenwise features (then say "
                      "so in UpdateOptions::captured): its blocks' kernel has the largest "
                      "eigenvalue {:.6g}, here it is {:.6g}",
                      plan.chosen->lambda_max, found));
    }
  }
  UpdateOptions exact = options;
  exact.captured.features = model::Features::exact;
  return adapt(model, geometry, plan, exact);
}

}  // namespace sextant::advice
