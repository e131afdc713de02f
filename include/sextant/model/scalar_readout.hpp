#pragma once

/// How a model's final hidden states become one scalar prediction per sequence.

#include <span>

#include "sextant/model/linear_algebra.hpp"

namespace sextant::model {

/// The prediction s of a sequence as a function of its wanted final hidden states, and its
/// gradient. Implemented in readout/.
template <class Scalar>
class ScalarReadout {
 public:
  virtual ~ScalarReadout() = default;

  /// The readout of sequences that ask for scalar `index` (`TokenBatch::scalars`): this one, unless
  /// it gives several. Throws `std::out_of_range` for one that it does not give.
  virtual const ScalarReadout& scalar(int index) const {
    (void)index;
    return *this;
  }

  /// s for the sequence whose hidden states are rows `outputs` of `hidden` [O, d], at least one.
  /// Not checked here: `model::predict` checks the sizes of what it passes. Throws nothing.
  virtual double predict(const Rows<Scalar>& hidden, std::span<const int> outputs) const = 0;

  /// Adds factor * ds/dhidden to rows `target` of `cotangent`, one for each of `outputs`. Sizes are
  /// the caller's to check, as for `predict`. Throws nothing.
  virtual void pull_back(const Rows<Scalar>& hidden, std::span<const int> outputs, double factor,
                         std::span<const int> target, Rows<Scalar>& cotangent) const = 0;
};

}  // namespace sextant::model
