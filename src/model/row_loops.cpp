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

/// 1 / (1 + exp(-x)), which overflows nowhere.
template <class Scalar>
SEXTANT_INLINE Scalar logistic(Scalar x) {
  return Scalar(0.5) * (1 + std::tanh(Scalar(0.5) * x));
}

template <class Scalar>
SEXTANT_INLINE Scalar silu(Scalar x) {
  return x * logistic(x);
}

template <class Scalar>
SEXTANT_INLINE Scalar silu_slope(Scalar x) {
  const Scalar s = logistic(x);
  return s * (1 + x * (1 - s));
}

template <class Scalar>
SEXTANT_INLINE Scalar relu(Scalar x) {
  return x < 0 ? 0 : x;
}

template <class Scalar>
SEXTANT_INLINE Scalar relu_slope(Scalar x) {
  return x > 0 ? Scalar(1) : Scalar(0);
}

/// Runs `loop` with the function and its slope; each has a loop of its own.
template <class Scalar, class Loop>
SEXTANT_INLINE void with_function(Activation activation, const Loop& loop) {
  switch (activation) {
    case Activation::gelu:
      loop([](Scalar x) SEXTANT_INLINE_LAMBDA { return gelu(x); },
           [](Scalar x) SEXTANT_INLINE_LAMBDA { return gelu_slope(x); });
      return;
    case Activation::gelu_tanh:
      loop([](Scalar x) SEXTANT_INLINE_LAMBDA { return gelu_tanh(x); },
           [](Scalar x) SEXTANT_INLINE_LAMBDA { return gelu_tanh_slope(x); });
      return;
    case Activation::relu:
      loop([](Scalar x) SEXTANT_INLINE_LAMBDA { return relu(x); },
           [](Scalar x) SEXTANT_INLINE_LAMBDA { return relu_slope(x); });
      return;
    case Activation::silu:
      loop([](Scalar x) SEXTANT_INLINE_LAMBDA { return silu(x); },
           [](Scalar x) SEXTANT_INLINE_LAMBDA { return silu_slope(x); });
      return;
  }
}

template <class Scalar>
SEXTANT_INLINE void values_loop(Activation activation, const Scalar* x, Scalar* y,
                                std::size_t count) {
  with_function<Scalar>(activation, [=](auto f, auto) SEXTANT_INLINE_LAMBDA {
    SEXTANT_INDEPENDENT
    for (std::size_t i = 0; i < count; ++i) y[i] = f(x[i]);
  });
}

template <class Scalar>
SEXTANT_INLINE void slopes_loop(Activation activation, const Scalar* x, Scalar* y,
                                std::size_t count) {
  with_function<Scalar>(activation, [=](auto, auto slope) SEXTANT_INLINE_LAMBDA {
    SEXTANT_INDEPENDENT
    for (std::size_t i = 0; i < count; ++i) y[i] *= slope(x[i]);
  });
}

template <class Scalar>
SEXTANT_INLINE void gated_values_loop(Activation activation, const Scalar* gate, const Scalar* x,
                                      Scalar* y, std::size_t count) {
  with_function<Scalar>(activation, [=](auto f, auto) SEXTANT_INLINE_LAMBDA {
    SEXTANT_INDEPENDENT
    for (std::size_t i = 0; i < count; ++i) y[i] = f(gate[i]) * x[i];
  });
}

template <class Scalar>
SEXTANT_INLINE void gated_pull_back_loop(Activation activation, const Scalar* gate, const Scalar* x,
                                         Scalar* cotangent, Scalar* gate_cotangent,
                                         std::size_t count) {
  with_function<Scalar>(activation, [=](auto f, auto slope) SEXTANT_INLINE_LAMBDA {
    SEXTANT_INDEPENDENT
    for (std::size_t i = 0; i < count; ++i) {
      gate_cotangent[i] = cotangent[i] * x[i] * slope(gate[i]);
      cotangent[i] *= f(gate[i]);
    }
  });
}

template <class Scalar>
SEXTANT_INLINE void rotate_loop(const Scalar* cosine, const Scalar* sine, Scalar sign, Scalar* x,
                                std::size_t half) {
  SEXTANT_INDEPENDENT
  for (std::size_t j = 0; j < half; ++j) {
    const Scalar first = x[j];
    const Scalar second = x[j + half];
    const Scalar turn = sign * sine[j];
    x[j] = first * cosine[j] - second * turn;
    x[j + half] = second * cosine[j] + first * turn;
  }
}

template <class Scalar>
SEXTANT_INLINE void softmax_loop(Scalar* x, std::size_t count) {
  const Scalar factor = 1 / exponentials(x, count);
  SEXTANT_INDEPENDENT
  for (std::size_t i = 0; i < count; ++i) x[i] *= factor;
}

template <class Scalar>
SEXTANT_INLINE Scalar standardize_loop(bool center, const Scalar* x, Scalar epsilon, Scalar* hat,
                                       std::size_t count) {
  const auto width = static_cast<Scalar>(count);
  Scalar mean = 0;
  if (center) {
    Scalar sum = 0;
    for (std::size_t i = 0; i < count; ++i) sum += x[i];
    mean = sum / width;
  }
  Scalar squares = 0;
  for (std::size_t i = 0; i < count; ++i) squares += (x[i] - mean) * (x[i] - mean);
  const Scalar inverse = 1 / std::sqrt(squares / width + epsilon);
  SEXTANT_INDEPENDENT
  for (std::size_t i = 0; i < count; ++i) hat[i] = (x[i] - mean) * inverse;
  return inverse;
}

template <class Scalar>
SEXTANT_INLINE void scale_and_shift_loop(const Scalar* hat, Scalar offset, const Scalar* gain,
                                         const Scalar* bias, Scalar* y, std::size_t count) {
  if (bias == nullptr) {
    SEXTANT_INDEPENDENT
    for (std::size_t i = 0; i < count; ++i) y[i] = hat[i] * (offset + gain[i]);
    return;
  }
  SEXTANT_INDEPENDENT
  for (std::size_t i = 0; i < count; ++i) y[i] = hat[i] * (offset + gain[i]) + bias[i];
}

template <class Scalar>
SEXTANT_INLINE void pull_back_loop(bool center, const Scalar* hat, Scalar inverse_deviation,
                                   Scalar offset, const Scalar* gain, const Scalar* z,
                                   bool accumulate, Scalar* x, std::size_t count) {
  Scalar sum = 0;
  Scalar product = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const Scalar c = z[i] * (offset + gain[i]);
    sum += c;
    product += c * hat[i];
  }
  const Scalar mean = center ? sum / static_cast<Scalar>(count) : Scalar(0);
  const Scalar along = product / static_cast<Scalar>(count);
  if (!accumulate) {
    SEXTANT_INDEPENDENT
    for (std::size_t i = 0; i < count; ++i) {
      x[i] = inverse_deviation * (z[i] * (offset + gain[i]) - mean - hat[i] * along);
    }
    return;
  }
  SEXTANT_INDEPENDENT
  for (std::size_t i = 0; i < count; ++i) {
    x[i] += inverse_deviation * (z[i] * (offset + gain[i]) - mean - hat[i] * along);
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
  SEXTANT_VECTOR_WIDTHS void gated_values(Activation activation, const Scalar* gate,               \
                                          const Scalar* x, Scalar* y, std::size_t count) {         \
    gated_values_loop(activation, gate, x, y, count);                                              \
  }                                                                                                \
  SEXTANT_VECTOR_WIDTHS void gated_pull_back(Activation activation, const Scalar* gate,            \
                                             const Scalar* x, Scalar* cotangent,                   \
                                             Scalar* gate_cotangent, std::size_t count) {          \
    gated_pull_back_loop(activation, gate, x, cotangent, gate_cotangent, count);                   \
  }                                                                                                \
  SEXTANT_VECTOR_WIDTHS void rotate_pairs(const Scalar* cosine, const Scalar* sine, Scalar sign,   \
                                          Scalar* x, std::size_t half) {                           \
    rotate_loop(cosine, sine, sign, x, half);                                                      \
  }                                                                                                \
  SEXTANT_VECTOR_WIDTHS Scalar standardize(bool center, const Scalar* x, Scalar epsilon,           \
                                           Scalar* hat, std::size_t count) {                       \
    return standardize_loop(center, x, epsilon, hat, count);                                       \
  }                                                                                                \
  SEXTANT_VECTOR_WIDTHS void scale_and_shift(const Scalar* hat, Scalar offset, const Scalar* gain, \
                                             const Scalar* bias, Scalar* y, std::size_t count) {   \
    scale_and_shift_loop(hat, offset, gain, bias, y, count);                                       \
  }                                                                                                \
  SEXTANT_VECTOR_WIDTHS void standardize_pull_back(                                                \
      bool center, const Scalar* hat, Scalar inverse_deviation, Scalar offset, const Scalar* gain, \
      const Scalar* z, bool accumulate, Scalar* x, std::size_t count) {                            \
    pull_back_loop(center, hat, inverse_deviation, offset, gain, z, accumulate, x, count);         \
  }                                                                                                \
  SEXTANT_VECTOR_WIDTHS void widen(const Scalar* x, double* y, std::size_t count) {                \
    for (std::size_t i = 0; i < count; ++i) y[i] = x[i];                                           \
  }
SEXTANT_DEFINE(float)
SEXTANT_DEFINE(double)
#undef SEXTANT_DEFINE

}  // namespace sextant::model
