#include "sextant/spectral/kernel_operator.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "sextant/core/errors.hpp"
#include "sextant/core/threads.hpp"
#include "sextant/spectral/dense_product.hpp"
#include "sextant/spectral/kernel_checks.hpp"
#include "sextant/spectral/symmetric_product.hpp"

namespace sextant::spectral {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;

/// Rows of one piece of work: a fixed number, so that sums do not depend on the threads.
constexpr Index rows_per_piece = 2048;

void check_columns(std::string_view function, const Eigen::Ref<const MatrixXd>& columns,
                   Index size) {
  check_size(function, "columns", static_cast<std::size_t>(columns.rows()),
             static_cast<std::size_t>(size));
}

/// Phi' V, summed over pieces of rows in ascending order.
MatrixXd project(const MatrixXd& features, const Eigen::Ref<const MatrixXd>& columns) {
  const Index pieces = (features.rows() + rows_per_piece - 1) / rows_per_piece;
  std::vector<MatrixXd> parts(static_cast<std::size_t>(pieces));
  parallel_for(pieces, [&](std::ptrdiff_t piece) {
    const Index first = piece * rows_per_piece;
    const Index count = std::min(rows_per_piece, features.rows() - first);
    MatrixXd& part = parts[static_cast<std::size_t>(piece)];
    part.resize(features.cols(), columns.cols());
    transposed_product(features.middleRows(first, count), columns.middleRows(first, count), part);
  });
  for (std::size_t piece = 1; piece < parts.size(); ++piece) parts[0] += parts[piece];
  return std::move(parts[0]);
}

}  // namespace

DenseKernel::DenseKernel(const MatrixXd& kernel) : kernel_(kernel) {
  if (kernel.rows() == 0 || kernel.rows() != kernel.cols()) {
    throw ArgumentError(
        "DenseKernel", "kernel",
        fmt::format("is {} x {}, expected a square matrix", kernel.rows(), kernel.cols()));
  }
  check_symmetric("DenseKernel", "kernel", kernel);
}

MatrixXd DenseKernel::apply(const Eigen::Ref<const MatrixXd>& columns) const {
  check_columns("DenseKernel::apply", columns, size());
  MatrixXd result(columns.rows(), columns.cols());
  symmetric_product(kernel_, columns, result);
  return result;
}

FeatureKernel::FeatureKernel(std::vector<const MatrixXd*> features, std::vector<double> scales)
    : features_(std::move(features)), scales_(std::move(scales)) {
  constexpr std::string_view here = "FeatureKernel";
  if (features_.empty()) throw ArgumentError(here, "features", "is empty");
  if (scales_.empty()) scales_.assign(features_.size(), 1.0);
  check_size(here, "scales", scales_.size(), features_.size());
  for (std::size_t b = 0; b < features_.size(); ++b) {
    check_not_negative(here, "scales", scales_[b]);
    if (features_[b]->rows() == 0 || features_[b]->rows() != features_[0]->rows()) {
      throw ArgumentError(here, "features",
                          fmt::format("[{}] has {} rows, expected {} and at least 1", b,
                                      features_[b]->rows(), features_[0]->rows()));
    }
  }
}

MatrixXd FeatureKernel::apply(const Eigen::Ref<const MatrixXd>& columns) const {
  check_columns("FeatureKernel::apply", columns, size());
  std::vector<MatrixXd> projected;
  for (std::size_t b = 0; b < features_.size(); ++b) {
    projected.push_back(scales_[b] * project(*features_[b], columns));
  }
  MatrixXd result(columns.rows(), columns.cols());
  const Index pieces = (columns.rows() + rows_per_piece - 1) / rows_per_piece;
  parallel_for(pieces, [&](std::ptrdiff_t piece) {
    const Index first = piece * rows_per_piece;
    const Index count = std::min(rows_per_piece, columns.rows() - first);
    auto rows = result.middleRows(first, count);
    rows.setZero();
    for (std::size_t b = 0; b < features_.size(); ++b) {
      add_product(features_[b]->middleRows(first, count), projected[b], rows);
    }
  });
  return result;
}

std::optional<double> FeatureKernel::trace() const {
  double sum = 0;
  for (std::size_t b = 0; b < features_.size(); ++b) {
    sum += scales_[b] * features_[b]->squaredNorm();
  }
  return sum;
}

}  // namespace sextant::spectral
