#pragma once

/// Exact risks after one gradient step at finite n, d and k (theory A2, A4).
///
/// "Given the context" means for this very context and averaged over the samples of the step (and
/// over fresh contexts); otherwise the context is averaged over as well, with one step size for
/// all. The best step then is lower in gain than the mean of the best steps of single contexts.
///
/// Errors: `ArgumentError` for sizes out of range, vectors whose lengths differ, and variances that
/// are negative or not finite; `NumericalError` when a moment exceeds the range of double.

#include <Eigen/Core>

#include "sextant/studies/linear/setting.hpp"
#include "sextant/studies/linear/step_risk.hpp"

namespace sextant::studies::linear {

/// What the averaged risks for W0 = w I consist of. u and e = beta - w u are those of the context
/// of the step, U2 = E[u u'] and G = E[e u'] belong to a fresh one.
struct IsotropicMoments {
  double error = 0;            ///< E0 = E|e|^2
  double same_slope = 0;       ///< A1 = E[|u|^2 |e|^2]
  double same_curvature = 0;   ///< A2 = E[|u|^4 |e|^2]
  double same_noise = 0;       ///< B2 = E|u|^4
  double fresh_slope = 0;      ///< M1 = |G|_F^2, at least 0.
  double fresh_curvature = 0;  ///< M2 = E[u'U2u |e|^2]
  double fresh_noise = 0;      ///< B = |U2|_F^2
};

/// Theory 3b. `w` finite; the k of `setting` does not matter. Sums of positive terms where there is
/// a form of that kind; A1, A2 and M2 lose a factor n/d of long double's accuracy to cancellation.
/// Constant cost.
IsotropicMoments isotropic_moments(const Isotropic& setting, double w);

/// Both risks from W0 = w I, averaged over contexts (theory 3b). `w` = 0 is the cold start.
/// Constant cost.
ContextRisks one_step(const Isotropic& setting, double w);

/// Both risks from W0 = diag(weights), [d], averaged over contexts, for this task and these input
/// variances. The fresh one is theory A4; the same-context one takes the analogous mean of three
/// quadratic forms, E[|u|^4 e'Ae], from their joint cumulants given the labels. O(d).
ContextRisks one_step(const Diagonal& setting, const Eigen::Ref<const Eigen::VectorXd>& weights);

/// Both risks given the context vector `u` [d] = X'y, from any W0 [d, d] (theory 3a and A4). The
/// fresh risk may have a negative slope: then a positive step hurts other contexts. O(d^2).
ContextRisks one_step_given_context(const Diagonal& setting,
                                    const Eigen::Ref<const Eigen::MatrixXd>& w0,
                                    const Eigen::Ref<const Eigen::VectorXd>& u);

/// The step 1/(2 |u|^2 (k + d + 1)) for the same context, isotropic inputs and labels without
/// noise: best whatever beta and W0 are (theory 3a). Throws `ArgumentError` for u = 0.
double universal_step(const Eigen::Ref<const Eigen::VectorXd>& u, std::int64_t k);

}  // namespace sextant::studies::linear
