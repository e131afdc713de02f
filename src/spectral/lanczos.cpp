#include "sextant/spectral/lanczos.hpp"

#include <fmt/format.h>

#include <Eigen/Eigenvalues>
#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "remove_components.hpp"
#include "sextant/core/errors.hpp"
#include "sextant/core/random.hpp"

namespace sextant::spectral {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

constexpr double epsilon = std::numeric_limits<double>::epsilon();

/// Eigensystem of a symmetric tridiagonal matrix, eigenvalues ascending.
struct Tridiagonal {
  Tridiagonal(const VectorXd& diagonal, const VectorXd& subdiagonal) {
    Eigen::SelfAdjointEigenSolver<MatrixXd> solver;
    solver.computeFromTridiagonal(diagonal, subdiagonal);
    if (solver.info() != Eigen::Success) {
      throw NumericalError("KrylovSpace: the tridiagonal eigenproblem did not converge");
    }
    values = solver.eigenvalues().cwiseMax(0.0);
    vectors = solver.eigenvectors();
  }
  VectorXd values;
  MatrixXd vectors;
};

/// Nodes and weights of a Jacobi matrix, for a vector of squared norm `mass`.
void quadrature_of(const VectorXd& diagonal, const VectorXd& subdiagonal, double mass,
                   VectorXd& nodes, VectorXd& weights) {
  const Tridiagonal system(diagonal, subdiagonal);
  nodes = system.values.reverse();
  weights = mass * system.vectors.row(0).reverse().transpose().cwiseAbs2();
}

/// The last diagonal entry that puts an eigenvalue at 0 (Golub): beta^2 times the last entry of
/// the solution of T x = e_last, T the matrix without the last row.
double radau_entry(const VectorXd& diagonal, const VectorXd& subdiagonal, Index size) {
  double pivot = diagonal[0];
  for (Index i = 1; i < size; ++i) {
    pivot = diagonal[i] - subdiagonal[i - 1] * (subdiagonal[i - 1] / pivot);
  }
  const double beta = subdiagonal[size - 1];
  return beta * (beta / pivot);
}

StochasticEstimate summarize(const std::vector<double>& values) {
  StochasticEstimate result;
  result.probes = static_cast<int>(values.size());
  const auto count = static_cast<double>(values.size());
  for (const double value : values) result.value += value / count;
  double squares = 0;
  for (const double value : values) squares += (value - result.value) * (value - result.value);
  result.standard_error = values.size() > 1 ? std::sqrt(squares / (count - 1) / count)
                                            : std::numeric_limits<double>::quiet_NaN();
  return result;
}

void check_probes(std::string_view function, int probes) {
  if (probes < 1) {
    throw ArgumentError(function, "probes", fmt::format("is {}, expected at least 1", probes));
  }
}

}  // namespace

VectorXd random_signs(Index size, std::uint64_t seed, std::uint64_t stream) {
  Random random(seed, stream);
  VectorXd signs(size);
  std::uint64_t bits = 0;
  for (Index i = 0; i < size; ++i) {
    if (i % 64 == 0) bits = random.bits();
    signs[i] = (bits & 1) != 0 ? 1.0 : -1.0;
    bits >>= 1;
  }
  return signs;
}

KrylovSpace::KrylovSpace(const KernelOperator& kernel, const Eigen::Ref<const VectorXd>& start,
                         Index steps) {
  constexpr std::string_view here = "KrylovSpace";
  const Index n = kernel.size();
  check_size(here, "start", static_cast<std::size_t>(start.size()), static_cast<std::size_t>(n));
  if (!start.allFinite()) throw ArgumentError(here, "start", "is not finite");
  if (steps < 1)
    throw ArgumentError(here, "steps", fmt::format("is {}, expected 1 or more", steps));
  norm_ = start.norm();
  if (norm_ == 0) {
    exhausted_ = true;
    return;
  }
  const Index most = std::min(steps, n);
  basis_.resize(n, most);
  diagonal_.resize(most);
  subdiagonal_.resize(most);
  basis_.col(0) = start / norm_;
  double scale = 0;
  Index made = 0;
  while (made < most && !exhausted_) {
    const Index j = made++;
    VectorXd next = kernel.apply(basis_.col(j));
    diagonal_[j] = basis_.col(j).dot(next);
    remove_components(basis_.leftCols(j + 1), next);
    subdiagonal_[j] = next.norm();
    scale = std::max(scale, std::abs(diagonal_[j]) + subdiagonal_[j]);
    exhausted_ = made == n || subdiagonal_[j] <= 4 * epsilon * scale;
    if (!exhausted_ && made < most) basis_.col(made) = next / subdiagonal_[j];
  }
  basis_.conservativeResize(Eigen::NoChange, made);
  diagonal_.conservativeResize(made);
  subdiagonal_.conservativeResize(made);
}

VectorXd KrylovSpace::apply(const std::function<double(double)>& f) const {
  if (steps() == 0) return VectorXd::Zero(basis_.rows());
  const Tridiagonal system(diagonal_, subdiagonal_.head(steps() - 1));
  const VectorXd weights =
      system.values.unaryExpr(f).cwiseProduct(system.vectors.row(0).transpose());
  return basis_ * (norm_ * (system.vectors * weights));
}

double KrylovSpace::solve_residual(double shift) const {
  check_positive("KrylovSpace::solve_residual", "shift", shift);
  if (exhausted_) return 0;
  const Tridiagonal system(diagonal_, subdiagonal_.head(steps() - 1));
  double last = 0;  // of (T + shift)^-1 e_1
  for (Index i = 0; i < steps(); ++i) {
    last += system.vectors(steps() - 1, i) * system.vectors(0, i) / (system.values[i] + shift);
  }
  return std::abs(subdiagonal_[steps() - 1] * last);
}

LanczosQuadrature KrylovSpace::quadrature() const {
  LanczosQuadrature result;
  result.steps = steps();
  result.exhausted = exhausted_;
  if (result.steps == 0) return result;
  const Index m = result.steps;
  const double mass = norm_ * norm_;
  quadrature_of(diagonal_, subdiagonal_.head(m - 1), mass, result.nodes, result.weights);
  if (exhausted_) {
    result.radau_nodes = result.nodes;
    result.radau_weights = result.weights;
    return result;
  }
  VectorXd extended(m + 1);
  extended << diagonal_, radau_entry(diagonal_, subdiagonal_, m);
  quadrature_of(extended, subdiagonal_, mass, result.radau_nodes, result.radau_weights);
  return result;
}

LanczosQuadrature lanczos_quadrature(const KernelOperator& kernel,
                                     const Eigen::Ref<const VectorXd>& start, Index steps) {
  return KrylovSpace(kernel, start, steps).quadrature();
}

double quadrature_value(const LanczosQuadrature& quadrature,
                        const std::function<double(double)>& f) {
  double sum = 0;
  for (Index i = 0; i < quadrature.nodes.size(); ++i) {
    sum += quadrature.weights[i] * f(quadrature.nodes[i]);
  }
  return sum;
}

SpectralDensity::SpectralDensity(const KernelOperator& kernel, const TraceOptions& options) {
  check_probes("SpectralDensity", options.probes);
  for (int probe = 0; probe < options.probes; ++probe) {
    const VectorXd signs =
        random_signs(kernel.size(), options.seed, static_cast<std::uint64_t>(probe));
    const LanczosQuadrature quadrature = lanczos_quadrature(kernel, signs, options.steps);
    const Index begin = nodes_.size();
    ends_.push_back(begin + quadrature.nodes.size());
    nodes_.conservativeResize(ends_.back());
    counts_.conservativeResize(ends_.back());
    nodes_.tail(quadrature.nodes.size()) = quadrature.nodes;
    counts_.tail(quadrature.nodes.size()) = quadrature.weights / options.probes;
  }
}

StochasticEstimate SpectralDensity::trace(const std::function<double(double)>& f) const {
  std::vector<double> values;
  Index begin = 0;
  for (const Index end : ends_) {
    double sum = 0;
    for (Index i = begin; i < end; ++i) sum += counts_[i] * f(nodes_[i]);
    values.push_back(sum * static_cast<double>(ends_.size()));
    begin = end;
  }
  return summarize(values);
}

StochasticEstimate stochastic_trace(const KernelOperator& kernel,
                                    const std::function<double(double)>& f,
                                    const TraceOptions& options) {
  return SpectralDensity(kernel, options).trace(f);
}

StochasticEstimate hutchinson_trace(
    Index size, const std::function<MatrixXd(const Eigen::Ref<const MatrixXd>&)>& apply, int probes,
    std::uint64_t seed) {
  check_probes("hutchinson_trace", probes);
  constexpr int columns = 16;  // products of several columns are cheaper than one after the other
  std::vector<double> values;
  for (int first = 0; first < probes; first += columns) {
    const int count = std::min(columns, probes - first);
    MatrixXd signs(size, count);
    for (int c = 0; c < count; ++c) {
      signs.col(c) = random_signs(size, seed, static_cast<std::uint64_t>(first + c));
    }
    const MatrixXd product = apply(signs);
    check_size("hutchinson_trace", "apply(columns)", static_cast<std::size_t>(product.rows()),
               static_cast<std::size_t>(size));
    for (int c = 0; c < count; ++c) values.push_back(signs.col(c).dot(product.col(c)));
  }
  return summarize(values);
}

}  // namespace sextant::spectral
