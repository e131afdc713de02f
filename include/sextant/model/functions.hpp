#pragma once

/// Row-wise functions of a transformer and their pull-backs. Shapes: R rows, d columns. The passes
/// of transformer.hpp, which check what they are given, are made of these, which do not: sizes must
/// fit.

#include <span>
#include <vector>

#include "sextant/model/config.hpp"
#include "sextant/model/linear_algebra.hpp"
#include "sextant/model/weights.hpp"

namespace sextant::model {

/// What a layer norm keeps for its pull-back: (x - mean) / deviation [R, d] and 1/deviation [R].
template <class Scalar>
struct Normalized {
  Rows<Scalar> hat;
  std::vector<Scalar> inverse_deviation;
};

/// Standardises each row of `x`; deviation = sqrt(variance + epsilon), variance over d (not d - 1).
template <class Scalar>
void normalize(const Rows<Scalar>& x, double epsilon, Normalized<Scalar>& result);

/// hat * gain + bias, row by row.
template <class Scalar>
void scale_and_shift(const Rows<Scalar>& hat, const Norm<Scalar>& norm, Rows<Scalar>& result);

/// Adds to `cotangent_x` (or, without `accumulate`, writes to it) the pull-back of `cotangent_z`
/// [rows, d] through z = hat * gain + bias and the standardisation; row i of the cotangents belongs
/// to row `at[i]` of `normalized`.
template <class Scalar>
void normalize_pull_back(const Normalized<Scalar>& normalized, const Norm<Scalar>& norm,
                         std::span<const int> at, const Rows<Scalar>& cotangent_z, bool accumulate,
                         Rows<Scalar>& cotangent_x);

/// The derivative of norm(x) = hat * gain + bias along a change of x, row i of which goes with row
/// i of `normalized`; `change_z` is another matrix.
template <class Scalar>
void normalize_push_forward(const Normalized<Scalar>& normalized, const Norm<Scalar>& norm,
                            const Rows<Scalar>& change_x, Rows<Scalar>& change_z);

/// The activation function applied to every entry. `result` may be `x` itself.
template <class Scalar>
void activate(Activation activation, const Rows<Scalar>& x, Rows<Scalar>& result);

/// Multiplies row i of `cotangent` by the activation's derivative at row `at[i]` of `x`.
template <class Scalar>
void activate_pull_back(Activation activation, const Rows<Scalar>& x, std::span<const int> at,
                        Rows<Scalar>& cotangent);

/// Replaces the first `visible` entries of a row by their softmax and the rest by 0.
template <class Scalar>
void masked_softmax(Scalar* row, int visible, int length);

}  // namespace sextant::model
