#pragma once

/// Functions of one number as a sum of ReLU units, and their ridge regression: the link of the
/// test-time stages and every readout of the single-index learner.

#include <Eigen/Core>
#include <cstdint>
#include <optional>
#include <span>

#include "sextant/core/random.hpp"
#include "sextant/evidence/benchmark_fit.hpp"
#include "sextant/evidence/curve.hpp"
#include "sextant/evidence/products.hpp"
#include "sextant/spectral/eigensystem.hpp"

namespace sextant::studies::single_index {

/// Unit j is relu(slopes_j s + offsets_j); the intercept is one feature more, always 1.
struct ReluUnits {
  Eigen::VectorXd slopes;   ///< v [m], not 0.
  Eigen::VectorXd offsets;  ///< b [m]

  Eigen::Index size() const { return slopes.size(); }
  /// [n, m + 1], the intercept last. O(n m).
  Eigen::MatrixXd features(const Eigen::Ref<const Eigen::VectorXd>& s) const;
};

/// `count` >= 1 units with slopes +1, -1, +1, ... and offsets uniform on [-range, range].
ReluUnits draw_units(Eigen::Index count, double range, Random& random);

/// f(s) = sum_j a_j relu(v_j s + b_j) + a_0, kept as the pieces of a piecewise linear function.
class ReluReadout {
 public:
  ReluReadout() = default;
  /// `weights` [m + 1], the intercept last. Throws `ArgumentError` for another length, a slope of 0
  /// and numbers that are not finite. O(m log m).
  ReluReadout(const ReluUnits& units, const Eigen::Ref<const Eigen::VectorXd>& weights);

  double value(double s) const;  ///< O(log m)
  double slope(double s) const;  ///< f'(s); from the right where it jumps.
  Eigen::VectorXd values(const Eigen::Ref<const Eigen::VectorXd>& s) const;

 private:
  std::size_t piece(double s) const;

  std::vector<double> knots_;       // ascending
  std::vector<double> slopes_;      // of the pieces, one more than knots
  std::vector<double> intercepts_;  // of the pieces
};

/// Ridge regression of y on the features of ReLU units for all penalties at once: weights
/// (F'F + penalty I)^-1 F'y, intercept penalised too. In the terms of the library: F is the feature
/// matrix, K = F F' the kernel, y the residuals, and the penalty is lambda_star of the Bayes
/// filter.
class ReluRegression {
 public:
  /// `s`, `y` [n], n >= 1, finite, else `ArgumentError`. O(n m^2 + m^3); memory 4096 m, not n m.
  ReluRegression(ReluUnits units, const Eigen::Ref<const Eigen::VectorXd>& s,
                 const Eigen::Ref<const Eigen::VectorXd>& y);

  Eigen::Index examples() const { return spectrum_.spectrum.examples; }
  /// lambda_max of K.
  double largest() const { return gram_.largest(); }
  /// Eigenvalues and energies of K and y; rho is that of `step_scale` 0.1.
  const evidence::LargeSpectrum& spectrum() const { return spectrum_; }

  /// Penalty > 0.
  ReluReadout ridge(double penalty) const;
  /// `steps` >= 0 steps of gradient descent on |y - F a|^2/2 from a = 0 with step size
  /// step_scale / lambda_max, 0 < step_scale < 1.
  ReluReadout descent(std::int64_t steps, double step_scale) const;

  /// Generalised cross-validation, n |y - H y|^2 / (n - tr H)^2 (Golub, Heath and Wahba 1979).
  double gcv(double penalty) const;
  /// The best of `relative_penalties` (of lambda_max), each positive; of equal ones the largest.
  double gcv_penalty(std::span<const double> relative_penalties) const;
  /// The penalty of maximum likelihood, `evidence::fit_benchmark`.
  evidence::BenchmarkFit evidence_fit() const;
  /// The number of steps of least expected error on the samples when both variances are as
  /// `evidence_fit` has them (`spectral::oracle_time`); empty where none is large enough. 0 without
  /// a signal.
  std::optional<std::int64_t> benchmark_steps(double step_scale) const;
  /// The number of steps of maximum likelihood, `evidence::unbounded_map`.
  std::optional<std::int64_t> evidence_steps(double step_scale, evidence::Sigma2Rule rule) const;

 private:
  ReluReadout filtered(const Eigen::VectorXd& filter) const;

  ReluUnits units_;
  spectral::Eigensystem gram_;   // of F'F
  Eigen::VectorXd coordinates_;  // V'F'y
  evidence::LargeSpectrum spectrum_;
};

/// Penalties of `gcv_penalty` in the last stage: 1e-8, 1e-7, ..., 1e-2.
std::span<const double> default_relative_penalties();

/// Units and penalty of links that only have to be good enough for the next gradient.
struct LinkOptions {
  Eigen::Index units = 128;  ///< m, at least 1.
  double offset_range = 4;   ///< C, positive.
  double penalty = 1e-4;     ///< Over n times the squared mean deviation of the units; positive.
  double target_clip = 8;    ///< Labels are clipped here; positive.
};

/// Throws `ArgumentError` in the name of `function` for options out of range.
void check_link(std::string_view function, const LinkOptions& options);

/// Ridge regression of clip(y) on the units of s: penalty n sbar^2 options.penalty with the mean
/// sbar of the units' standard deviations (or with sbar = 1 where all are constant). O(n m^2).
ReluReadout fit_link(const ReluUnits& units, const LinkOptions& options,
                     const Eigen::Ref<const Eigen::VectorXd>& s,
                     const Eigen::Ref<const Eigen::VectorXd>& y);

}  // namespace sextant::studies::single_index
