#include "commands.hpp"
#include "program/program.hpp"

int main(int argc, char** argv) {
  using namespace sextant::apps;
  return run_program(argc, argv, [](CLI::App& app) {
    add_pretrain(app);
    add_prompt(app);
    add_linear(app);
    add_reproduce(app);
  });
}
