#include "context_moments.hpp"

#include <algorithm>
#include <cmath>

namespace sextant::studies::linear {

Real chi_square_moment(Real m, int j) {
  Real product = 1;
  for (int i = 0; i < j; ++i) product *= m + 2 * static_cast<Real>(i);
  return product;
}

ContextPolynomial::ContextPolynomial(Real c0, Real c1, Real c2, Real y1) {
  at(0, 0) = c0;
  at(1, 0) = c1;
  at(2, 0) = c2;
  at(0, 1) = y1;
}

ContextPolynomial ContextPolynomial::times_y() const {
  ContextPolynomial result;
  for (int i = 0; i <= most_a; ++i) {
    for (int j = 0; j < most_y; ++j) result.at(i, j + 1) = coefficient(i, j);
  }
  return result;
}

ContextPolynomial operator+(ContextPolynomial a, const ContextPolynomial& b) {
  for (int i = 0; i <= ContextPolynomial::most_a; ++i) {
    for (int j = 0; j <= ContextPolynomial::most_y; ++j) a.at(i, j) += b.coefficient(i, j);
  }
  return a;
}

ContextPolynomial operator*(const ContextPolynomial& a, const ContextPolynomial& b) {
  ContextPolynomial result;
  for (int i = 0; i <= ContextPolynomial::most_a; ++i) {
    for (int j = 0; j <= ContextPolynomial::most_y; ++j) {
      for (int p = 0; p <= i; ++p) {
        for (int q = 0; q <= j; ++q) {
          result.at(i, j) += a.coefficient(p, q) * b.coefficient(i - p, j - q);
        }
      }
    }
  }
  return result;
}

ContextPolynomial operator*(Real factor, ContextPolynomial a) {
  for (auto& row : a.values_) {
    for (Real& value : row) value *= factor;
  }
  return a;
}

Real ContextMoments::moment(int i, int j) const {
  // y = sqrt(v) q, and X t/|t| = (|t| q + sqrt(sigma2) q~)/sqrt(v) with independent normal q and
  // q~: given Y, a is normal around |t| Y/v with variance sigma2 Y/v.
  const Real v = b2_ + sigma2_;
  Real sum = 0;
  Real ways = 1;           // binom(i, m)
  Real normal_moment = 1;  // (m - 1)!!
  for (int m = 0; m <= i; m += 2) {
    const int pairs = m / 2;
    sum += ways * normal_moment * std::pow(b2_, static_cast<Real>(i - m) / 2) *
           std::pow(sigma2_, static_cast<Real>(pairs)) * std::pow(v, static_cast<Real>(j)) *
           chi_square_moment(n_, i - pairs + j);
    ways *= static_cast<Real>((i - m) * (i - m - 1)) / static_cast<Real>((m + 1) * (m + 2));
    normal_moment *= static_cast<Real>(m + 1);
  }
  return sum;
}

Real ContextMoments::mean(const ContextPolynomial& polynomial) const {
  Real sum = 0;
  for (int i = 0; i <= ContextPolynomial::most_a; ++i) {
    for (int j = 0; j <= ContextPolynomial::most_y; ++j) {
      const Real factor = polynomial.coefficient(i, j);
      if (factor != 0) sum += factor * moment(i, j);
    }
  }
  return sum;
}

Real ContextMoments::mean(const ContextPolynomial& polynomial, Real degrees) const {
  Real sum = 0;
  for (int i = 0; i <= ContextPolynomial::most_a; ++i) {
    for (int j = 0; j <= ContextPolynomial::most_y; ++j) {
      const Real factor = polynomial.coefficient(i, j) * chi_square_moment(degrees, j);
      if (factor != 0) sum += factor * moment(i, j);
    }
  }
  return sum;
}

}  // namespace sextant::studies::linear
