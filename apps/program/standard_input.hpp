#pragma once

/// "-" in place of an input's name: standard input.

#include <filesystem>
#include <string>
#include <vector>

#include "program/output.hpp"

namespace sextant::apps {

/// What messages and headings call it.
inline constexpr const char* standard_input_name = "standard input";

bool is_standard_input(const std::filesystem::path& path);
/// What messages and headings call the input at `path`.
std::string input_name(const std::string& path);

/// All of standard input. Throws `InputError` when it is empty or cannot be read; `expected`: "a
/// prompt (JSON)".
std::string read_standard_input(const std::string& expected);

/// Throws `UsageError` when "-" is given for an input that has to be a file, or for two inputs.
void check_standard_input(const std::vector<NamedPath>& inputs);

/// Throws `UsageError` for an output called "-".
void check_is_no_dash(const NamedPath& output);

}  // namespace sextant::apps
