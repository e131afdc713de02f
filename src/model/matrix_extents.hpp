#pragma once

#include <utility>

#include "sextant/model/weights.hpp"

namespace sextant::model::detail {

/// Extents [in, out] of a layer's matrix of this kind.
inline std::pair<int, int> extents(const ModelConfig& config, LinearKind kind) {
  switch (kind) {
    case LinearKind::query:
      return {config.width, config.query_width()};
    case LinearKind::key:
    case LinearKind::value:
      return {config.width, config.key_width()};
    case LinearKind::output:
      return {config.query_width(), config.width};
    case LinearKind::mlp_in:
    case LinearKind::mlp_gate:
      return {config.width, config.inner};
    case LinearKind::mlp_out:
      return {config.inner, config.width};
  }
  return {0, 0};
}

}  // namespace sextant::model::detail
