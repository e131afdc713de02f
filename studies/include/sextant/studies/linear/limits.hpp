#pragma once

/// Proportional limits: n = alpha d, k = gamma d, d to infinity (theory 3c, A3), for isotropic
/// inputs and W0 = (x/n) I. Corrections are of order 1/d: 10 to 30% at d = 20, 1% at d = 1,000.
/// What `one_step` computes is exact; the limits say how it depends on the sizes.
///
/// Errors: `ArgumentError` for ratios that are not positive and finite, negative variances, b2 = 0.

#include <cstdint>

namespace sextant::studies::linear {

struct Proportions {
  double alpha = 0;   ///< n/d
  double gamma = 0;   ///< k/d
  double b2 = 1;      ///< |beta|^2, positive.
  double sigma2 = 0;  ///< At least 0.
};

/// x = n w of the pretrained start, alpha/(alpha + 1 + sigma2/b2). The cold start has x = 0.
double limiting_warm_scale(const Proportions& proportions);

/// Limits for one start, unit of a squared label.
struct LimitingGain {
  double error = 0;               ///< E0, the risk before without sigma2.
  double same_context_gain = 0;   ///< At the best step.
  double fresh_context_gain = 0;  ///< At the best step.
  double same_context_step = 0;   ///< n^2 d eta*
  double fresh_context_step = 0;  ///< n^2 d eta*
};

/// `x` finite.
LimitingGain limiting_gain(const Proportions& proportions, double x);

/// gamma* = k*/d above which the cold start has the smaller fresh-context risk, each start at its
/// own best step; (1 + alpha)^2/(2 + alpha) without noise. `proportions.gamma` does not matter.
double limiting_crossing(const Proportions& proportions);

/// Excess risks (without sigma2) after T steps from W0 = (x/n) I with rho = c/(sqrt(k) +
/// sqrt(d))^2, c >= 0 (theory A5 with the limits of what it needs of a context). From c = 2 on more
/// steps diverge, though one alone may do good; throws `NumericalError` beyond the range of double.
/// Three quadratures.
struct LimitingSteps {
  double same_context = 0;
  double fresh_context = 0;
};
LimitingSteps limiting_steps(const Proportions& proportions, double x, std::int64_t steps,
                             double c);

/// The smallest excess risks after T steps, and the c at which they are reached, each risk at its
/// own.
struct BestLimitingSteps {
  double same_context = 0;
  double same_context_scale = 0;  ///< c
  double fresh_context = 0;
  double fresh_context_scale = 0;  ///< c
};
/// `steps` >= 1. One step in closed form, with any c; more steps with 1e-6 <= c <= 2, the stable
/// ones, by search, c accurate to about 1e-8. About 500 quadratures.
BestLimitingSteps best_limiting_steps(const Proportions& proportions, double x, std::int64_t steps);

}  // namespace sextant::studies::linear
