/// Our side of capture_peer.py: seconds to capture all value-head kernels of one prompt, files
/// loaded before the clock starts, as JSON on standard output.

#include <fmt/format.h>

#include <optional>
#include <string>

#include "sextant/geometry/file.hpp"
#include "sextant/ttt/load.hpp"
#include "startup/blas_kernels.hpp"
#include "timing_program.hpp"

namespace {

struct Options {
  std::string model;
  std::string prompt;
  std::string head;
  std::string out;
};

void run(const Options& options) {
  sextant::ttt::PromptModelFiles files;
  files.model = options.model;
  files.prompt = options.prompt;
  if (!options.head.empty()) files.head = options.head;
  const sextant::ttt::PromptModel model = sextant::ttt::load_prompt_model(files);
  double seconds = 0;
  // The first capture meets cold caches and is not timed, as PyTorch's is not.
  for (int round = 0; round < 2; ++round) {
    const auto begin = sextant::bench::Clock::now();
    const auto geometry = model.capture({});
    seconds = sextant::bench::seconds_since(begin);
    if (!options.out.empty()) sextant::geometry::write_geometry(options.out, geometry);
  }
  fmt::print("{{\"capture_seconds\": {:.6e}}}\n", seconds);
}

}  // namespace

int main(int argc, char** argv) {
  sextant::startup::choose_blas_kernels();
  Options options;
  CLI::App app("Times the capture of all value-head kernels", "capture_timing");
  app.add_option("--model", options.model, "Model directory")->required();
  app.add_option("--prompt", options.prompt, "Prompt file")->required();
  app.add_option("--head", options.head, "An encoder's head");
  app.add_option("--out", options.out, "Where to write the geometry");
  return sextant::bench::run_timing(app, argc, argv, [&] { run(options); });
}
