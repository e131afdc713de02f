#pragma once

/// Gradients of a function of a model's parameters against central differences.

#include <algorithm>
#include <cmath>
#include <cstddef>

#include "sextant/core/random.hpp"
#include "sextant/model/parameters.hpp"

namespace sextant::test {

struct GradientCheck {
  double largest = 0;  ///< Largest difference quotient: shows that the function moves at all.
  double worst = 0;    ///< Largest distance of a difference quotient from the gradient.
};

/// Compares `gradient` with differences of `value()`, which reads `parameters`, at `trials` random
/// entries of every tensor.
template <class Value>
GradientCheck check_gradient(model::Parameters<double>& parameters,
                             const model::Parameters<double>& gradient, const Value& value,
                             int trials = 6) {
  constexpr double h = 1e-5;
  Random random(6);
  GradientCheck check;
  for (const auto& tensor : parameters.shapes()) {
    std::size_t size = 1;
    for (const std::size_t extent : tensor.shape) size *= extent;
    for (int trial = 0; trial < trials; ++trial) {
      const std::size_t at = parameters.offset(tensor.name) + random.below(size);
      const double kept = parameters.values()[at];
      parameters.values()[at] = kept + h;
      const double above = value();
      parameters.values()[at] = kept - h;
      const double difference = (above - value()) / (2 * h);
      parameters.values()[at] = kept;
      check.largest = std::max(check.largest, std::abs(difference));
      check.worst = std::max(check.worst, std::abs(difference - gradient.values()[at]));
    }
  }
  return check;
}

}  // namespace sextant::test
