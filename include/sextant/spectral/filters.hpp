#pragma once

/// Spectral filters [W, Sec. 4, Prop. 4.1, E.1, G.1-G.2]; theory Sec. 2.
///
/// A filter is a vector with one entry per eigenvalue. In prompt form it holds g(lambda_i), the
/// shrinkage of the residual's component i; in query form q(lambda_i) = g(lambda_i)/lambda_i, the
/// weight with which that component reaches a query. Corrections of the predictions are
///
///     prompt   g(K) r           = U diag(g) U'r                [n]
///     query    h(x) = k' q(K) r = sum_i kt_i q(lambda_i) rt_i
///
/// `values` are eigenvalues (any order, each finite and at least 0), `rho` is the step size divided
/// by sigma2 (unit: one over the kernel's), `horizon` the number of gradient steps T >= 0.
/// Every function here is O(n), deterministic, and throws `ArgumentError` for values out of range.

#include <Eigen/Core>
#include <cstdint>
#include <string_view>

#include "sextant/spectral/eigensystem.hpp"

namespace sextant::spectral {

/// rho = scale / lambda_max, the default step; the paper's scales are 0.05, 0.1 and 0.2.
/// `scale` in (0, 1). A zero kernel (lambda_max = 0) has no direction to move in: rho = 0, and the
/// only meaningful horizon is T = 0.
double step_from_scale(double lambda_max, double scale = 0.1);

/// Throws `ArgumentError` in the name of `function` unless 0 < rho lambda_max < 1, or lambda_max =
/// 0 and rho is finite and at least 0.
void check_step(std::string_view function, double rho, double lambda_max);

/// g_T = 1 - (1 - rho l)^T: T steps of gradient descent, prompt form. In [0, 1].
Eigen::VectorXd gd_prompt_filter(const Eigen::Ref<const Eigen::VectorXd>& values, double rho,
                                 std::int64_t horizon);
/// q_T = g_T(l)/l with q_T(0) = rho T: T steps of gradient descent, query form.
Eigen::VectorXd gd_query_filter(const Eigen::Ref<const Eigen::VectorXd>& values, double rho,
                                std::int64_t horizon);

/// g_t = 1 - exp(-t l): gradient flow for time t >= 0, prompt form. t is comparable to rho T; the
/// two differ by 0 <= g_T - g_t <= T (rho l)^2 exp(-t l) / (2 (1 - rho l)) at t = rho T
/// [W, Lemma G.2].
Eigen::VectorXd flow_prompt_filter(const Eigen::Ref<const Eigen::VectorXd>& values, double time);
/// q_t = g_t(l)/l with q_t(0) = t: gradient flow, query form.
Eigen::VectorXd flow_query_filter(const Eigen::Ref<const Eigen::VectorXd>& values, double time);

/// g* = l/(l + lambda_star): the posterior mean under f ~ N(0, tau2 K), r = f + N(0, sigma2 I),
/// lambda_star = sigma2/tau2 in [0, +infinity], prompt form. Infinite lambda_star gives 0.
/// lambda_star = 0 is the limit without observation variance, the projection on the range of K:
/// 1, but 0 for eigenvalues up to n eps lambda_max, which `decompose` cannot tell from 0.
Eigen::VectorXd bayes_prompt_filter(const Eigen::Ref<const Eigen::VectorXd>& values,
                                    double lambda_star);
/// q* = 1/(l + lambda_star), query form. Infinite lambda_star gives 0; lambda_star = 0 gives the
/// pseudo-inverse, with the same rule for what counts as 0.
Eigen::VectorXd bayes_query_filter(const Eigen::Ref<const Eigen::VectorXd>& values,
                                   double lambda_star);

/// Eigenvalues of the prior covariance sigma2 G_T (I - G_T)^-1 that T steps of gradient descent
/// imply: under f ~ N(0, that) and r = f + N(0, sigma2 I), the posterior mean of f is exactly
/// g_T(K) r [W, Prop. 4.1]. Unit of sigma2. +infinity (a flat prior) where it overflows.
Eigen::VectorXd implicit_prior_variances(const Eigen::Ref<const Eigen::VectorXd>& values,
                                         double rho, std::int64_t horizon, double sigma2);

/// U diag(g) U'r [n]: the correction of the prompt's own predictions, in the residuals' unit.
/// Cost O(n^2).
Eigen::VectorXd prompt_correction(const Eigensystem& system,
                                  const Eigen::Ref<const Eigen::VectorXd>& prompt_filter,
                                  const Eigen::Ref<const Eigen::VectorXd>& residuals);

/// sum_i kt_i q_i rt_i: the correction of one query's prediction, in the residuals' unit.
/// `rotated_coupling` kt = U'k and `rotated_residuals` rt = U'r.
double query_correction(const Eigen::Ref<const Eigen::VectorXd>& query_filter,
                        const Eigen::Ref<const Eigen::VectorXd>& rotated_coupling,
                        const Eigen::Ref<const Eigen::VectorXd>& rotated_residuals);

}  // namespace sextant::spectral
