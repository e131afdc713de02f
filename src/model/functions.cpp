#include "sextant/model/functions.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <unsupported/Eigen/SpecialFunctions>

#include "sextant/core/threads.hpp"

namespace sextant::model {
namespace {

constexpr Eigen::Index rows_per_task = 32;

/// Calls body(first, count) for chunks of rows; the chunks depend on the shape alone.
template <class Body>
void for_row_chunks(Eigen::Index rows, const Body& body) {
  parallel_for((rows + rows_per_task - 1) / rows_per_task, [&](std::ptrdiff_t chunk) {
    const Eigen::Index first = chunk * rows_per_task;
    body(first, std::min(rows_per_task, rows - first));
  });
}

template <class Scalar>
using Row = Eigen::Array<Scalar, 1, Eigen::Dynamic>;

// Constants of gelu and its tanh approximation.
constexpr double inverse_sqrt_2 = 0.70710678118654752440;
constexpr double inverse_sqrt_2_pi = 0.39894228040143267794;
constexpr double sqrt_2_over_pi = 0.79788456080286535588;
constexpr double tanh_cubic = 0.044715;

template <class Scalar, class In>
Row<Scalar> activation_value(Activation activation, const In& x) {
  switch (activation) {
    case Activation::gelu:
      return Scalar(0.5) * x * (1 + (x * Scalar(inverse_sqrt_2)).erf());
    case Activation::gelu_tanh: {
      const Row<Scalar> inner = Scalar(sqrt_2_over_pi) * (x + Scalar(tanh_cubic) * x * x * x);
      return Scalar(0.5) * x * (1 + inner.tanh());
    }
    case Activation::relu:
      return x.max(Scalar(0));
  }
  return x;
}

template <class Scalar, class In>
Row<Scalar> activation_slope(Activation activation, const In& x) {
  switch (activation) {
    case Activation::gelu:
      return Scalar(0.5) * (1 + (x * Scalar(inverse_sqrt_2)).erf()) +
             x * Scalar(inverse_sqrt_2_pi) * (Scalar(-0.5) * x * x).exp();
    case Activation::gelu_tanh: {
      const Row<Scalar> inner = Scalar(sqrt_2_over_pi) * (x + Scalar(tanh_cubic) * x * x * x);
      const Row<Scalar> t = inner.tanh();
      return Scalar(0.5) * (1 + t) + Scalar(0.5) * x * (1 - t * t) * Scalar(sqrt_2_over_pi) *
                                         (1 + Scalar(3 * tanh_cubic) * x * x);
    }
    case Activation::relu:
      return (x > Scalar(0)).template cast<Scalar>();
  }
  return x;
}

}  // namespace

template <class Scalar>
void normalize(const Rows<Scalar>& x, double epsilon, Normalized<Scalar>& result) {
  result.hat.resize(x.rows(), x.cols());
  result.inverse_deviation.resize(static_cast<std::size_t>(x.rows()));
  for_row_chunks(x.rows(), [&](Eigen::Index first, Eigen::Index count) {
    for (Eigen::Index i = first; i < first + count; ++i) {
      auto hat = result.hat.row(i);
      hat = x.row(i).array() - x.row(i).mean();
      const Scalar variance = hat.squaredNorm() / static_cast<Scalar>(x.cols());
      const Scalar inverse = 1 / std::sqrt(variance + static_cast<Scalar>(epsilon));
      hat *= inverse;
      result.inverse_deviation[static_cast<std::size_t>(i)] = inverse;
    }
  });
}

template <class Scalar>
void scale_and_shift(const Rows<Scalar>& hat, const Norm<Scalar>& norm, Rows<Scalar>& result) {
  using Map = Eigen::Map<const Row<Scalar>>;
  const Map gain(norm.gain, hat.cols());
  const Map bias(norm.bias, hat.cols());
  result.resize(hat.rows(), hat.cols());
  for_row_chunks(hat.rows(), [&](Eigen::Index first, Eigen::Index count) {
    for (Eigen::Index i = first; i < first + count; ++i) {
      result.row(i) = (hat.row(i).array() * gain + bias).matrix();
    }
  });
}

template <class Scalar>
void normalize_pull_back(const Normalized<Scalar>& normalized, const Norm<Scalar>& norm,
                         std::span<const int> at, const Rows<Scalar>& cotangent_z,
                         Rows<Scalar>& cotangent_x) {
  const Eigen::Map<const Row<Scalar>> gain(norm.gain, cotangent_z.cols());
  const auto width = static_cast<Scalar>(cotangent_z.cols());
  for_row_chunks(cotangent_z.rows(), [&](Eigen::Index first, Eigen::Index count) {
    Row<Scalar> c(cotangent_z.cols());
    for (Eigen::Index i = first; i < first + count; ++i) {
      const int row = at[static_cast<std::size_t>(i)];
      const auto hat = normalized.hat.row(row).array();
      c = cotangent_z.row(i).array() * gain;
      const Scalar mean = c.sum() / width;
      const Scalar along = (c * hat).sum() / width;
      cotangent_x.row(i).array() +=
          normalized.inverse_deviation[static_cast<std::size_t>(row)] * (c - mean - hat * along);
    }
  });
}

template <class Scalar>
void activate(Activation activation, const Rows<Scalar>& x, Rows<Scalar>& result) {
  if (&result != &x) result.resize(x.rows(), x.cols());
  for_row_chunks(x.rows(), [&](Eigen::Index first, Eigen::Index count) {
    for (Eigen::Index i = first; i < first + count; ++i) {
      result.row(i) = activation_value<Scalar>(activation, x.row(i).array()).matrix();
    }
  });
}

template <class Scalar>
void activate_pull_back(Activation activation, const Rows<Scalar>& x, std::span<const int> at,
                        Rows<Scalar>& cotangent) {
  for_row_chunks(cotangent.rows(), [&](Eigen::Index first, Eigen::Index count) {
    for (Eigen::Index i = first; i < first + count; ++i) {
      cotangent.row(i).array() *=
          activation_slope<Scalar>(activation, x.row(at[static_cast<std::size_t>(i)]).array());
    }
  });
}

template <class Scalar>
void masked_softmax(Scalar* row, int visible, int length) {
  Eigen::Map<Row<Scalar>> seen(row, visible);
  seen = (seen - seen.maxCoeff()).exp();
  seen /= seen.sum();
  std::fill(row + visible, row + length, Scalar(0));
}

#define SEXTANT_INSTANTIATE(Scalar)                                                            \
  template void normalize(const Rows<Scalar>&, double, Normalized<Scalar>&);                   \
  template void scale_and_shift(const Rows<Scalar>&, const Norm<Scalar>&, Rows<Scalar>&);      \
  template void normalize_pull_back(const Normalized<Scalar>&, const Norm<Scalar>&,            \
                                    std::span<const int>, const Rows<Scalar>&, Rows<Scalar>&); \
  template void activate(Activation, const Rows<Scalar>&, Rows<Scalar>&);                      \
  template void activate_pull_back(Activation, const Rows<Scalar>&, std::span<const int>,      \
                                   Rows<Scalar>&);                                             \
  template void masked_softmax(Scalar*, int, int);
SEXTANT_INSTANTIATE(float)
SEXTANT_INSTANTIATE(double)
#undef SEXTANT_INSTANTIATE

}  // namespace sextant::model
