#pragma once

/// How far to adapt when the benchmark's variances are known: spectrally matched times and the
/// oracle horizon, time and step size [W, Sec. 6, App. G]; theory Sec. 4.
///
/// `values` are eigenvalues, each at least 0; times are in the reciprocal of the kernel's unit, and
/// T steps with step rho take the time rho T. All functions are deterministic and throw
/// `ArgumentError` for wrong sizes and values out of range.

#include <Eigen/Core>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "sextant/spectral/gaps.hpp"

namespace sextant::spectral {

/// t*_l = log(1 + l/lambda_star)/l [n]: the time at which gradient flow treats eigenvalue l exactly
/// as the Bayes filter does; 1/lambda_star at l = 0, +infinity for lambda_star = 0, and 0 for an
/// infinite one.
Eigen::VectorXd per_mode_times(const Eigen::Ref<const Eigen::VectorXd>& values, double lambda_star);

/// The nearest integer T >= 0 to time/rho, halves rounded up; 0 when rho = 0 (a zero kernel); empty
/// when that exceeds 2^53 (as for an infinite time). `time` in [0, +infinity], `rho` finite and at
/// least 0; throws `ArgumentError` for others.
std::optional<std::int64_t> horizon_for_time(double time, double rho);

/// One horizon for all modes: the one that suits the mean eigenvalue.
struct SpectralMatch {
  double mean_eigenvalue = 0;           ///< mu = sum a_i l_i / sum a_i.
  double time = 0;                      ///< t_mu = log(1 + mu/lambda_star)/mu.
  std::optional<std::int64_t> horizon;  ///< `horizon_for_time(time, rho)`.
};

/// Matches gradient descent to the Bayes filter at the mean eigenvalue under weights `a` [n], each
/// at least 0: those of `prompt_gap_weights` or of `query_gap_weights`. Without any weight there is
/// nothing to match: mu = time = 0 and T = 0.
SpectralMatch match_at_mean(const Eigen::Ref<const Eigen::VectorXd>& values,
                            const Eigen::Ref<const Eigen::VectorXd>& a, double lambda_star,
                            double rho);

/// The candidate horizon with the smallest Bayes gap.
struct OracleHorizon {
  std::int64_t horizon = 0;    ///< Of equal ones the smallest.
  double gap = 0;              ///< Its Bayes gap, see gaps.hpp.
  bool at_lower_edge = false;  ///< It is the smallest candidate; natural when that is 0.
  bool at_upper_edge = false;  ///< It is the largest candidate: a longer horizon may be better.
  Eigen::VectorXd gaps;        ///< Gap of every candidate, in their order.
};

/// Minimises the gap of T steps of gradient descent over `horizons` (non-empty, each at least 0, in
/// any order) at fixed `rho`. Cost O(|horizons| n).
OracleHorizon oracle_horizon(const Eigen::Ref<const Eigen::VectorXd>& values,
                             const GapWeights& weights, double lambda_star, double rho,
                             std::span<const std::int64_t> horizons);

/// The same for many weights of one form, sharing the filters: O(|horizons| n (|weights| + 1)), of
/// which O(|horizons| n) are powers.
std::vector<OracleHorizon> oracle_horizons(const Eigen::Ref<const Eigen::VectorXd>& values,
                                           std::span<const GapWeights> weights, double lambda_star,
                                           double rho, std::span<const std::int64_t> horizons);

/// A continuous minimiser of the Bayes gap.
struct OracleValue {
  double value = 0;            ///< The minimising time or step.
  double gap = 0;              ///< The gap there.
  bool at_upper_edge = false;  ///< The gap still falls at the end of the range, see the function.
  int local_minima = 0;  ///< Of the gap; more than one is possible. 0 where no search is needed.
};

/// Minimises the gap of gradient flow over all times t >= 0. Every mode's term falls up to its own
/// t*_l and rises after it, so the search between the smallest and the largest of these misses
/// nothing. t = 0 when lambda_star is infinite or no mode has weight; t = +infinity with
/// `at_upper_edge` when lambda_star = 0. Cost O(n) times a few hundred.
OracleValue oracle_time(const Eigen::Ref<const Eigen::VectorXd>& values, const GapWeights& weights,
                        double lambda_star);

/// Minimises the gap of `horizon` >= 1 steps of gradient descent over rho in (0, 1/lambda_max); the
/// open upper end is taken at (1 - 1e-9)/lambda_max and reported by `at_upper_edge` when it wins.
/// rho = 0 when the kernel is zero, lambda_star infinite, or no mode has weight.
/// Cost O(n) times a few hundred.
OracleValue oracle_step(const Eigen::Ref<const Eigen::VectorXd>& values, const GapWeights& weights,
                        double lambda_star, std::int64_t horizon);

}  // namespace sextant::spectral
