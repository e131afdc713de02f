#pragma once

/// What no fixed choice can do [W, Sec. 6, Props. E.6, E.7, E.9]; theory Sec. 4: one number of
/// steps for two noise levels, fitting the prompt completely, and steps outside the kernel's range.
///
/// Errors: `ArgumentError` for wrong sizes and values out of range.

#include <Eigen/Core>

#include "sextant/spectral/eigensystem.hpp"
#include "sextant/spectral/gaps.hpp"

namespace sextant::studies::analysis {

/// Two priors on a projector kernel of rank m, and one filter value for both [W, Prop. E.6].
struct PriorSeparation {
  double first_gap = 0;   ///< Bayes gap under the first prior: m (tau2 + sigma2)(a - s)^2.
  double second_gap = 0;  ///< Under the second.
  double bound = 0;  ///< What the larger of both is at least, whatever a: m min (tau2 + sigma2)
                     ///< (|s1 - s2|/2)^2, s = 1/(1 + lambda_star), tau2 = sigma2/lambda_star.
};

/// `filter` a = g(1) is what the estimator keeps of every direction of the projector, for T steps
/// 1 - (1 - rho)^T. `rank` m >= 1, `sigma2` and both lambda_star positive. O(1).
PriorSeparation prior_separation(double filter, Eigen::Index rank, double sigma2,
                                 double first_lambda_star, double second_lambda_star);

/// The filter value that makes the larger gap smallest: between s1 and s2, where both are equal.
double minimax_filter(double sigma2, double first_lambda_star, double second_lambda_star);

/// James and Stein's estimate of f from r = f + N(0, sigma2 I) within the span of the columns of
/// `basis` [n, d], which must be orthonormal: (1 - (d - 2) sigma2 / |P r|^2) P r, and 0 for P r =
/// 0. For d >= 3 its expected squared error is below that of P r, the limit of infinitely many
/// steps, whatever f in the span is [W, Prop. E.7]. For d < 3 it is P r itself. O(n d).
Eigen::VectorXd james_stein(const Eigen::Ref<const Eigen::MatrixXd>& basis,
                            const Eigen::Ref<const Eigen::VectorXd>& residuals, double sigma2);

/// Orthonormal basis of the kernel's range [n, rank]: eigenvectors whose eigenvalue is above
/// n eps lambda_max, which `decompose` can tell from 0.
Eigen::MatrixXd range_basis(const spectral::Eigensystem& system);

/// |f - P f|^2, P the projector on the kernel's range: no horizon and no filter with g(0) = 0 comes
/// closer to f [W, Prop. E.9]. O(n^2).
double irreducible_error(const spectral::Eigensystem& system,
                         const Eigen::Ref<const Eigen::VectorXd>& f);

}  // namespace sextant::studies::analysis
