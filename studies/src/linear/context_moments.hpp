#pragma once

/// Expectations of polynomials in what a context says about its task (theory 3b).

#include <array>
#include <cstddef>
#include <cstdint>

namespace sextant::studies::linear {

/// Alternating sums of large terms: long double where the platform has it.
using Real = long double;

/// chi(m, j) = m (m + 2) ... (m + 2j - 2), the j-th moment of a chi-square with m degrees.
Real chi_square_moment(Real m, int j);

/// A polynomial in a (degree up to 6) and Y (up to 3).
class ContextPolynomial {
 public:
  static constexpr int most_a = 6;
  static constexpr int most_y = 3;

  ContextPolynomial() = default;
  /// c0 + c1 a + c2 a^2 + y1 Y
  ContextPolynomial(Real c0, Real c1, Real c2, Real y1 = 0);

  Real coefficient(int i, int j) const {
    return values_[static_cast<std::size_t>(i)][static_cast<std::size_t>(j)];
  }
  /// This times Y.
  ContextPolynomial times_y() const;

  friend ContextPolynomial operator+(ContextPolynomial a, const ContextPolynomial& b);
  friend ContextPolynomial operator*(const ContextPolynomial& a, const ContextPolynomial& b);
  friend ContextPolynomial operator*(Real factor, ContextPolynomial a);

 private:
  Real& at(int i, int j) {
    return values_[static_cast<std::size_t>(i)][static_cast<std::size_t>(j)];
  }
  std::array<std::array<Real, most_y + 1>, most_a + 1> values_{};
};

/// The joint moments of a = t.u/|t| and Y = |y|^2 over a context of n examples, where labels are
/// x't + noise with standard normal x and u = X'y.
class ContextMoments {
 public:
  ContextMoments(std::int64_t n, Real squared_task, Real sigma2)
      : n_(static_cast<Real>(n)), b2_(squared_task), sigma2_(sigma2) {}

  /// E[a^i Y^j]
  Real moment(int i, int j) const;
  /// The mean of `polynomial`.
  Real mean(const ContextPolynomial& polynomial) const;
  /// The same with Y replaced by Y C, C an independent chi-square of `degrees`.
  Real mean(const ContextPolynomial& polynomial, Real degrees) const;

 private:
  Real n_;
  Real b2_;
  Real sigma2_;
};

}  // namespace sextant::studies::linear
