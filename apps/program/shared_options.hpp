#pragma once

/// The options that every command has.

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

}  // namespace sextant::apps
