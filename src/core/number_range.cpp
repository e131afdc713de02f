#include "sextant/core/number_range.hpp"

#include <fmt/format.h>

#include <cmath>

namespace sextant {

std::string beyond_range(double value, const std::string& remedy, double least, double most,
                         int bits) {
  const double size = std::abs(value);
  if (!std::isfinite(value) || size == 0 || (size >= least && size <= most)) return {};
  if (size > most) {
    return fmt::format("is {:g}, beyond {:g}: its square overflows a {}-bit number; {}", value,
                       most, bits, remedy);
  }
  return fmt::format(
      "is {:g}, the largest and yet below {:g}: its square is 0 as a {}-bit number; "
      "{}",
      value, least, bits, remedy);
}

}  // namespace sextant
