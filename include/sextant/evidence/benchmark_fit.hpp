#pragma once

/// Fitting the Gaussian benchmark r ~ N(0, tau2 K + sigma2 I) to one prompt's residuals, and
/// averaging over its ratio lambda_star = sigma2/tau2 instead of fitting it; theory Sec. 5.

#include <Eigen/Core>

#include "sextant/evidence/curve.hpp"
#include "sextant/spectral/gaps.hpp"

namespace sextant::evidence {

/// Where lambda_star is looked for: mean(l) * [low, high], 0 < low < high, on a grid of
/// `points_per_decade` before refinement.
struct LambdaRange {
  double low = 1e-6;
  double high = 1e6;
  double points_per_decade = 12;
};

/// Log likelihoods of a prompt (natural logarithm) that differ by less tell nothing apart: data
/// that make one of two models 1.001 times as likely as the other are no evidence for either.
inline constexpr double negligible_log_ratio = 1e-3;

/// A maximum likelihood fit. The likelihood can have several maxima and can be highest at an end of
/// the range; both are said here, and at an end the values are those of that end.
struct BenchmarkFit {
  spectral::Benchmark benchmark;  ///< tau2 (residual unit squared over kernel unit), sigma2.
  double lambda_star = 0;         ///< sigma2/tau2; +infinity for a zero kernel.
  double evidence = 0;  ///< 1/(2n) sum { log v_i + rt_i^2/v_i }, v = tau2 l + sigma2: the negative
                        ///< log density per example without log(2 pi)/2, comparable with l_T.
  bool at_lower_edge =
      false;  ///< lambda_star as small as allowed: no sign of observation variance.
  bool at_upper_edge = false;  ///< lambda_star as large as allowed: no sign of a signal.
  /// The likelihood is nearly the same for every lambda_star in the range, to within a factor of
  /// exp(`negligible_log_ratio`): one example, or a kernel nearly proportional to the identity.
  /// Only tau2 mean(l) + sigma2 = |r|^2/n is identified; lambda_star is then set to mean(l), equal
  /// shares of signal and noise, and no edge is reported.
  bool flat = false;
  int local_minima = 0;         ///< Of the negative log likelihood on the grid; 0 without a search.
  bool zero_kernel = false;     ///< K = 0: tau2 is not identified.
  bool zero_residuals = false;  ///< r = 0: every fitted variance is 0, and the evidence -infinity
                                ///< wherever that makes a component's variance 0.
};

/// Fits tau2 and sigma2 through the profile in lambda_star: at a given lambda_star the best sigma2
/// is the mean of rt_i^2/(1 + l_i/lambda_star). A flat profile, one whose log likelihood of all
/// examples varies over the grid by no more than `negligible_log_ratio` (or by the rounding of its
/// terms, 64 n eps times the largest log(1 + l/lambda_star)), identifies no ratio: see
/// `BenchmarkFit::flat`.
///
/// `values` eigenvalues [n], `rotated_residuals` rt = U'r [n]. Zero kernel: tau2 = 0,
/// sigma2 = |r|^2/n, lambda_star infinite. r = 0: tau2 = sigma2 = 0, lambda_star infinite.
/// Throws `ArgumentError` for values out of range. Cost O(n) times a few hundred; deterministic.
BenchmarkFit fit_benchmark(const Eigen::Ref<const Eigen::VectorXd>& values,
                           const Eigen::Ref<const Eigen::VectorXd>& rotated_residuals,
                           const LambdaRange& range = {});

/// Fits sigma2 with `tau2` >= 0 given. The maximiser is at most max rt_i^2; the search starts at
/// 1e-8 of the mean of rt_i^2, `at_lower_edge` says when it ends there. tau2 = 0 or a zero kernel:
/// sigma2 = |r|^2/n and lambda_star infinite. r = 0: sigma2 = 0.
BenchmarkFit fit_sigma2(const Eigen::Ref<const Eigen::VectorXd>& values,
                        const Eigen::Ref<const Eigen::VectorXd>& rotated_residuals, double tau2,
                        double points_per_decade = 12);

/// Fits tau2 with `sigma2` > 0 given, from sigma2/(1e6 mean(l)) (reported as `at_upper_edge`: of
/// lambda_star) to the largest rt_i^2/l_i, above which the likelihood can only fall; eigenvalues up
/// to n eps lambda_max count as 0 there. Zero kernel or r = 0: tau2 = 0, lambda_star infinite.
BenchmarkFit fit_tau2(const Eigen::Ref<const Eigen::VectorXd>& values,
                      const Eigen::Ref<const Eigen::VectorXd>& rotated_residuals, double sigma2,
                      double points_per_decade = 12);

/// The same three from a summary of K and r, whose density must be there. Where that is estimated,
/// so are the determinants, and with them the fit.
BenchmarkFit fit_benchmark(const ResidualSpectrum& spectrum, const LambdaRange& range = {});
BenchmarkFit fit_sigma2(const ResidualSpectrum& spectrum, double tau2,
                        double points_per_decade = 12);
BenchmarkFit fit_tau2(const ResidualSpectrum& spectrum, double sigma2,
                      double points_per_decade = 12);

/// An average of Bayes filters over lambda_star.
struct LambdaAverage {
  Eigen::VectorXd lambda_star;    ///< The grid; empty for a zero kernel.
  Eigen::VectorXd weights;        ///< Posterior weight of every grid point; sums to 1.
  Eigen::VectorXd prompt_filter;  ///< sum_j weights_j l/(l + lambda_star_j) [n].
  Eigen::VectorXd query_filter;   ///< sum_j weights_j/(l + lambda_star_j) [n]; 0 for a zero kernel.
};

/// Posterior average of the Bayes filter under a log-uniform prior of lambda_star on
/// mean(l) * [exp(-half_width), exp(half_width)], sigma2 profiled out (equivalently, integrated out
/// under the prior 1/sigma2). The prior is represented by `points` >= 2 equally spaced values of
/// log lambda_star with half weight at the ends. For r = 0 the determinant alone decides.
/// Arguments and errors as in `fit_benchmark`. Cost O(points n); deterministic.
LambdaAverage average_over_lambda_star(const Eigen::Ref<const Eigen::VectorXd>& values,
                                       const Eigen::Ref<const Eigen::VectorXd>& rotated_residuals,
                                       double half_width = 4, int points = 81);

}  // namespace sextant::evidence
