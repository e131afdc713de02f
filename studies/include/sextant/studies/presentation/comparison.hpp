#pragma once

/// How reports show the comparison of two methods on the same cases.

#include <functional>
#include <string>
#include <utility>

#include "sextant/report/table.hpp"
#include "sextant/studies/statistics/paired.hpp"

namespace sextant::studies::presentation {

/// {"improvement", "standard_error", "interval", "p"}; what is not finite is null.
report::OrderedJson comparison_json(const statistics::Comparison& comparison);

/// "+0.0123 [+0.0045, +0.0201]": an improvement with its interval.
std::string with_interval(const statistics::Comparison& comparison);

/// Appends the mean improvement and both ends of its interval; `get` gives the comparison of an
/// item.
template <class Items, class Get>
void add_comparison(report::Table& table, std::string header, const Items& items, Get get,
                    int digits) {
  const auto of = [&](const auto& part) {
    return [&](const auto& item) { return part(std::invoke(get, item)); };
  };
  using statistics::Comparison;
  table.numbers_of(std::move(header), items,
                   of([](const Comparison& c) { return c.improvement.mean; }), digits);
  table.numbers_of("low", items, of([](const Comparison& c) { return c.interval.low; }), digits);
  table.numbers_of("high", items, of([](const Comparison& c) { return c.interval.high; }), digits);
}

}  // namespace sextant::studies::presentation
