#pragma once

#include <cmath>
#include <cstddef>

/// What the files of vector loops share: SEXTANT_VECTOR_WIDTHS before a function makes one version
/// of it for each vector width, chosen when the program starts. Sanitizers do not survive functions
/// that are chosen before they are set up.
#if defined(__x86_64__) && defined(__GLIBC__) && defined(__GNUC__) && !defined(__clang__) && \
    !defined(SEXTANT_SANITIZED)
#define SEXTANT_SEVERAL_VECTOR_WIDTHS
#define SEXTANT_VECTOR_WIDTHS \
  __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define SEXTANT_VECTOR_WIDTHS
#endif

#define SEXTANT_INLINE inline __attribute__((always_inline))
/// Behind a lambda's parameters: without it a lambda has no version for each vector width.
#define SEXTANT_INLINE_LAMBDA __attribute__((always_inline))

namespace sextant::model {

/// Replaces `count` >= 1 values by exp(value - largest value), and returns their sum.
template <class Scalar>
SEXTANT_INLINE Scalar exponentials(Scalar* x, std::size_t count) {
  Scalar largest = x[0];
  for (std::size_t i = 1; i < count; ++i) largest = x[i] > largest ? x[i] : largest;
  Scalar sum = 0;
  for (std::size_t i = 0; i < count; ++i) {
    x[i] = std::exp(x[i] - largest);
    sum += x[i];
  }
  return sum;
}

}  // namespace sextant::model
