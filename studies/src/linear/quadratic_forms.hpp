#pragma once

/// Means of products of quadratic forms in a context's error and vector (theory A4).

#include <Eigen/Core>
#include <cstdint>

#include "context_moments.hpp"

namespace sextant::studies::linear {

/// With Sx = H^2, t = H beta and a unit vector that = t/|t|, the context vector is
/// u = H (a that + sqrt(Y) h), h ~ N(0, P), P = I - that that', independent of a and Y. Every form
/// below is c(a) + sqrt(Y) (g0 + a g1).h + Y h'Q h with Q = diag(q) + weight direction direction'.
struct ContextForm {
  ContextPolynomial c;
  Eigen::VectorXd g0;
  Eigen::VectorXd g1;
  Eigen::VectorXd q;
  double weight = 0;
  Eigen::VectorXd direction;
};

/// The means that the averaged risks of diagonal covariances need. A^j stands for Sx^j.
class ContextForms {
 public:
  /// All arrays [d]: variances of the inputs, the task, and W0 = diag(weights).
  ContextForms(std::int64_t n, const Eigen::ArrayXd& input_variances, const Eigen::ArrayXd& beta,
               const Eigen::ArrayXd& weights, double sigma2);

  double mean_with_fresh_form(int power) const;    ///< E[(u'U2u)(e'Sx^power e)]
  double mean_with_norm(int power) const;          ///< E[|u|^2 e'Sx^power e]
  double mean_with_squared_norm(int power) const;  ///< E[|u|^4 e'Sx^power e]
  double mean_squared_norm() const;                ///< E|u|^4

 private:
  ContextForm error_form(int power) const;
  double projected_trace(const ContextForm& form) const;  ///< tr(Q P)
  ContextPolynomial mean(const ContextForm& form) const;  ///< Given a and Y.
  /// Given a and Y; the Q of `a` must be diagonal.
  ContextPolynomial covariance(const ContextForm& a, const ContextForm& b) const;
  /// kappa(a, norm, norm), `a` with diagonal Q.
  ContextPolynomial third_cumulant_with_norm(const ContextForm& a) const;
  Eigen::VectorXd apply(const ContextForm& form, const Eigen::VectorXd& x) const;
  double projected_dot(const Eigen::VectorXd& x, const Eigen::VectorXd& y) const;  ///< x'P y

  Eigen::ArrayXd l_;
  Eigen::ArrayXd beta_;
  Eigen::ArrayXd k_;  ///< K = W0 H
  Eigen::VectorXd that_;
  ContextMoments moments_;
  ContextForm norm_;   ///< |u|^2
  ContextForm fresh_;  ///< u'U2u
};

}  // namespace sextant::studies::linear
