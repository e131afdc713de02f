#pragma once

/// T gradient steps on the same k samples, isotropic inputs, given the context (theory A5).
///
/// With rho = 2 eta |u|^2 and the Gram matrix S = sum_j x_j x_j' of the samples, T steps replace e
/// by (I - D_T) e plus noise, D_T = I - (I - rho S)^T. Averaged over the samples the risks depend
/// on D_T through three numbers alone.

#include <Eigen/Core>
#include <cstdint>

#include "sextant/studies/linear/setting.hpp"

namespace sextant::studies::linear {

/// Means over the Gram matrix S [d, d].
struct FilterMoments {
  double first = 0;   ///< delta1 = E tr(D_T)/d
  double second = 0;  ///< delta2 = E tr(D_T^2)/d
  double noise = 0;   ///< nu = E tr(S^+ D_T^2); infinite where pseudo-inverses have no mean.
};

/// The largest T of `exact_filter_moments`.
inline constexpr int most_exact_steps = 3;

/// Exact at finite k and d, from the first six moments of the Wishart distribution; `steps` 0 to
/// `most_exact_steps`, `rho` >= 0. Constant cost.
FilterMoments exact_filter_moments(std::int64_t k, std::int64_t d, int steps, double rho);

/// Any number of steps >= 0 for large d: an integral against the Marchenko-Pastur law of ratio
/// k/d; within 1 to 3% at d = 20 already. Throws `NumericalError` when the steps diverge beyond the
/// range of double. One quadrature each.
FilterMoments limiting_filter_moments(std::int64_t k, std::int64_t d, std::int64_t steps,
                                      double rho);

/// Steps without end: the least-squares fit to the samples that is nearest to the start. Exact.
FilterMoments converged_filter_moments(std::int64_t k, std::int64_t d);

/// The moments of one Gram matrix: `eigenvalues` [d], at least 0; what is 0 but for
/// rounding should be 0, or very many steps make it count. O(d).
FilterMoments filter_moments(const Eigen::Ref<const Eigen::VectorXd>& eigenvalues,
                             std::int64_t steps, double rho);

/// E tr(S^j)/d of the Gram matrix of k standard normal samples, 0 <= j <= 6.
double gram_moment(std::int64_t k, std::int64_t d, int j);

/// 2/(sqrt(k) + sqrt(d))^2: for larger rho the steps diverge, at leading order in large k and d.
double largest_stable_rho(std::int64_t k, std::int64_t d);

/// What the risks need of one context.
struct GivenContext {
  double error = 0;         ///< |e|^2, e = beta - W0 u.
  double squared_norm = 0;  ///< |u|^2
  double fresh_error = 0;   ///< E0 = E|e|^2 of a fresh context.
  double cross = 0;         ///< e'G u
  double fresh_square = 0;  ///< u'U2 u
  double sigma2 = 0;
};

/// For W0 [d, d] and u [d] and isotropic inputs; `setting.input_variances` all 1. O(d^2). Throws
/// `ArgumentError` as `one_step_given_context`, and for other variances.
GivenContext given_context(const Diagonal& setting, const Eigen::Ref<const Eigen::MatrixXd>& w0,
                           const Eigen::Ref<const Eigen::VectorXd>& u);

/// The risks after the steps that `moments` stand for, sigma2 included. Throws `ArgumentError` for
/// u = 0, where the step's unit is undefined.
struct StepsRisk {
  double same_context = 0;
  double fresh_context = 0;
};
StepsRisk several_steps(const GivenContext& context, const FilterMoments& moments);

}  // namespace sextant::studies::linear
