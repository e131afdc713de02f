#include <cmath>
#include <memory>
#include <string>

#include "commands.hpp"
#include "program/standard_input.hpp"
#include "program/study_commands.hpp"
#include "sextant/core/errors.hpp"
#include "sextant/io/files.hpp"
#include "sextant/studies/generators/digit_shift.hpp"

namespace sextant::apps {
namespace {

struct PromptOptions {
  std::string out;
  std::string shifts = "0-9";
  double label_noise = 0;
  int examples = 10;
  int queries = 10;
  std::string supervision{task::name_of(task::Supervision::leave_one_out)};
  std::uint64_t seed = 1;
};

void run_prompt(const PromptOptions& options) {
  check_is_no_dash({"--out", options.out});
  if (std::isnan(options.label_noise)) throw UsageError("--noise: is nan, expected 0 to 1");
  const studies::generators::DigitShiftFamily family{
      studies::generators::parse_shifts(options.shifts), options.label_noise};
  task::DecoderPrompt prompt = studies::generators::draw_digit_shift_prompt(
      family, options.examples, options.queries, options.seed);
  prompt.supervision = *task::supervision_from_name(options.supervision);  // checked by the parser
  io::write_file(options.out, task::format_prompt(prompt));
}

}  // namespace

void add_prompt(CLI::App& app) {
  CLI::App& prompt = add_study_command(app, "prompt");
  prompt.require_subcommand(1);
  auto* command = prompt.add_subcommand("digit-shift", "y = (x + shift) mod 10");
  const auto options = std::make_shared<PromptOptions>();
  command->add_option("--out", options->out, "Prompt file to write")->required();
  command->add_option("--shifts", options->shifts, "Shifts to draw from, such as 0-4 or 0-4,7")
      ->capture_default_str();
  command
      ->add_option("--noise", options->label_noise,
                   "Probability that an example's label is replaced by a uniform digit")
      ->check(CLI::Range(0.0, 1.0))
      ->capture_default_str();
  command->add_option("--examples", options->examples, "Labelled examples")
      ->check(CLI::Range(2, 100000))
      ->capture_default_str();
  command->add_option("--queries", options->queries, "Queries, all different, with right targets")
      ->check(CLI::Range(0, studies::generators::digit_count))
      ->capture_default_str();
  command
      ->add_option("--supervision", options->supervision,
                   "leave-one-out: an example reads all others; every-label: those before it")
      ->check(CLI::IsMember({"leave-one-out", "every-label"}))
      ->capture_default_str();
  command->add_option("--seed", options->seed, "Seed of the draw")->capture_default_str();
  command->callback([options] { run_prompt(*options); });
}

}  // namespace sextant::apps
