#pragma once

/// Readout of a row model: each class's probability is a scalar of its own.

#include <vector>

#include "sextant/readout/label_expectation.hpp"

namespace sextant::readout {

/// Scalars that are predicted of each row: one per class, but of two classes the second's alone,
/// since the other probability is its complement and would only count every residual twice.
int scalars_per_row(int classes);
/// Class whose probability scalar `index` is.
int class_of_scalar(int classes, int index);

/// Scalar i is the probability of `class_of_scalar(classes, i)` under the softmax over the first
/// `classes` of the model's classes. Cost: classes x width per prediction.
template <class Scalar>
class ClassProbabilities : public model::ScalarReadout<Scalar> {
 public:
  /// Throws `ArgumentError` unless `classes` is 2 to the number that the model can tell apart.
  /// `weights` may go; their storage is kept.
  ClassProbabilities(const model::Weights<Scalar>& weights, int classes);

  int classes() const { return classes_; }
  const model::ScalarReadout<Scalar>& scalar(int index) const override {
    return of_scalar_.at(static_cast<std::size_t>(index));
  }
  /// Scalar 0.
  double predict(const model::Rows<Scalar>& hidden, std::span<const int> outputs) const override;
  void pull_back(const model::Rows<Scalar>& hidden, std::span<const int> outputs, double factor,
                 std::span<const int> target, model::Rows<Scalar>& cotangent) const override;

  /// Probabilities of all classes at one hidden state [classes].
  Eigen::VectorXd probabilities(const model::Rows<Scalar>& hidden, int output) const {
    return of_scalar_.front().probabilities(hidden, output);
  }

 private:
  int classes_;
  std::vector<LabelExpectation<Scalar>> of_scalar_;
};

}  // namespace sextant::readout
