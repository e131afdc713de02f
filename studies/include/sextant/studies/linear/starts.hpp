#pragma once

/// Adapt or not, and from which start: zero weights (cold) or the pretrained ones (warm).

#include <Eigen/Core>
#include <string_view>

#include "sextant/studies/linear/one_step.hpp"

namespace sextant::studies::linear {

enum class StartKind { cold, warm };
std::string_view name_of(StartKind start);  ///< "cold" or "warm".

/// The risks after one step from both starts, averaged over contexts, and where they cross.
struct Starts {
  ContextRisks cold;
  ContextRisks warm;
  double same_context_crossing = 0;   ///< `crossing_samples`; infinite in every case known.
  double fresh_context_crossing = 0;  ///< k* of theory A3.
};

/// Pretraining as it is best for tasks of this size: task variance b2/d. b2 positive, otherwise
/// both starts are one and `ArgumentError` is thrown. Constant cost.
Starts compare_starts(const Isotropic& setting);

/// Pretraining on tasks N(0, diag(task_variances)), [d]; the task at test time is `setting.beta`,
/// which need not be a likely one. Crossings are 0 where the cold start is better before any step.
/// O(d).
Starts compare_starts(const Diagonal& setting,
                      const Eigen::Ref<const Eigen::VectorXd>& task_variances);

/// What to do, for one of the two risks.
struct Decision {
  bool adapt = false;
  StartKind start = StartKind::warm;  ///< Smaller risk at its own best step; warm when equal.
  double step = 0;                    ///< eta* from that start; 0 unless `adapt`.
  double risk_before = 0;             ///< Of the pretrained model as it is.
  double risk_after = 0;              ///< After the step from `start`, or `risk_before`.
  double gain = 0;                    ///< Their difference.
  double share = 0;  ///< What the best step takes off the excess risk, risk_before - sigma2;
                     ///< in [0, 1], also where the advice is not to adapt.
};

/// Adapting is advised when the best step from the better start takes at least `least_share`, in
/// [0, 1], off the excess risk of the pretrained model, and more than nothing.
Decision decide(const StepRisk& cold, const StepRisk& warm, double sigma2, double least_share);

}  // namespace sextant::studies::linear
