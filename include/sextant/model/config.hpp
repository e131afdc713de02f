#pragma once

/// What a model directory's config.json says, for the families that are supported.

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sextant/model/architecture.hpp"

namespace sextant::model {

/// How the frequencies of rotary positions are changed for longer contexts: not at all; all divided
/// by `factor`; or, as in Llama 3, the low ones divided by it, the high ones left alone, and those
/// in between interpolated.
enum class RotaryScaling { none, linear, llama3 };

/// Frequencies theta^(-2 j / head width) of rotary positions.
struct Rotary {
  double theta = 10000;
  RotaryScaling scaling = RotaryScaling::none;
  double factor = 1;
  double low_frequency_factor = 1;  ///< llama3 only, as the rest.
  double high_frequency_factor = 4;
  double original_context = 8192;
};

/// The frequencies [head_width / 2] in radians per position.
std::vector<double> rotary_frequencies(const Rotary& rotary, int head_width);

/// Which of a layer's matrices have a bias beside them.
struct Biases {
  bool query_key_value = true;
  bool output = true;
  bool mlp = true;
};

/// Shapes use V = vocabulary, C = context, d = width, H = query heads, G = key-value heads, w =
/// head width, F = inner, P = features.
struct ModelConfig {
  ModelConfig() : ModelConfig(Family::gpt2) {}
  explicit ModelConfig(Family model_family)
      : family(model_family), architecture(architecture_of(model_family)) {}

  Family family;
  Architecture architecture;
  int layers = 0;
  int heads = 0;
  int width = 0;            ///< d
  int key_value_heads = 0;  ///< G, a divisor of heads; 0: as many as heads.
  int head_size = 0;        ///< w; 0: width / heads, which has to divide.
  int inner = 0;            ///< F, width of the MLP's hidden layer.
  int vocabulary = 0;  ///< V; of a row model the classes that it can tell apart; of a series 1.
  int context = 0;     ///< C, the longest sequence.
  int features = 0;    ///< P, the most features of a row; rows and series only.
  Activation activation = Activation::gelu_tanh;
  double norm_epsilon = 1e-5;
  Biases biases = {};
  bool tied_head = true;                  ///< Of models with a head; see also `open_directory`.
  bool scale_attention = true;            ///< Divide scores by sqrt(head width).
  bool scale_attention_by_layer = false;  ///< Divide scores by layer + 1 too (GPT-2 option).
  std::optional<double> query_scalar;     ///< Gemma: divide scores by its root instead.
  double embedding_scale = 1;             ///< Factor on token embeddings.
  int position_offset = 0;  ///< Row of the position table for a sequence's first token.
  Rotary rotary = {};
  std::optional<Rotary> local_rotary = {};  ///< Of the layers with a window; `rotary` without one.
  /// [layers] how many keys, its own among them, a query sees at most; 0 for all. Empty: no
  /// windows.
  std::vector<int> windows = {};

  int head_width() const { return head_size > 0 ? head_size : width / heads; }
  int key_heads() const { return key_value_heads > 0 ? key_value_heads : heads; }
  /// Of queries and mixed values, H w.
  int query_width() const { return heads * head_width(); }
  /// Of keys and values, G w.
  int key_width() const { return key_heads() * head_width(); }
  bool causal() const { return architecture.causal; }
  bool reads_rows() const { return architecture.reading == Reading::rows; }
  /// Features of a `RowTable` in place of tokens.
  bool reads_features() const { return architecture.reading != Reading::tokens; }
  bool is_encoder() const { return !causal() && !reads_rows(); }
  bool is_gated() const { return architecture.mlp == MlpKind::gated; }
  /// The factor on query-key products in `layer`.
  double attention_scale(int layer) const;
  /// See `windows`.
  int window(int layer) const;
};

/// Parses the text of a config.json. Throws `InputError` naming `file` and the key for an unknown
/// architecture, a missing or inconsistent size, or a variant that is not supported (relative
/// positions, cross attention, unknown activation).
ModelConfig parse_config(std::string_view text, std::string_view file);

/// Reads DIR/config.json; see `parse_config` and `check_directory`.
ModelConfig read_config(const std::filesystem::path& directory);

}  // namespace sextant::model
