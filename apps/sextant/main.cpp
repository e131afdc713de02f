#include "commands.hpp"
#include "program/program.hpp"
#include "program/study_commands.hpp"

int main(int argc, char** argv) {
  using namespace sextant::apps;
  const auto add_commands = [](CLI::App& app) {
    add_advise(app);
    add_geometry(app);
    add_select(app);
    add_score(app);
    add_adapt(app);
    add_inspect(app);
    add_fit_head(app);
    add_study_commands(app);
  };
  return run_program(argc, argv, add_commands, [&] { hand_over_to_studies(argc, argv); });
}
