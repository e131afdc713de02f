#include "sextant/evidence/posterior.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "sextant/core/errors.hpp"
#include "sextant/spectral/filters.hpp"

namespace sextant::evidence {
namespace {

using Vector = Eigen::Ref<const Eigen::VectorXd>;

Eigen::VectorXd log_prior(std::span<const double> prior, Eigen::Index count) {
  if (prior.empty()) return Eigen::VectorXd::Constant(count, -std::log(count));
  check_size("gibbs_posterior", "prior", prior.size(), static_cast<std::size_t>(count));
  double sum = 0;
  for (const double p : prior) {
    check_not_negative("gibbs_posterior", "prior", p);
    sum += p;
  }
  check_positive("gibbs_posterior", "sum of prior", sum);
  return (Eigen::Map<const Eigen::ArrayXd>(prior.data(), count) / sum).log();
}

template <class Filter>
Eigen::VectorXd average(const Vector& values, double rho, std::span<const std::int64_t> horizons,
                        const Vector& weights, Filter filter) {
  check_size("average_filter", "weights", weights.size(), horizons.size());
  Eigen::VectorXd sum = Eigen::VectorXd::Zero(values.size());
  for (Eigen::Index j = 0; j < weights.size(); ++j) {
    check_not_negative("average_filter", "weights", weights[j]);
    if (weights[j] > 0) {
      sum += weights[j] * filter(values, rho, horizons[static_cast<std::size_t>(j)]);
    }
  }
  return sum;
}

}  // namespace

HorizonPosterior gibbs_posterior(const EvidenceCurve& curve, double beta,
                                 std::span<const double> prior) {
  check_not_negative("gibbs_posterior", "beta", beta);
  const Eigen::Index count = curve.relative.size();
  if (count == 0) throw ArgumentError("gibbs_posterior", "curve", "has no horizons");
  const Eigen::VectorXd log_start = log_prior(prior, count);
  const double scale = beta * static_cast<double>(curve.examples);
  const Eigen::VectorXd exponents = log_start - scale * curve.relative;
  const double largest = exponents.maxCoeff();
  HorizonPosterior posterior;
  posterior.weights.resize(count);
  for (Eigen::Index j = 0; j < count; ++j) {  // std::exp: Eigen's gives exp(-infinity) > 0
    posterior.weights[j] = std::exp(exponents[j] - largest);
  }
  const double sum = posterior.weights.sum();
  posterior.weights /= sum;
  const double log_sum = largest + std::log(sum);
  for (Eigen::Index j = 0; j < count; ++j) {
    const double weight = posterior.weights[j];
    if (weight == 0) continue;
    posterior.mean += weight * static_cast<double>(curve.horizons[static_cast<std::size_t>(j)]);
    posterior.divergence += weight * (-scale * curve.relative[j] - log_sum);
  }
  posterior.divergence = std::max(0.0, posterior.divergence);
  return posterior;
}

Eigen::VectorXd average_prompt_filter(const Vector& values, double rho,
                                      std::span<const std::int64_t> horizons,
                                      const Vector& weights) {
  return average(values, rho, horizons, weights, spectral::gd_prompt_filter);
}

Eigen::VectorXd average_query_filter(const Vector& values, double rho,
                                     std::span<const std::int64_t> horizons,
                                     const Vector& weights) {
  return average(values, rho, horizons, weights, spectral::gd_query_filter);
}

}  // namespace sextant::evidence
