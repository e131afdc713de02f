/// Our side of tabular_inference_peer.py: seconds to predict all queries of a table, files loaded
/// and rows packed before the clock starts, and the predictions, as JSON on standard output.

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <string>
#include <vector>

#include "sextant/core/errors.hpp"
#include "sextant/core/memory.hpp"
#include "sextant/core/threads.hpp"
#include "sextant/model/prediction.hpp"
#include "sextant/readout/class_probabilities.hpp"
#include "sextant/ttt/load.hpp"
#include "startup/blas_kernels.hpp"

namespace {

struct Options {
  std::string model;
  std::string csv;
  std::string query_csv;
  int threads = 0;
  int rounds = 5;
};

void run(const Options& options) {
  using Clock = std::chrono::steady_clock;
  sextant::set_threads(options.threads);
  sextant::ttt::PromptModelFiles files;
  files.model = options.model;
  files.table.emplace();
  files.table->examples = options.csv;
  files.table->queries = options.query_csv;
  const sextant::ttt::PromptModel model = sextant::ttt::load_prompt_model(files);
  const auto batch = sextant::task::pack(model.prompt(), model.prompt().query_tokens);
  const auto layouts = sextant::model::tree_layouts(batch);
  Eigen::VectorXd predictions;
  std::vector<double> seconds;
  // The first round meets cold caches and is not timed, as PyTorch's is not.
  for (int round = 0; round <= options.rounds; ++round) {
    const auto begin = Clock::now();
    const auto hidden = sextant::model::forward(model.weights(), batch, layouts, false).hidden;
    predictions = sextant::model::predict(hidden, batch, model.readout());
    if (round > 0) {
      seconds.push_back(std::chrono::duration<double>(Clock::now() - begin).count());
    }
  }
  std::ranges::sort(seconds);
  fmt::print("{{\"seconds\": {:.6e}, \"predictions\": [{}]}}\n", seconds[seconds.size() / 2],
             fmt::join(predictions, ", "));
}

}  // namespace

int main(int argc, char** argv) {
  sextant::startup::choose_blas_kernels();
  sextant::keep_freed_memory();
  Options options;
  CLI::App app("Times the prediction of all queries of a table", "tabular_timing");
  app.add_option("--model", options.model, "Model directory")->required();
  app.add_option("--csv", options.csv, "Labelled rows")->required();
  app.add_option("--query-csv", options.query_csv, "Rows to predict")->required();
  app.add_option("--threads", options.threads, "Threads to use; 0: one per core");
  app.add_option("--rounds", options.rounds, "Timed rounds, of which the median is printed");
  CLI11_PARSE(app, argc, argv);
  try {
    run(options);
    return 0;
  } catch (const sextant::Error& error) {
    fmt::print(stderr, "tabular_timing: {}\n", error.what());
    return error.exit_status();
  }
}
