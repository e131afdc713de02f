#pragma once

/// Relative comparison for doctest. doctest::Approx adds 1 to the scale, so that it accepts any
/// small number as equal to any other.

#include <algorithm>
#include <cmath>
#include <ostream>

namespace sextant::test {

struct Close {
  double expected;
  double relative;
};

/// `CHECK(x == close(y, tolerance))`: |x - y| <= tolerance max(|x|, |y|).
inline Close close(double expected, double relative = 1e-12) { return {expected, relative}; }

inline bool operator==(double actual, const Close& close) {
  if (actual == close.expected) return true;  // infinities
  return std::abs(actual - close.expected) <=
         close.relative * std::max(std::abs(actual), std::abs(close.expected));
}

inline std::ostream& operator<<(std::ostream& stream, const Close& close) {
  const auto digits = stream.precision(17);
  stream << close.expected << " (relative " << close.relative << ")";
  stream.precision(digits);
  return stream;
}

}  // namespace sextant::test
