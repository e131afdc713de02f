#include "sextant/studies/linear/starts.hpp"

#include <algorithm>

#include "checks.hpp"
#include "sextant/studies/linear/pretraining.hpp"

namespace sextant::studies::linear {
namespace {

Starts with_crossings(const ContextRisks& cold, const ContextRisks& warm) {
  return {cold, warm, crossing_samples(cold.same_context, warm.same_context),
          crossing_samples(cold.fresh_context, warm.fresh_context)};
}

}  // namespace

std::string_view name_of(StartKind start) { return start == StartKind::cold ? "cold" : "warm"; }

Starts compare_starts(const Isotropic& setting) {
  check("compare_starts", setting);
  check_positive("compare_starts", "b2", setting.b2);
  const double w = pretrained_scale(setting.n, setting.d, setting.sigma2,
                                    setting.b2 / static_cast<double>(setting.d));
  return with_crossings(one_step(setting, 0), one_step(setting, w));
}

Starts compare_starts(const Diagonal& setting,
                      const Eigen::Ref<const Eigen::VectorXd>& task_variances) {
  check("compare_starts", setting);
  const DiagonalOptimum optimum =
      diagonal_optimum(setting.n, setting.input_variances, task_variances, setting.sigma2);
  const Eigen::VectorXd none = Eigen::VectorXd::Zero(setting.beta.size());
  return with_crossings(one_step(setting, none), one_step(setting, optimum.weights));
}

Decision decide(const StepRisk& cold, const StepRisk& warm, double sigma2, double least_share) {
  check_not_negative("decide", "sigma2", sigma2);
  if (!(least_share >= 0 && least_share <= 1)) {
    throw ArgumentError("decide", "least_share",
                        fmt::format("is {}, expected 0 to 1", least_share));
  }
  const bool from_cold = cold.best_risk() < warm.best_risk();
  const StepRisk& best = from_cold ? cold : warm;
  const double gain = std::max(0.0, warm.initial - best.best_risk());
  const double excess = warm.initial - sigma2;
  Decision decision;
  decision.start = from_cold ? StartKind::cold : StartKind::warm;
  decision.risk_before = warm.initial;
  decision.risk_after = warm.initial;
  decision.share = excess > 0 ? std::min(1.0, gain / excess) : 0;
  decision.adapt = gain > 0 && decision.share >= least_share;
  if (decision.adapt) {
    decision.step = best.best_step();
    decision.risk_after = best.best_risk();
    decision.gain = gain;
  }
  return decision;
}

}  // namespace sextant::studies::linear
