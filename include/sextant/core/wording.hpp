#pragma once

/// How numbers are written in sentences.

#include <algorithm>
#include <cmath>
#include <concepts>
#include <string>
#include <string_view>

namespace sextant {

/// Whether two numbers differ by no more than 1e-6 of the larger: nobody compares them.
inline bool hardly_differ(double a, double b) {
  return std::abs(a - b) <= 1e-6 * std::max(std::abs(a), std::abs(b));
}

/// The significant digits, at least `least` and at most 8, with which "from a to b" shows that the
/// two are not the same; `least` where they hardly differ or are not finite.
inline int digits_apart(double a, double b, int least) {
  if (!std::isfinite(a) || !std::isfinite(b) || hardly_differ(a, b)) return least;
  const double share = std::abs(a - b) / std::max(std::abs(a), std::abs(b));
  return std::clamp(static_cast<int>(std::ceil(-std::log10(share))) + 1, least, 8);
}

/// "1 step", "2 steps": of nouns with a regular plural.
template <std::integral Count>
std::string counted(Count count, std::string_view noun) {
  return std::to_string(count) + " " + std::string(noun) + (count == 1 ? "" : "s");
}

}  // namespace sextant
