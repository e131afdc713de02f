#pragma once

#include <utility>

#include "sextant/model/weights.hpp"

namespace sextant::model::detail {

/// Extents [in, out] of a layer's matrix of this kind.
inline std::pair<int, int> extents(const ModelConfig& config, LinearKind kind) {
  switch (kind) {
    case LinearKind::mlp_in:
      return {config.width, config.inner};
    case LinearKind::mlp_out:
      return {config.inner, config.width};
    default:
      return {config.width, config.width};
  }
}

}  // namespace sextant::model::detail
