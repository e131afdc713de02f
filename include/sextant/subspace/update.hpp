#pragma once

/// T gradient steps on a kernel, without an eigendecomposition where that is cheaper.
///
/// The correction of a query with coupling k is k' q_T(K) r = w'r with w = q_T(K) k (theory Sec.
/// 2), so the steps can be taken on k once instead of on r: w <- w + rho (k - K w), T times from 0.

#include <Eigen/Core>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "sextant/geometry/block_matrices.hpp"
#include "sextant/spectral/gaps.hpp"

namespace sextant::subspace {

/// How rho follows from a kernel.
struct StepRule {
  double scale = 0.1;  ///< c in (0, 1): rho = c / lambda_max. Ignored when `rho` is given.
  std::optional<double> rho = {};  ///< A fixed rho; 0 < rho < 1 / lambda_max.

  /// rho for a kernel with this largest eigenvalue; 0 when lambda_max = 0 (no direction to move
  /// in). Throws `ArgumentError` for a scale or a rho out of range.
  double for_kernel(double lambda_max) const;
};

/// Ways to compute q_T(K) V for V [n, m], equal up to rounding.
enum class UpdateMethod {
  automatic,     ///< The one with the fewest operations, see `cheapest_method`.
  iteration,     ///< lambda_max by Lanczos, then T products with K: the rule for n above 30.
  tridiagonal,   ///< K = Q tridiagonal Q', steps on the tridiagonal matrix: small n, one query.
  decomposition  ///< The eigensystem and the filter q_T: many steps.
};

/// "automatic", "iteration", "tridiagonal", "decomposition".
std::string_view name_of(UpdateMethod method);

/// The update that is planned: T >= 0 steps.
struct PlannedUpdate {
  std::int64_t horizon = 8;
  StepRule step = {};
  UpdateMethod method = UpdateMethod::automatic;
};

struct UpdateWeights {
  Eigen::MatrixXd weights;  ///< W = q_T(K) V [n, m].
  double lambda_max = 0;    ///< Of K, within 1e-13.
  double rho = 0;
  UpdateMethod method = UpdateMethod::decomposition;  ///< The one used; never `automatic`.
};

/// The method with the fewest counted operations for V [n, m], in units of those in a product of K
/// with one column; the factors are measured (bench/selection_bench.cpp). Earlier ones win ties.
///
///     iteration      2 n^2 (40 + T c), c = max(1, m/4): Lanczos' iteration, then T products
///     tridiagonal    2.5 ((4/3) n^3 + 4 n^2 m + 6 n m T)
///     decomposition  22 n^3 + n^2 m; 8 n^3 + n^2 m from `spectral::divide_and_conquer_size` on
UpdateMethod cheapest_method(Eigen::Index examples, Eigen::Index columns, std::int64_t horizon);

/// q_T(K) V with rho from the step rule and K's own largest eigenvalue.
///
/// `kernel` [n, n] symmetric (exactly) and positive semidefinite, `columns` V [n, m]. A zero kernel
/// or T = 0 gives W = 0. Throws `ArgumentError` for wrong sizes, a negative horizon or a step out
/// of range. Relative error about 1e-12 (lambda_max enters through rho). Cost: see
/// `cheapest_method`. Deterministic; runs on the calling thread.
UpdateWeights update_weights(const Eigen::Ref<const Eigen::MatrixXd>& kernel,
                             const Eigen::Ref<const Eigen::MatrixXd>& columns,
                             const PlannedUpdate& update);

/// The expected squared error of updates, averaged over the queries, under the full correction
/// model (theory Sec. 7, "risk"):
///
///     R = w' M w - 2 tau2 w' k + tau2 kappa,  M = tau2 K + sigma2 I,  K, k, kappa of all blocks
///
/// for the update that corrects a query by w'r. Unit of a squared prediction.
class UpdateRisk {
 public:
  /// Throws `ArgumentError` for wrong sizes, non-finite numbers and negative variances.
  UpdateRisk(const geometry::BlockMatrices& blocks, const spectral::Benchmark& model);

  /// R of no update (w = 0): the prior variance tau2 kappa of the correction.
  double no_update() const { return prior_variance_; }
  /// R for `weights` [n, queries()]. Cost 2 n^2 m operations.
  double of(const Eigen::Ref<const Eigen::MatrixXd>& weights) const;

 private:
  Eigen::MatrixXd covariance_;  // M
  Eigen::MatrixXd target_;      // tau2 k
  double prior_variance_ = 0;
};

/// R(S): T steps on the summed kernel of the blocks `set` only, judged by the model of all blocks.
/// R of the empty set is that of no update. Throws `ArgumentError` also for an index out of range
/// or given twice.
double risk_of(const geometry::BlockMatrices& blocks, std::span<const Eigen::Index> set,
               const spectral::Benchmark& model, const PlannedUpdate& update);
/// The same where `risk` of the same blocks is there already, which checked them: for many sets.
double risk_of(const geometry::BlockMatrices& blocks, std::span<const Eigen::Index> set,
               const UpdateRisk& risk, const PlannedUpdate& update);

}  // namespace sextant::subspace
