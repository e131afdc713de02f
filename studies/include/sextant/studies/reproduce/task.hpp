#pragma once

/// One task of a study: a model with its prompt, whose queries have known targets.

#include <cstddef>

#include "sextant/ttt/prompt_model.hpp"

namespace sextant::studies::reproduce {

struct Task {
  double number = 0;      ///< What the rows call it: a seed, or its place.
  std::size_t group = 0;  ///< Index into `Study::groups`; 0 without groups.
  ttt::PromptModel model;
};

}  // namespace sextant::studies::reproduce
