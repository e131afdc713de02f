#pragma once

/// Tensors of a model directory that no parameter of its model is read from.

#include <vector>

#include "sextant/model/directory.hpp"

namespace sextant::model {

/// Layers beyond the configuration's, heads of other tasks, second copies under another name, and
/// what the architecture does not have; nothing for buffers. Cost: a pass over second copies.
std::vector<NotUsed> unused_tensors(const ModelDirectory& directory);

}  // namespace sextant::model
