#pragma once

/// What --help looks like: options in groups, lines of at most 80 columns, an example at the end.

#include <CLI/CLI.hpp>
#include <memory>
#include <string>

namespace sextant::apps {

/// Names of the groups, in the order in which commands add their options.
inline constexpr const char* input_group = "Input";
inline constexpr const char* how_far_group = "How far";
inline constexpr const char* which_group = "Which blocks";
inline constexpr const char* update_group = "The update";
inline constexpr const char* output_group = "Output";
inline constexpr const char* running_group = "Running";

/// Breaks descriptions and footers at 80 columns.
std::shared_ptr<CLI::Formatter> help_formatter();

/// Puts the options that `add` adds to `command`, and that no other group has, into `group`.
template <class Add>
void in_group(CLI::App& command, const char* group, const Add& add) {
  const auto before = command.get_options().size();
  add();
  const auto options = command.get_options();
  for (std::size_t i = before; i < options.size(); ++i) {
    if (options[i]->get_group() == "Options") options[i]->group(group);
  }
}

/// Ends the help of `command` with this example and what it does.
void add_example(CLI::App& command, const std::string& example, const std::string& meaning);

}  // namespace sextant::apps
