#pragma once

/// A model together with one prompt: predictions, geometry, gradients.

#include <Eigen/Core>
#include <memory>
#include <string>

#include "sextant/geometry/block_scales.hpp"
#include "sextant/geometry/prompt_geometry.hpp"
#include "sextant/model/capture.hpp"
#include "sextant/model/gradient.hpp"
#include "sextant/task/encoded_prompt.hpp"

namespace sextant::ttt {

/// The sequences of a prompt that a pass runs over.
enum class Sequences {
  examples,  ///< The n examples: predictions are [n].
  all        ///< All n + m, of which the queries only predict: [n + m], examples first.
};

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

  /// Prior variances of blocks: from now on kernels are scaled and updates preconditioned by them.
  /// Throws `ArgumentError` for a block that the model lacks and a scale that is not positive.
  void set_block_scales(geometry::BlockScales scales);
  const geometry::BlockScales& block_scales() const { return block_scales_; }
  double block_scale(const std::string& block) const {
    const auto found = block_scales_.find(block);
    return found == block_scales_.end() ? 1.0 : found->second;
  }

  /// Predictions s of all n + m sequences with the given weights.
  Eigen::VectorXd predictions(const model::Weights<float>& weights) const;

  /// Captures residuals, kernels, couplings and variances at the base weights (theory Sec. 1).
  /// Cost: one forward and one reverse pass over all sequences, and the Gram matrices.
  geometry::PromptGeometry capture(const model::CaptureOptions& options) const;

  /// What enters `layer` at the base weights: shared by all passes with weights that differ from
  /// that layer on alone. Throws `ArgumentError` unless the layer is 0 to L - 1.
  model::LayerInput<float> layer_input(Sequences sequences, int layer) const;

  /// One pass: predictions s with `weights`, and, added to `gradient`, sum_i c_i ds_i/dw over the
  /// examples with c = `coefficients(s)` [n]. `input` comes from `layer_input` for the same
  /// sequences and a layer no higher than the gradient's lowest. What examples share is computed
  /// once.
  template <class Coefficients>
  Eigen::VectorXd accumulate(Sequences sequences, const model::LayerInput<float>& input,
                             const model::Weights<float>& weights, const Coefficients& coefficients,
                             model::BlockGradient<float>& gradient) const {
    const bool all = sequences == Sequences::all;
    const auto& batch = all ? batch_ : examples_batch_;
    const auto& layouts = all ? layouts_ : examples_layouts_;
    const auto activations = model::forward_from(input, weights, layouts, true);
    Eigen::VectorXd predicted = model::predict(activations.hidden, batch, *readout_);
    pull_back(weights, activations, batch, layouts, coefficients(predicted), gradient);
    return predicted;
  }

 private:
  void pull_back(const model::Weights<float>& weights, const model::Activations<float>& activations,
                 const model::TokenBatch& batch, const model::AttentionLayouts& layouts,
                 const Eigen::VectorXd& coefficients, model::BlockGradient<float>& gradient) const;

  model::Weights<float> weights_;
  geometry::BlockScales block_scales_;
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
