#pragma once

/// The commands that a program of its own runs: `sextant-studies`, to which `sextant` hands over.
/// So that whoever uses the product need not build the studies.

#include <CLI/CLI.hpp>
#include <string_view>

namespace sextant::apps {

/// Adds the command with its description. `name` is one of the four.
CLI::App& add_study_command(CLI::App& app, std::string_view name);

/// Adds all four, for the list of commands and its checks.
void add_study_commands(CLI::App& app);

/// Where the first argument is one of them, runs `sextant-studies`, which lies beside this program,
/// with the same arguments, in place of this process. Returns when it is none. Throws `InputError`
/// when that program cannot be run.
void hand_over_to_studies(int argc, char** argv);

}  // namespace sextant::apps
