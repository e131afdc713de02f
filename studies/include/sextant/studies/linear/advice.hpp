#pragma once

/// Everything the theory says about one setting: adapt or not, which start, which step, what gain.

#include <cstdint>
#include <optional>
#include <vector>

#include "sextant/studies/linear/alignment.hpp"
#include "sextant/studies/linear/limits.hpp"
#include "sextant/studies/linear/starts.hpp"

namespace sextant::studies::linear {

struct AdviceOptions {
  double least_share = 0.01;  ///< Share of the excess risk that makes a step worth it, in [0, 1].
  std::int64_t steps = 1;     ///< Also up to this many steps, 1 to 10,000; isotropic inputs only.
};

/// Best step sizes for T steps in the proportional limit.
struct StepsLine {
  std::int64_t steps = 0;
  BestLimitingSteps cold;
  BestLimitingSteps warm;
};

struct Advice {
  std::int64_t n = 0;
  std::int64_t k = 0;
  std::int64_t d = 0;
  double signal = 0;  ///< Variance of a label without noise: |beta|^2, or sum l_i beta_i^2.
  double sigma2 = 0;
  double least_share = 0;
  Starts starts;  ///< Exact.
  Decision same_context;
  Decision fresh_context;
  std::optional<Alignment> alignment;       ///< Of the pretrained start; for diagonal covariances.
  std::optional<double> limiting_crossing;  ///< gamma*; for isotropic inputs.
  std::vector<StepsLine> more_steps;        ///< T = 1, 2, 5, 10, ... where more than one was asked.
};

/// Isotropic inputs, `compare_starts` and `decide` for both risks. Throws `ArgumentError` as these
/// and for options out of range. Constant cost; about 500 quadratures for each number of steps.
Advice advise(const Isotropic& setting, const AdviceOptions& options);
/// Diagonal covariances. Throws `ArgumentError` also for `options.steps` other than 1. O(d).
Advice advise(const Diagonal& setting, const Eigen::Ref<const Eigen::VectorXd>& task_variances,
              const AdviceOptions& options);

}  // namespace sextant::studies::linear
