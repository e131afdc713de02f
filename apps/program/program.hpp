#pragma once

/// What the programs have in common: from the command line to the exit status.

#include <CLI/CLI.hpp>
#include <filesystem>
#include <functional>

namespace sextant::apps {

/// Runs the command that the arguments ask for, of those that `add_commands` adds, after `before`.
/// Returns the exit status: 0, or with a message on standard error 2 for wrong usage, 3 for bad
/// input, 4 for no numerical answer. To be called once, in the first line of `main`.
int run_program(
    int argc, char** argv, const std::function<void(CLI::App&)>& add_commands,
    const std::function<void()>& before = [] {});

/// The file of the program that is running.
std::filesystem::path program_path();

}  // namespace sextant::apps
