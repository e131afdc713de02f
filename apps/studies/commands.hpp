#pragma once

/// The commands of the studies. Each file registers its own.

#include <CLI/CLI.hpp>

namespace sextant::apps {

void add_pretrain(CLI::App& app);
void add_prompt(CLI::App& app);
void add_linear(CLI::App& app);
void add_reproduce(CLI::App& app);

}  // namespace sextant::apps
