#include "program/shared_options.hpp"

#include <string>

#include "program/help.hpp"
#include "sextant/core/threads.hpp"

namespace sextant::apps {

namespace {

const CLI::Validator not_negative(
    [](const std::string& text) {
      return text.starts_with('-') ? std::string("is negative") : std::string();
    },
    "");

}  // namespace

void add_shared_options(CLI::App& command, SharedOptions& options) {
  in_group(command, running_group, [&] {
    command.add_option("--threads", options.threads, "Threads to use; 0: one per core")
        ->check(CLI::Range(0, 1024))
        ->capture_default_str();
    command.add_option("--seed", options.seed, "Seed of everything random, 0 or more")
        ->check(not_negative)
        ->capture_default_str();
    command.add_flag("--quiet", options.quiet, "No progress and no warnings");
  });
}

void apply_shared_options(const SharedOptions& options) { set_threads(options.threads); }

}  // namespace sextant::apps
