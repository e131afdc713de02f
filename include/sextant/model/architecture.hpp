#pragma once

/// What the layers of each family compute, apart from sizes: a descriptor for every family, from
/// which the passes take their operations (src/model/operations.hpp).

#include <string>

namespace sextant::model {

/// GPT-2 and BERT with its relatives; Llama (SmolLM2 too), Mistral, Qwen2, Qwen3 and Gemma 3
/// (text). Rows: one token per row of a table, made from its features and, for context rows, its
/// label; context rows attend to context rows, a query to context rows alone; no positions. Layers
/// as GPT-2's, a head of its own over the classes. Series: GPT-2 on rows of numbers in place of
/// tokens, with a head of its own for the number that a position predicts.
enum class Family {
  gpt2,
  bert,
  rows,
  series,
  roberta,
  distilbert,
  llama,
  mistral,
  qwen2,
  qwen3,
  gemma3
};

/// `gelu` is x Phi(x), `gelu_tanh` its tanh approximation, `silu` x / (1 + exp(-x)).
enum class Activation { gelu, gelu_tanh, relu, silu };

/// What a sequence is made of.
enum class Reading { tokens, rows, series };

/// gain (x - mean) / deviation + bias; gain x / (root mean square); (1 + gain) x / (the same).
enum class NormKind { layer, rms, rms_plus_one };

/// Where norms stand about attention and MLP: before each; after each and its addition to the
/// stream, which continues from the norm; before each, and on what it adds to the stream.
enum class NormPlacement { before, after, around };

enum class PositionKind { none, learned, rotary };

/// W_out f(W_in x), or W_out (f(W_gate x) * W_in x).
enum class MlpKind { plain, gated };

/// A family's layers.
struct Architecture {
  Reading reading = Reading::tokens;
  bool causal = true;
  bool has_head = true;  ///< A matrix from hidden states to the vocabulary, or to classes.
  NormKind norm = NormKind::layer;
  NormPlacement norm_placement = NormPlacement::before;
  /// Queries and keys are normalised head by head, before they are rotated.
  bool normalizes_heads = false;
  PositionKind positions = PositionKind::learned;
  bool has_token_types = false;  ///< Row 0 of their table is added to every token.
  MlpKind mlp = MlpKind::plain;
};

/// The descriptor of `family`.
const Architecture& architecture_of(Family family);

/// "gpt2", "bert", "rows", "series", "llama" and so on: `model_type`, but for our own two.
std::string family_name(Family family);

}  // namespace sextant::model
