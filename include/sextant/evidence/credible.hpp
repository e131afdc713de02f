#pragma once

/// How sure the benchmark is of a query's correction, with its variances unknown.
///
/// Under r ~ N(0, tau2 K + sigma2 I) a query's true correction f, given r and both variances, is
/// normal around the Bayes correction. The variances are not known, and intervals that take fitted
/// ones for the truth are too short for few examples. Here they are averaged over:
/// lambda_star = sigma2/tau2 has the log-uniform prior of `average_over_lambda_star`, and sigma2
/// the prior 1/sigma2, which turns each normal into a Student t distribution with n degrees of
/// freedom. A variance that is given stays fixed. Calibrated by simulation in
/// tests/evidence/credible_test.cpp.

#include <Eigen/Core>
#include <optional>

namespace sextant::evidence {

/// What is known of the benchmark's variances, each positive.
struct KnownVariances {
  std::optional<double> tau2 = {};
  std::optional<double> sigma2 = {};
};

/// An interval that holds the correction with the stated posterior probability.
struct CredibleInterval {
  double low = 0;
  double high = 0;
};

/// The posterior of one query's correction: a mixture of Student t, or normal, distributions.
class CorrectionPosterior {
 public:
  /// `degrees` of freedom, +infinity for normal components; equal lengths, weights sum to 1. Throws
  /// `ArgumentError` for other lengths, none at all, and degrees that are not above 0.
  CorrectionPosterior(Eigen::VectorXd weights, Eigen::VectorXd means, Eigen::VectorXd scales,
                      double degrees);

  /// The mean, for which n >= 2 is needed where sigma2 was averaged over.
  double mean() const { return weights_.dot(means_); }
  /// P(f <= x).
  double cdf(double x) const;
  /// The smallest x with cdf(x) >= probability, to about 1e-10 of the spread; throws
  /// `ArgumentError` unless probability is in (0, 1).
  double quantile(double probability) const;
  /// Between the (1 - level)/2 and the (1 + level)/2 quantile; throws `ArgumentError` unless
  /// level is in (0, 1).
  CredibleInterval interval(double level) const;
  /// P(|correction - f| < |f|): that predicting with `correction` is closer to the truth than
  /// predicting without. 0 for a correction of 0, which changes nothing. Throws `ArgumentError` for
  /// one that is not finite.
  double probability_closer(double correction) const;

 private:
  Eigen::VectorXd weights_;
  Eigen::VectorXd means_;
  Eigen::VectorXd scales_;
  double degrees_;
};

/// The posterior over lambda_star of one prompt, from which those of its queries follow.
class VariancePosterior {
 public:
  /// `values` eigenvalues [n], `rotated_residuals` rt = U'r [n]. The prior of lambda_star covers
  /// mean(l) * [exp(-half_width), exp(half_width)] with `points` values; when both variances are
  /// known it is their ratio alone. Throws `ArgumentError` for values out of range. O(points n).
  VariancePosterior(const Eigen::Ref<const Eigen::VectorXd>& values,
                    const Eigen::Ref<const Eigen::VectorXd>& rotated_residuals,
                    const KnownVariances& known = {}, double half_width = 4, int points = 81);

  /// Of a query with rotated coupling kt = U'k [n] and variance kappa >= 0. Empty for a zero
  /// kernel, where nothing is known of tau2. O(points n).
  std::optional<CorrectionPosterior> query(
      const Eigen::Ref<const Eigen::VectorXd>& rotated_coupling, double variance) const;

 private:
  Eigen::VectorXd values_;
  Eigen::VectorXd rotated_residuals_;
  Eigen::VectorXd lambda_star_;
  Eigen::VectorXd weights_;
  Eigen::VectorXd sigma2_;  ///< Per lambda_star: known, or S/n when averaged over.
  double degrees_ = 0;
};

}  // namespace sextant::evidence
