#pragma once

/// Drawn data for the linear transformer, and its test-time steps as they are defined.

#include <cmath>

#include "sextant/studies/linear/setting.hpp"
#include "simulation.hpp"

namespace sextant::studies::reproduce::theory {

/// Labelled examples of the setting's task.
struct LabelledDraw {
  Eigen::MatrixXd x;  ///< [count, d]
  Eigen::VectorXd y;

  LabelledDraw(Random& random, const linear::Diagonal& setting, std::int64_t count)
      : x(normal_matrix(count, setting.beta.size(), random) *
          setting.input_variances.cwiseSqrt().asDiagonal()),
        y(x * setting.beta) {
    const double deviation = std::sqrt(setting.sigma2);
    for (double& label : y) label += deviation * random.normal();
  }
  Eigen::VectorXd u() const { return x.transpose() * y; }
};

/// Data for one test-time step: its context, its samples, and another context of the task.
struct StepDraw {
  Eigen::VectorXd u;
  LabelledDraw samples;
  Eigen::VectorXd fresh;

  StepDraw(Random& random, const linear::Diagonal& setting)
      : u(LabelledDraw(random, setting, setting.n).u()),
        samples(random, setting, setting.k),
        fresh(LabelledDraw(random, setting, setting.n).u()) {}
};

struct DrawnRisks {
  double same_context = 0;
  double fresh_context = 0;
};

/// sigma2 + the squared error of coefficients, expected over queries.
inline double drawn_risk(const linear::Diagonal& setting, const Eigen::VectorXd& coefficients) {
  return setting.sigma2 +
         (setting.input_variances.array() * (setting.beta - coefficients).array().square()).sum();
}

/// Both risks after `steps` steps of size `eta` from W0 = diag(weights). W_t - W0 = (c_t - W0 u)
/// u'/|u|^2 stays of rank one, so that c_t = W_t u is all that has to be followed.
inline DrawnRisks drawn_risks(const linear::Diagonal& setting, const Eigen::VectorXd& weights,
                              const StepDraw& draw, double eta, std::int64_t steps = 1) {
  const double p = draw.u.squaredNorm();
  const Eigen::VectorXd start = weights.cwiseProduct(draw.u);
  Eigen::VectorXd c = start;
  for (std::int64_t t = 0; t < steps; ++t) {
    const Eigen::VectorXd residuals = draw.samples.y - draw.samples.x * c;
    c += 2 * eta * p * draw.samples.x.transpose() * residuals;
  }
  return {drawn_risk(setting, c),
          drawn_risk(setting, weights.cwiseProduct(draw.fresh) +
                                  (draw.u.dot(draw.fresh) / p) * (c - start))};
}

}  // namespace sextant::studies::reproduce::theory
