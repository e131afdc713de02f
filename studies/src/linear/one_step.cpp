#include "sextant/studies/linear/one_step.hpp"

#include <fmt/format.h>

#include <cmath>
#include <limits>

#include "checks.hpp"
#include "context_moments.hpp"
#include "quadratic_forms.hpp"

namespace sextant::studies::linear {
namespace {

double squared(double value) { return value * value; }

/// Slope and curvature grow with the fourth and sixth power of the labels' unit. An error above
/// `noise` has to have a slope.
ContextRisks checked(std::string_view function, const ContextRisks& risks, double noise) {
  const auto fail = [&](std::string_view problem) {
    throw NumericalError(fmt::format(
        "{}: a moment {} the range of double; choose another unit of the labels or of the inputs",
        function, problem));
  };
  for (const StepRisk& risk : {risks.same_context, risks.fresh_context}) {
    for (const double value : {risk.initial, risk.slope, risk.curvature(), risk.best_step()}) {
      if (!std::isfinite(value)) fail("exceeds");
    }
    if (risk.slope != 0 && risk.curvature() < std::numeric_limits<double>::min()) fail("is below");
  }
  if (risks.same_context.initial > noise &&
      risks.same_context.slope < std::numeric_limits<double>::min()) {
    fail("is below");
  }
  return risks;
}

}  // namespace

IsotropicMoments isotropic_moments(const Isotropic& setting, double w) {
  check("isotropic_moments", setting);
  check_finite("isotropic_moments", "w", w);
  const auto n = static_cast<double>(setting.n);
  const auto d = static_cast<double>(setting.d);
  const double b2 = setting.b2;
  const double v = b2 + setting.sigma2;
  IsotropicMoments moments;
  moments.error = b2 * (squared(1 - w * n) + w * w * n) + w * w * n * v * d;
  // |G|_F^2 along beta and across it, both squares.
  const double along = (1 - w * (n + 1)) * b2 - w * v;
  moments.fresh_slope = n * n * (along * along + w * w * v * v * (d - 1));
  moments.fresh_noise = n * n * (squared((n + 1) * b2) + 2 * (n + 1) * b2 * v + v * v * d);

  // With a = beta.u/|beta| and |u|^2 = a^2 + Y C the rest are polynomials in a and Y C.
  const Real scale = w;
  const ContextPolynomial norm(0, 0, 1, 1);
  const ContextPolynomial error(b2, -2 * scale * std::sqrt(static_cast<Real>(b2)), scale * scale,
                                scale * scale);
  const Real fresh = static_cast<Real>(n) * v;
  const ContextPolynomial form(0, 0, static_cast<Real>(n) * (n + 1) * b2 + fresh, fresh);
  const ContextMoments context(setting.n, b2, setting.sigma2);
  const Real degrees = d - 1;
  const ContextPolynomial norm_error = norm * error;
  moments.same_slope = static_cast<double>(context.mean(norm_error, degrees));
  moments.same_curvature = static_cast<double>(context.mean(norm * norm_error, degrees));
  moments.same_noise = static_cast<double>(context.mean(norm * norm, degrees));
  moments.fresh_curvature = static_cast<double>(context.mean(form * error, degrees));
  return moments;
}

ContextRisks one_step(const Isotropic& setting, double w) {
  const IsotropicMoments m = isotropic_moments(setting, w);
  const auto d = static_cast<double>(setting.d);
  const double noise = setting.sigma2 * d;
  const double initial = setting.sigma2 + m.error;
  // D = (k + d + 1) A2 + sigma2 d B2, and the same with M2 and B.
  const StepRisk same{initial, m.same_slope, m.same_curvature,
                      (d + 1) * m.same_curvature + noise * m.same_noise, setting.k};
  const StepRisk fresh{initial, m.fresh_slope, m.fresh_curvature,
                       (d + 1) * m.fresh_curvature + noise * m.fresh_noise, setting.k};
  return checked("one_step", {same, fresh}, setting.sigma2);
}

ContextRisks one_step(const Diagonal& setting, const Eigen::Ref<const Eigen::VectorXd>& weights) {
  check("one_step", setting);
  check_length("one_step", "weights", weights, setting.input_variances.size());
  const auto n = static_cast<double>(setting.n);
  const Eigen::ArrayXd l = setting.input_variances.array();
  const Eigen::ArrayXd w = weights.array();
  const Eigen::ArrayXd beta = setting.beta.array();
  const Eigen::ArrayXd s = l * beta;  // Sx beta
  const double signal = (s * beta).sum();
  const double v = signal + setting.sigma2;
  const double initial = setting.sigma2 +
                         (s * beta * ((1 - n * w * l).square() + n * (w * l).square())).sum() +
                         n * v * (w * l).square().sum();
  const double trace = l.square().sum();  // tr(Sx^2)

  // G = n (f s' - v W Sx) with f = beta - (n + 1) W s; |Sx G|_F^2 along s and across it.
  const Eigen::ArrayXd f = beta - (n + 1) * w * s;
  const double length = s.matrix().norm();
  const Eigen::ArrayXd direction =
      length > 0 ? (s / length).eval() : Eigen::ArrayXd::Zero(l.size());
  const double along = (l * (f * length - v * w * l * direction)).square().sum();
  const double across = ((l * w * l).square() * (1 - direction.square())).sum();
  const double slope = n * n * (along + v * v * across);
  const double noise = n * n *
                       (squared((n + 1) * length * length) +
                        2 * (n + 1) * v * (s.square() * l).sum() + v * v * trace);

  const ContextForms forms(setting.n, l, beta, w, setting.sigma2);
  const double fresh3 = forms.mean_with_fresh_form(3);
  const StepRisk fresh{initial, slope, fresh3,
                       fresh3 + trace * (forms.mean_with_fresh_form(1) + setting.sigma2 * noise),
                       setting.k};
  const double same3 = forms.mean_with_squared_norm(3);
  const StepRisk same{initial, forms.mean_with_norm(2), same3,
                      same3 + trace * (forms.mean_with_squared_norm(1) +
                                       setting.sigma2 * forms.mean_squared_norm()),
                      setting.k};
  return checked("one_step", {same, fresh}, setting.sigma2);
}

ContextRisks one_step_given_context(const Diagonal& setting,
                                    const Eigen::Ref<const Eigen::MatrixXd>& w0,
                                    const Eigen::Ref<const Eigen::VectorXd>& u) {
  constexpr auto function = "one_step_given_context";
  check(function, setting);
  const Eigen::Index d = setting.input_variances.size();
  check_length(function, "u", u, d);
  if (w0.rows() != d || w0.cols() != d || !w0.allFinite()) {
    throw ArgumentError(function, "w0", fmt::format("expected {} x {} finite values", d, d));
  }
  const auto n = static_cast<double>(setting.n);
  const Eigen::VectorXd& beta = setting.beta;
  const Eigen::VectorXd& l = setting.input_variances;
  const Eigen::VectorXd s = l.cwiseProduct(beta);
  const double v = s.dot(beta) + setting.sigma2;
  const Eigen::VectorXd e = beta - w0 * u;
  const double p = u.squaredNorm();
  const auto weighted = [&](const Eigen::VectorXd& x, const Eigen::VectorXd& y, int power) {
    return (x.array() * y.array() * l.array().pow(power)).sum();
  };
  const double cubic = weighted(e, e, 3);
  const double error = weighted(e, e, 1);
  const double fixed = cubic + l.squaredNorm() * (error + setting.sigma2);
  const StepRisk same{setting.sigma2 + error, p * weighted(e, e, 2), p * p * cubic, p * p * fixed,
                      setting.k};

  // U2 u = n(n + 1) s (s.u) + n v Sx u, and G u = n beta (s.u) - W0 U2 u.
  const Eigen::VectorXd moved = n * (n + 1) * s.dot(u) * s + n * v * l.cwiseProduct(u);
  const Eigen::VectorXd cross = n * s.dot(u) * beta - w0 * moved;
  const Eigen::VectorXd learned = w0 * s;
  // tr(Sx W0 Sx W0')
  const double spread = (l.asDiagonal() * w0.cwiseAbs2() * l).sum();
  const double fresh_error = s.dot(beta) - 2 * n * weighted(beta, learned, 1) +
                             n * (n + 1) * weighted(learned, learned, 1) + n * v * spread;
  const double form = u.dot(moved);
  const StepRisk fresh{setting.sigma2 + fresh_error, weighted(e, cross, 2), form * cubic,
                       form * fixed, setting.k};
  return checked(function, {same, fresh},
                 p > 0 ? setting.sigma2 : std::numeric_limits<double>::infinity());
}

double universal_step(const Eigen::Ref<const Eigen::VectorXd>& u, std::int64_t k) {
  check_sizes("universal_step", 1, k, u.size());
  check_length("universal_step", "u", u, u.size());
  check_positive("universal_step", "|u|^2", u.squaredNorm());
  return 1 / (2 * u.squaredNorm() * static_cast<double>(k + u.size() + 1));
}

}  // namespace sextant::studies::linear
