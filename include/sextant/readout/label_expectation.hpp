#pragma once

/// Decoder readout: the expected label value at a sequence's last token.

#include <vector>

#include "sextant/model/scalar_readout.hpp"
#include "sextant/model/weights.hpp"

namespace sextant::readout {

/// s = sum_j v_j p_j with p the softmax over the label tokens' logits alone. Only their rows of the
/// output head are touched: cost L d per prediction, L labels, width d, whatever the vocabulary.
template <class Scalar>
class LabelExpectation : public model::ScalarReadout<Scalar> {
 public:
  /// Throws `ArgumentError` when the sizes differ, are zero, a token is outside the vocabulary, a
  /// value is not finite, or the model has no output head. `weights` may go; its storage is kept.
  LabelExpectation(const model::Weights<Scalar>& weights, std::vector<int> tokens,
                   std::vector<double> values);

  double predict(const model::Rows<Scalar>& hidden, std::span<const int> outputs) const override;
  void pull_back(const model::Rows<Scalar>& hidden, std::span<const int> outputs, double factor,
                 std::span<const int> target, model::Rows<Scalar>& cotangent) const override;

  /// Probabilities p [L] at one hidden state.
  Eigen::VectorXd probabilities(const model::Rows<Scalar>& hidden, int output) const;

 private:
  Eigen::MatrixXd label_rows_;  ///< [L, d] rows of the output head.
  Eigen::VectorXd values_;      ///< [L]
};

}  // namespace sextant::readout
