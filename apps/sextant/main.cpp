#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <filesystem>
#include <functional>
#include <new>

#include "commands.hpp"
#include "output.hpp"
#include "sextant/core/errors.hpp"
#include "sextant/core/memory.hpp"
#include "sextant/core/threads.hpp"
#include "sextant/core/version.hpp"

namespace sextant::apps {

void add_shared_options(CLI::App& command, SharedOptions& options) {
  command.add_option("--threads", options.threads, "Threads to use; 0: one per core")
      ->check(CLI::Range(0, 1024))
      ->capture_default_str();
  command.add_option("--seed", options.seed, "Seed of everything random")->capture_default_str();
  command.add_flag("--quiet", options.quiet, "No progress and no warnings");
}

void apply_shared_options(const SharedOptions& options) { set_threads(options.threads); }

namespace {

int fail(std::string_view message, int status) {
  fmt::print(stderr, "sextant: {}\n", message);
  return status;
}

/// Runs `body` and turns what it throws into a message and an exit status: 2 wrong usage, 3 bad
/// input, 4 no numerical answer.
int run_guarded(const CLI::App& app, const std::function<void()>& body) {
  try {
    body();
    return 0;
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app.exit(error);  // --help
    return fail(fmt::format("{} (see --help)", error.what()), 2);
  } catch (const Error& error) {
    return fail(error.what(), error.exit_status());
  } catch (const std::filesystem::filesystem_error& error) {
    return fail(error.what(), 3);
  } catch (const std::bad_alloc&) {
    return fail("out of memory", 4);
  } catch (const std::exception& error) {
    return fail(fmt::format("internal error: {}", error.what()), 4);
  }
}

}  // namespace
}  // namespace sextant::apps

int main(int argc, char** argv) {
  using namespace sextant::apps;
  sextant::keep_freed_memory();
  CLI::App app("Chooses the hyperparameters of test-time training by Bayesian analysis", "sextant");
  app.require_subcommand(1);
  remember_command_line(argc, argv);
  app.set_version_flag("--version", std::string(sextant::version()));
  add_advise(app);
  add_geometry(app);
  add_select(app);
  add_score(app);
  add_adapt(app);
  add_inspect(app);
  add_fit_head(app);
  add_pretrain(app);
  add_prompt(app);
  return run_guarded(app, [&] { app.parse(argc, argv); });
}
