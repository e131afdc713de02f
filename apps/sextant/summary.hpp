#pragma once

/// What files hold, as JSON and as text.

#include <filesystem>
#include <string>

#include "sextant/geometry/prompt_geometry.hpp"
#include "sextant/readout/linear_head.hpp"
#include "sextant/report/table.hpp"
#include "sextant/task/class_table.hpp"
#include "sextant/task/prompt.hpp"

namespace sextant::apps {

/// A summary both for machines and for people.
struct Summary {
  report::OrderedJson json;
  std::string text;
};

Summary summarize_geometry(const geometry::PromptGeometry& geometry,
                           const report::TerminalStyle& style);
/// A model directory: configuration, tensors, blocks, tokenizer.
Summary summarize_model(const std::filesystem::path& directory, const report::TerminalStyle& style);
Summary summarize_prompt(const task::Prompt& prompt, const report::TerminalStyle& style);
/// A table: what rows were read as, what each column holds, and what may not be meant.
Summary summarize_table(const task::ClassTable& table, const report::TerminalStyle& style);
Summary summarize_head(const readout::LinearHead& head, const report::TerminalStyle& style);

}  // namespace sextant::apps
