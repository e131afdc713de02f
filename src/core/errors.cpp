#include "sextant/core/errors.hpp"

#include <fmt/format.h>

#include <cmath>

namespace sextant {

InputError::InputError(std::string_view file, std::string_view place, std::string_view expectation)
    : Error(fmt::format("{}{}{}{}{}", file, file.empty() ? "" : ": ", place,
                        place.empty() ? "" : ": ", expectation)) {}

ArgumentError::ArgumentError(std::string_view function, std::string_view argument,
                             std::string_view problem)
    : Error(fmt::format("{}: {} {}", function, argument, problem)),
      argument_(argument),
      problem_(problem) {}

void check_finite(std::string_view function, std::string_view argument, double value) {
  if (!std::isfinite(value)) {
    throw ArgumentError(function, argument, fmt::format("is {}, expected a finite number", value));
  }
}

void check_finite(std::string_view function, std::string_view argument,
                  std::span<const double> values) {
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (!std::isfinite(values[i])) {
      throw ArgumentError(function, argument,
                          fmt::format("[{}] is {}, expected a finite number", i, values[i]));
    }
  }
}

void check_positive(std::string_view function, std::string_view argument, double value) {
  if (!(std::isfinite(value) && value > 0)) {
    throw ArgumentError(function, argument,
                        fmt::format("is {}, expected a finite number above 0", value));
  }
}

void check_not_negative(std::string_view function, std::string_view argument, double value) {
  if (!(std::isfinite(value) && value >= 0)) {
    throw ArgumentError(function, argument,
                        fmt::format("is {}, expected a finite number of at least 0", value));
  }
}

void check_between(std::string_view function, std::string_view argument, double value, double low,
                   double high) {
  if (!(value > low && value < high)) {
    throw ArgumentError(
        function, argument,
        fmt::format("is {}, expected a number between {} and {}", value, low, high));
  }
}

void check_size(std::string_view function, std::string_view argument, std::size_t actual,
                std::size_t expected) {
  if (actual != expected) {
    throw ArgumentError(function, argument,
                        fmt::format("has size {}, expected {}", actual, expected));
  }
}

}  // namespace sextant
