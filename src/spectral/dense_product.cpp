#include "sextant/spectral/dense_product.hpp"

#include <cblas.h>

#include "sextant/core/blas.hpp"
#include "sextant/core/errors.hpp"

namespace sextant::spectral {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;

void check_shape(std::string_view function, const Eigen::Ref<MatrixXd>& result, Index rows,
                 Index columns) {
  check_size(function, "result", static_cast<std::size_t>(result.rows()),
             static_cast<std::size_t>(rows));
  check_size(function, "result", static_cast<std::size_t>(result.cols()),
             static_cast<std::size_t>(columns));
}

/// result = A B + beta result, or with A transposed.
void multiply(CBLAS_TRANSPOSE transpose, const Eigen::Ref<const MatrixXd>& a,
              const Eigen::Ref<const MatrixXd>& b, double beta, Eigen::Ref<MatrixXd>& result) {
  if (result.size() == 0) return;
  prepare_blas();
  // A matrix product copies A, which for one column costs more than the product. (Without rows to
  // sum over, dgemv would leave the result as it was.)
  if (b.cols() == 1 && b.rows() > 0) {
    cblas_dgemv(CblasColMajor, transpose, static_cast<int>(a.rows()), static_cast<int>(a.cols()),
                1.0, a.data(), static_cast<int>(a.outerStride()), b.data(), 1, beta, result.data(),
                1);
    return;
  }
  cblas_dgemm(CblasColMajor, transpose, CblasNoTrans, static_cast<int>(result.rows()),
              static_cast<int>(result.cols()), static_cast<int>(b.rows()), 1.0, a.data(),
              static_cast<int>(a.outerStride()), b.data(), static_cast<int>(b.outerStride()), beta,
              result.data(), static_cast<int>(result.outerStride()));
}

}  // namespace

void transposed_product(const Eigen::Ref<const MatrixXd>& a, const Eigen::Ref<const MatrixXd>& b,
                        Eigen::Ref<MatrixXd> result) {
  constexpr std::string_view here = "transposed_product";
  check_size(here, "b", static_cast<std::size_t>(b.rows()), static_cast<std::size_t>(a.rows()));
  check_shape(here, result, a.cols(), b.cols());
  multiply(CblasTrans, a, b, 0.0, result);
}

void add_product(const Eigen::Ref<const MatrixXd>& a, const Eigen::Ref<const MatrixXd>& b,
                 Eigen::Ref<MatrixXd> result) {
  constexpr std::string_view here = "add_product";
  check_size(here, "b", static_cast<std::size_t>(b.rows()), static_cast<std::size_t>(a.cols()));
  check_shape(here, result, a.rows(), b.cols());
  multiply(CblasNoTrans, a, b, 1.0, result);
}

}  // namespace sextant::spectral
