#pragma once

/// Comparisons of two methods on the same test tasks, as the single-index experiment reports them.

#include <fmt/format.h>

#include <string>
#include <vector>

#include "sextant/report/table.hpp"
#include "sextant/studies/presentation/comparison.hpp"
#include "sextant/studies/statistics/paired.hpp"

namespace sextant::studies::reproduce::theory {

inline std::vector<double> first_of(const std::vector<double>& values, std::size_t count) {
  return {values.begin(), values.begin() + static_cast<std::ptrdiff_t>(count)};
}

/// "decided" when 0 is outside of the interval.
inline const char* verdict(const statistics::Comparison& comparison, const char* method,
                           const char* other) {
  if (comparison.interval.low > 0) return method;
  return comparison.interval.high < 0 ? other : "undecided";
}

/// How often each side is ahead of the other in the rows of a comparison.
struct Tally {
  int better = 0, worse = 0, undecided = 0;

  void add(const statistics::Comparison& comparison) {
    if (comparison.interval.low > 0) {
      ++better;
    } else if (comparison.interval.high < 0) {
      ++worse;
    } else {
      ++undecided;
    }
  }
};

/// The methods' errors of one cell on the same tasks.
struct Pairing {
  double d, samples;
  std::string other;
  statistics::Comparison comparison;
};

inline report::Table pairing_table(const std::vector<Pairing>& pairings) {
  report::Table table;
  table.numbers_of("d", pairings, &Pairing::d)
      .numbers_of("N", pairings, &Pairing::samples, 6)
      .text_of("other", pairings, &Pairing::other);
  presentation::add_comparison(table, "gain", pairings, &Pairing::comparison, 3);
  table.text_of("smaller error", pairings,
                [](auto& p) { return verdict(p.comparison, "three stages", "other"); });
  return table;
}

inline std::string tally_finding(const char* other, const Tally& tally) {
  const int all = tally.better + tally.worse + tally.undecided;
  return fmt::format(
      "Three stages against {}: of {} cells the mean error is smaller in {}, larger in {}, "
      "undecided in {} (paired 95% intervals over the same tasks).",
      other, all, tally.better, tally.worse, tally.undecided);
}

}  // namespace sextant::studies::reproduce::theory
