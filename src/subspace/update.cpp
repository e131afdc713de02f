#include "sextant/subspace/update.hpp"

#include <fmt/format.h>

#include <Eigen/Eigenvalues>
#include <algorithm>
#include <vector>

#include "sextant/core/errors.hpp"
#include "sextant/spectral/filters.hpp"
#include "sextant/spectral/kernel_checks.hpp"
#include "sextant/spectral/largest_eigenvalue.hpp"
#include "sextant/spectral/symmetric_product.hpp"

namespace sextant::subspace {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

void weights_by_iteration(const Eigen::Ref<const MatrixXd>& kernel,
                          const Eigen::Ref<const MatrixXd>& columns, const PlannedUpdate& update,
                          UpdateWeights& result) {
  result.lambda_max = spectral::largest_eigenvalue(kernel).value;
  result.rho = update.step.for_kernel(result.lambda_max);
  if (result.rho == 0 || update.horizon == 0) return;
  // In units of rho the iteration has no unit: w/rho <- w/rho + v - rho K (w/rho).
  MatrixXd scaled = columns;
  MatrixXd product(columns.rows(), columns.cols());
  for (std::int64_t step = 1; step < update.horizon; ++step) {
    spectral::symmetric_product(kernel, scaled, product);
    scaled += columns - result.rho * product;
  }
  result.weights = result.rho * scaled;
}

/// The same steps for one column, on a tridiagonal matrix.
void step_on_tridiagonal(const VectorXd& diagonal, const VectorXd& subdiagonal, double rho,
                         std::int64_t horizon, Eigen::Ref<VectorXd> column) {
  const Index n = diagonal.size();
  const VectorXd keep = VectorXd::Ones(n) - rho * diagonal;
  VectorXd couple = VectorXd::Zero(n + 1);  // entry i couples i - 1 with i; none at the ends
  couple.segment(1, n - 1) = rho * subdiagonal;
  VectorXd scaled = VectorXd::Zero(n + 2);  // entry i + 1 belongs to i
  VectorXd next = VectorXd::Zero(n + 2);
  scaled.segment(1, n) = column;
  for (std::int64_t step = 1; step < horizon; ++step) {
    for (Index i = 0; i < n; ++i) {
      next[i + 1] = column[i] + keep[i] * scaled[i + 1] - couple[i] * scaled[i] -
                    couple[i + 1] * scaled[i + 2];
    }
    scaled.swap(next);
  }
  column = rho * scaled.segment(1, n);
}

void weights_by_tridiagonal(const Eigen::Ref<const MatrixXd>& kernel,
                            const Eigen::Ref<const MatrixXd>& columns, const PlannedUpdate& update,
                            UpdateWeights& result) {
  const Index n = kernel.rows();
  if (n == 1) {  // Eigen's reduction needs two rows
    result.lambda_max = kernel(0, 0);
    result.rho = update.step.for_kernel(result.lambda_max);
    if (result.rho == 0) return;
    const VectorXd q = spectral::gd_query_filter(kernel.col(0), result.rho, update.horizon);
    result.weights = q[0] * columns;
    return;
  }
  spectral::check_symmetric("update_weights", "kernel", kernel);
  const Eigen::Tridiagonalization<MatrixXd> reduced(kernel);
  const VectorXd diagonal = reduced.diagonal();
  const VectorXd subdiagonal = reduced.subDiagonal();
  result.lambda_max = std::max(0.0, spectral::largest_tridiagonal(diagonal, subdiagonal).value);
  result.rho = update.step.for_kernel(result.lambda_max);
  if (result.rho == 0 || update.horizon == 0) return;
  MatrixXd rotated = reduced.matrixQ().adjoint() * columns;
  for (Index x = 0; x < columns.cols(); ++x) {
    step_on_tridiagonal(diagonal, subdiagonal, result.rho, update.horizon, rotated.col(x));
  }
  result.weights = reduced.matrixQ() * rotated;
}

void weights_by_decomposition(const Eigen::Ref<const MatrixXd>& kernel,
                              const Eigen::Ref<const MatrixXd>& columns,
                              const PlannedUpdate& update, UpdateWeights& result) {
  const spectral::Eigensystem system = spectral::decompose(kernel);
  result.lambda_max = system.largest();
  result.rho = update.step.for_kernel(result.lambda_max);
  if (result.rho == 0) return;
  const VectorXd filter = spectral::gd_query_filter(system.values, result.rho, update.horizon);
  const MatrixXd rotated = system.vectors.transpose() * columns;
  result.weights.noalias() = system.vectors * (filter.asDiagonal() * rotated);
}

}  // namespace

double StepRule::for_kernel(double lambda_max) const {
  if (!rho) return spectral::step_from_scale(lambda_max, scale);
  check_positive("StepRule", "rho", *rho);
  if (lambda_max == 0) return 0.0;
  spectral::check_step("StepRule", *rho, lambda_max);
  return *rho;
}

std::string_view name_of(UpdateMethod method) {
  switch (method) {
    case UpdateMethod::iteration:
      return "iteration";
    case UpdateMethod::tridiagonal:
      return "tridiagonal";
    case UpdateMethod::decomposition:
      return "decomposition";
    default:
      return "automatic";
  }
}

UpdateMethod cheapest_method(Index examples, Index columns, std::int64_t horizon) {
  const auto n = static_cast<double>(examples);
  const auto m = static_cast<double>(columns);
  const auto steps = static_cast<double>(horizon);
  const double iteration = 2 * n * n * (40 + steps * std::max(1.0, m / 4));
  const double tridiagonal = 2.5 * (4.0 / 3.0 * n * n * n + 4 * n * n * m + 6 * n * m * steps);
  const double cubes = examples < spectral::divide_and_conquer_size ? 22 : 8;
  const double decomposition = cubes * n * n * n + n * n * m;
  if (iteration <= tridiagonal && iteration <= decomposition) return UpdateMethod::iteration;
  return tridiagonal <= decomposition ? UpdateMethod::tridiagonal : UpdateMethod::decomposition;
}

UpdateWeights update_weights(const Eigen::Ref<const MatrixXd>& kernel,
                             const Eigen::Ref<const MatrixXd>& columns,
                             const PlannedUpdate& update) {
  const Index n = kernel.rows();
  if (n == 0 || kernel.cols() != n) {
    throw ArgumentError("update_weights", "kernel",
                        fmt::format("is {} x {}, expected a square matrix", n, kernel.cols()));
  }
  check_size("update_weights", "columns", columns.rows(), n);
  if (update.horizon < 0) {
    throw ArgumentError("update_weights", "horizon",
                        fmt::format("is {}, expected 0 or more", update.horizon));
  }
  UpdateWeights result;
  result.weights = MatrixXd::Zero(n, columns.cols());
  result.method = update.method == UpdateMethod::automatic
                      ? cheapest_method(n, columns.cols(), update.horizon)
                      : update.method;
  switch (result.method) {
    case UpdateMethod::iteration:
      weights_by_iteration(kernel, columns, update, result);
      break;
    case UpdateMethod::tridiagonal:
      weights_by_tridiagonal(kernel, columns, update, result);
      break;
    default:
      weights_by_decomposition(kernel, columns, update, result);
  }
  return result;
}

UpdateRisk::UpdateRisk(const geometry::BlockMatrices& blocks, const spectral::Benchmark& model) {
  geometry::check_blocks("UpdateRisk", blocks);
  spectral::check_benchmark("UpdateRisk", model);
  covariance_ = model.tau2 * geometry::summed_kernel(blocks);
  covariance_.diagonal().array() += model.sigma2;
  target_ = MatrixXd::Zero(blocks.examples(), blocks.queries());
  for (Index b = 0; b < blocks.count(); ++b) {
    geometry::add_couplings(blocks, b, target_);
    prior_variance_ += model.tau2 * geometry::mean_variance(blocks, b);
  }
  target_ *= model.tau2;
}

double UpdateRisk::of(const Eigen::Ref<const MatrixXd>& weights) const {
  check_size("UpdateRisk::of", "weights", weights.rows(), target_.rows());
  check_size("UpdateRisk::of", "weights", weights.cols(), target_.cols());
  MatrixXd product(weights.rows(), weights.cols());
  spectral::symmetric_product(covariance_, weights, product);
  const double change = weights.cwiseProduct(product - 2 * target_).sum();
  return prior_variance_ + change / static_cast<double>(weights.cols());
}

double risk_of(const geometry::BlockMatrices& blocks, std::span<const Index> set,
               const spectral::Benchmark& model, const PlannedUpdate& update) {
  return risk_of(blocks, set, UpdateRisk(blocks, model), update);
}

double risk_of(const geometry::BlockMatrices& blocks, std::span<const Index> set,
               const UpdateRisk& risk, const PlannedUpdate& update) {
  MatrixXd kernel = MatrixXd::Zero(blocks.examples(), blocks.examples());
  MatrixXd couplings = MatrixXd::Zero(blocks.examples(), blocks.queries());
  std::vector<bool> seen(static_cast<std::size_t>(blocks.count()));
  for (const Index b : set) {
    if (b < 0 || b >= blocks.count() || seen[b]) {
      throw ArgumentError("risk_of", "set",
                          fmt::format("contains {}, expected different indices between 0 and {}", b,
                                      blocks.count() - 1));
    }
    seen[b] = true;
    kernel += blocks.kernels[b];
    geometry::add_couplings(blocks, b, couplings);
  }
  return risk.of(update_weights(kernel, couplings, update).weights);
}

}  // namespace sextant::subspace
