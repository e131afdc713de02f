#pragma once

/// The subcommands of the program. Each file registers its own.

#include <CLI/CLI.hpp>

namespace sextant::apps {

void add_advise(CLI::App& app);
void add_geometry(CLI::App& app);
void add_select(CLI::App& app);
void add_score(CLI::App& app);
void add_adapt(CLI::App& app);
void add_inspect(CLI::App& app);
void add_fit_head(CLI::App& app);

}  // namespace sextant::apps
