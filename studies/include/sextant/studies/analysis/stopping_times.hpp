#pragma once

/// The Bayes filter as an average over stopping times, and how far one time is from it
/// [W, App. G.2]; theory Secs. 2 and 4.

#include <Eigen/Core>

namespace sextant::studies::analysis {

/// Times of gradient flow with weights that sum to 1.
struct StoppingTimes {
  Eigen::VectorXd times;    ///< Ascending, positive; reciprocal of the kernel's unit.
  Eigen::VectorXd weights;  ///< Same length, positive.
};

/// `count` >= 1 times that stand for S ~ Exp(lambda_star), lambda_star > 0: Gauss-Laguerre nodes,
/// so that averages of polynomials in S up to degree 2 count - 1 are exact. At most 64.
///
/// Averaging gradient flow over them gives the Bayes filter, g*(l) = E[1 - exp(-S l)]
/// [W, Prop. G.6], with an error that falls quickly with `count` while l is not far above
/// lambda_star and slowly beyond: at l = lambda_star 1e-3, 1e-6, 3e-10 or less for 5, 10, 16 times,
/// at l = 100 lambda_star 0.4, 0.3, 0.2 (studies/tests/analysis/stopping_times_test.cpp).
StoppingTimes exponential_stopping_times(double lambda_star, int count);

/// sum_j weights_j (1 - exp(-times_j l)) [n]: gradient flow averaged over times, prompt form.
/// `values` [n], each at least 0. O(n |times|).
Eigen::VectorXd average_flow_prompt_filter(const Eigen::Ref<const Eigen::VectorXd>& values,
                                           const StoppingTimes& stops);
/// The same in query form.
Eigen::VectorXd average_flow_query_filter(const Eigen::Ref<const Eigen::VectorXd>& values,
                                          const StoppingTimes& stops);

/// Both sides of [W, Prop. G.7]: with d(l) = g_t(l) - g*(l) and weights a,
///
///     sum a_i d(l_i)^2 <= 2 (sum a_i) d(mu)^2 + 2 (t + 1/lambda_star)^2 sum a_i (l_i - mu)^2
struct SpreadBound {
  double gap = 0;      ///< The left side: the Bayes gap of stopping at t.
  double at_mean = 0;  ///< First term on the right: the mismatch at mu.
  double spread = 0;   ///< Second term: a wide spectrum cannot be matched by one time.
  double mean = 0;     ///< mu = sum a_i l_i / sum a_i.
  double bound() const { return at_mean + spread; }
};

/// `values` and `a` [n], each at least 0, `lambda_star` > 0 and finite, `time` >= 0. Without any
/// weight everything is 0. Throws `ArgumentError` for values out of range. O(n).
SpreadBound spread_bound(const Eigen::Ref<const Eigen::VectorXd>& values,
                         const Eigen::Ref<const Eigen::VectorXd>& a, double lambda_star,
                         double time);

}  // namespace sextant::studies::analysis
