#pragma once

/// What the simulations of the theory share.

#include <Eigen/Core>
#include <cmath>
#include <cstdint>
#include <numeric>
#include <string_view>
#include <vector>

#include "sextant/core/random.hpp"
#include "sextant/reproduce/theory_study.hpp"
#include "sextant/spectral/eigensystem.hpp"

namespace sextant::reproduce::theory {

inline Eigen::MatrixXd normals(Random& random, Eigen::Index rows, Eigen::Index columns) {
  Eigen::MatrixXd matrix(rows, columns);
  for (double& value : matrix.reshaped()) value = random.normal();
  return matrix;
}

inline Eigen::VectorXd normals(Random& random, Eigen::Index size) {
  return normals(random, size, 1);
}

/// Phi [n, d] with independent N(0, 1/d) entries.
inline Eigen::MatrixXd features(Random& random, Eigen::Index n, Eigen::Index d) {
  return normals(random, n, d) / std::sqrt(static_cast<double>(d));
}

inline std::vector<std::int64_t> horizons_up_to(std::int64_t last) {
  std::vector<std::int64_t> horizons(static_cast<std::size_t>(last) + 1);
  std::iota(horizons.begin(), horizons.end(), 0);
  return horizons;
}

/// A mean of simulated values and its standard error.
class Mean {
 public:
  void add(double value) {
    ++count_;
    const double step = value - mean_;
    mean_ += step / static_cast<double>(count_);
    squares_ += step * (value - mean_);
  }
  double value() const { return mean_; }
  double standard_error() const {
    const auto n = static_cast<double>(count_);
    return std::sqrt(squares_ / (n - 1) / n);
  }
  /// How many standard errors it is away from `expected`.
  double score(double expected) const {
    const double error = standard_error();
    return error > 0 ? (mean_ - expected) / error : 0;
  }

 private:
  std::int64_t count_ = 0;
  double mean_ = 0;
  double squares_ = 0;
};

/// Throws `ArgumentError` unless there are at least 100 draws.
void check_options(std::string_view function, const TheoryOptions& options);

/// "All N identities hold: the largest |z| is X" or a count of those above `limit`.
std::string score_finding(std::string_view what, const std::vector<double>& scores);

}  // namespace sextant::reproduce::theory
