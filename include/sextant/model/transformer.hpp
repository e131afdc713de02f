#pragma once

/// Forward pass and exact reverse mode of the supported transformers, for whole batches.

#include <cstddef>
#include <span>
#include <vector>

#include "sextant/model/attention.hpp"
#include "sextant/model/functions.hpp"
#include "sextant/model/token_batch.hpp"
#include "sextant/model/weights.hpp"

namespace sextant::model {

/// What reverse mode needs of one layer. R rows, Q query rows (all of them, except in the last
/// layer, where only the wanted outputs are computed).
template <class Scalar>
struct LayerActivations {
  Normalized<Scalar>
      norms[norm_role_count];  ///< By `NormRole`: of keys and attention [R], else [Q].
  Rows<Scalar> key, value;     ///< [R, G w] as attention reads them.
  Rows<Scalar> query, mixed;   ///< [Q, H w]; mixed = attention output before W_O.
  Rows<Scalar> inner, gate;    ///< [Q, F] what the MLP's function is applied to.

  const Normalized<Scalar>& norm(NormRole role) const { return norms[static_cast<int>(role)]; }
};

/// The result of a forward pass over a `TokenBatch` with R rows and O outputs.
template <class Scalar>
struct Activations {
  std::vector<LayerActivations<Scalar>> layers;  ///< [L + 1]; the last has the final norm alone.
  Rows<Scalar> hidden;  ///< [O, d] final hidden states, after the last norm.
  /// Bytes held: what "one batch's activations" means in memory bounds.
  std::size_t bytes() const;
};

/// The residual stream on its way into `layer`, before its first norm. Passes whose weights differ
/// from that layer on alone share it.
template <class Scalar>
struct LayerInput {
  int layer = 0;
  Rows<Scalar> stream;  ///< [R, d]
};

/// Runs the embeddings and the layers below `layer`, 0 to L - 1. Throws `ArgumentError` for another
/// layer, when a token is outside the vocabulary, when a sequence is longer than the context, for
/// layouts of another batch, and weights that lack layers or norms of their configuration.
template <class Scalar>
LayerInput<Scalar> layer_input(const Weights<Scalar>& weights, const TokenBatch& batch,
                               const AttentionLayouts& layouts, int layer);

/// Runs the model from `input` on, the result of `layer_input` for the same batch. With `keep` the
/// activations of these layers are kept for `backward` (those below stay empty); otherwise only
/// `hidden` and one layer's worth of memory. Deterministic for any thread count, and the same bit
/// for bit from whichever layer it starts. Throws `ArgumentError` for a layer outside the model, a
/// stream that is not [R, d] of the layouts and the model, and weights that lack layers or norms of
/// their configuration.
template <class Scalar>
Activations<Scalar> forward_from(const LayerInput<Scalar>& input, const Weights<Scalar>& weights,
                                 const AttentionLayouts& layouts, bool keep);

/// Runs the whole model. Throws as `layer_input`.
template <class Scalar>
Activations<Scalar> forward(const Weights<Scalar>& weights, const TokenBatch& batch,
                            const AttentionLayouts& layouts, bool keep);

/// The gradient of a weight matrix is the sum over rows of (input row)' (cotangent row). This holds
/// both factors for one matrix, before the sum is taken.
template <class Scalar>
struct LinearFactors {
  int layer = 0;
  LinearKind kind = LinearKind::value;
  const Rows<Scalar>* input = nullptr;      ///< [rows, in]
  std::span<const int> input_row;           ///< Row i of the cotangent goes with this input row.
  const Rows<Scalar>* cotangent = nullptr;  ///< [rows', out]
  std::span<const RowRange> sequences;      ///< Cotangent rows of each sequence; empty for sums.
};

/// Receives gradient factors as the reverse pass goes from the last layer to the first.
template <class Scalar>
class GradientObserver {
 public:
  virtual ~GradientObserver() = default;
  /// Whether `linear` is to be called for this matrix.
  virtual bool wants(int layer, LinearKind kind) const = 0;
  virtual void linear(const LinearFactors<Scalar>& factors) = 0;
  /// Cotangent of a norm's output, see `Weights::norm`; row i goes with row `at[i]` of
  /// `normalized`.
  virtual void norm(int layer, NormRole role, const Normalized<Scalar>& normalized,
                    std::span<const int> at, const Rows<Scalar>& cotangent) {
    (void)layer, (void)role, (void)normalized, (void)at, (void)cotangent;
  }
  /// Cotangent of the sum of token (times its factor), position and type embeddings; row i belongs
  /// to batch row at[i].
  virtual void embedding(std::span<const int> at, const Rows<Scalar>& cotangent) {
    (void)at, (void)cotangent;
  }
  /// The reverse pass stops after this layer's matrices; -1 goes on to the embeddings.
  virtual int lowest_layer() const { return -1; }
};

/// Reverse mode from `cotangent_hidden` [top queries, d], the gradient of a scalar with respect to
/// final hidden states. `layouts` decides what is differentiated: `tree_layouts` gives the gradient
/// of the sum over all outputs, `sequence_layouts` that of each sequence by itself (row ranges in
/// `sequences`, null for sums). Throws `ArgumentError` unless `activations` reach down to the
/// observer's lowest layer and the cotangent has one row for each top query, and for weights that
/// lack layers or norms of their configuration.
template <class Scalar>
void backward(const Weights<Scalar>& weights, const Activations<Scalar>& activations,
              const AttentionLayouts& layouts, const SequenceLayouts* sequences,
              Rows<Scalar> cotangent_hidden, GradientObserver<Scalar>& observer);

}  // namespace sextant::model
