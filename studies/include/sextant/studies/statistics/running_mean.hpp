#pragma once

/// The mean of values that arrive one after the other.

#include <cmath>
#include <cstdint>

namespace sextant::studies::statistics {

/// A mean and its standard error by Welford's recurrence, which does not cancel when the spread is
/// far smaller than the mean.
class RunningMean {
 public:
  void add(double value) {
    ++count_;
    const double step = value - mean_;
    mean_ += step / static_cast<double>(count_);
    squares_ += step * (value - mean_);
  }
  double value() const { return mean_; }
  /// sqrt(variance / count) with the unbiased variance; NaN for fewer than two values.
  double standard_error() const {
    const auto n = static_cast<double>(count_);
    return std::sqrt(squares_ / (n - 1) / n);
  }
  /// How many standard errors the mean is above `expected`; 0 where all values are equal.
  double score(double expected) const {
    const double error = standard_error();
    return error > 0 ? (mean_ - expected) / error : 0;
  }

 private:
  std::int64_t count_ = 0;
  double mean_ = 0;
  double squares_ = 0;
};

}  // namespace sextant::studies::statistics
