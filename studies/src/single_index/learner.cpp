#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

#include "sextant/studies/single_index/stages.hpp"
#include "stage_checks.hpp"

namespace sextant::studies::single_index {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

LastStage choose_last_stage(const ReluRegression& regression, const LastStageOptions& options) {
  check_options("choose_last_stage", options);
  const double largest = regression.largest();
  LastStage result;
  const auto with_penalty = [&](double penalty, bool at_edge) {
    result.penalty = penalty;
    result.at_edge = at_edge;
    result.readout = regression.ridge(penalty);
    return result;
  };
  const auto with_steps = [&](std::optional<std::int64_t> steps) {
    result.steps = std::min(steps.value_or(most_steps), most_steps);
    result.at_edge = result.steps == most_steps;
    result.readout = regression.descent(result.steps, options.step_scale);
    return result;
  };
  switch (options.rule) {
    case LastStageRule::cross_validation: {
      const auto penalties = default_relative_penalties();
      const double penalty = regression.gcv_penalty(penalties);
      return with_penalty(
          penalty, penalty == penalties.front() * largest || penalty == penalties.back() * largest);
    }
    case LastStageRule::evidence: {
      const evidence::BenchmarkFit fit = regression.evidence_fit();
      // Without a signal, the largest penalty there is: the readout is 0.
      if (!(fit.lambda_star < std::numeric_limits<double>::infinity())) {
        return with_penalty(std::numeric_limits<double>::max(), true);
      }
      return with_penalty(fit.lambda_star, fit.at_lower_edge || fit.at_upper_edge);
    }
    case LastStageRule::fixed_penalty:
      return with_penalty(options.relative_penalty * largest, false);
    case LastStageRule::benchmark_steps:
      return with_steps(regression.benchmark_steps(options.step_scale));
    case LastStageRule::profile_steps:
      return with_steps(
          regression.evidence_steps(options.step_scale, evidence::Sigma2Rule::profile));
    case LastStageRule::plug_in_steps:
      return with_steps(
          regression.evidence_steps(options.step_scale, evidence::Sigma2Rule::plug_in));
    case LastStageRule::fixed_steps:
      return with_steps(options.steps);
  }
  throw ArgumentError("choose_last_stage", "rule", "is not a rule");
}

VectorXd Learned::predict(const Eigen::Ref<const MatrixXd>& x) const {
  check_same("Learned::predict", "x", x.rows(), strong.direction.size());
  return last.readout.values(x.transpose() * strong.direction);
}

Learned learn(const Pretrained& pretrained, const generators::LabelledInputs& samples,
              const LearnerOptions& options, Random& random) {
  constexpr std::string_view here = "learn";
  const Index d = check_pretrained(here, pretrained);
  check_samples(here, "samples", samples, d, fewest_samples);
  const Index n = samples.size();
  check_count(here, "samples", n, fewest_samples, largest_samples);
  check_between(here, "context_share", options.context_share, 0, 1);
  check_between(here, "link_share", options.link_share, 0, 1);
  check_between(here, "descent_share", options.descent_share, 0, 1);
  check_options(here, options.last);
  const auto part = [&](double share) {
    return std::max<Index>(1, std::llround(share * static_cast<double>(n)));
  };
  const Index first = part(options.context_share);
  const Index second = part(options.link_share);
  const Index third = part(options.descent_share);
  const Index rest = n - first - second - third;
  if (rest < 1) {
    throw ArgumentError(here, "context_share",
                        fmt::format("and the other shares leave {} of {} samples for the last "
                                    "stage",
                                    std::max<Index>(rest, 0), n));
  }
  const generators::LabelledInputs context = samples.part(0, first);
  const generators::LabelledInputs link_samples = samples.part(first, second);
  WeakRecovery weak = recover_weakly(pretrained, options.attention, context, link_samples,
                                     options.weak, options.link, random);
  StrongRecovery strong =
      recover_strongly(pretrained, weak.direction, link_samples,
                       samples.part(first + second, third), options.strong, options.link, random);
  const Index from = options.last.reuse ? 0 : n - rest;
  const VectorXd s = samples.x.rightCols(n - from).transpose() * strong.direction;
  ReluRegression regression(draw_units(options.last.units, options.last.offset_range, random), s,
                            samples.y.tail(n - from));
  LastStage last = choose_last_stage(regression, options.last);
  return {std::move(weak), std::move(strong), std::move(last), std::move(regression)};
}

}  // namespace sextant::studies::single_index
