#include "sextant/report/comparison.hpp"

#include <fmt/format.h>

#include <cmath>

namespace sextant::report {
namespace {

OrderedJson number(double value) {
  return std::isfinite(value) ? OrderedJson(value) : OrderedJson();
}

}  // namespace

OrderedJson comparison_json(const statistics::Comparison& comparison) {
  return {{"improvement", number(comparison.improvement.mean)},
          {"standard_error", number(comparison.improvement.standard_error)},
          {"interval", {number(comparison.interval.low), number(comparison.interval.high)}},
          {"p", number(comparison.p_value)}};
}

std::string with_interval(const statistics::Comparison& comparison) {
  return fmt::format("{:+.3g} [{:+.3g}, {:+.3g}]", comparison.improvement.mean,
                     comparison.interval.low, comparison.interval.high);
}

}  // namespace sextant::report
