#pragma once

/// What the simulations of the theory share.

#include <Eigen/Core>
#include <cmath>
#include <cstdint>
#include <numeric>
#include <string_view>
#include <vector>

#include "sextant/core/random_matrix.hpp"
#include "sextant/spectral/eigensystem.hpp"
#include "sextant/studies/reproduce/theory_study.hpp"
#include "sextant/studies/statistics/running_mean.hpp"

namespace sextant::studies::reproduce::theory {

/// Phi [n, d] with independent N(0, 1/d) entries.
inline Eigen::MatrixXd features(Random& random, Eigen::Index n, Eigen::Index d) {
  return normal_matrix(n, d, random) / std::sqrt(static_cast<double>(d));
}

inline std::vector<std::int64_t> horizons_up_to(std::int64_t last) {
  std::vector<std::int64_t> horizons(static_cast<std::size_t>(last) + 1);
  std::iota(horizons.begin(), horizons.end(), 0);
  return horizons;
}

using statistics::RunningMean;

/// Throws `ArgumentError` unless there are at least 100 draws.
void check_options(std::string_view function, const TheoryOptions& options);

/// "All N identities hold: the largest |z| is X" or a count of those above `limit`.
std::string score_finding(std::string_view what, const std::vector<double>& scores);

}  // namespace sextant::studies::reproduce::theory
