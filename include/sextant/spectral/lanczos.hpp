#pragma once

/// Lanczos' iteration: everything about a function of K that a few products can tell.

#include <Eigen/Core>
#include <cstdint>
#include <functional>
#include <vector>

#include "sextant/spectral/kernel_operator.hpp"

namespace sextant::spectral {

/// Gauss quadrature for v' f(K) v = sum_i w_i f(node_i): exact for polynomials f of degree up to
/// 2 steps - 1.
struct LanczosQuadrature {
  Eigen::VectorXd nodes;    ///< Ritz values, descending; within [0, lambda_max] up to rounding.
  Eigen::VectorXd weights;  ///< At least 0; their sum is |v|^2.
  Eigen::Index steps = 0;   ///< Products made, at most those asked for.
  bool exhausted = false;   ///< v lies in an invariant subspace: exact for every f.
  /// The same with one node more, at 0 (Gauss-Radau). For f whose derivatives alternate in sign, as
  /// those of exp(-t l), 1/(l + c) and log(l + c) do, v' f(K) v lies between both values.
  Eigen::VectorXd radau_nodes;
  Eigen::VectorXd radau_weights;
};

/// The space spanned by v, K v, K^2 v, ..., from which f(K) v can be taken for any f at once:
/// every filter, and the solutions of (K + shift I) x = v for all shifts.
class KrylovSpace {
 public:
  /// `steps` >= 1 products from `start` v [n], with full reorthogonalisation; fewer when the space
  /// is exhausted. Throws `ArgumentError` for a wrong size or a start that is not finite; v = 0
  /// gives an empty space. Cost: `steps` products and 4 n steps^2; memory n steps. Deterministic.
  KrylovSpace(const KernelOperator& kernel, const Eigen::Ref<const Eigen::VectorXd>& start,
              Eigen::Index steps);

  Eigen::Index steps() const { return basis_.cols(); }  ///< Products made.
  bool exhausted() const { return exhausted_; }         ///< Everything below is exact.
  /// f(K) v [n]; exact for polynomials of degree below `steps`. O(n steps).
  Eigen::VectorXd apply(const std::function<double(double)>& f) const;
  /// |(K + shift I) x - v| / |v| for x = apply(1/(l + shift)), shift > 0: conjugate gradients' own
  /// residual after as many steps, known without another product.
  double solve_residual(double shift) const;
  LanczosQuadrature quadrature() const;
  /// The smallest Ritz value, which no eigenvalue of K need reach: negative beyond rounding only
  /// where K is not positive semidefinite. 0 for an empty space. O(steps^3).
  double smallest_ritz_value() const;

 private:
  Eigen::MatrixXd basis_;        // [n, steps], orthonormal
  Eigen::VectorXd diagonal_;     // of the tridiagonal basis' K basis
  Eigen::VectorXd subdiagonal_;  // [steps]: the last entry leads out of the space
  double norm_ = 0;              // |v|
  bool exhausted_ = false;
};

/// The quadrature of a `KrylovSpace`.
LanczosQuadrature lanczos_quadrature(const KernelOperator& kernel,
                                     const Eigen::Ref<const Eigen::VectorXd>& start,
                                     Eigen::Index steps);

/// sum_i w_i f(node_i) of the Gauss rule.
double quadrature_value(const LanczosQuadrature& quadrature,
                        const std::function<double(double)>& f);

/// An estimate with the standard error of its sampling.
struct StochasticEstimate {
  double value = 0;
  double standard_error = 0;  ///< NaN for one probe.
  int probes = 0;
};

/// Independent signs +1 and -1 [size], the same for the same seed and stream.
Eigen::VectorXd random_signs(Eigen::Index size, std::uint64_t seed, std::uint64_t stream);

struct TraceOptions {
  int probes = 16;          ///< Random sign vectors, at least 1.
  Eigen::Index steps = 40;  ///< Lanczos steps for each, at least 1.
  std::uint64_t seed = 1;
};

/// The density of K's eigenvalues as random sign vectors z see it: one quadrature of z' f(K) z
/// each.
class SpectralDensity {
 public:
  SpectralDensity(const KernelOperator& kernel, const TraceOptions& options);

  /// tr f(K), see `stochastic_trace`, for any number of functions from the same products.
  StochasticEstimate trace(const std::function<double(double)>& f) const;
  /// All quadratures side by side: tr f(K) is about sum_j counts_j f(nodes_j); counts sum to n.
  const Eigen::VectorXd& nodes() const { return nodes_; }
  const Eigen::VectorXd& counts() const { return counts_; }
  const std::vector<Eigen::Index>& ends() const { return ends_; }  ///< Of each probe's nodes.
  /// The same with every probe's Gauss-Radau rule.
  const Eigen::VectorXd& radau_nodes() const { return radau_nodes_; }
  const Eigen::VectorXd& radau_counts() const { return radau_counts_; }
  Eigen::Index products() const { return nodes_.size(); }  ///< Made with the kernel.

 private:
  std::vector<Eigen::Index> ends_;  // of each probe's nodes
  Eigen::VectorXd nodes_;
  Eigen::VectorXd counts_;
  Eigen::VectorXd radau_nodes_;
  Eigen::VectorXd radau_counts_;
};

/// tr f(K) by stochastic Lanczos quadrature: n times the mean over random sign vectors z of
/// z' f(K) z / n. The standard error covers the sampling of z; the error of the quadrature falls
/// exponentially with `steps` for f that are smooth on [0, lambda_max] and can be judged by
/// doubling them. `f` must be finite there. Cost: probes steps products, eight columns at a
/// time; memory 8 n steps doubles. Deterministic, the same for every number of threads.
StochasticEstimate stochastic_trace(const KernelOperator& kernel,
                                    const std::function<double(double)>& f,
                                    const TraceOptions& options = {});

/// tr(M) of any square matrix known by its products, `apply` mapping [n, c] to [n, c]: Hutchinson's
/// estimate from random signs. Its variance is twice the sum of squared off-diagonal entries over
/// the number of probes.
StochasticEstimate hutchinson_trace(
    Eigen::Index size,
    const std::function<Eigen::MatrixXd(const Eigen::Ref<const Eigen::MatrixXd>&)>& apply,
    int probes, std::uint64_t seed = 1);

}  // namespace sextant::spectral
