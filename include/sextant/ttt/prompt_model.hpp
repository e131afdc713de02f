#pragma once

/// A model together with one prompt: predictions, geometry, gradients.

#include <Eigen/Core>
#include <memory>
#include <string>

#include "sextant/geometry/prompt_geometry.hpp"
#include "sextant/model/capture.hpp"
#include "sextant/model/gradient.hpp"
#include "sextant/task/encoded_prompt.hpp"

namespace sextant::ttt {

/// n examples and m queries ready to run. Sequences are numbered examples first.
/// The base weights are never changed: every function that works with other weights takes them.
class PromptModel {
 public:
  /// Throws `InputError` naming `label` when a sequence is longer than the model's context or the
  /// prompt's kind (decoder, encoder) is not the model's, `NumericalError` when the model gives a
  /// prediction that is not finite.
  PromptModel(model::Weights<float> weights, task::EncodedPrompt prompt,
              std::shared_ptr<const model::ScalarReadout<float>> readout, const std::string& label);

  Eigen::Index examples() const { return static_cast<Eigen::Index>(prompt_.example_tokens.size()); }
  Eigen::Index queries() const { return static_cast<Eigen::Index>(prompt_.query_tokens.size()); }
  const model::Weights<float>& weights() const { return weights_; }
  const task::EncodedPrompt& prompt() const { return prompt_; }
  const model::ScalarReadout<float>& readout() const { return *readout_; }
  /// All n + m sequences.
  const model::TokenBatch& batch() const { return batch_; }
  /// y [n]
  Eigen::VectorXd targets() const;

  /// Predictions s of all n + m sequences with the given weights.
  Eigen::VectorXd predictions(const model::Weights<float>& weights) const;

  /// Captures residuals, kernels, couplings and variances at the base weights (theory Sec. 1).
  /// Cost: one forward and one reverse pass over all sequences, and the Gram matrices.
  geometry::PromptGeometry capture(const model::CaptureOptions& options) const;

  /// One pass over the n examples: leave-one-out predictions s [n] with `weights`, and, added to
  /// `gradient`, sum_i c_i ds_i/dw with c = `coefficients(s)`. What examples share is computed
  /// once.
  template <class Coefficients>
  Eigen::VectorXd accumulate(const model::Weights<float>& weights, const Coefficients& coefficients,
                             model::BlockGradient<float>& gradient) const {
    return accumulate(weights, examples_batch_, examples_layouts_, coefficients, gradient);
  }

  /// The same over all n + m sequences, of which the queries only predict: returns s [n + m], and
  /// `coefficients(s)` gives the examples' c [n].
  template <class Coefficients>
  Eigen::VectorXd accumulate_all(const model::Weights<float>& weights,
                                 const Coefficients& coefficients,
                                 model::BlockGradient<float>& gradient) const {
    return accumulate(weights, batch_, layouts_, coefficients, gradient);
  }

 private:
  template <class Coefficients>
  Eigen::VectorXd accumulate(const model::Weights<float>& weights, const model::TokenBatch& batch,
                             const model::AttentionLayouts& layouts,
                             const Coefficients& coefficients,
                             model::BlockGradient<float>& gradient) const {
    const auto activations = model::forward(weights, batch, layouts, true);
    Eigen::VectorXd predicted = model::predict(activations.hidden, batch, *readout_);
    pull_back(weights, activations, batch, layouts, coefficients(predicted), gradient);
    return predicted;
  }
  void pull_back(const model::Weights<float>& weights, const model::Activations<float>& activations,
                 const model::TokenBatch& batch, const model::AttentionLayouts& layouts,
                 const Eigen::VectorXd& coefficients, model::BlockGradient<float>& gradient) const;

  model::Weights<float> weights_;
  task::EncodedPrompt prompt_;
  std::shared_ptr<const model::ScalarReadout<float>> readout_;
  model::TokenBatch batch_;
  model::TokenBatch examples_batch_;
  model::AttentionLayouts layouts_;
  model::AttentionLayouts examples_layouts_;
};

/// Throws `InputError` naming `label` unless the prompt is a decoder's exactly when the model is
/// one.
void check_prompt_kind(bool decoder_prompt, const model::ModelConfig& config,
                       const std::string& label);

}  // namespace sextant::ttt
