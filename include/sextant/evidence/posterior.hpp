#pragma once

/// Averaging over horizons instead of choosing one [W, Sec. 7]; theory Sec. 5.

#include <Eigen/Core>
#include <cstdint>
#include <span>

#include "sextant/evidence/curve.hpp"

namespace sextant::evidence {

/// nu(T) proportional to prior(T) exp(-beta n l_T) over a curve's candidates.
struct HorizonPosterior {
  Eigen::VectorXd weights;  ///< nu(T), in the order of the curve's horizons; sums to 1.
  double mean = 0;          ///< sum nu(T) T.
  double divergence = 0;    ///< KL(nu || prior) in nats, at least 0.
};

/// The Gibbs posterior; `beta` >= 0 (1 is the Bayesian posterior, 0 the prior). `prior`: one weight
/// per candidate, each finite and at least 0 with a positive sum (they are normalised), or empty
/// for the uniform one. With r = 0 it rests on the curve's `relative`, as T_MAP does. Throws
/// `ArgumentError` for values out of range. O(|horizons|), deterministic.
HorizonPosterior gibbs_posterior(const EvidenceCurve& curve, double beta = 1,
                                 std::span<const double> prior = {});

/// sum_T nu(T) g_T: the model average in prompt form, a filter like any other (filters.hpp).
/// `weights` [|horizons|], each at least 0. Cost O(n) per horizon of positive weight.
Eigen::VectorXd average_prompt_filter(const Eigen::Ref<const Eigen::VectorXd>& values, double rho,
                                      std::span<const std::int64_t> horizons,
                                      const Eigen::Ref<const Eigen::VectorXd>& weights);
/// sum_T nu(T) q_T: the same in query form.
Eigen::VectorXd average_query_filter(const Eigen::Ref<const Eigen::VectorXd>& values, double rho,
                                     std::span<const std::int64_t> horizons,
                                     const Eigen::Ref<const Eigen::VectorXd>& weights);

}  // namespace sextant::evidence
