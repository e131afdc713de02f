#include "sextant/studies/linear/pretraining.hpp"

#include <Eigen/LU>

#include "checks.hpp"

namespace sextant::studies::linear {
namespace {

void check_isotropic(std::string_view function, std::int64_t n, std::int64_t d, double sigma2,
                     double task_variance) {
  check_count(function, "n", n, 1, largest_count);
  check_count(function, "d", d, 1, largest_dimension);
  check_not_negative(function, "sigma2", sigma2);
  check_not_negative(function, "task_variance", task_variance);
}

}  // namespace

double pretrained_scale(std::int64_t n, std::int64_t d, double sigma2, double task_variance) {
  check_isotropic("pretrained_scale", n, d, sigma2, task_variance);
  if (task_variance == 0) return 0;
  return 1 / (static_cast<double>(n + d + 1) + sigma2 / task_variance);
}

double pretrained_risk(std::int64_t n, std::int64_t d, double sigma2, double task_variance) {
  check_isotropic("pretrained_risk", n, d, sigma2, task_variance);
  if (task_variance == 0) return sigma2;
  // 1 - n w as (d + 1 + sigma2/task_variance) w, which does not cancel for n >> d.
  const double remainder = (static_cast<double>(d + 1) + sigma2 / task_variance) *
                           pretrained_scale(n, d, sigma2, task_variance);
  return sigma2 + static_cast<double>(d) * task_variance * remainder;
}

DiagonalOptimum diagonal_optimum(std::int64_t n,
                                 const Eigen::Ref<const Eigen::VectorXd>& input_variances,
                                 const Eigen::Ref<const Eigen::VectorXd>& task_variances,
                                 double sigma2) {
  constexpr auto function = "diagonal_optimum";
  check_count(function, "n", n, 1, largest_count);
  check_count(function, "d", input_variances.size(), 1, largest_dimension);
  check_size(function, "task_variances", static_cast<std::size_t>(task_variances.size()),
             static_cast<std::size_t>(input_variances.size()));
  check_variances(function, "input_variances", input_variances);
  check_variances(function, "task_variances", task_variances);
  check_not_negative(function, "sigma2", sigma2);
  const auto signal = (input_variances.array() * task_variances.array()).eval();
  const double total = signal.sum() + sigma2;
  if (total == 0) {
    // Labels are 0: every weight is optimal, and the smallest is none.
    return {Eigen::VectorXd::Zero(input_variances.size()),
            Eigen::VectorXd::Ones(input_variances.size()), 0};
  }
  const Eigen::ArrayXd denominator = static_cast<double>(n + 1) * signal + total;
  DiagonalOptimum optimum;
  optimum.weights = task_variances.array() / denominator;
  optimum.remainder = (signal + total) / denominator;
  optimum.risk = sigma2 + (signal * optimum.remainder.array()).sum();
  return optimum;
}

Eigen::MatrixXd optimal_weights(std::int64_t n, const Eigen::Ref<const Eigen::MatrixXd>& inputs,
                                const Eigen::Ref<const Eigen::MatrixXd>& tasks, double sigma2) {
  constexpr auto function = "optimal_weights";
  const Eigen::Index d = inputs.rows();
  check_count(function, "n", n, 1, largest_count);
  check_count(function, "d", d, 1, largest_dense_dimension);
  check_not_negative(function, "sigma2", sigma2);
  for (const auto& [name, matrix] : {std::pair{"inputs", &inputs}, std::pair{"tasks", &tasks}}) {
    if (matrix->rows() != d || matrix->cols() != d) {
      throw ArgumentError(
          function, name,
          fmt::format("is {} x {}, expected {} x {}", matrix->rows(), matrix->cols(), d, d));
    }
    if (!matrix->allFinite()) throw ArgumentError(function, name, "holds values not finite");
    const double asymmetry = (*matrix - matrix->transpose()).cwiseAbs().maxCoeff();
    if (asymmetry > 1e-8 * matrix->cwiseAbs().maxCoeff()) {
      throw ArgumentError(function, name, "is not symmetric");
    }
    if (matrix->diagonal().minCoeff() < 0) {
      throw ArgumentError(function, name, "has a negative variance on its diagonal");
    }
  }
  const double total = inputs.cwiseProduct(tasks).sum() + sigma2;
  if (total == 0) return Eigen::MatrixXd::Zero(d, d);
  Eigen::MatrixXd system = static_cast<double>(n + 1) * tasks * inputs;
  system.diagonal().array() += total;
  return system.partialPivLu().solve(tasks);
}

}  // namespace sextant::studies::linear
