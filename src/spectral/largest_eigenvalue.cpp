#include "sextant/spectral/largest_eigenvalue.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "remove_components.hpp"
#include "sextant/core/errors.hpp"
#include "sextant/spectral/kernel_checks.hpp"
#include "sextant/spectral/symmetric_product.hpp"

namespace sextant::spectral {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

constexpr double unit_roundoff = std::numeric_limits<double>::epsilon();

/// The characteristic polynomial chi at x through its pivots d_i (chi = product of the d_i):
/// chi'/chi and -(chi'/chi)'. `above` says that x exceeds every eigenvalue (all pivots positive).
struct Characteristic {
  bool above = true;
  double first = 0;   ///< sum over eigenvalues of 1/(x - lambda)
  double second = 0;  ///< sum of 1/(x - lambda)^2
};

Characteristic characteristic_at(double x, const VectorXd& diagonal, const VectorXd& squares) {
  Characteristic result;
  double pivot = 0;
  double slope = 0;
  double curvature = 0;
  for (Index i = 0; i < diagonal.size(); ++i) {
    double next = x - diagonal[i];
    double next_slope = 1;
    double next_curvature = 0;
    if (i > 0 && squares[i - 1] > 0) {
      const double ratio = squares[i - 1] / pivot;
      const double relative = slope / pivot;
      next -= ratio;
      next_slope += ratio * relative;
      next_curvature = ratio * (curvature / pivot - 2 * relative * relative);
    }
    if (!(next > 0)) {
      result.above = false;
      return result;
    }
    pivot = next;
    slope = next_slope;
    curvature = next_curvature;
    const double relative = slope / pivot;
    result.first += relative;
    result.second += relative * relative - curvature / pivot;
  }
  return result;
}

/// The unit eigenvector's last component by two steps of inverse iteration at x, which lies far
/// enough above the top eigenvalue for rounding to leave every pivot positive.
double last_component_at(double x, const VectorXd& diagonal, const VectorXd& subdiagonal) {
  const Index n = diagonal.size();
  VectorXd pivots(n);
  for (Index i = 0; i < n; ++i) {
    pivots[i] =
        x - diagonal[i] - (i > 0 ? subdiagonal[i - 1] * (subdiagonal[i - 1] / pivots[i - 1]) : 0.0);
    pivots[i] = std::max(pivots[i], unit_roundoff * unit_roundoff);
  }
  VectorXd vector = VectorXd::Ones(n);
  for (int step = 0; step < 2; ++step) {
    for (Index i = 1; i < n; ++i) vector[i] += subdiagonal[i - 1] / pivots[i - 1] * vector[i - 1];
    vector.array() /= pivots.array();
    for (Index i = n - 2; i >= 0; --i) vector[i] += subdiagonal[i] / pivots[i] * vector[i + 1];
    vector /= vector.cwiseAbs().maxCoeff();  // the norm of a huge vector overflows
    vector.normalize();
  }
  return std::abs(vector[n - 1]);
}

/// How many eigenvalues lie above x: the pivots that are not positive (Sturm).
Index count_above(double x, const VectorXd& diagonal, const VectorXd& squares) {
  Index count = 0;
  double pivot = 1;
  for (Index i = 0; i < diagonal.size(); ++i) {
    pivot = x - diagonal[i] - (i > 0 ? squares[i - 1] / pivot : 0.0);
    if (pivot == 0) pivot = -std::numeric_limits<double>::min();
    if (pivot < 0) ++count;
  }
  return count;
}

/// Entries without structure in [-1, 1] (the mixing function of splitmix64 on 1, 2, ...).
VectorXd lanczos_start(Index size) {
  VectorXd start(size);
  std::uint64_t state = 0;
  for (double& entry : start) {
    state += 0x9E3779B97F4A7C15U;
    std::uint64_t bits = state;
    bits = (bits ^ (bits >> 30)) * 0xBF58476D1CE4E5B9U;
    bits = (bits ^ (bits >> 27)) * 0x94D049BB133111EBU;
    bits ^= bits >> 31;
    entry = static_cast<double>(bits >> 11) * 0x1.0p-52 - 1.0;
  }
  return start.normalized();
}

/// The iteration's state: K basis = basis T + beta v e', T tridiagonal.
struct Lanczos {
  MatrixXd basis;
  VectorXd diagonal;
  VectorXd subdiagonal;
};

bool converged(const Lanczos& state, Index size, const TridiagonalTop& top, double residual) {
  constexpr double tolerance = 1e-13;
  if (residual <= tolerance * top.value) return true;
  const double needed_gap = residual / top.value * residual / tolerance;
  return count_above(top.value - needed_gap, state.diagonal.head(size),
                     state.subdiagonal.head(size - 1).cwiseAbs2()) == 1;
}

/// `product(v, result)` writes K v.
template <class Product>
LargestEigenvalue iterate(Index n, Index most_products, const Product& product) {
  constexpr Index first_check = 8;
  constexpr Index check_interval = 4;
  constexpr Index initial_columns = 48;
  Lanczos state{MatrixXd(n, std::min(n, initial_columns)), VectorXd(n), VectorXd(n)};
  state.basis.col(0) = lanczos_start(n);
  LargestEigenvalue result;
  VectorXd next(n);
  for (Index j = 0; j < n; ++j) {
    product(state.basis.col(j), next);
    ++result.products;
    state.diagonal[j] = state.basis.col(j).dot(next);
    remove_components(state.basis.leftCols(j + 1), next);
    const double beta = next.norm();
    state.subdiagonal[j] = beta;
    const bool exhausted = j + 1 == n || beta <= unit_roundoff * std::abs(state.diagonal[0]);
    const bool last = j + 1 == most_products;
    if (exhausted || last ||
        (j + 1 >= first_check && (j + 1 - first_check) % check_interval == 0)) {
      const TridiagonalTop top =
          largest_tridiagonal(state.diagonal.head(j + 1), state.subdiagonal.head(j));
      result.value = std::max(top.value, 0.0);
      result.residual = exhausted ? 0.0 : beta * top.last_component;
      if (exhausted || last || converged(state, j + 1, top, result.residual)) return result;
    }
    if (j + 1 == state.basis.cols()) {
      state.basis.conservativeResize(Eigen::NoChange, std::min(n, 2 * state.basis.cols()));
    }
    state.basis.col(j + 1) = next / beta;
  }
  return result;
}

}  // namespace

TridiagonalTop largest_tridiagonal(const Eigen::Ref<const VectorXd>& diagonal,
                                   const Eigen::Ref<const VectorXd>& subdiagonal) {
  const Index n = diagonal.size();
  if (n == 0) throw ArgumentError("largest_tridiagonal", "diagonal", "is empty");
  check_size("largest_tridiagonal", "subdiagonal", subdiagonal.size(), n - 1);
  VectorXd radius = VectorXd::Zero(n);
  radius.head(n - 1) += subdiagonal.cwiseAbs();
  radius.tail(n - 1) += subdiagonal.cwiseAbs();
  const double scale = (diagonal.cwiseAbs() + radius).maxCoeff();
  if (scale == 0) return {0.0, 1.0};
  const VectorXd scaled = diagonal / scale;
  const VectorXd squares = (subdiagonal / scale).cwiseAbs2();
  double x = (scaled + radius / scale).maxCoeff();
  x += 4 * unit_roundoff;  // above every eigenvalue in spite of rounding
  const auto degree = static_cast<double>(n);
  constexpr int most_iterations = 200;  // a multiple root converges only linearly
  for (int iteration = 0; iteration < most_iterations; ++iteration) {
    const Characteristic at = characteristic_at(x, scaled, squares);
    if (!at.above) break;  // rounding: x has reached the eigenvalue
    const double spread = (degree - 1) * (degree * at.second - at.first * at.first);
    const double step = degree / (at.first + std::sqrt(std::max(spread, 0.0)));
    x -= step;
    if (!(step > unit_roundoff * std::abs(x))) break;
  }
  return {x * scale, last_component_at(x + 16 * unit_roundoff, scaled, subdiagonal / scale)};
}

LargestEigenvalue largest_eigenvalue(const Eigen::Ref<const MatrixXd>& kernel) {
  const Index n = kernel.rows();
  if (n == 0 || kernel.cols() != n) {
    throw ArgumentError("largest_eigenvalue", "kernel",
                        fmt::format("is {} x {}, expected a square matrix", n, kernel.cols()));
  }
  check_symmetric("largest_eigenvalue", "kernel", kernel);
  return iterate(n, n, [&](const auto& column, VectorXd& result) {
    symmetric_product(kernel, column, result);
  });
}

LargestEigenvalue largest_eigenvalue(const KernelOperator& kernel, Index most_products) {
  if (most_products < 1) throw ArgumentError("largest_eigenvalue", "most_products", "is below 1");
  return iterate(kernel.size(), most_products,
                 [&](const auto& column, VectorXd& result) { result = kernel.apply(column); });
}

}  // namespace sextant::spectral
