#pragma once

/// PAC-Bayes certificates for horizons [W, Thm 7.2, E.11-E.19]; theory Sec. 6.
///
/// Under a reference r ~ N(0, Sigma_*) with Sigma_* = tau2 K + sigma2* I, the evidence l_T of a
/// fixed sigma2 (evidence/curve.hpp) has expectation
///
///     L(T) = 1/(2n) { log det Sigma_T + tr A_T },
///     eig(A_T)_i = (tau2 l_i + sigma2*)(1 - rho l_i)^T / sigma2,
///
/// and L(T) - l_T = (tr A_T - Z'A_T Z)/(2n), Z standard normal. A certificate is a radius R with
/// L(T_MAP) <= l_{T_MAP} + R with probability at least 1 - delta over r, K being given. That is
/// exact when the reference is the truth and sigma2 does not depend on r. With the reference fitted
/// to r (`plug-in`) and sigma2 = |r|^2/n it is an approximation. Measured coverage at delta = 0.05,
/// 31 horizons, Wishart kernels, tau2 = 1, sigma2 = 0.5, at least 1,500 draws each
/// (tests/evidence/coverage_test.cpp prints the whole table):
///
///     n                   5      10     20     50     100    200
///     paper             0.908  0.956  0.983  0.993  0.998  0.999
///     exact-MGF         0.727  0.838  0.921  0.965  0.984  0.994
///     exact-tail        0.723  0.827  0.904  0.949  0.969  0.986
///
/// so that below about 50 examples the exact radii fall short of 0.95 with a fitted reference. With
/// the true reference all three covered in at least 0.997 of the draws.
///
/// Radii are in nats per example, as evidence is. All functions are deterministic and throw
/// `ArgumentError` for values out of range.

#include <Eigen/Core>
#include <cstdint>
#include <span>

#include "sextant/spectral/gaps.hpp"

namespace sextant::evidence {

/// Eigenvalues of A_T [n], in the order of `values`. `sigma2` > 0 is the evidence's variance,
/// `reference` (tau2, sigma2*) that of Sigma_*. O(n).
Eigen::VectorXd whitened_eigenvalues(const Eigen::Ref<const Eigen::VectorXd>& values, double rho,
                                     std::int64_t horizon, double sigma2,
                                     const spectral::Benchmark& reference);

/// L(T), the expected evidence, with the constants of l_T. O(n).
double population_evidence(const Eigen::Ref<const Eigen::VectorXd>& values, double rho,
                           std::int64_t horizon, double sigma2,
                           const spectral::Benchmark& reference);

/// The largest v_T = tr(A_T^2)/n over the candidates. A_T shrinks with T, so this is v of the
/// smallest candidate. O(n).
double largest_variance(const Eigen::Ref<const Eigen::VectorXd>& values, double rho,
                        std::span<const std::int64_t> horizons, double sigma2,
                        const spectral::Benchmark& reference);

/// The paper's radius sqrt( vbar (log count + log(1/delta)) / n ) for `count` candidates
/// [W, Thm 7.2]. `vbar` >= 0 from `largest_variance`, `examples` n >= 1, delta in (0, 1).
double paper_radius(double vbar, std::int64_t examples, std::int64_t count, double delta);

/// min over beta > 0 of { log(count/delta) + (beta/2) tr A - (1/2) log det(I + beta A) }/(beta n),
/// the best exponential-moment radius of one horizon; `whitened` [n] eigenvalues of its A_T.
/// Valid for the same event as the paper's and never larger. O(n) times about twenty.
double exact_mgf_radius(const Eigen::Ref<const Eigen::VectorXd>& whitened, std::int64_t count,
                        double delta);

/// The (1 - delta/count) quantile of (tr A - Z'A Z)/(2n): the smallest radius that the union bound
/// over `count` horizons admits, to the accuracy of `ChiSquareSum::quantile`. O(n) times several
/// hundred.
double exact_tail_radius(const Eigen::Ref<const Eigen::VectorXd>& whitened, std::int64_t count,
                         double delta);

/// The three radii of one horizon among the candidates, each to be added to its l_T.
struct CertificateRadii {
  double paper = 0;
  double exact_mgf = 0;
  double exact_tail = 0;
};

/// All radii of `horizon`, which the data may have chosen from `horizons`. `sigma2` is the
/// evidence's variance at `horizon`.
CertificateRadii certificate_radii(const Eigen::Ref<const Eigen::VectorXd>& values, double rho,
                                   std::span<const std::int64_t> horizons, std::int64_t horizon,
                                   double sigma2, const spectral::Benchmark& reference,
                                   double delta);

/// Radius of the Gibbs form E_nu L <= E_nu l + sqrt( vbar (KL + log(1/delta)) / n ).
/// `divergence` KL(nu || prior) >= 0 in nats (`HorizonPosterior::divergence`).
double gibbs_radius(double vbar, std::int64_t examples, double divergence, double delta);

/// Radius of the Gibbs form with a `beta` > 0 fixed before seeing r:
/// (KL + log(1/delta))/(beta n) + beta vbar/4.
double gibbs_radius_at(double beta, double vbar, std::int64_t examples, double divergence,
                       double delta);

}  // namespace sextant::evidence
