#include "sextant/spectral/filters.hpp"

#include <fmt/format.h>

#include <cmath>
#include <limits>

#include "check_lambda_star.hpp"
#include "sextant/core/errors.hpp"

namespace sextant::spectral {
namespace {

using Values = Eigen::Ref<const Eigen::VectorXd>;

void check_values(std::string_view function, const Values& values) {
  for (Eigen::Index i = 0; i < values.size(); ++i) {
    if (!(std::isfinite(values[i]) && values[i] >= 0)) {
      throw ArgumentError(
          function, "values",
          fmt::format("[{}] is {}, expected a finite eigenvalue of at least 0", i, values[i]));
    }
  }
}

void check_descent(std::string_view function, const Values& values, double rho,
                   std::int64_t horizon) {
  check_values(function, values);
  check_step(function, rho, values.size() == 0 ? 0.0 : values.maxCoeff());
  if (horizon < 0) {
    throw ArgumentError(function, "horizon", fmt::format("is {}, expected 0 or more", horizon));
  }
}

/// Below this product of time and eigenvalue, (1 - exp(-t l))/l equals t to the last bit; the
/// quotient itself is 0/0 at l = 0 and inexact for denormal l.
constexpr double linear_regime = 1e-18;

/// Applies `f` to every entry; unlike unaryExpr the result is already evaluated.
template <class F>
Eigen::VectorXd map(const Values& values, F f) {
  Eigen::VectorXd result(values.size());
  for (Eigen::Index i = 0; i < values.size(); ++i) result[i] = f(values[i]);
  return result;
}

}  // namespace

double step_from_scale(double lambda_max, double scale) {
  check_not_negative("step_from_scale", "lambda_max", lambda_max);
  check_between("step_from_scale", "scale", scale, 0.0, 1.0);
  if (lambda_max == 0) return 0.0;
  const double rho = scale / lambda_max;
  check_step("step_from_scale", rho, lambda_max);
  return rho;
}

void check_step(std::string_view function, double rho, double lambda_max) {
  check_not_negative(function, "rho", rho);
  if (lambda_max == 0) return;
  if (!(rho * lambda_max > 0 && rho * lambda_max < 1)) {
    throw ArgumentError(
        function, "rho",
        fmt::format("is {}, expected a step between 0 and 1/lambda_max = {}", rho, 1 / lambda_max));
  }
}

Eigen::VectorXd gd_prompt_filter(const Values& values, double rho, std::int64_t horizon) {
  check_descent("gd_prompt_filter", values, rho, horizon);
  const auto steps = static_cast<double>(horizon);
  return map(values, [=](double l) { return -std::expm1(steps * std::log1p(-rho * l)); });
}

Eigen::VectorXd gd_query_filter(const Values& values, double rho, std::int64_t horizon) {
  check_descent("gd_query_filter", values, rho, horizon);
  const auto steps = static_cast<double>(horizon);
  return map(values, [=](double l) {
    if (steps * (rho * l) < linear_regime) return rho * steps;
    return -std::expm1(steps * std::log1p(-rho * l)) / l;
  });
}

Eigen::VectorXd flow_prompt_filter(const Values& values, double time) {
  check_values("flow_prompt_filter", values);
  check_not_negative("flow_prompt_filter", "time", time);
  return map(values, [=](double l) { return -std::expm1(-time * l); });
}

Eigen::VectorXd flow_query_filter(const Values& values, double time) {
  check_values("flow_query_filter", values);
  check_not_negative("flow_query_filter", "time", time);
  return map(values, [=](double l) {
    return time * l < linear_regime ? time : -std::expm1(-time * l) / l;
  });
}

Eigen::VectorXd bayes_query_filter(const Values& values, double lambda_star) {
  check_values("bayes_query_filter", values);
  check_lambda_star("bayes_query_filter", lambda_star);
  if (std::isinf(lambda_star)) return Eigen::VectorXd::Zero(values.size());
  if (std::isfinite(1 / lambda_star)) {
    return map(values, [=](double l) { return 1 / (l + lambda_star); });
  }
  const double zero = values.size() == 0
                          ? 0.0
                          : static_cast<double>(values.size()) *
                                std::numeric_limits<double>::epsilon() * values.maxCoeff();
  return map(values, [=](double l) { return l <= zero ? 0.0 : 1 / l; });
}

Eigen::VectorXd bayes_prompt_filter(const Values& values, double lambda_star) {
  return values.cwiseProduct(bayes_query_filter(values, lambda_star));
}

Eigen::VectorXd implicit_prior_variances(const Values& values, double rho, std::int64_t horizon,
                                         double sigma2) {
  check_descent("implicit_prior_variances", values, rho, horizon);
  check_not_negative("implicit_prior_variances", "sigma2", sigma2);
  const auto steps = static_cast<double>(horizon);
  return map(values, [=](double l) {
    const double ratio = std::expm1(-steps * std::log1p(-rho * l));  // g/(1 - g)
    return sigma2 == 0 ? 0.0 : sigma2 * ratio;                       // not 0 * infinity
  });
}

Eigen::VectorXd prompt_correction(const Eigensystem& system, const Values& prompt_filter,
                                  const Values& residuals) {
  check_size("prompt_correction", "prompt_filter", prompt_filter.size(), system.size());
  return system.rotate_back(prompt_filter.cwiseProduct(system.rotate(residuals)));
}

double query_correction(const Values& query_filter, const Values& rotated_coupling,
                        const Values& rotated_residuals) {
  check_size("query_correction", "rotated_coupling", rotated_coupling.size(), query_filter.size());
  check_size("query_correction", "rotated_residuals", rotated_residuals.size(),
             query_filter.size());
  return rotated_coupling.cwiseProduct(query_filter).dot(rotated_residuals);
}

}  // namespace sextant::spectral
