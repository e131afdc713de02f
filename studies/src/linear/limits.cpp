#include "sextant/studies/linear/limits.hpp"

#include <cmath>
#include <limits>

#include "checks.hpp"
#include "filter.hpp"
#include "sextant/spectral/grid_minimum.hpp"
#include "sextant/studies/linear/step_risk.hpp"

namespace sextant::studies::linear {
namespace {

void check(std::string_view function, const Proportions& p) {
  check_positive(function, "alpha", p.alpha);
  check_positive(function, "b2", p.b2);
  check_not_negative(function, "sigma2", p.sigma2);
}

double error_of(const Proportions& p, double x) {
  return p.b2 * (1 - x) * (1 - x) + x * x * (p.b2 + p.sigma2) / p.alpha;
}

/// |u|^2/n^2
double norm_of(const Proportions& p) { return p.b2 + (p.b2 + p.sigma2) / p.alpha; }

/// Slope and curvature of the fresh risk in units where D = (gamma + 1) E0 + sigma2.
StepRisk limiting_risk(const Proportions& p, double x) {
  const double error = error_of(p, x);
  return {p.sigma2 + error, p.b2 * (1 - x) * (1 - x), error, error + p.sigma2, 1};
}

}  // namespace

double limiting_warm_scale(const Proportions& proportions) {
  check("limiting_warm_scale", proportions);
  const double alpha = proportions.alpha;
  return alpha / (alpha + 1 + proportions.sigma2 / proportions.b2);
}

LimitingGain limiting_gain(const Proportions& p, double x) {
  check("limiting_gain", p);
  check_positive("limiting_gain", "gamma", p.gamma);
  check_finite("limiting_gain", "x", x);
  const double error = error_of(p, x);
  const double curvature = (p.gamma + 1) * error + p.sigma2;
  const double bias = (1 - x) * (1 - x);
  LimitingGain gain;
  gain.error = error;
  if (curvature == 0) return gain;
  gain.same_context_gain = p.gamma * error * error / curvature;
  gain.fresh_context_gain = p.gamma * p.b2 * p.b2 * bias * bias / curvature;
  gain.same_context_step = error / (2 * norm_of(p) * curvature);
  gain.fresh_context_step = bias / (2 * curvature);
  return gain;
}

double limiting_crossing(const Proportions& p) {
  check("limiting_crossing", p);
  return crossing_samples(limiting_risk(p, 0), limiting_risk(p, limiting_warm_scale(p)));
}

LimitingSteps limiting_steps(const Proportions& p, double x, std::int64_t steps, double c) {
  constexpr auto function = "limiting_steps";
  check(function, p);
  check_positive(function, "gamma", p.gamma);
  check_finite(function, "x", x);
  if (steps < 0) {
    throw ArgumentError(function, "steps", fmt::format("is {}, expected at least 0", steps));
  }
  check_not_negative(function, "c", c);
  const double edge = (1 + std::sqrt(p.gamma)) * (1 + std::sqrt(p.gamma));
  const FilterMoments moments = limiting_filter(p.gamma, steps, c / edge);
  const double error = error_of(p, x);
  const double moved = moments.second * error + p.sigma2 * moments.noise;
  // e'Gu/|u|^2 and u'U2u/|u|^4.
  const double ratio = p.b2 / norm_of(p);
  return {(1 - 2 * moments.first) * error + moved,
          error - 2 * moments.first * p.b2 * (1 - x) * (1 - x) * ratio + moved * ratio * ratio};
}

BestLimitingSteps best_limiting_steps(const Proportions& p, double x, std::int64_t steps) {
  constexpr auto function = "best_limiting_steps";
  const LimitingGain one = limiting_gain(p, x);
  check_count(function, "steps", steps, 1, std::numeric_limits<std::int64_t>::max());
  if (steps == 1) {
    // rho = 2 eta |u|^2 in units of 1/d.
    const double edge = (1 + std::sqrt(p.gamma)) * (1 + std::sqrt(p.gamma));
    const double unit = 2 * norm_of(p) * edge;
    return {one.error - one.same_context_gain, unit * one.same_context_step,
            one.error - one.fresh_context_gain, unit * one.fresh_context_step};
  }
  constexpr double least = 1e-6;
  constexpr double most = 2;
  const auto best = [&](double LimitingSteps::*risk) {
    return spectral::minimise_on_log_grid(
        [&](double c) { return limiting_steps(p, x, steps, c).*risk; }, least, most,
        spectral::log_grid_points(least, most, 12));
  };
  const spectral::GridMinimum same = best(&LimitingSteps::same_context);
  const spectral::GridMinimum fresh = best(&LimitingSteps::fresh_context);
  return {same.value, same.argument, fresh.value, fresh.argument};
}

}  // namespace sextant::studies::linear
