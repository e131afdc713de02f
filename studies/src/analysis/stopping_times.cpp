#include "sextant/studies/analysis/stopping_times.hpp"

#include <fmt/format.h>

#include <Eigen/Eigenvalues>
#include <cmath>

#include "sextant/core/errors.hpp"
#include "sextant/spectral/filters.hpp"

namespace sextant::studies::analysis {
namespace {

using Vector = Eigen::Ref<const Eigen::VectorXd>;

template <class Filter>
Eigen::VectorXd average(const Vector& values, const StoppingTimes& stops, const Filter& filter) {
  check_size("average_flow_filter", "weights", static_cast<std::size_t>(stops.weights.size()),
             static_cast<std::size_t>(stops.times.size()));
  Eigen::VectorXd sum = Eigen::VectorXd::Zero(values.size());
  for (Eigen::Index j = 0; j < stops.times.size(); ++j) {
    sum += stops.weights[j] * filter(values, stops.times[j]);
  }
  return sum;
}

}  // namespace

StoppingTimes exponential_stopping_times(double lambda_star, int count) {
  constexpr int most = 64;
  check_positive("exponential_stopping_times", "lambda_star", lambda_star);
  if (count < 1 || count > most) {
    throw ArgumentError("exponential_stopping_times", "count",
                        fmt::format("is {}, expected 1 to {}", count, most));
  }
  // Golub and Welsch: nodes are the eigenvalues of the Laguerre polynomials' Jacobi matrix, weights
  // the squared first components of its eigenvectors.
  Eigen::VectorXd diagonal(count);
  Eigen::VectorXd beside(std::max(count - 1, 0));
  for (int i = 0; i < count; ++i) diagonal[i] = 2 * i + 1;
  for (int i = 0; i + 1 < count; ++i) beside[i] = i + 1;
  Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> solver;
  solver.computeFromTridiagonal(diagonal, beside);
  if (solver.info() != Eigen::Success) {
    throw NumericalError("exponential_stopping_times: the eigenproblem did not converge");
  }
  const Eigen::VectorXd weights = solver.eigenvectors().row(0).cwiseAbs2();
  return {solver.eigenvalues() / lambda_star, weights};
}

Eigen::VectorXd average_flow_prompt_filter(const Vector& values, const StoppingTimes& stops) {
  return average(values, stops, spectral::flow_prompt_filter);
}

Eigen::VectorXd average_flow_query_filter(const Vector& values, const StoppingTimes& stops) {
  return average(values, stops, spectral::flow_query_filter);
}

SpreadBound spread_bound(const Vector& values, const Vector& a, double lambda_star, double time) {
  constexpr std::string_view here = "spread_bound";
  check_size(here, "a", static_cast<std::size_t>(a.size()),
             static_cast<std::size_t>(values.size()));
  check_positive(here, "lambda_star", lambda_star);
  check_not_negative(here, "time", time);
  for (const double weight : a) check_not_negative(here, "a", weight);
  const auto mismatch = [&](const Vector& l) -> Eigen::VectorXd {
    return spectral::flow_prompt_filter(l, time) - spectral::bayes_prompt_filter(l, lambda_star);
  };
  SpreadBound result;
  const double total = a.sum();
  if (total == 0) return result;
  result.mean = a.dot(values) / total;
  result.gap = a.dot(mismatch(values).cwiseAbs2());
  result.at_mean = 2 * total * std::pow(mismatch(Eigen::VectorXd::Constant(1, result.mean))[0], 2);
  result.spread = 2 * std::pow(time + 1 / lambda_star, 2) *
                  a.dot((values.array() - result.mean).square().matrix());
  return result;
}

}  // namespace sextant::studies::analysis
