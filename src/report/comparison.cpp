#include "report_parts.hpp"

#include <fmt/format.h>

#include <cmath>

namespace sextant::reproduce {
namespace {

report::OrderedJson number(double value) {
  return std::isfinite(value) ? report::OrderedJson(value) : report::OrderedJson();
}

}  // namespace

report::OrderedJson comparison_json(const statistics::Comparison& comparison) {
  return {{"improvement", number(comparison.improvement.mean)},
          {"standard_error", number(comparison.improvement.standard_error)},
          {"interval", {number(comparison.interval.low), number(comparison.interval.high)}},
          {"p", number(comparison.p_value)}};
}

std::string with_interval(const statistics::Comparison& comparison) {
  return fmt::format("{:+.3g} [{:+.3g}, {:+.3g}]", comparison.improvement.mean,
                     comparison.interval.low, comparison.interval.high);
}

}  // namespace sextant::reproduce
