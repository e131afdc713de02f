#include "sextant/spectral/grid_minimum.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/math/tools/minima.hpp>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include "sextant/core/errors.hpp"

namespace sextant::spectral {
namespace {

/// Stretches [first, last] of equal grid values that lie below both neighbours.
struct Valley {
  std::size_t first;
  std::size_t last;
};

std::vector<Valley> valleys(const std::vector<double>& values) {
  std::vector<Valley> result;
  for (std::size_t first = 0; first < values.size();) {
    std::size_t last = first;
    while (last + 1 < values.size() && values[last + 1] == values[first]) ++last;
    const bool falls_into = first == 0 || values[first - 1] > values[first];
    const bool rises_after = last + 1 == values.size() || values[last + 1] > values[last];
    if (falls_into && rises_after) result.push_back({first, last});
    first = last + 1;
  }
  return result;
}

}  // namespace

int log_grid_points(double low, double high, double per_decade) {
  return static_cast<int>(std::ceil(per_decade * std::max(0.0, std::log10(high / low)))) + 2;
}

GridMinimum minimise_on_log_grid(const std::function<double(double)>& f, double low, double high,
                                 int points) {
  check_positive("minimise_on_log_grid", "low", low);
  check_positive("minimise_on_log_grid", "high", high);
  if (!(low <= high)) {
    throw ArgumentError("minimise_on_log_grid", "high",
                        fmt::format("is {}, expected at least low = {}", high, low));
  }
  if (points < 2) {
    throw ArgumentError("minimise_on_log_grid", "points",
                        fmt::format("is {}, expected at least 2", points));
  }
  if (low == high) return {low, f(low), true, true, 1};

  const std::size_t count = static_cast<std::size_t>(points);
  const double log_low = std::log(low);
  const double step = (std::log(high) - log_low) / (points - 1);
  std::vector<double> log_arguments(count);
  std::vector<double> arguments(count);
  std::vector<double> values(count);
  for (std::size_t j = 0; j < count; ++j) {
    log_arguments[j] = log_low + step * static_cast<double>(j);
    arguments[j] = j == 0 ? low : j + 1 == count ? high : std::exp(log_arguments[j]);
    values[j] = f(arguments[j]);
  }

  const std::vector<Valley> found = valleys(values);
  GridMinimum best;
  best.value = std::numeric_limits<double>::infinity();
  best.local_minima = static_cast<int>(found.size());
  const auto keep_if_better = [&](double argument, double value) {
    if (value < best.value) {
      best.argument = argument;
      best.value = value;
    }
  };
  constexpr int bits = std::numeric_limits<double>::digits / 2;
  for (const auto& [first, last] : found) {
    keep_if_better(arguments[first], values[first]);
    std::uintmax_t iterations = 100;
    const auto [log_argument, value] = boost::math::tools::brent_find_minima(
        [&](double x) { return f(std::exp(x)); }, log_arguments[first == 0 ? 0 : first - 1],
        log_arguments[std::min(last + 1, count - 1)], bits, iterations);
    keep_if_better(std::clamp(std::exp(log_argument), low, high), value);
  }
  if (found.empty() || !std::isfinite(best.value)) keep_if_better(low, values[0]);
  best.at_lower_edge = best.argument == low;
  best.at_upper_edge = best.argument == high;
  return best;
}

}  // namespace sextant::spectral
