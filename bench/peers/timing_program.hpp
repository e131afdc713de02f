#pragma once

/// The frame of a program that prints timings as JSON for a script beside it.

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdio>
#include <functional>

#include "sextant/core/errors.hpp"
#include "sextant/core/memory.hpp"
#include "sextant/core/threads.hpp"

namespace sextant::bench {

using Clock = std::chrono::steady_clock;

inline double seconds_since(Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

/// Adds --threads to `app`, parses and runs; the program's exit status.
inline int run_timing(CLI::App& app, int argc, char** argv, const std::function<void()>& run) {
  keep_freed_memory();
  int threads = 0;
  app.add_option("--threads", threads, "Threads to use; 0: one per core");
  CLI11_PARSE(app, argc, argv);
  try {
    set_threads(threads);
    run();
    return 0;
  } catch (const Error& error) {
    fmt::print(stderr, "{}: {}\n", app.get_name(), error.what());
    return error.exit_status();
  }
}

}  // namespace sextant::bench
