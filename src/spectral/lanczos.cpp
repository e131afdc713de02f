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
#include "sextant/core/threads.hpp"

namespace sextant::spectral {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

constexpr double epsilon = std::numeric_limits<double>::epsilon();
/// Probes that iterate side by side; more would cost memory and save little.
constexpr int probes_at_once = 8;

/// A power of two near the largest entry.
double unit_of(const VectorXd& diagonal, const VectorXd& subdiagonal) {
  double largest = diagonal.cwiseAbs().maxCoeff();
  if (subdiagonal.size() > 0) largest = std::max(largest, subdiagonal.cwiseAbs().maxCoeff());
  return largest > 0 ? std::ldexp(1.0, std::ilogb(largest)) : 1.0;
}

/// Eigensystem of a symmetric tridiagonal matrix, eigenvalues ascending. Eigen takes a subdiagonal
/// entry e for 0 where |e| <= eps sqrt(d), d of the diagonal: that depends on the unit, and large
/// entries never get there, small ones too early. Entries of the size of 1 do it right.
struct Tridiagonal {
  Tridiagonal(const VectorXd& diagonal, const VectorXd& subdiagonal) {
    const double unit = unit_of(diagonal, subdiagonal);
    Eigen::SelfAdjointEigenSolver<MatrixXd> solver;
    solver.computeFromTridiagonal(diagonal / unit, subdiagonal / unit);
    if (solver.info() != Eigen::Success) {
      throw NumericalError("KrylovSpace: the tridiagonal eigenproblem did not converge");
    }
    values = unit * solver.eigenvalues().cwiseMax(0.0);
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

void append(const VectorXd& more, VectorXd& all) {
  all.conservativeResize(all.size() + more.size());
  all.tail(more.size()) = more;
}

void check_probes(std::string_view function, int probes) {
  if (probes < 1) {
    throw ArgumentError(function, "probes", fmt::format("is {}, expected at least 1", probes));
  }
}

void check_steps(std::string_view function, Index steps) {
  if (steps < 1) {
    throw ArgumentError(function, "steps", fmt::format("is {}, expected 1 or more", steps));
  }
}

/// One Lanczos iteration, whose products someone else makes: the coefficients of the tridiagonal
/// matrix and the basis so far.
struct Iteration {
  Iteration(const VectorXd& start, Index steps)
      : most(std::min(steps, start.size())), norm(start.norm()) {
    exhausted = norm == 0;
    if (exhausted) return;
    basis.resize(start.size(), most);
    diagonal.resize(most);
    subdiagonal.resize(most);
    basis.col(0) = start / norm;
  }
  bool finished() const { return exhausted || made == most; }
  auto column() const { return basis.col(made); }  ///< What is to be multiplied next.
  /// One step; `next` is K column().
  void advance(VectorXd next) {
    const Index j = made++;
    diagonal[j] = basis.col(j).dot(next);
    remove_components(basis.leftCols(j + 1), next);
    subdiagonal[j] = next.norm();
    scale = std::max(scale, std::abs(diagonal[j]) + subdiagonal[j]);
    exhausted = made == basis.rows() || subdiagonal[j] <= 4 * epsilon * scale;
    if (!exhausted && made < most) basis.col(made) = next / subdiagonal[j];
  }

  Index most = 0;
  Index made = 0;
  double norm = 0;
  bool exhausted = false;
  double scale = 0;
  MatrixXd basis;
  VectorXd diagonal;
  VectorXd subdiagonal;
};

LanczosQuadrature quadrature_from(const VectorXd& diagonal, const VectorXd& subdiagonal,
                                  double norm, bool exhausted) {
  LanczosQuadrature result;
  result.steps = diagonal.size();
  result.exhausted = exhausted;
  if (result.steps == 0) return result;
  const Index m = result.steps;
  const double mass = norm * norm;
  quadrature_of(diagonal, subdiagonal.head(m - 1), mass, result.nodes, result.weights);
  if (exhausted) {
    result.radau_nodes = result.nodes;
    result.radau_weights = result.weights;
    return result;
  }
  VectorXd extended(m + 1);
  extended << diagonal, radau_entry(diagonal, subdiagonal, m);
  quadrature_of(extended, subdiagonal, mass, result.radau_nodes, result.radau_weights);
  return result;
}

/// The quadratures of several starts side by side: one product of all their columns reads the
/// kernel once.
std::vector<LanczosQuadrature> quadratures(const KernelOperator& kernel, const MatrixXd& starts,
                                           Index steps) {
  std::vector<Iteration> runs;
  for (Index c = 0; c < starts.cols(); ++c) runs.emplace_back(starts.col(c), steps);
  std::vector<Iteration*> active;
  for (;;) {
    active.clear();
    for (Iteration& run : runs) {
      if (!run.finished()) active.push_back(&run);
    }
    if (active.empty()) break;
    MatrixXd columns(starts.rows(), static_cast<Index>(active.size()));
    for (std::size_t c = 0; c < active.size(); ++c) {
      columns.col(static_cast<Index>(c)) = active[c]->column();
    }
    const MatrixXd products = kernel.apply(columns);
    parallel_for(products.cols(), [&](std::ptrdiff_t c) {
      active[static_cast<std::size_t>(c)]->advance(products.col(c));
    });
  }
  std::vector<LanczosQuadrature> result;
  for (const Iteration& run : runs) {
    result.push_back(quadrature_from(run.diagonal.head(run.made), run.subdiagonal.head(run.made),
                                     run.norm, run.exhausted));
  }
  return result;
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
  check_size(here, "start", static_cast<std::size_t>(start.size()),
             static_cast<std::size_t>(kernel.size()));
  if (!start.allFinite()) throw ArgumentError(here, "start", "is not finite");
  check_steps(here, steps);
  Iteration run(start, steps);
  while (!run.finished()) run.advance(kernel.apply(run.column()));
  norm_ = run.norm;
  exhausted_ = run.exhausted;
  run.basis.conservativeResize(Eigen::NoChange, run.made);
  basis_ = std::move(run.basis);
  diagonal_ = run.diagonal.head(run.made);
  subdiagonal_ = run.subdiagonal.head(run.made);
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

double KrylovSpace::smallest_ritz_value() const {
  if (steps() == 0) return 0;
  Eigen::SelfAdjointEigenSolver<MatrixXd> solver;
  solver.computeFromTridiagonal(diagonal_, subdiagonal_.head(steps() - 1), Eigen::EigenvaluesOnly);
  if (solver.info() != Eigen::Success) {
    throw NumericalError("KrylovSpace: the tridiagonal eigenproblem did not converge");
  }
  return solver.eigenvalues()[0];
}

LanczosQuadrature KrylovSpace::quadrature() const {
  return quadrature_from(diagonal_, subdiagonal_, norm_, exhausted_);
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
  check_steps("SpectralDensity", options.steps);
  for (int first = 0; first < options.probes; first += probes_at_once) {
    const int count = std::min(probes_at_once, options.probes - first);
    MatrixXd signs(kernel.size(), count);
    for (int c = 0; c < count; ++c) {
      signs.col(c) =
          random_signs(kernel.size(), options.seed,
                       static_cast<std::uint64_t>(first) + static_cast<std::uint64_t>(c));
    }
    for (const LanczosQuadrature& quadrature : quadratures(kernel, signs, options.steps)) {
      append(quadrature.nodes, nodes_);
      append(quadrature.weights / options.probes, counts_);
      append(quadrature.radau_nodes, radau_nodes_);
      append(quadrature.radau_weights / options.probes, radau_counts_);
      ends_.push_back(nodes_.size());
    }
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
      signs.col(c) = random_signs(
          size, seed, static_cast<std::uint64_t>(first) + static_cast<std::uint64_t>(c));
    }
    const MatrixXd product = apply(signs);
    check_size("hutchinson_trace", "apply(columns)", static_cast<std::size_t>(product.rows()),
               static_cast<std::size_t>(size));
    for (int c = 0; c < count; ++c) values.push_back(signs.col(c).dot(product.col(c)));
  }
  return summarize(values);
}

}  // namespace sextant::spectral
