#include "sextant/spectral/kernel_checks.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "sextant/core/errors.hpp"

namespace sextant::spectral {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;

/// The largest |entry| of a finite square kernel; throws for any other.
double checked_scale(std::string_view function, std::string_view argument,
                     const Eigen::Ref<const MatrixXd>& kernel) {
  if (kernel.rows() != kernel.cols()) {
    throw ArgumentError(
        function, argument,
        fmt::format("is {} x {}, expected a square matrix", kernel.rows(), kernel.cols()));
  }
  if (!kernel.allFinite()) {
    throw ArgumentError(function, argument, "has an entry that is not finite");
  }
  return kernel.size() == 0 ? 0.0 : kernel.cwiseAbs().maxCoeff();
}

/// Calls `judge(i, j)` for every i > j, in tiles: a row of a large matrix is far apart in memory.
template <class Judge>
void for_each_pair(Index n, const Judge& judge) {
  constexpr Index tile = 32;
  for (Index column = 0; column < n; column += tile) {
    for (Index row = column; row < n; row += tile) {
      for (Index j = column; j < std::min(column + tile, n); ++j) {
        for (Index i = std::max(row, j + 1); i < std::min(row + tile, n); ++i) judge(i, j);
      }
    }
  }
}

}  // namespace

Asymmetry asymmetry(const Eigen::Ref<const MatrixXd>& kernel) {
  check_size("asymmetry", "kernel columns", static_cast<std::size_t>(kernel.cols()),
             static_cast<std::size_t>(kernel.rows()));
  Asymmetry worst;
  double largest = 0;  // half of a difference, which is finite whatever the entries
  for_each_pair(kernel.rows(), [&](Index i, Index j) {
    const double half = std::abs(kernel(i, j) / 2 - kernel(j, i) / 2);
    if (!(half > largest)) return;
    largest = half;
    worst.row = j;
    worst.column = i;
  });
  if (largest > 0) worst.relative = 2 * (largest / kernel.cwiseAbs().maxCoeff());
  return worst;
}

void check_symmetric(std::string_view function, std::string_view argument,
                     const Eigen::Ref<const MatrixXd>& kernel) {
  checked_scale(function, argument, kernel);
  const Asymmetry worst = asymmetry(kernel);
  if (worst.relative <= kernel_tolerance) return;
  const Index i = worst.column;
  const Index j = worst.row;
  throw ArgumentError(
      function, argument,
      fmt::format("has the entries [{0}, {1}] = {2} and [{1}, {0}] = {3}, expected a symmetric "
                  "matrix (within {4:g} of the largest entry)",
                  i, j, kernel(i, j), kernel(j, i), kernel_tolerance));
}

void check_kernel(std::string_view function, std::string_view argument,
                  const Eigen::Ref<const MatrixXd>& kernel) {
  check_symmetric(function, argument, kernel);
  const Index n = kernel.rows();
  if (n == 0) return;
  const double slack = kernel_tolerance * kernel.cwiseAbs().maxCoeff();
  for (Index i = 0; i < n; ++i) {
    if (kernel(i, i) >= -slack) continue;
    throw ArgumentError(function, argument,
                        fmt::format("has the diagonal entry [{0}, {0}] = {1}, expected a positive "
                                    "semidefinite matrix, whose diagonal is not negative",
                                    i, kernel(i, i)));
  }
  const Eigen::VectorXd roots = kernel.diagonal().cwiseMax(0.0).cwiseSqrt();
  const double largest_root = std::sqrt(slack);
  for_each_pair(n, [&](Index i, Index j) {
    // Rounding moves the diagonal by up to the slack, and so the root of an entry that should be 0.
    const double bound = (roots[i] + largest_root) * (roots[j] + largest_root);
    if (std::abs(kernel(i, j)) <= bound) return;
    throw ArgumentError(
        function, argument,
        fmt::format("has the entry [{0}, {1}] = {2}, larger than its diagonal entries {3} and {4} "
                    "allow in a positive semidefinite matrix (|K_ij|^2 <= K_ii K_jj)",
                    i, j, kernel(i, j), kernel(i, i), kernel(j, j)));
  });
}

void check_semidefinite(std::string_view function, std::string_view argument,
                        const Eigensystem& system) {
  if (system.most_negative >= -kernel_tolerance * system.trace) return;
  throw ArgumentError(
      function, argument,
      fmt::format("has the eigenvalue {:.6g} beside the trace {:.6g}, expected a positive "
                  "semidefinite matrix (within {:g} of the trace)",
                  system.most_negative, system.trace - system.clipped, kernel_tolerance));
}

}  // namespace sextant::spectral
