#pragma once

/// Scalar predictions of a batch's sequences, and where the reverse pass starts from.

#include <Eigen/Core>

#include "sextant/model/scalar_readout.hpp"
#include "sextant/model/token_batch.hpp"

namespace sextant::model {

/// Predictions s of every sequence. Throws `ArgumentError` (as the function below) unless `hidden`
/// has one row for each of the batch's outputs, and `NumericalError` when one is not finite.
template <class Scalar>
Eigen::VectorXd predict(const Rows<Scalar>& hidden, const TokenBatch& batch,
                        const ScalarReadout<Scalar>& readout);

/// The cotangent of each sequence's own prediction, one row per top query of `sequence_layouts`.
/// Throws `ArgumentError` unless `hidden` has one row for each of the batch's outputs and the batch
/// the outputs of each sequence.
template <class Scalar>
Rows<Scalar> sequence_cotangents(const Rows<Scalar>& hidden, const TokenBatch& batch,
                                 const ScalarReadout<Scalar>& readout);

}  // namespace sextant::model
