#include "sextant/studies/analysis/global_design.hpp"

#include <fmt/format.h>

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>

#include "sextant/core/errors.hpp"
#include "sextant/spectral/eigensystem.hpp"

namespace sextant::studies::analysis {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;

double operator_norm(const MatrixXd& symmetric) {
  const Eigen::SelfAdjointEigenSolver<MatrixXd> solver(symmetric, Eigen::EigenvaluesOnly);
  if (solver.info() != Eigen::Success) {
    throw NumericalError("global_design: the eigenvalue iteration did not converge");
  }
  return solver.eigenvalues().cwiseAbs().maxCoeff();
}

}  // namespace

MatrixXd captured_information(const Eigen::Ref<const MatrixXd>& jacobian,
                              const Eigen::Ref<const MatrixXd>& root,
                              const spectral::Benchmark& model) {
  constexpr std::string_view here = "captured_information";
  check_size(here, "root", static_cast<std::size_t>(root.rows()),
             static_cast<std::size_t>(jacobian.cols()));
  check_size(here, "root", static_cast<std::size_t>(root.cols()),
             static_cast<std::size_t>(jacobian.cols()));
  check_not_negative(here, "model.tau2", model.tau2);
  check_positive(here, "model.sigma2", model.sigma2);
  MatrixXd covariance = model.tau2 * (jacobian * jacobian.transpose());
  covariance.diagonal().array() += model.sigma2;
  const MatrixXd whitened =
      Eigen::LLT<MatrixXd>(covariance).matrixL().solve(model.tau2 * jacobian * root);
  return whitened.transpose() * whitened;
}

void GlobalDesign::add(const MatrixXd& information) {
  if (information.rows() == 0 || information.rows() != information.cols() ||
      (prompts_ > 0 && information.rows() != informations_.front().rows())) {
    throw ArgumentError("GlobalDesign::add", "information",
                        fmt::format("is {} x {}, expected a square matrix of one size",
                                    information.rows(), information.cols()));
  }
  informations_.push_back(information);
  ++prompts_;
}

MatrixXd GlobalDesign::mean() const {
  if (prompts_ == 0) throw ArgumentError("GlobalDesign::mean", "prompts", "are none");
  MatrixXd sum = informations_.front();
  for (std::size_t j = 1; j < informations_.size(); ++j) sum += informations_[j];
  return sum / static_cast<double>(prompts_);
}

MatrixXd GlobalDesign::subspace(Index rank) const {
  const spectral::Eigensystem system = spectral::decompose(mean());
  if (rank < 1 || rank > system.size()) {
    throw ArgumentError("GlobalDesign::subspace", "rank",
                        fmt::format("is {}, expected 1 to {}", rank, system.size()));
  }
  return system.vectors.leftCols(rank);
}

GlobalDesign::Spread GlobalDesign::spread() const {
  const MatrixXd centre = mean();
  MatrixXd squares = MatrixXd::Zero(centre.rows(), centre.cols());
  Spread result;
  for (const MatrixXd& information : informations_) {
    const MatrixXd difference = information - centre;
    squares += difference * difference;
    result.largest = std::max(result.largest, operator_norm(difference));
  }
  result.variation = operator_norm(squares);
  return result;
}

double design_regret(const Eigen::Ref<const MatrixXd>& basis, const MatrixXd& truth) {
  check_size("design_regret", "basis", static_cast<std::size_t>(basis.rows()),
             static_cast<std::size_t>(truth.rows()));
  const spectral::Eigensystem system = spectral::decompose(truth);
  return std::max(
      0.0, system.values.head(basis.cols()).sum() - (basis.transpose() * truth * basis).trace());
}

double design_regret_bound(Index rank, Index dimension, std::int64_t prompts,
                           const GlobalDesign::Spread& spread, double delta) {
  constexpr std::string_view here = "design_regret_bound";
  check_between(here, "delta", delta, 0.0, 1.0);
  check_not_negative(here, "spread.variation", spread.variation);
  check_not_negative(here, "spread.largest", spread.largest);
  if (prompts < 1) throw ArgumentError(here, "prompts", "is below 1");
  if (rank < 1 || rank > dimension) {
    throw ArgumentError(here, "rank",
                        fmt::format("is {}, expected 1 to the dimension, {}", rank, dimension));
  }
  const double price = std::log(2 * static_cast<double>(dimension) / delta);
  const double distance =
      (std::sqrt(2 * spread.variation * price) + 2 * spread.largest / 3 * price) /
      static_cast<double>(prompts);
  return 2 * static_cast<double>(rank) * distance;
}

}  // namespace sextant::studies::analysis
