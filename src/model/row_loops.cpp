#include "row_loops.hpp"

#include <cmath>
#include <cstddef>

#include "vector_widths.hpp"

// Values may be replaced in place: no iteration depends on another.
#if defined(__clang__)
#define SEXTANT_INDEPENDENT _Pragma("clang loop vectorize(assume_safety)")
#else
#define SEXTANT_INDEPENDENT _Pragma("GCC ivdep")
#endif

namespace sextant::model {
namespace {

// Constants of gelu and its tanh approximation.
constexpr double inverse_sqrt_2 = 0.70710678118654752440;
constexpr double inverse_sqrt_2_pi = 0.39894228040143267794;
constexpr double sqrt_2_over_pi = 0.79788456080286535588;
constexpr double tanh_cubic = 0.044715;

template <class Scalar>
SEXTANT_INLINE Scalar gelu(Scalar x) {
  return Scalar(0.5) * x * (1 + std::erf(x * Scalar(inverse_sqrt_2)));
}

template <class Scalar>
SEXTANT_INLINE Scalar gelu_slope(Scalar x) {
  return Scalar(0.5) * (1 + std::erf(x * Scalar(inverse_sqrt_2))) +
         x * Scalar(inverse_sqrt_2_pi) * std::exp(Scalar(-0.5) * x * x);
}

template <class Scalar>
SEXTANT_INLINE Scalar tanh_argument(Scalar x) {
  return Scalar(sqrt_2_over_pi) * x * (1 + Scalar(tanh_cubic) * x * x);
}

template <class Scalar>
SEXTANT_INLINE Scalar gelu_tanh(Scalar x) {
  return Scalar(0.5) * x * (1 + std::tanh(tanh_argument(x)));
}

template <class Scalar>
SEXTANT_INLINE Scalar gelu_tanh_slope(Scalar x) {
  const Scalar t = std::tanh(tanh_argument(x));
  return Scalar(0.5) * (1 + t) + Scalar(0.5) * x * (1 - t * t) * Scalar(sqrt_2_over_pi) *
                                     (1 + Scalar(3 * tanh_cubic) * x * x);
}

template <class Scalar>
SEXTANT_INLINE void values_loop(Activation activation, const Scalar* x, Scalar* y,
                                std::size_t count) {
  switch (activation) {
    case Activation::gelu:
      SEXTANT_INDEPENDENT
      for (std::size_t i = 0; i < count; ++i) y[i] = gelu(x[i]);
      return;
    case Activation::gelu_tanh:
      SEXTANT_INDEPENDENT
      for (std::size_t i = 0; i < count; ++i) y[i] = gelu_tanh(x[i]);
      return;
    case Activation::relu:
      SEXTANT_INDEPENDENT
      for (std::size_t i = 0; i < count; ++i) y[i] = x[i] < 0 ? 0 : x[i];
      return;
  }
}

template <class Scalar>
SEXTANT_INLINE void slopes_loop(Activation activation, const Scalar* x, Scalar* y,
                                std::size_t count) {
  switch (activation) {
    case Activation::gelu:
      SEXTANT_INDEPENDENT
      for (std::size_t i = 0; i < count; ++i) y[i] *= gelu_slope(x[i]);
      return;
    case Activation::gelu_tanh:
      SEXTANT_INDEPENDENT
      for (std::size_t i = 0; i < count; ++i) y[i] *= gelu_tanh_slope(x[i]);
      return;
    case Activation::relu:
      SEXTANT_INDEPENDENT
      for (std::size_t i = 0; i < count; ++i) y[i] = x[i] > 0 ? y[i] : 0;
      return;
  }
}

template <class Scalar>
SEXTANT_INLINE void softmax_loop(Scalar* x, std::size_t count) {
  const Scalar factor = 1 / exponentials(x, count);
  SEXTANT_INDEPENDENT
  for (std::size_t i = 0; i < count; ++i) x[i] *= factor;
}

template <class Scalar>
SEXTANT_INLINE Scalar standardize_loop(const Scalar* x, Scalar epsilon, Scalar* hat,
                                       std::size_t count) {
  const auto width = static_cast<Scalar>(count);
  Scalar sum = 0;
  for (std::size_t i = 0; i < count; ++i) sum += x[i];
  const Scalar mean = sum / width;
  Scalar squares = 0;
  for (std::size_t i = 0; i < count; ++i) squares += (x[i] - mean) * (x[i] - mean);
  const Scalar inverse = 1 / std::sqrt(squares / width + epsilon);
  SEXTANT_INDEPENDENT
  for (std::size_t i = 0; i < count; ++i) hat[i] = (x[i] - mean) * inverse;
  return inverse;
}

template <class Scalar>
SEXTANT_INLINE void scale_and_shift_loop(const Scalar* hat, const Scalar* gain, const Scalar* bias,
                                         Scalar* y, std::size_t count) {
  SEXTANT_INDEPENDENT
  for (std::size_t i = 0; i < count; ++i) y[i] = hat[i] * gain[i] + bias[i];
}

template <class Scalar>
SEXTANT_INLINE void pull_back_loop(const Scalar* hat, Scalar inverse_deviation, const Scalar* gain,
                                   const Scalar* z, bool accumulate, Scalar* x, std::size_t count) {
  Scalar sum = 0;
  Scalar product = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const Scalar c = z[i] * gain[i];
    sum += c;
    product += c * hat[i];
  }
  const Scalar mean = sum / static_cast<Scalar>(count);
  const Scalar along = product / static_cast<Scalar>(count);
  if (!accumulate) {
    SEXTANT_INDEPENDENT
    for (std::size_t i = 0; i < count; ++i) {
      x[i] = inverse_deviation * (z[i] * gain[i] - mean - hat[i] * along);
    }
    return;
  }
  SEXTANT_INDEPENDENT
  for (std::size_t i = 0; i < count; ++i) {
    x[i] += inverse_deviation * (z[i] * gain[i] - mean - hat[i] * along);
  }
}

}  // namespace

#define SEXTANT_DEFINE(Scalar)                                                                     \
  SEXTANT_VECTOR_WIDTHS void activation_values(Activation activation, const Scalar* x, Scalar* y,  \
                                               std::size_t count) {                                \
    values_loop(activation, x, y, count);                                                          \
  }                                                                                                \
  SEXTANT_VECTOR_WIDTHS void multiply_by_slopes(Activation activation, const Scalar* x, Scalar* y, \
                                                std::size_t count) {                               \
    slopes_loop(activation, x, y, count);                                                          \
  }                                                                                                \
  SEXTANT_VECTOR_WIDTHS void softmax(Scalar* x, std::size_t count) { softmax_loop(x, count); }     \
  SEXTANT_VECTOR_WIDTHS Scalar standardize(const Scalar* x, Scalar epsilon, Scalar* hat,           \
                                           std::size_t count) {                                    \
    return standardize_loop(x, epsilon, hat, count);                                               \
  }                                                                                                \
  SEXTANT_VECTOR_WIDTHS void scale_and_shift(const Scalar* hat, const Scalar* gain,                \
                                             const Scalar* bias, Scalar* y, std::size_t count) {   \
    scale_and_shift_loop(hat, gain, bias, y, count);                                               \
  }                                                                                                \
  SEXTANT_VECTOR_WIDTHS void standardize_pull_back(                                                \
      const Scalar* hat, Scalar inverse_deviation, const Scalar* gain, const Scalar* z,            \
      bool accumulate, Scalar* x, std::size_t count) {                                             \
    pull_back_loop(hat, inverse_deviation, gain, z, accumulate, x, count);                         \
  }                                                                                                \
  SEXTANT_VECTOR_WIDTHS void widen(const Scalar* x, double* y, std::size_t count) {                \
    for (std::size_t i = 0; i < count; ++i) y[i] = x[i];                                           \
  }
SEXTANT_DEFINE(float)
SEXTANT_DEFINE(double)
#undef SEXTANT_DEFINE

}  // namespace sextant::model
