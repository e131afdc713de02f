#pragma once

#include <fmt/format.h>

#include <string_view>

#include "sextant/core/errors.hpp"

namespace sextant::spectral {

/// Throws `ArgumentError` naming `function` unless the ratio is a number of at least 0, or
/// infinite.
inline void check_lambda_star(std::string_view function, double lambda_star) {
  if (!(lambda_star >= 0)) {
    throw ArgumentError(function, "lambda_star",
                        fmt::format("is {}, expected 0 or more (infinity included)", lambda_star));
  }
}

}  // namespace sextant::spectral
