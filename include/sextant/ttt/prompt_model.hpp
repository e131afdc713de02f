#pragma once

/// A model together with one prompt: predictions, geometry, gradients.

#include <Eigen/Core>
#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sextant/geometry/block_scales.hpp"
#include "sextant/geometry/prompt_geometry.hpp"
#include "sextant/io/csv.hpp"
#include "sextant/model/capture.hpp"
#include "sextant/model/gradient.hpp"
#include "sextant/model/prediction.hpp"
#include "sextant/task/encoded_prompt.hpp"

namespace sextant::ttt {

/// The sequences of a prompt that a pass runs over.
enum class Sequences {
  examples,  ///< The n examples: predictions are [n].
  all        ///< All n + m, of which the queries only predict: [n + m], examples first.
};

/// How a model that was loaded from files reads further inputs beside the examples of its prompt;
/// of a prompt made of tokens or of numbers there is no such way.
struct ModelOrigin {
  std::filesystem::path directory = {};  ///< Of the model; empty when it was not loaded.
  /// The queries of the result are the texts, one each; empty for tables.
  std::function<task::EncodedPrompt(const std::vector<std::string>&)> read_texts = {};
  /// The queries of the result are the rows' scalars, and its source says how they were read; empty
  /// but for tables.
  std::function<task::EncodedPrompt(const io::CsvTable&)> read_rows = {};
};

/// n examples and m queries ready to run. Sequences are numbered examples first.
/// The base weights are never changed: every function that works with other weights takes them.
/// Const functions may run in several threads at once: they change nothing that is shared, and take
/// turns at the threads that `set_threads` allows. `set_block_scales`, assignment and `set_threads`
/// itself must not run beside them.
class PromptModel {
 public:
  /// Throws `InputError` naming `label` when a sequence is longer than the model's context or the
  /// prompt's kind (decoder, encoder, table) is not the model's, `ArgumentError` for a prompt
  /// without examples, numbers of targets other than those of sequences, targets that are not
  /// finite, and no readout.
  PromptModel(model::Weights<float> weights, task::EncodedPrompt prompt,
              std::shared_ptr<const model::ScalarReadout<float>> readout, const std::string& label,
              ModelOrigin origin = {});

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
  /// A geometry that was captured before holds the scales of that time, and is refused by updates.
  /// Throws `ArgumentError` for a block that the model lacks and a scale outside 1e-9 to 1e9.
  void set_block_scales(geometry::BlockScales scales);
  const geometry::BlockScales& block_scales() const { return block_scales_; }
  double block_scale(const std::string& block) const {
    return geometry::scale_of(block_scales_, block);
  }

  /// Predictions s of all n + m sequences with the given weights. Throws `ArgumentError` where
  /// these are of a model of another architecture or other sizes (so do the two functions below),
  /// and `NumericalError` for a prediction that is not finite.
  Eigen::VectorXd predictions(const model::Weights<float>& weights) const;

  /// Predictions [texts] of new inputs with the given weights, the base ones or adapted ones, in
  /// the units of the readout. A decoder reads each as it would read a query with this x: after the
  /// prompt's examples, in its template. An encoder reads each text alone. Texts do not see one
  /// another, so a prediction is that of the text by itself, up to single precision. No text gives
  /// no prediction.
  ///
  /// Throws `ArgumentError` for a model of tables and one that was not loaded with a prompt of
  /// texts, `InputError` naming "queries[i]" of "texts" for a text without tokens, one that the
  /// model's context cannot hold, and a label that is not one token after it. Cost: the examples
  /// and the texts tokenised, and a forward pass over the texts. Deterministic.
  Eigen::VectorXd predict(const model::Weights<float>& weights,
                          const std::vector<std::string>& texts) const;
  /// The same for the rows of a table: probabilities [rows * scalars], row by row, as
  /// `readout::scalars_per_row` has it. `rows` has the columns of the examples' table, in any
  /// order, without or with the label, which nothing reads; categories and scales are those of the
  /// examples. What counts as missing in `rows`, `row_notes` says. Throws `ArgumentError` for a
  /// model of texts, `InputError` for a column that `rows` lacks.
  Eigen::VectorXd predict_rows(const model::Weights<float>& weights,
                               const io::CsvTable& rows) const;
  /// What `predict_rows` reads in `rows` otherwise than may be meant, one sentence each: categories
  /// that no example has and cells that are no numbers as the examples write them, which count as
  /// missing, and whatever else `task::ClassTable::notes` has to say beyond what it says of the
  /// prompt. Throws as `predict_rows`. Cost: the examples and the rows parsed.
  std::vector<std::string> row_notes(const io::CsvTable& rows) const;

  /// Captures residuals, kernels, couplings and variances at the base weights (theory Sec. 1).
  /// Throws `ArgumentError` for options that ask for layers outside the model, no kind, one that is
  /// not cut into blocks, or tokenwise features of a model that is no decoder; `NumericalError`
  /// when the kernels would take more than 0.8 of the machine's memory
  /// (`check_capture_memory`); when a prediction is not finite, `InputError` naming the weight to
  /// blame of a loaded model, otherwise `NumericalError`.
  /// Cost: one forward and one reverse pass over all sequences, and the Gram matrices.
  geometry::PromptGeometry capture(const model::CaptureOptions& options) const;

  /// What to know of a capture of `blocks`, one sentence each: scales that have no effect.
  std::vector<std::string> capture_notes(std::span<const geometry::Block> blocks) const;

  /// What enters `layer` at the base weights: shared by all passes with weights that differ from
  /// that layer on alone. Throws `ArgumentError` unless the layer is 0 to L - 1.
  model::LayerInput<float> layer_input(Sequences sequences, int layer) const;

  /// One pass: predictions s with `weights`, and, added to `gradient`, sum_i c_i ds_i/dw over the
  /// examples with c = `coefficients(s)` [n]. `input` comes from `layer_input` for the same
  /// sequences and a layer no higher than the gradient's lowest. What examples share is computed
  /// once.
  ///
  /// Throws `ArgumentError` for weights or a gradient of another model, an input of other sequences
  /// or a higher layer, and coefficients of another number than n or not finite; then `gradient` is
  /// as it was. Throws `NumericalError` for a prediction that is not finite. Cost: a forward and a
  /// reverse pass from the input's layer on. Deterministic.
  template <class Coefficients>
  Eigen::VectorXd accumulate(Sequences sequences, const model::LayerInput<float>& input,
                             const model::Weights<float>& weights, const Coefficients& coefficients,
                             model::BlockGradient<float>& gradient) const {
    const bool all = sequences == Sequences::all;
    const auto& batch = all ? batch_ : examples_batch_;
    const auto& layouts = all ? layouts_ : examples_layouts_;
    check_pass(batch, input, weights, gradient);
    const auto activations = model::forward_from(input, weights, layouts, true);
    Eigen::VectorXd predicted = model::predict(activations.hidden, batch, *readout_);
    pull_back(weights, activations, batch, layouts, coefficients(predicted), gradient);
    return predicted;
  }

 private:
  void check_reads_rows(std::string_view function) const;
  /// Of the prompt's queries alone, which need not be this model's prompt's.
  Eigen::VectorXd query_predictions(const model::Weights<float>& weights,
                                    const task::EncodedPrompt& prompt,
                                    const std::string& label) const;
  void check_pass(const model::TokenBatch& batch, const model::LayerInput<float>& input,
                  const model::Weights<float>& weights,
                  const model::BlockGradient<float>& gradient) const;
  void pull_back(const model::Weights<float>& weights, const model::Activations<float>& activations,
                 const model::TokenBatch& batch, const model::AttentionLayouts& layouts,
                 const Eigen::VectorXd& coefficients, model::BlockGradient<float>& gradient) const;

  model::Weights<float> weights_;
  geometry::BlockScales block_scales_;
  task::EncodedPrompt prompt_;
  ModelOrigin origin_;
  std::shared_ptr<const model::ScalarReadout<float>> readout_;
  model::TokenBatch batch_;
  model::TokenBatch examples_batch_;
  model::AttentionLayouts layouts_;
  model::AttentionLayouts examples_layouts_;
};

/// Throws `NumericalError` when `blocks` kernels of n x n examples would take more than 0.8 of
/// `memory` bytes (0: unknown, which is enough): better than being stopped by the system.
void check_capture_memory(Eigen::Index examples, std::size_t blocks, std::size_t memory);

/// Whose prompts a model reads.
enum class ModelKind { decoder, encoder, of_rows };

/// Throws `InputError` naming `label` unless prompts of this kind are what the model reads.
void check_prompt_kind(ModelKind kind, const model::ModelConfig& config, const std::string& label);

}  // namespace sextant::ttt
