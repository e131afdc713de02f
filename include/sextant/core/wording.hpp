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

/// "step" for 1, else "steps"; "query" and "queries": nouns with a regular plural.
template <std::integral Count>
std::string noun_for(Count count, std::string_view noun) {
  if (count == 1) return std::string(noun);
  if (noun.size() > 1 && noun.ends_with('y') &&
      std::string_view("aeiou").find(noun[noun.size() - 2]) == std::string_view::npos) {
    return std::string(noun.substr(0, noun.size() - 1)) + "ies";
  }
  return std::string(noun) + "s";
}

/// "1 step", "2 steps".
template <std::integral Count>
std::string counted(Count count, std::string_view noun) {
  return std::to_string(count) + " " + noun_for(count, noun);
}

}  // namespace sextant
