/// Our side of capture_peer.py: seconds to capture all value-head kernels of one prompt, files
/// loaded before the clock starts, as JSON on standard output.

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <optional>
#include <string>

#include "sextant/core/errors.hpp"
#include "sextant/core/memory.hpp"
#include "sextant/core/threads.hpp"
#include "sextant/geometry/file.hpp"
#include "sextant/ttt/load.hpp"

namespace {

struct Options {
  std::string model;
  std::string prompt;
  std::string head;
  std::string out;
  int threads = 0;
};

void run(const Options& options) {
  using Clock = std::chrono::steady_clock;
  sextant::set_threads(options.threads);
  sextant::ttt::PromptModelFiles files;
  files.model = options.model;
  files.prompt = options.prompt;
  if (!options.head.empty()) files.head = options.head;
  const sextant::ttt::PromptModel model = sextant::ttt::load_prompt_model(files);
  double seconds = 0;
  // The first capture meets cold caches and is not timed, as PyTorch's is not.
  for (int round = 0; round < 2; ++round) {
    const auto begin = Clock::now();
    const auto geometry = model.capture({});
    seconds = std::chrono::duration<double>(Clock::now() - begin).count();
    if (!options.out.empty()) sextant::geometry::write_geometry(options.out, geometry);
  }
  fmt::print("{{\"capture_seconds\": {:.6e}}}\n", seconds);
}

}  // namespace

int main(int argc, char** argv) {
  sextant::keep_freed_memory();
  Options options;
  CLI::App app("Times the capture of all value-head kernels", "capture_timing");
  app.add_option("--model", options.model, "Model directory")->required();
  app.add_option("--prompt", options.prompt, "Prompt file")->required();
  app.add_option("--head", options.head, "An encoder's head");
  app.add_option("--out", options.out, "Where to write the geometry");
  app.add_option("--threads", options.threads, "Threads to use; 0: one per core");
  CLI11_PARSE(app, argc, argv);
  try {
    run(options);
    return 0;
  } catch (const sextant::Error& error) {
    fmt::print(stderr, "capture_timing: {}\n", error.what());
    return error.exit_status();
  }
}
