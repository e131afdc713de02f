#pragma once

/// Comparing methods that were measured on the same cases: means, bootstrap intervals, permutation
/// p-values, and Holm's correction where many comparisons are made.

#include <cstdint>
#include <span>
#include <vector>

namespace sextant::studies::statistics {

/// The mean of independent values and its standard error, the sample deviation over sqrt(n).
struct Estimate {
  double mean = 0;
  double standard_error = 0;  ///< NaN for a single value.
};

/// Throws `ArgumentError` when `values` is empty or not finite. O(n).
Estimate estimate(std::span<const double> values);

struct Interval {
  double low = 0;
  double high = 0;
};

struct ResamplingOptions {
  int resamples = 10'000;  ///< At least 100.
  double level = 0.95;     ///< Of intervals, between 0 and 1.
  std::uint64_t seed = 1;
};

/// Percentile bootstrap interval of the mean: quantiles of the means of samples of n values with
/// replacement (Efron and Tibshirani, An Introduction to the Bootstrap, ch. 13). Its coverage is
/// below the level for few values (see tests/statistics: 91% instead of 95% for 10 normal ones, 95%
/// from about 50 on). Throws `ArgumentError` for no values, values that are not finite and options
/// out of range. O(resamples n) on all threads; deterministic, whatever their number.
Interval bootstrap_mean(std::span<const double> values, const ResamplingOptions& options = {});

/// Two-sided p-value of the hypothesis that the differences are symmetric about 0, from the mean
/// under random signs; (1 + count) / (1 + resamples), so never 0. All 2^n sign patterns are taken
/// instead when they are no more than `resamples`. Zero differences give 1. Throws and costs as
/// `bootstrap_mean`.
double sign_permutation_p_value(std::span<const double> differences,
                                const ResamplingOptions& options = {});

/// Holm's step-down adjustment: rejecting where the adjusted value is at most alpha keeps the
/// probability of any false rejection at most alpha, whatever the dependence. In the order given;
/// p-values in [0, 1], else `ArgumentError`.
std::vector<double> holm(std::span<const double> p_values);

/// How much smaller the values of one method are than those of another.
struct Comparison {
  Estimate improvement;  ///< Of other - method: positive when the method has smaller errors.
  Interval interval;     ///< Bootstrap, of the mean improvement.
  double p_value = 1;    ///< Sign permutation.
};

/// Compares `method` with `other`, errors on the same cases in the same order. Throws
/// `ArgumentError` for different lengths, and as the functions above.
Comparison compare_paired(std::span<const double> method, std::span<const double> other,
                          const ResamplingOptions& options = {});

}  // namespace sextant::studies::statistics
