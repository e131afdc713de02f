#include "quadratic_forms.hpp"

#include <cmath>

namespace sextant::studies::linear {
namespace {

/// (x0 + a x1)'P(y0 + a y1) needs P's bilinear form only.
template <class Dot>
ContextPolynomial bilinear(const Eigen::VectorXd& x0, const Eigen::VectorXd& x1,
                           const Eigen::VectorXd& y0, const Eigen::VectorXd& y1, const Dot& dot) {
  return {dot(x0, y0), dot(x0, y1) + dot(x1, y0), dot(x1, y1)};
}

}  // namespace

ContextForms::ContextForms(std::int64_t n, const Eigen::ArrayXd& input_variances,
                           const Eigen::ArrayXd& beta, const Eigen::ArrayXd& weights, double sigma2)
    : l_(input_variances),
      beta_(beta),
      k_(weights * input_variances.sqrt()),
      moments_(n, (input_variances * beta.square()).sum(), sigma2) {
  const Eigen::Index d = l_.size();
  const Eigen::VectorXd t = l_.sqrt() * beta_;
  const double length = t.norm();
  // Without a signal any direction serves: a and h then have the same law.
  that_ = length > 0 ? Eigen::VectorXd(t / length) : Eigen::VectorXd::Unit(d, 0);
  const Eigen::VectorXd zero = Eigen::VectorXd::Zero(d);

  const Eigen::VectorXd spread = l_ * that_.array();
  norm_ = {{0, 0, that_.dot(spread)}, zero, 2 * spread, l_, 0, zero};

  // R = H U2 H = n(n + 1) (Sx t)(Sx t)' + n v Sx^2.
  const auto count = static_cast<double>(n);
  const double v = length * length + sigma2;
  fresh_.q = count * v * l_.square();
  fresh_.weight = count * (count + 1);
  fresh_.direction = l_ * t.array();
  fresh_.g0 = zero;
  const Eigen::VectorXd moved = apply(fresh_, that_);
  fresh_.g1 = 2 * moved;
  fresh_.c = {0, 0, that_.dot(moved)};
}

ContextForm ContextForms::error_form(int power) const {
  const Eigen::ArrayXd a = l_.pow(power);
  const Eigen::ArrayXd through = k_ * a;
  const Eigen::ArrayXd q = k_ * through;
  return {{(a * beta_.square()).sum(), -2 * (through * beta_ * that_.array()).sum(),
           (q * that_.array().square()).sum()},
          -2 * (through * beta_).matrix(),
          2 * (q * that_.array()).matrix(),
          q,
          0,
          Eigen::VectorXd::Zero(l_.size())};
}

Eigen::VectorXd ContextForms::apply(const ContextForm& form, const Eigen::VectorXd& x) const {
  return form.q.cwiseProduct(x) + form.weight * form.direction.dot(x) * form.direction;
}

double ContextForms::projected_dot(const Eigen::VectorXd& x, const Eigen::VectorXd& y) const {
  return x.dot(y) - x.dot(that_) * y.dot(that_);
}

double ContextForms::projected_trace(const ContextForm& form) const {
  return (form.q.array() * (1 - that_.array().square())).sum() +
         form.weight * projected_dot(form.direction, form.direction);
}

ContextPolynomial ContextForms::mean(const ContextForm& form) const {
  return form.c + ContextPolynomial(0, 0, 0, projected_trace(form));
}

ContextPolynomial ContextForms::covariance(const ContextForm& a, const ContextForm& b) const {
  const Eigen::VectorXd moved_a = apply(a, that_);
  const Eigen::VectorXd moved_b = apply(b, that_);
  // tr(Qa P Qb P)
  const double trace = a.q.dot(b.q) +
                       b.weight * (a.q.array() * b.direction.array().square()).sum() -
                       2 * moved_a.dot(moved_b) + that_.dot(moved_a) * that_.dot(moved_b);
  const auto dot = [&](const auto& x, const auto& y) { return projected_dot(x, y); };
  return bilinear(a.g0, a.g1, b.g0, b.g1, dot).times_y() +
         ContextPolynomial(2 * trace, 0, 0).times_y().times_y();
}

ContextPolynomial ContextForms::third_cumulant_with_norm(const ContextForm& a) const {
  // 2 Y^2 sum over the form in the middle of g'PQPg, plus 8 Y^3 tr(Qa P Qn P Qn P). Here g0 of the
  // norm is 0 and both Q are diagonal.
  const Eigen::VectorXd& r = norm_.q;
  const auto projected = [&](const Eigen::VectorXd& x) -> Eigen::VectorXd {
    return x - x.dot(that_) * that_;
  };
  const Eigen::VectorXd g = projected(norm_.g1);
  const auto middle = [&](const Eigen::VectorXd& q) {
    return [&q, &projected](const Eigen::VectorXd& x, const Eigen::VectorXd& y) {
      return projected(x).dot(q.cwiseProduct(projected(y)));
    };
  };
  const Eigen::VectorXd zero = Eigen::VectorXd::Zero(l_.size());
  const ContextPolynomial around_a = bilinear(zero, g, zero, g, middle(a.q));
  const ContextPolynomial around_norm = bilinear(a.g0, a.g1, zero, g, middle(r));
  const Eigen::ArrayXd direction2 = that_.array().square();
  const Eigen::ArrayXd r2 = r.array().square();
  const Eigen::VectorXd z = projected(r.cwiseProduct(that_));
  const double trace = (a.q.array() * r2).sum() - 2 * (a.q.array() * r2 * direction2).sum() +
                       (a.q.array() * direction2).sum() * (r2 * direction2).sum() -
                       z.dot(a.q.cwiseProduct(z));
  return (2.0L * around_a + 4.0L * around_norm).times_y().times_y() +
         ContextPolynomial(8 * trace, 0, 0).times_y().times_y().times_y();
}

double ContextForms::mean_with_fresh_form(int power) const {
  const ContextForm error = error_form(power);
  return static_cast<double>(moments_.mean(mean(error) * mean(fresh_) + covariance(error, fresh_)));
}

double ContextForms::mean_with_norm(int power) const {
  const ContextForm error = error_form(power);
  return static_cast<double>(moments_.mean(mean(error) * mean(norm_) + covariance(error, norm_)));
}

double ContextForms::mean_with_squared_norm(int power) const {
  const ContextForm error = error_form(power);
  const ContextPolynomial norm = mean(norm_);
  return static_cast<double>(moments_.mean(mean(error) * (norm * norm + covariance(norm_, norm_)) +
                                           2.0L * (norm * covariance(error, norm_)) +
                                           third_cumulant_with_norm(error)));
}

double ContextForms::mean_squared_norm() const {
  const ContextPolynomial norm = mean(norm_);
  return static_cast<double>(moments_.mean(norm * norm + covariance(norm_, norm_)));
}

}  // namespace sextant::studies::linear
