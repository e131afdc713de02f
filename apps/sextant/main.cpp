#include <CLI/CLI.hpp>

int main(int argc, char** argv) {
  CLI::App app("Chooses the hyperparameters of test-time training by Bayesian analysis", "sextant");
  CLI11_PARSE(app, argc, argv);
  return 0;
}
