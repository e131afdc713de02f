#include "sextant/report/comparison.hpp"

#include <fmt/format.h>

namespace sextant::report {

OrderedJson comparison_json(const statistics::Comparison& comparison) {
  return {{"improvement", finite_or_null(comparison.improvement.mean)},
          {"standard_error", finite_or_null(comparison.improvement.standard_error)},
          {"interval",
           {finite_or_null(comparison.interval.low), finite_or_null(comparison.interval.high)}},
          {"p", finite_or_null(comparison.p_value)}};
}

std::string with_interval(const statistics::Comparison& comparison) {
  return fmt::format("{:+.3g} [{:+.3g}, {:+.3g}]", comparison.improvement.mean,
                     comparison.interval.low, comparison.interval.high);
}

}  // namespace sextant::report
