#pragma once

/// The check of numbers of things, for all studies.

#include <cstdint>
#include <string>
#include <string_view>

#include "sextant/core/errors.hpp"

namespace sextant::studies {

/// Throws `ArgumentError` unless `value` is `least` to `most`.
inline void check_count(std::string_view function, std::string_view argument, std::int64_t value,
                        std::int64_t least, std::int64_t most) {
  if (value >= least && value <= most) return;
  throw ArgumentError(function, argument,
                      "is " + std::to_string(value) + ", expected " + std::to_string(least) +
                          " to " + std::to_string(most));
}

}  // namespace sextant::studies
