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

/// What a norm keeps for its pull-back: hat = (x - mean) / deviation [R, d], or x / root mean
/// square, and 1/deviation, [R] or [R, parts].
template <class Scalar>
struct Normalized {
  Rows<Scalar> hat;
  std::vector<Scalar> inverse_deviation;
};

/// How a norm computes. Each row is cut into `parts` of equal length, normalised one by one with
/// the same gain: the heads of queries and keys.
struct NormTerms {
  NormKind kind = NormKind::layer;
  double epsilon = 1e-5;
  int parts = 1;
};

/// Standardises each part of each row of `x`; deviation = sqrt(variance + epsilon), variance over d
/// (not d - 1).
template <class Scalar>
void normalize(const Rows<Scalar>& x, const NormTerms& terms, Normalized<Scalar>& result);

/// hat * gain + bias, or hat * (1 + gain), part by part.
template <class Scalar>
void scale_and_shift(const Rows<Scalar>& hat, const NormTerms& terms, const Norm<Scalar>& norm,
                     Rows<Scalar>& result);

/// Adds to `cotangent_x` (or, without `accumulate`, writes to it) the pull-back of `cotangent_z`
/// [rows, d] through the two above; row i of the cotangents belongs to row `at[i]` of `normalized`.
/// Both may be the same matrix without `accumulate`.
template <class Scalar>
void normalize_pull_back(const Normalized<Scalar>& normalized, const NormTerms& terms,
                         const Norm<Scalar>& norm, std::span<const int> at,
                         const Rows<Scalar>& cotangent_z, bool accumulate,
                         Rows<Scalar>& cotangent_x);

/// The derivative of the norm along a change of x, row i of which goes with row i of `normalized`.
/// `change_z` may be `change_x`.
template <class Scalar>
void normalize_push_forward(const Normalized<Scalar>& normalized, const NormTerms& terms,
                            const Norm<Scalar>& norm, const Rows<Scalar>& change_x,
                            Rows<Scalar>& change_z);

/// The activation function applied to every entry. `result` may be `x` itself.
template <class Scalar>
void activate(Activation activation, const Rows<Scalar>& x, Rows<Scalar>& result);

/// Multiplies row i of `cotangent` by the activation's derivative at row `at[i]` of `x`.
template <class Scalar>
void activate_pull_back(Activation activation, const Rows<Scalar>& x, std::span<const int> at,
                        Rows<Scalar>& cotangent);

/// f(gate) x, entry by entry. `result` may be `x`.
template <class Scalar>
void gate(Activation activation, const Rows<Scalar>& gate, const Rows<Scalar>& x,
          Rows<Scalar>& result);

/// The pull-back of `gate`: turns the cotangent of its result into that of x, and writes that of
/// the gate. Row i goes with row `at[i]` of `gate` and `x`.
template <class Scalar>
void gate_pull_back(Activation activation, const Rows<Scalar>& gate, const Rows<Scalar>& x,
                    std::span<const int> at, Rows<Scalar>& cotangent, Rows<Scalar>& gate_cotangent);

/// The change of f(gate) x with changes of the gate and of x, which it takes the place of.
template <class Scalar>
void gate_push_forward(Activation activation, const Rows<Scalar>& gate, const Rows<Scalar>& x,
                       const Rows<Scalar>& gate_change, Rows<Scalar>& change);

/// Cosines and sines of rotary positions [positions, w / 2].
template <class Scalar>
struct RotaryTable {
  RotaryTable() = default;
  /// Of positions 0 to `positions` - 1 with these frequencies [w / 2], in radians per position.
  RotaryTable(const std::vector<double>& frequencies, int positions);

  Rows<Scalar> cosine;
  Rows<Scalar> sine;
};

/// Turns each head of row i, w columns side by side, by the angles of `positions[i]`, or back: the
/// columns j and j + w / 2 of a head are the two coordinates of a plane.
template <class Scalar>
void rotate(const RotaryTable<Scalar>& table, std::span<const int> positions, bool back,
            Rows<Scalar>& x);

/// Replaces entries `first` to `visible` - 1 of a row by their softmax and the rest by 0.
template <class Scalar>
void masked_softmax(Scalar* row, int first, int visible, int length);

}  // namespace sextant::model
