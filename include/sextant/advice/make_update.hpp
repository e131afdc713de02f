#pragma once

/// From the advice to adapted weights: the planned update made on the model, checked, and kept or
/// discarded.

#include <Eigen/Core>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "sextant/advice/plan.hpp"
#include "sextant/ttt/adapt.hpp"

namespace sextant::advice {

/// Whose word decides whether the planned steps are made and kept.
enum class UpdateRule {
  as_advised,  ///< Nothing is made against the advice, and what failed is discarded.
  anyway       ///< The planned steps are made and kept whatever the plan and the outcome say.
};

struct UpdateOptions {
  UpdateRule rule = UpdateRule::as_advised;
  ttt::Solver solver = ttt::Solver::steps;
  /// In place of steps the best update of this rank (ttt/low_rank.hpp), on the planned blocks under
  /// the plan's benchmark; 0 to m.
  std::optional<Eigen::Index> rank = {};
  /// Called after each step with the steps done; may be empty.
  std::function<void(std::int64_t)> on_step = {};
};

/// What was made of a plan.
struct Update {
  /// What is measured about the update that was tried, also when it was discarded.
  ttt::Adaptation result;
  /// To predict with: the adapted weights, or the base ones where nothing was made or it was
  /// discarded. Shares storage with the model.
  model::Weights<float> weights;
  /// For `model::write_adapted_model`; empty where `weights` are the base ones.
  std::vector<model::AdaptedMatrix> changed;
  /// An advised update raised the residual norm of its labelled examples
  /// (`ttt::Adaptation::is_kept`): the linear model behind the advice has failed.
  bool discarded = false;
  std::vector<std::string> warnings;  ///< Plain sentences: what was decided, and what failed.
};

/// How this model's predictions follow when labels are rescaled: those of decoders and row models
/// are averages of label values and probabilities, a head's are its own.
LabelScale label_scale_of(const ttt::PromptModel& model);

/// Gives `plan` the rate that `update` was made with (`set_learning_rate`), unless that is only
/// expected or not made of steps.
void take_learning_rate(const ttt::Adaptation& update, Plan& plan);

/// Makes the update of `plan` on `model`. `geometry` is what the plan was made from, captured from
/// this model; it gives the linear prediction that the result is measured against. From tokenwise
/// features blocks and steps are chosen, but the update follows exact gradients: those of the
/// planned blocks are then captured, and the step size is that of the plan's rule for their kernel.
///
/// Throws `ArgumentError` for a rank outside 0..m or beside another solver than `steps`; for a plan
/// of blocks that the model lacks, of another kernel than `geometry` has (the largest eigenvalue of
/// the planned blocks differs by more than 1e-5), or made under other scales of the blocks that it
/// was chosen from; and for whatever `ttt::adapt` refuses; as `PromptModel::capture` where that is
/// called. Cost: that of `ttt::adapt`, or of `ttt::adapt_low_rank`. Deterministic.
Update adapt(const ttt::PromptModel& model, const geometry::PromptGeometry& geometry,
             const Plan& plan, const UpdateOptions& options = {});

/// The same where the geometry is not at hand any more: captures the layers and kinds of the
/// planned blocks, exactly, and before that tokenwise, to compare, where the plan is from such
/// features. Throws as above.
Update adapt(const ttt::PromptModel& model, const Plan& plan, const UpdateOptions& options = {});

}  // namespace sextant::advice
