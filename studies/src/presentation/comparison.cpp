#include "sextant/studies/presentation/comparison.hpp"

#include <fmt/format.h>

namespace sextant::studies::presentation {

report::OrderedJson comparison_json(const statistics::Comparison& comparison) {
  return {{"improvement", report::finite_or_null(comparison.improvement.mean)},
          {"standard_error", report::finite_or_null(comparison.improvement.standard_error)},
          {"interval",
           {report::finite_or_null(comparison.interval.low),
            report::finite_or_null(comparison.interval.high)}},
          {"p", report::finite_or_null(comparison.p_value)}};
}

std::string with_interval(const statistics::Comparison& comparison) {
  return fmt::format("{:+.3g} [{:+.3g}, {:+.3g}]", comparison.improvement.mean,
                     comparison.interval.low, comparison.interval.high);
}

}  // namespace sextant::studies::presentation
