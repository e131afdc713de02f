#pragma once

/// Numbers whose squares, and sums of squares, are numbers of 64 bits again.

#include <string>

namespace sextant {

/// The largest value of labels, residuals and kernels: 1e8 squares of it still have a sum.
inline constexpr double largest_value = 1e150;
/// The least that the largest of them may be, where it is not 0: squares of less are 0.
inline constexpr double smallest_value = 1e-150;

/// Empty where 0 or `smallest_value` <= |value| <= `largest_value`; otherwise what is wrong with
/// `value`, the end of an error's message: "is 1e+200, beyond 1e+150: its square overflows a 64-bit
/// number; " and then `remedy`. Infinite and NaN are the caller's part: empty.
std::string beyond_range(double value, const std::string& remedy, double least = smallest_value,
                         double most = largest_value, int bits = 64);

/// What to do about labels, predictions and residuals out of range.
inline constexpr const char* rescale_labels =
    "divide the labels, and a head's weights, by the labels' standard deviation";
/// What to do about kernels out of range.
inline constexpr const char* rescale_kernels =
    "choose another unit: labels c times as large have kernels c^2 times as large, and parameters "
    "c times as large kernels 1/c^2 times as large";

}  // namespace sextant
