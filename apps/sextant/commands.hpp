#pragma once

/// The subcommands of the program. Each file registers its own.

#include <CLI/CLI.hpp>
#include <cstdint>

namespace sextant::apps {

/// Options that commands have in common.
struct SharedOptions {
  int threads = 0;  ///< 0: one per core.
  std::uint64_t seed = 1;
  bool quiet = false;  ///< No progress and no warnings.
};

/// Adds --threads, --seed and --quiet to a command. `options` must outlive the parse.
void add_shared_options(CLI::App& command, SharedOptions& options);

/// Puts the options that concern the whole process into effect.
void apply_shared_options(const SharedOptions& options);

void add_advise(CLI::App& app);
void add_geometry(CLI::App& app);
void add_select(CLI::App& app);
void add_score(CLI::App& app);
void add_adapt(CLI::App& app);
void add_inspect(CLI::App& app);
void add_fit_head(CLI::App& app);
void add_pretrain(CLI::App& app);
void add_prompt(CLI::App& app);
void add_linear(CLI::App& app);
void add_reproduce(CLI::App& app);

}  // namespace sextant::apps
