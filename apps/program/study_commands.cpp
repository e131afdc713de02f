#include "program/study_commands.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <string>
#include <utility>

#include "program/program.hpp"
#include "sextant/core/errors.hpp"

namespace sextant::apps {
namespace {

using Command = std::pair<std::string_view, std::string_view>;

constexpr Command study_commands[] = {
    {"pretrain", "Train a small in-context learner from scratch"},
    {"prompt", "Draw a prompt file from a family of tasks"},
    {"linear", "The linear transformer: adapt or not, which start, which step, what gain"},
    {"reproduce",
     "Run an experiment of the papers, or check a statement of the theory by simulation"}};

}  // namespace

CLI::App& add_study_command(CLI::App& app, std::string_view name) {
  const auto found = std::ranges::find(study_commands, name, &Command::first);
  return *app.add_subcommand(std::string(found->first), std::string(found->second));
}

void add_study_commands(CLI::App& app) {
  for (const auto& [name, description] : study_commands) add_study_command(app, name);
}

void hand_over_to_studies(int argc, char** argv) {
  if (argc < 2) return;
  const std::string_view name = argv[1];
  if (std::ranges::find(study_commands, name, &Command::first) == std::end(study_commands)) return;
  const std::filesystem::path program = program_path().parent_path() / "sextant-studies";
  ::execv(program.c_str(), argv);
  throw InputError(program.string(), "",
                   fmt::format("cannot be run ({}): it does the command {} and is built and "
                               "installed with `make build` and `make install`",
                               std::strerror(errno), name));
}

}  // namespace sextant::apps
