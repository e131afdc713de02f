#pragma once

#include "checks.hpp"
#include "sextant/studies/single_index/stages.hpp"

namespace sextant::studies::single_index {

/// The dimension of a square, finite gamma.
inline Eigen::Index check_pretrained(std::string_view function, const Pretrained& pretrained) {
  const Eigen::MatrixXd& gamma = pretrained.gamma;
  if (gamma.rows() == 0 || gamma.cols() != gamma.rows() || !gamma.allFinite()) {
    throw ArgumentError(function, "pretrained.gamma", "is not a finite square matrix");
  }
  check_count(function, "pretrained.rank", pretrained.rank(), 1, gamma.rows());
  return gamma.rows();
}

inline void check_options(std::string_view function, const WeakRecoveryOptions& options) {
  check_count(function, "weak.queries", options.queries, 1, 10'000'000);
  check_positive(function, "weak.start_norm", options.start_norm);
  check_positive(function, "weak.offset_range", options.offset_range);
  check_count(function, "weak.student_units", options.student_units, 1, 100'000);
  check_count(function, "weak.restarts", options.restarts, 1, 10'000);
}

inline void check_options(std::string_view function, const StrongRecoveryOptions& options,
                          Eigen::Index samples) {
  check_positive(function, "strong.step", options.step);
  check_not_negative(function, "strong.decay", options.decay);
  check_count(function, "strong.refit", options.refit, 1, largest_samples);
  check_positive(function, "strong.gradient_clip", options.gradient_clip);
  check_not_negative(function, "strong.leak", options.leak);
  for (const Eigen::Index at : options.record) {
    check_count(function, "strong.record", at, 0, samples);
  }
}

inline void check_options(std::string_view function, const LastStageOptions& options) {
  check_count(function, "last.units", options.units, 1, 10'000);
  check_positive(function, "last.offset_range", options.offset_range);
  check_positive(function, "last.relative_penalty", options.relative_penalty);
  check_count(function, "last.steps", options.steps, 0, most_steps);
  check_between(function, "last.step_scale", options.step_scale, 0, 1);
}

}  // namespace sextant::studies::single_index
