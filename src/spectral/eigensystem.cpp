#include "sextant/spectral/eigensystem.hpp"

#include <cblas.h>
#include <fmt/format.h>

#include <Eigen/Eigenvalues>
#include <algorithm>
#include <vector>

#include "sextant/core/blas.hpp"
#include "sextant/core/errors.hpp"
#include "sextant/spectral/kernel_checks.hpp"

extern "C" void dsyevd_(const char* jobz, const char* uplo, const int* n, double* a, const int* lda,
                        double* w, double* work, const int* lwork, int* iwork, const int* liwork,
                        int* info);

namespace sextant::spectral {
namespace {

/// Eigenvalues ascending, vectors in columns: what both solvers deliver.
struct Ascending {
  Eigen::VectorXd values;
  Eigen::MatrixXd vectors;
};

Ascending solve_with_eigen(const Eigen::MatrixXd& symmetric) {
  const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> solver(symmetric);
  if (solver.info() != Eigen::Success) {
    throw NumericalError(fmt::format(
        "decompose: the QR iteration did not converge on a kernel of size {}", symmetric.rows()));
  }
  return {solver.eigenvalues(), solver.eigenvectors()};
}

Ascending solve_with_lapack(Eigen::MatrixXd symmetric) {
  prepare_blas();
  const int n = static_cast<int>(symmetric.rows());
  Eigen::VectorXd values(n);
  int info = 0;
  int query = -1;
  double work_size = 0;
  int iwork_size = 0;
  dsyevd_("V", "L", &n, symmetric.data(), &n, values.data(), &work_size, &query, &iwork_size,
          &query, &info);
  if (info == 0) {
    const int lwork = static_cast<int>(work_size);
    std::vector<double> work(static_cast<std::size_t>(lwork));
    std::vector<int> iwork(static_cast<std::size_t>(iwork_size));
    dsyevd_("V", "L", &n, symmetric.data(), &n, values.data(), work.data(), &lwork, iwork.data(),
            &iwork_size, &info);
  }
  if (info != 0) {
    throw NumericalError(
        fmt::format("decompose: dsyevd returned {} on a kernel of size {}", info, n));
  }
  return {std::move(values), std::move(symmetric)};
}

}  // namespace

Eigen::VectorXd Eigensystem::rotate(const Eigen::Ref<const Eigen::VectorXd>& v) const {
  check_size("Eigensystem::rotate", "v", v.size(), values.size());
  return vectors.transpose() * v;
}

Eigen::VectorXd Eigensystem::rotate_back(const Eigen::Ref<const Eigen::VectorXd>& v) const {
  check_size("Eigensystem::rotate_back", "v", v.size(), values.size());
  return vectors * v;
}

Eigensystem decompose(const Eigen::Ref<const Eigen::MatrixXd>& kernel) {
  const Eigen::Index n = kernel.rows();
  if (n == 0) throw ArgumentError("decompose", "kernel", "is empty, expected at least one row");
  check_symmetric("decompose", "kernel", kernel);
  Eigen::MatrixXd symmetric = 0.5 * kernel + 0.5 * kernel.transpose();
  Eigensystem result;
  result.method =
      n < divide_and_conquer_size ? EigenMethod::tridiagonal_qr : EigenMethod::divide_and_conquer;
  const Ascending solved = result.method == EigenMethod::tridiagonal_qr
                               ? solve_with_eigen(symmetric)
                               : solve_with_lapack(std::move(symmetric));
  result.values = solved.values.reverse();
  result.vectors = solved.vectors.rowwise().reverse();
  result.most_negative = std::min(result.values[n - 1], 0.0);
  result.clipped = -result.values.cwiseMin(0.0).sum();
  result.values = result.values.cwiseMax(0.0);
  result.trace = result.values.sum();
  return result;
}

}  // namespace sextant::spectral
