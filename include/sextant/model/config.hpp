#pragma once

/// What a model directory's config.json says, for the families that are supported.

#include <filesystem>
#include <string>

namespace sextant::model {

/// GPT-2: causal, layer norm before each sub-layer, head tied to the token embedding.
/// BERT: bidirectional, layer norm after each sub-layer, mean pooling over tokens.
/// Rows: one token per row of a table, made from its features and, for context rows, its label;
/// context rows attend to context rows, a query to context rows alone; no positions. Layers as
/// GPT-2's, a head of its own over the classes.
/// Series: GPT-2 on rows of numbers in place of tokens, with a head of its own for the number that
/// a position predicts.
enum class Family { gpt2, bert, rows, series };

/// `gelu` is x Phi(x); `gelu_tanh` its tanh approximation.
enum class Activation { gelu, gelu_tanh, relu };

/// Shapes use V = vocabulary, C = context, d = width, H = heads, F = inner, P = features.
struct ModelConfig {
  Family family = Family::gpt2;
  int layers = 0;
  int heads = 0;
  int width = 0;       ///< d, a multiple of heads.
  int inner = 0;       ///< F, width of the MLP's hidden layer.
  int vocabulary = 0;  ///< V; of a row model the classes that it can tell apart; of a series 1.
  int context = 0;     ///< C, the longest sequence.
  int features = 0;    ///< P, the most features of a row; rows and series only.
  Activation activation = Activation::gelu_tanh;
  double norm_epsilon = 1e-5;
  bool tied_head = true;                  ///< GPT-2 only; see also `open_directory`.
  bool scale_attention = true;            ///< Divide scores by sqrt(head width).
  bool scale_attention_by_layer = false;  ///< Divide scores by layer + 1 too (GPT-2 option).

  int head_width() const { return width / heads; }
  bool causal() const { return family == Family::gpt2 || family == Family::series; }
  bool reads_rows() const { return family == Family::rows; }
  /// Features of a `RowTable` in place of tokens.
  bool reads_features() const { return family == Family::rows || family == Family::series; }
  /// Layer norm after each sub-layer rather than before it.
  bool post_norm() const { return family == Family::bert; }
  /// The factor on query-key products in `layer`.
  double attention_scale(int layer) const;
};

/// "gpt2", "bert", "rows" or "series".
std::string family_name(Family family);

/// Parses the text of a config.json. Throws `InputError` naming `file` and the key for an unknown
/// architecture, a missing or inconsistent size, or a variant that is not supported (relative
/// positions, cross attention, unknown activation).
ModelConfig parse_config(std::string_view text, std::string_view file);

/// Reads DIR/config.json; see `parse_config` and `check_directory`.
ModelConfig read_config(const std::filesystem::path& directory);

}  // namespace sextant::model
