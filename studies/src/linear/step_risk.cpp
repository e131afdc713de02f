#include "sextant/studies/linear/step_risk.hpp"

#include <algorithm>
#include <limits>

#include "checks.hpp"

namespace sextant::studies::linear {

double StepRisk::curvature() const {
  return static_cast<double>(k) * curvature_per_sample + curvature_fixed;
}

double StepRisk::at(double eta) const {
  check_finite("StepRisk::at", "eta", eta);
  const auto samples = static_cast<double>(k);
  return initial - 4 * eta * samples * slope + 4 * eta * eta * samples * curvature();
}

double StepRisk::best_step() const {
  // Without curvature there is no slope either: both vanish with u or with e and the noise.
  return curvature() > 0 ? slope / (2 * curvature()) : 0;
}

double StepRisk::gain() const {
  // Not slope^2 / curvature, whose numerator leaves the range of double first.
  return curvature() > 0 ? static_cast<double>(k) * slope * (slope / curvature()) : 0;
}

double StepRisk::best_risk() const { return initial - gain(); }

StepRisk StepRisk::with_samples(std::int64_t samples) const {
  check_count("StepRisk::with_samples", "k", samples, 1, largest_count);
  StepRisk other = *this;
  other.k = samples;
  return other;
}

namespace {

/// gain(k) = k limit/(k + half).
struct SaturatingGain {
  double limit = 0;
  double half = 0;
};

SaturatingGain saturating(const StepRisk& risk) {
  // Without slope there is no gain. Curvature per sample is positive where the slope is not 0.
  if (risk.slope == 0) return {0, 1};
  return {risk.slope * (risk.slope / risk.curvature_per_sample),
          risk.curvature_fixed / risk.curvature_per_sample};
}

}  // namespace

double crossing_samples(const StepRisk& cold, const StepRisk& warm) {
  const double infinity = std::numeric_limits<double>::infinity();
  const double lead = cold.initial - warm.initial;
  if (lead <= 0) return 0;
  const auto [p0, q0] = saturating(cold);
  const auto [p1, q1] = saturating(warm);
  // Q(k) = a k^2 + b k + c, positive where the warm start is better; c > 0.
  const double a = lead - p0 + p1;
  const double b = lead * (q0 + q1) - p0 * q1 + p1 * q0;
  const double c = lead * q0 * q1;
  const double discriminant = b * b - 4 * a * c;
  if (discriminant < 0) return infinity;
  // Both roots without cancellation: t/a and c/t.
  const double t = -(b + std::copysign(std::sqrt(discriminant), b)) / 2;
  double smallest = infinity;
  for (const double root : {a != 0 ? t / a : infinity, t != 0 ? c / t : infinity}) {
    if (root > 0) smallest = std::min(smallest, root);
  }
  return smallest;
}

}  // namespace sextant::studies::linear
