#include "sextant/studies/linear/advice.hpp"

#include "checks.hpp"
#include "sextant/studies/linear/pretraining.hpp"

namespace sextant::studies::linear {
namespace {

constexpr std::int64_t most_steps = 10'000;

void check_options(const AdviceOptions& options) {
  check_count("linear::advise", "steps", options.steps, 1, most_steps);
}

Advice from_starts(const Starts& starts, double sigma2, const AdviceOptions& options) {
  Advice advice;
  advice.sigma2 = sigma2;
  advice.least_share = options.least_share;
  advice.starts = starts;
  advice.same_context =
      decide(starts.cold.same_context, starts.warm.same_context, sigma2, options.least_share);
  advice.fresh_context =
      decide(starts.cold.fresh_context, starts.warm.fresh_context, sigma2, options.least_share);
  return advice;
}

/// 1, 2, 5, 10, 20, ... below `last`, and `last`.
std::vector<std::int64_t> step_numbers(std::int64_t last) {
  std::vector<std::int64_t> numbers;
  for (std::int64_t ten = 1; ten < last; ten *= 10) {
    for (const std::int64_t digit : {1, 2, 5}) {
      if (digit * ten < last) numbers.push_back(digit * ten);
    }
  }
  numbers.push_back(last);
  return numbers;
}

}  // namespace

Advice advise(const Isotropic& setting, const AdviceOptions& options) {
  check_options(options);
  Advice advice = from_starts(compare_starts(setting), setting.sigma2, options);
  advice.n = setting.n;
  advice.k = setting.k;
  advice.d = setting.d;
  advice.signal = setting.b2;
  const auto d = static_cast<double>(setting.d);
  const Proportions proportions{static_cast<double>(setting.n) / d,
                                static_cast<double>(setting.k) / d, setting.b2, setting.sigma2};
  advice.limiting_crossing = limiting_crossing(proportions);
  if (options.steps == 1) return advice;
  const double warm = limiting_warm_scale(proportions);
  for (const std::int64_t steps : step_numbers(options.steps)) {
    advice.more_steps.push_back({steps, best_limiting_steps(proportions, 0, steps),
                                 best_limiting_steps(proportions, warm, steps)});
  }
  return advice;
}

Advice advise(const Diagonal& setting, const Eigen::Ref<const Eigen::VectorXd>& task_variances,
              const AdviceOptions& options) {
  check_options(options);
  if (options.steps != 1) {
    throw ArgumentError("linear::advise", "steps",
                        "is not 1: several steps have a theory for isotropic inputs only");
  }
  Advice advice = from_starts(compare_starts(setting, task_variances), setting.sigma2, options);
  advice.n = setting.n;
  advice.k = setting.k;
  advice.d = setting.beta.size();
  advice.signal = (setting.input_variances.array() * setting.beta.array().square()).sum();
  advice.alignment = alignment(
      setting,
      diagonal_optimum(setting.n, setting.input_variances, task_variances, setting.sigma2).weights);
  return advice;
}

}  // namespace sextant::studies::linear
