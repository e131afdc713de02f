#pragma once

/// What each family calls its tensors.

#include <string>
#include <string_view>

#include "sextant/model/weights.hpp"

namespace sextant::model {

/// Names without the family's prefix; empty where a family has no such tensor.
struct TensorNames {
  std::string_view prefix;  ///< "transformer.": of models saved with a head.
  std::string_view token, position, feature, type;
  std::string_view first_norm;      ///< After the embeddings; `NormPlacement::after` alone.
  std::string_view final_norm;      ///< Of all others.
  std::string_view layer;           ///< "h", before the layer's number.
  std::string_view linear[7];       ///< Within a layer, by `LinearKind`.
  std::string_view norms[6];        ///< Within a layer, by `NormRole`; see `norm_name`.
  bool fused = false;               ///< Query, key and value side by side in one tensor.
  bool transposed = true;           ///< Matrices lie there as [out, in].
  std::string_view layers_setting;  ///< What config.json calls the number of layers.
};

const TensorNames& tensor_names(Family family);

/// "h.4.attn.c_attn", to which ".weight" and ".bias" are added.
std::string linear_name(const ModelConfig& config, int layer, LinearKind kind);

/// "h.4.ln_1", "ln_f": of the norm that `Weights::norm` calls so. With norms after the sub-layers,
/// what feeds a layer's attention is the last norm of the layer before.
std::string norm_name(const ModelConfig& config, int layer, NormRole role);

inline constexpr std::string_view head_tensor = "lm_head.weight";

}  // namespace sextant::model
