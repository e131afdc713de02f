#pragma once

/// The loops of transformer functions over contiguous values, compiled for several vector widths.
/// They live in a file of their own because it is built with -ffast-math: sums may be reordered and
/// exp, erf and tanh come from the vector library of glibc (at most 4 units in the last place).

#include <cstddef>

#include "sextant/model/config.hpp"

namespace sextant::model {

/// y = f(x) for `count` values; y may be x.
void activation_values(Activation activation, const float* x, float* y, std::size_t count);
void activation_values(Activation activation, const double* x, double* y, std::size_t count);

/// y *= f'(x)
void multiply_by_slopes(Activation activation, const float* x, float* y, std::size_t count);
void multiply_by_slopes(Activation activation, const double* x, double* y, std::size_t count);

/// Replaces `count` >= 1 values by their softmax.
void softmax(float* x, std::size_t count);
void softmax(double* x, std::size_t count);

/// y = f(gate) x; y may be x.
void gated_values(Activation activation, const float* gate, const float* x, float* y,
                  std::size_t count);
void gated_values(Activation activation, const double* gate, const double* x, double* y,
                  std::size_t count);

/// From a cotangent of f(gate) x in `cotangent`: that of the gate, and, in its place, that of x.
void gated_pull_back(Activation activation, const float* gate, const float* x, float* cotangent,
                     float* gate_cotangent, std::size_t count);
void gated_pull_back(Activation activation, const double* gate, const double* x, double* cotangent,
                     double* gate_cotangent, std::size_t count);

/// hat = (x - mean) / sqrt(variance + epsilon), variance over `count`, or without `center`
/// x / sqrt(mean square + epsilon); returns the factor.
float standardize(bool center, const float* x, float epsilon, float* hat, std::size_t count);
double standardize(bool center, const double* x, double epsilon, double* hat, std::size_t count);

/// y = hat * (offset + gain) + bias; a null bias is zero.
void scale_and_shift(const float* hat, float offset, const float* gain, const float* bias, float* y,
                     std::size_t count);
void scale_and_shift(const double* hat, double offset, const double* gain, const double* bias,
                     double* y, std::size_t count);

/// What a cotangent `z` of hat * (offset + gain) + bias gives for x, added to `x` or, without
/// `accumulate`, written over it.
void standardize_pull_back(bool center, const float* hat, float inverse_deviation, float offset,
                           const float* gain, const float* z, bool accumulate, float* x,
                           std::size_t count);
void standardize_pull_back(bool center, const double* hat, double inverse_deviation, double offset,
                           const double* gain, const double* z, bool accumulate, double* x,
                           std::size_t count);

/// Turns each pair (x[j], x[j + half]) by the angle of the given cosine and sine, j < half, or,
/// with `sign` -1 in place of 1, back.
void rotate_pairs(const float* cosine, const float* sine, float sign, float* x, std::size_t half);
void rotate_pairs(const double* cosine, const double* sine, double sign, double* x,
                  std::size_t half);

/// y = x in double precision
void widen(const float* x, double* y, std::size_t count);
void widen(const double* x, double* y, std::size_t count);

}  // namespace sextant::model
