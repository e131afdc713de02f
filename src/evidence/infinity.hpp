#pragma once

#include <limits>

namespace sextant::evidence {

inline constexpr double infinity = std::numeric_limits<double>::infinity();

}  // namespace sextant::evidence
