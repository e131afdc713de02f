#pragma once

namespace sextant::task {

/// Models and heads compute in 32 bits, whose range the squares of labels must not leave.
inline constexpr double largest_label = 1e15;
/// The least that the largest of a prompt's labels may be.
inline constexpr double smallest_label = 1e-15;

}  // namespace sextant::task
