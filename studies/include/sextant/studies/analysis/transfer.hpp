#pragma once

/// From evidence to error: a horizon whose evidence is close to the best possible predicts closely
/// [W, App. E.5.3-E.5.6, Lemmas E.16-E.18, Thm E.19]; theory Sec. 6.
///
/// Everything is under the Gaussian benchmark r ~ N(0, Sigma_*), Sigma_* = tau2 K + sigma2 I, with
/// the evidence's variance equal to the benchmark's sigma2 > 0. The normalised Bayes gap is
///
///     Gap(T) = (1/n) E|g_T(K) r - f_Bayes|^2 = (1/n) sum (tau2 l + sigma2)(g_T(l) - g*(l))^2.
///
/// `values` eigenvalues [n], `rho` as in spectral/filters.hpp. Bounds are in squared units of the
/// residuals, evidence in nats per example. All functions are O(n) for a horizon, deterministic,
/// and throw `ArgumentError` for values out of range.

#include <Eigen/Core>
#include <cstdint>
#include <span>

#include "sextant/evidence/curve.hpp"
#include "sextant/spectral/gaps.hpp"

namespace sextant::studies::analysis {

/// L_true = (log det Sigma_* + n)/(2n): the smallest expected evidence of any model of r.
double best_population_evidence(const Eigen::Ref<const Eigen::VectorXd>& values,
                                const spectral::Benchmark& benchmark);

/// KL(N(0, Sigma_*) || N(0, Sigma_T)) = n (L(T) - L_true), at least 0, without cancellation.
double evidence_divergence(const Eigen::Ref<const Eigen::VectorXd>& values, double rho,
                           std::int64_t horizon, const spectral::Benchmark& benchmark);

/// Gap(T).
double normalized_gap(const Eigen::Ref<const Eigen::VectorXd>& values, double rho,
                      std::int64_t horizon, const spectral::Benchmark& benchmark);

/// 4 sigma2 KL / n, which Gap(T) never exceeds [W, Lemma E.16].
double transfer_bound(const Eigen::Ref<const Eigen::VectorXd>& values, double rho,
                      std::int64_t horizon, const spectral::Benchmark& benchmark);

/// A bound on Gap(T_MAP) that uses the observed evidence, with probability at least 1 - delta over
/// r [W, Lemma E.17]: 4 sigma2 (min l_T - L_true + sqrt(vbar (log|T| + log(1/delta))/n)). `curve`
/// must have been computed with the fixed variance sigma2 of the benchmark.
double observed_gap_bound(const Eigen::Ref<const Eigen::VectorXd>& values, double rho,
                          const evidence::EvidenceCurve& curve,
                          const spectral::Benchmark& benchmark, double delta);

/// How far l_T may lie above L(T), with probability at least 1 - delta [W, Lemma E.18]:
/// sqrt(v_T log(1/delta)/n) + |A_T| log(1/delta)/n.
double upper_deviation(const Eigen::Ref<const Eigen::VectorXd>& values, double rho,
                       std::int64_t horizon, const spectral::Benchmark& benchmark, double delta);

/// The terms of a bound on Gap(T_MAP) that is known before r is seen, each to be multiplied by
/// 4 sigma2; their sum holds with probability at least 1 - 2 delta [W, Thm E.19].
struct PriorGapBound {
  double value = 0;             ///< 4 sigma2 times the sum of the terms.
  std::int64_t comparator = 0;  ///< The candidate whose bound this is: the one of smallest sum.
  double misspecification = 0;  ///< KL/n of the comparator: 0 where some T is the exact model.
  double selection = 0;         ///< sqrt(vbar (log|T| + log(1/delta))/n): the price of choosing.
  double deviation = 0;         ///< `upper_deviation` of the comparator.
};
/// `horizons` are the candidates, at least one. O(n |horizons|).
PriorGapBound prior_gap_bound(const Eigen::Ref<const Eigen::VectorXd>& values, double rho,
                              std::span<const std::int64_t> horizons,
                              const spectral::Benchmark& benchmark, double delta);

}  // namespace sextant::studies::analysis
