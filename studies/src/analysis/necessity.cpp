#include "sextant/studies/analysis/necessity.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "sextant/core/errors.hpp"

namespace sextant::studies::analysis {
namespace {

/// One prior on the projector: what Bayes keeps, and the variance of a rotated residual.
struct Prior {
  Prior(double sigma2, double lambda_star)
      : kept(1 / (1 + lambda_star)), variance(sigma2 / lambda_star + sigma2) {}
  double kept;
  double variance;
};

void check_priors(std::string_view function, double sigma2, double first, double second) {
  check_positive(function, "sigma2", sigma2);
  check_positive(function, "first_lambda_star", first);
  check_positive(function, "second_lambda_star", second);
}

}  // namespace

PriorSeparation prior_separation(double filter, Eigen::Index rank, double sigma2,
                                 double first_lambda_star, double second_lambda_star) {
  constexpr std::string_view here = "prior_separation";
  check_finite(here, "filter", filter);
  check_priors(here, sigma2, first_lambda_star, second_lambda_star);
  if (rank < 1) throw ArgumentError(here, "rank", fmt::format("is {}, expected 1 or more", rank));
  const Prior first(sigma2, first_lambda_star);
  const Prior second(sigma2, second_lambda_star);
  const auto dimensions = static_cast<double>(rank);
  const auto gap = [&](const Prior& prior) {
    return dimensions * prior.variance * std::pow(filter - prior.kept, 2);
  };
  return {gap(first), gap(second),
          dimensions * std::min(first.variance, second.variance) *
              std::pow((first.kept - second.kept) / 2, 2)};
}

double minimax_filter(double sigma2, double first_lambda_star, double second_lambda_star) {
  check_priors("minimax_filter", sigma2, first_lambda_star, second_lambda_star);
  const Prior first(sigma2, first_lambda_star);
  const Prior second(sigma2, second_lambda_star);
  // sqrt(v1) (a - s1) = sqrt(v2) (s2 - a) for s1 <= a <= s2.
  const double one = std::sqrt(first.variance);
  const double two = std::sqrt(second.variance);
  return (one * first.kept + two * second.kept) / (one + two);
}

Eigen::VectorXd james_stein(const Eigen::Ref<const Eigen::MatrixXd>& basis,
                            const Eigen::Ref<const Eigen::VectorXd>& residuals, double sigma2) {
  constexpr std::string_view here = "james_stein";
  check_size(here, "residuals", static_cast<std::size_t>(residuals.size()),
             static_cast<std::size_t>(basis.rows()));
  check_not_negative(here, "sigma2", sigma2);
  const Eigen::VectorXd coordinates = basis.transpose() * residuals;
  const double squared = coordinates.squaredNorm();
  if (squared == 0) return Eigen::VectorXd::Zero(residuals.size());
  const double excess = std::max(0.0, static_cast<double>(basis.cols()) - 2);
  return (1 - excess * sigma2 / squared) * (basis * coordinates);
}

Eigen::MatrixXd range_basis(const spectral::Eigensystem& system) {
  const double threshold = static_cast<double>(system.size()) *
                           std::numeric_limits<double>::epsilon() * system.largest();
  Eigen::Index rank = 0;
  while (rank < system.size() && system.values[rank] > threshold) ++rank;
  return system.vectors.leftCols(rank);
}

double irreducible_error(const spectral::Eigensystem& system,
                         const Eigen::Ref<const Eigen::VectorXd>& f) {
  check_size("irreducible_error", "f", static_cast<std::size_t>(f.size()),
             static_cast<std::size_t>(system.size()));
  const Eigen::MatrixXd basis = range_basis(system);
  return (f - basis * (basis.transpose() * f)).squaredNorm();
}

}  // namespace sextant::studies::analysis
