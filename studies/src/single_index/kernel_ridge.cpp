#include "sextant/studies/single_index/kernel_ridge.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "checks.hpp"
#include "sextant/core/blas.hpp"
#include "sextant/spectral/dense_product.hpp"

extern "C" {
void dpotrf_(const char* uplo, const int* n, double* a, const int* lda, int* info);
void dpotrs_(const char* uplo, const int* n, const int* columns, const double* a, const int* lda,
             double* b, const int* ldb, int* info);
}

namespace sextant::studies::single_index {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

/// (kernel + nugget I)^-1 y; empty when the matrix is not positive definite in double precision.
VectorXd solve(MatrixXd kernel, double nugget, const VectorXd& y) {
  prepare_blas();
  kernel.diagonal().array() += nugget;
  const int n = static_cast<int>(kernel.rows());
  int info = 0;
  dpotrf_("L", &n, kernel.data(), &n, &info);
  if (info != 0) return {};
  VectorXd dual = y;
  const int one = 1;
  dpotrs_("L", &n, &one, kernel.data(), &n, dual.data(), &n, &info);
  return dual;
}

double mean_diagonal(Kernel kernel, const MatrixXd& x) {
  if (kernel != Kernel::quartic) return 1;
  const auto d = static_cast<double>(x.rows());
  return (1 + x.colwise().squaredNorm().array() / d).pow(4).mean();
}

}  // namespace

std::string_view name_of(Kernel kernel) {
  switch (kernel) {
    case Kernel::gaussian:
      return "gaussian";
    case Kernel::wide_gaussian:
      return "wide gaussian";
    case Kernel::quartic:
      return "quartic";
  }
  return "unknown";
}

MatrixXd kernel_matrix(Kernel kernel, const Eigen::Ref<const MatrixXd>& a,
                       const Eigen::Ref<const MatrixXd>& b) {
  check_same("kernel_matrix", "b", b.rows(), a.rows());
  const auto d = static_cast<double>(a.rows());
  MatrixXd result(a.cols(), b.cols());
  spectral::transposed_product(a, b, result);
  if (kernel == Kernel::quartic) {
    result = (1 + result.array() / d).square().square();
    return result;
  }
  const double width = kernel == Kernel::gaussian ? d : 4 * d;
  const VectorXd squares = a.colwise().squaredNorm();
  for (Index j = 0; j < b.cols(); ++j) {
    const double square = b.col(j).squaredNorm();
    result.col(j) =
        ((result.col(j).array() - 0.5 * squares.array() - 0.5 * square).min(0.0) / width).exp();
  }
  return result;
}

KernelRidge::KernelRidge(const generators::LabelledInputs& samples,
                         const KernelRidgeOptions& options)
    : x_(samples.x) {
  constexpr std::string_view here = "KernelRidge";
  const Index n = samples.size();
  check_samples(here, "samples", samples, samples.x.rows(), 5);
  check_count(here, "samples", n, 5, largest_kernel);
  check_count(here, "coordinates", samples.x.rows(), 1, std::numeric_limits<Index>::max());
  check_between(here, "held_out", options.held_out, 0, 1);
  if (options.relative_penalties.empty()) {
    throw ArgumentError(here, "relative_penalties", "is empty");
  }
  for (const double penalty : options.relative_penalties) {
    check_positive(here, "relative_penalties", penalty);
  }
  check_count(here, "choice_samples", options.choice_samples, 5, largest_kernel);
  const Index used = std::min(n, options.choice_samples);
  const Index tested =
      std::clamp<Index>(std::llround(options.held_out * static_cast<double>(used)), 1, used - 1);
  const generators::LabelledInputs fitted = samples.part(0, used - tested);
  const generators::LabelledInputs held_out = samples.part(used - tested, tested);
  double least = std::numeric_limits<double>::infinity();
  for (const Kernel kernel : {Kernel::gaussian, Kernel::wide_gaussian, Kernel::quartic}) {
    const MatrixXd gram = kernel_matrix(kernel, fitted.x, fitted.x);
    const MatrixXd across = kernel_matrix(kernel, fitted.x, held_out.x);
    const double unit = mean_diagonal(kernel, fitted.x);
    for (const double penalty : options.relative_penalties) {
      const VectorXd dual = solve(gram, penalty * unit, fitted.y);
      if (dual.size() == 0) continue;
      const double error = (across.transpose() * dual - held_out.y).squaredNorm();
      if (error < least) {
        least = error;
        kernel_ = kernel;
        relative_penalty_ = penalty;
      }
    }
  }
  if (std::isfinite(least)) {
    dual_ = solve(kernel_matrix(kernel_, x_, x_), relative_penalty_ * mean_diagonal(kernel_, x_),
                  samples.y);
  }
  if (dual_.size() == 0) {
    throw NumericalError("KernelRidge: no penalty leaves a positive definite matrix");
  }
}

VectorXd KernelRidge::predict(const Eigen::Ref<const MatrixXd>& x) const {
  check_same("KernelRidge::predict", "x", x.rows(), x_.rows());
  constexpr Index block = 1024;  // of inputs, to bound the memory
  VectorXd result(x.cols());
  for (Index first = 0; first < x.cols(); first += block) {
    const Index count = std::min(block, x.cols() - first);
    result.segment(first, count) =
        kernel_matrix(kernel_, x_, x.middleCols(first, count)).transpose() * dual_;
  }
  return result;
}

}  // namespace sextant::studies::single_index
