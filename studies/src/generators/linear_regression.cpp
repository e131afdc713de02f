#include "sextant/studies/generators/linear_regression.hpp"

#include <Eigen/Cholesky>
#include <algorithm>
#include <cmath>

#include "sextant/core/errors.hpp"
#include "sextant/core/random_matrix.hpp"

namespace sextant::studies::generators {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

void check(const RegressionFamily& family) {
  constexpr std::string_view here = "draw_regression";
  if (family.input_variances.size() == 0) throw ArgumentError(here, "input_variances", "is empty");
  check_size(here, "task_variances", static_cast<std::size_t>(family.task_variances.size()),
             static_cast<std::size_t>(family.input_variances.size()));
  for (const double variance : family.input_variances) {
    check_positive(here, "input_variances", variance);
  }
  for (const double variance : family.task_variances) {
    check_not_negative(here, "task_variances", variance);
  }
  check_not_negative(here, "noise", family.noise);
}

}  // namespace

RegressionFamily isotropic_regression(int dimension, double noise) {
  return {VectorXd::Ones(dimension), VectorXd::Constant(dimension, 1.0 / dimension), noise};
}

RegressionTask draw_regression(const RegressionFamily& family, Index count, Random& random) {
  check(family);
  const VectorXd beta = family.task_variances.cwiseSqrt().cwiseProduct(
      normal_vector(family.task_variances.size(), random));
  return draw_regression(family, beta, count, random);
}

RegressionTask draw_regression(const RegressionFamily& family, const VectorXd& beta, Index count,
                               Random& random) {
  check(family);
  RegressionTask task;
  task.beta = beta;
  task.x =
      normal_matrix(count, beta.size(), random) * family.input_variances.cwiseSqrt().asDiagonal();
  task.y = task.x * beta + std::sqrt(family.noise) * normal_vector(count, random);
  return task;
}

VectorXd posterior_coefficients(const RegressionFamily& family, const MatrixXd& x,
                                const VectorXd& y) {
  const MatrixXd prior = family.task_variances.asDiagonal();
  MatrixXd covariance = x * prior * x.transpose();
  const double smallest = 1e-12 * std::max(covariance.trace(), 1e-300);
  covariance.diagonal().array() += std::max(family.noise, smallest);
  return prior * x.transpose() * covariance.ldlt().solve(y);
}

}  // namespace sextant::studies::generators
