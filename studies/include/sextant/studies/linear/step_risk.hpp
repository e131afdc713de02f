#pragma once

/// The risk as a function of the step size, and the comparison of two starts.

#include <cstdint>

namespace sextant::studies::linear {

/// R(eta) = initial - 4 eta k slope + 4 eta^2 k D(k), D(k) = k curvature_per_sample +
/// curvature_fixed: a parabola in the step size whose coefficients are exact at finite n, d and k
/// (theory A2, A4). The three coefficients do not depend on k.
struct StepRisk {
  double initial = 0;               ///< R(0), unit of a squared label, sigma2 included.
  double slope = 0;                 ///< N1. Negative where a positive step does harm.
  double curvature_per_sample = 0;  ///< At least 0.
  double curvature_fixed = 0;       ///< At least 0.
  std::int64_t k = 0;               ///< Samples.

  /// D(k).
  double curvature() const;
  /// R(eta), eta finite.
  double at(double eta) const;
  /// eta* = N1/(2D), of the sign of `slope`; 0 where no step changes the risk.
  double best_step() const;
  /// R(0) - R(eta*) = k N1^2/D, at least 0.
  double gain() const;
  /// R(eta*).
  double best_risk() const;
  /// The same with another number of samples. Throws `ArgumentError` unless 1 <= k <=
  /// `largest_count`.
  StepRisk with_samples(std::int64_t samples) const;
};

/// Both risks after one step, see setting.hpp.
struct ContextRisks {
  StepRisk same_context;
  StepRisk fresh_context;
};

/// From how many samples on the start `cold` is at least as good as `warm`, each at its own best
/// step: the smallest positive root k* of the quadratic Q(k) of theory A3, k taken as real.
/// Infinite when `warm` is better for every k, 0 when `cold` is no worse before any step. The k of
/// the arguments does not matter. Constant cost.
double crossing_samples(const StepRisk& cold, const StepRisk& warm);

}  // namespace sextant::studies::linear
