#pragma once

/// Test-time training of the linear transformer on drawn data, step by step as it is defined.

#include <Eigen/Dense>
#include <cmath>
#include <cstdint>

#include "sextant/core/random.hpp"
#include "sextant/studies/linear/setting.hpp"
#include "sextant/studies/statistics/running_mean.hpp"
#include "support/spectra.hpp"

namespace sextant::test {

/// Inputs [count, d] with the setting's variances and their labels.
struct Draw {
  Eigen::MatrixXd x;
  Eigen::VectorXd y;

  Draw(const studies::linear::Diagonal& setting, std::int64_t count, Random& random)
      : x(normal_matrix(count, setting.beta.size(), random) *
          setting.input_variances.cwiseSqrt().asDiagonal()),
        y(x * setting.beta + std::sqrt(setting.sigma2) * normal_vector(count, random)) {}

  Eigen::VectorXd u() const { return x.transpose() * y; }
};

/// sigma2 + |Sx^(1/2) (beta - coefficients)|^2
inline double excess_and_noise(const studies::linear::Diagonal& setting,
                               const Eigen::VectorXd& coefficients) {
  const Eigen::VectorXd error = setting.beta - coefficients;
  return setting.sigma2 + (setting.input_variances.array() * error.array().square()).sum();
}

struct SimulatedRisks {
  double same_context = 0;
  double fresh_context = 0;
};

/// `steps` gradient steps on the sum of squared errors of k samples from W0, with context `u`; then
/// both risks, the fresh one with another context that is drawn here.
inline SimulatedRisks simulate(const studies::linear::Diagonal& setting, const Eigen::MatrixXd& w0,
                               const Eigen::VectorXd& u, double eta, int steps, Random& random) {
  const Draw samples(setting, setting.k, random);
  const Draw fresh(setting, setting.n, random);
  Eigen::MatrixXd w = w0;
  for (int t = 0; t < steps; ++t) {
    const Eigen::VectorXd residuals = samples.y - samples.x * (w * u);
    w += 2 * eta * samples.x.transpose() * residuals * u.transpose();
  }
  return {excess_and_noise(setting, w * u), excess_and_noise(setting, w * fresh.u())};
}

/// l_i = i^-0.5, beta_i = i^-0.5 (`aligned` with task variances 1/i) or that vector reversed.
inline studies::linear::Diagonal power_law(std::int64_t n, std::int64_t k, Eigen::Index d,
                                           double sigma2, bool aligned) {
  studies::linear::Diagonal setting;
  setting.n = n;
  setting.k = k;
  setting.input_variances = Eigen::VectorXd::LinSpaced(d, 1, static_cast<double>(d));
  setting.input_variances = setting.input_variances.array().rsqrt();
  setting.beta = setting.input_variances;
  if (!aligned) setting.beta = setting.beta.reverse().eval();
  setting.sigma2 = sigma2;
  return setting;
}

inline Eigen::VectorXd power_law_tasks(Eigen::Index d) {
  return Eigen::VectorXd::LinSpaced(d, 1, static_cast<double>(d)).cwiseInverse();
}

}  // namespace sextant::test
