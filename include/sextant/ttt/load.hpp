#pragma once

/// From files to a `PromptModel`.

#include <filesystem>
#include <optional>

#include "sextant/ttt/prompt_model.hpp"

namespace sextant::ttt {

/// The files that make a `PromptModel`.
struct PromptModelFiles {
  std::filesystem::path model;   ///< Directory.
  std::filesystem::path prompt;  ///< JSON.
  /// An encoder's head, by default head.safetensors in the model's directory; wrong for decoders.
  std::optional<std::filesystem::path> head;
  std::optional<int> query;  ///< Keep only this query.
};

/// Reads model, tokenizer, prompt and head. Throws `InputError` for whatever is wrong in them, and
/// `ArgumentError` when the query does not exist or a head is missing or not wanted.
PromptModel load_prompt_model(const PromptModelFiles& files);

}  // namespace sextant::ttt
