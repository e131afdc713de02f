#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "sextant/core/errors.hpp"
#include "sextant/report/text.hpp"

namespace sextant::report {
namespace {

constexpr double largest_in_full = 1e7;
constexpr double smallest_in_full = 1e-4;
constexpr int most_decimals = 9;

/// floor(log10 |value|) of the value as it will be printed with `digits` significant digits.
int magnitude(double value, int digits) {
  const std::string text = fmt::format("{:.{}e}", value, digits - 1);
  return std::stoi(text.substr(text.find('e') + 1));
}

std::string drop_trailing_zeros(std::string text) {
  if (text.find('.') == std::string::npos) return text;
  text.erase(text.find_last_not_of('0') + 1);
  if (text.back() == '.') text.pop_back();
  return text;
}

std::string not_finite(double value) {
  if (std::isnan(value)) return "–";
  return value > 0 ? "∞" : "-∞";
}

/// "1.5e-7": no zeros after the point, no padded exponent.
std::string power_of_ten(double value, int digits) {
  const std::string text = fmt::format("{:.{}e}", value, digits - 1);
  const auto mark = text.find('e');
  return drop_trailing_zeros(text.substr(0, mark)) + "e" +
         std::to_string(std::stoi(text.substr(mark + 1)));
}

bool is_integer(double value) { return value == std::round(value); }

std::string fixed(double value, int decimals) {
  const std::string text = fmt::format("{:.{}f}", value, decimals);
  return text.find_first_not_of("-0.") == std::string::npos && text.front() == '-' ? text.substr(1)
                                                                                   : text;
}

}  // namespace

std::string format_number(double value, int digits) {
  check_positive("report::format_number", "digits", digits);
  if (!std::isfinite(value)) return not_finite(value);
  if (value == 0) return "0";
  const double size = std::abs(value);
  if (size >= largest_in_full || size < smallest_in_full) return power_of_ten(value, digits);
  if (is_integer(value)) return fixed(value, 0);
  return drop_trailing_zeros(fixed(value, std::max(0, digits - 1 - magnitude(value, digits))));
}

std::vector<std::string> format_numbers(std::span<const double> values, int digits) {
  check_positive("report::format_numbers", "digits", digits);
  double largest = 0;
  bool integers = true;
  for (const double value : values) {
    if (!std::isfinite(value)) continue;
    largest = std::max(largest, std::abs(value));
    integers = integers && is_integer(value);
  }
  integers = integers && largest < 1e15;
  const double negligible = integers ? 0 : largest * 1e-7;
  double smallest = largest;
  for (const double value : values) {
    if (std::isfinite(value) && std::abs(value) > negligible) {
      smallest = std::min(smallest, std::abs(value));
    }
  }

  std::vector<std::string> result;
  result.reserve(values.size());
  int decimals = 0;
  if (largest > 0 && !integers) {
    decimals = std::clamp(
        std::max(digits - 1 - magnitude(largest, digits), 1 - magnitude(smallest, 2)), 0, 99);
  }
  const bool powers = !integers && (decimals > most_decimals || largest >= largest_in_full ||
                                    largest < smallest_in_full);
  std::size_t zeros = static_cast<std::size_t>(decimals);
  for (const double value : values) {
    if (!std::isfinite(value)) {
      result.push_back(not_finite(value));
    } else if (value == 0) {
      result.push_back(powers ? "0" : fixed(0.0, decimals));
    } else if (powers) {
      result.push_back(power_of_ten(value, digits));
      continue;
    } else if (std::abs(value) <= negligible) {
      result.push_back(power_of_ten(value, 2));
      continue;
    } else {
      result.push_back(fixed(value, decimals));
      const auto last = result.back().find_last_not_of('0');
      zeros = std::min(zeros, result.back().size() - 1 - last);
    }
  }
  // Zeros that every number ends in say nothing.
  if (decimals > 0 && !powers && zeros > 0) {
    for (std::size_t i = 0; i < result.size(); ++i) {
      if (!std::isfinite(values[i]) || (values[i] != 0 && std::abs(values[i]) <= negligible)) {
        continue;
      }
      result[i].resize(result[i].size() - zeros);
      if (result[i].back() == '.') result[i].pop_back();
    }
  }
  return result;
}

}  // namespace sextant::report
