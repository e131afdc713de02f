#include <doctest/doctest.h>

#include <sstream>
#include <string>

#include "program.hpp"
#include "sextant/io/json.hpp"
#include "sextant/report/text.hpp"

// The advice as a user of the program meets it: help, messages and what is printed last.
using namespace sextant;
using sextant::test::Outcome;
using sextant::test::ProgramRuns;

namespace {

int longest_line(const std::string& text) {
  int longest = 0;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) {
    longest = std::max(longest, report::display_width(line));
  }
  return longest;
}

}  // namespace

TEST_CASE("help comes in groups with ranges and an example, within 80 columns") {
  const ProgramRuns runs("advice-help");
  CHECK(longest_line(runs.run("--help").output) <= 80);
  for (const std::string command : {"advise", "select", "score", "adapt", "geometry"}) {
    CAPTURE(command);
    const Outcome help = runs.run(command + " --help");
    CHECK(help.status == 0);
    CHECK(longest_line(help.output) <= 80);
    for (const std::string part : {"Input:", "Which blocks:", "Output:", "Running:"}) {
      CAPTURE(part);
      CHECK(help.output.find("\n" + part + "\n") != std::string::npos);
    }
    CHECK(help.output.find("Example:\n  sextant " + command + " --model ") != std::string::npos);
    if (command == "geometry") continue;
    CHECK(help.output.find("\nHow far:\n") != std::string::npos);
    CHECK(help.output.find("0 < c < 1") != std::string::npos);
    CHECK(help.output.find("0 < delta < 1") != std::string::npos);
  }
}

TEST_CASE("warnings and errors wrap at 80 columns") {
  const ProgramRuns runs("advice-messages");
  const std::string prompt = " --model " + test::decoder + " --prompt " + test::decoder_prompt;
  const Outcome alone = runs.run("select --horizons 30" + prompt);
  CHECK(alone.errors.find("warning: T = 0, no update, is not among the candidates: the evidence "
                          "cannot speak against adapting.\n") != std::string::npos);
  CHECK(longest_line(alone.wrapped_errors) <= 80);
  const Outcome asked = runs.run("advise --horizon 8 --horizons 0:30" + prompt);
  CHECK(asked.errors.find("T = 0") == std::string::npos);
  const Outcome wrong =
      runs.run("select --blocks-kind value,output,mlp-in,mlp-out,values" + prompt);
  CHECK(wrong.status == 2);
  CHECK(wrong.errors.find("is none of query, key, value, output, mlp-in, mlp-gate, mlp-out\n") !=
        std::string::npos);
  CHECK(wrong.errors.size() > 81);
  CHECK(longest_line(wrong.wrapped_errors) <= 80);
}

TEST_CASE("the advice ends in what to do, and a geometry file says as much") {
  const ProgramRuns runs("advice-last");
  const std::string prompt = " --model " + test::decoder + " --prompt " + test::decoder_prompt;
  const Outcome made = runs.run("advise --json a.json --report a.html" + prompt);
  REQUIRE(made.status == 0);
  const io::Json json = io::parse_json(io::read_file(runs.path("work/a.json")), "a.json");
  const io::Json& to_do = json["advice"]["to_do"];
  CHECK(to_do["steps"] == json["update"]["horizon"]);
  CHECK(to_do["learning_rate"] == json["update"]["rho"]);
  CHECK(to_do["blocks"] == json["update"]["blocks"]);
  const auto last = made.output.find("\nTo do it\n- Steps: 13 of plain gradient descent");
  REQUIRE(last != std::string::npos);
  CHECK(made.output.find("\n\n", last + 1) == std::string::npos);
  CHECK(
      made.output.starts_with("Adapt: 13 steps of plain gradient descent on 2 blocks, learning "
                              "rate 7.753"));
  CHECK(io::read_file(runs.path("work/a.html")).find("To do it") != std::string::npos);

  REQUIRE(runs.run("geometry --out g.safetensors" + prompt).status == 0);
  const Outcome geometry = runs.run("advise --geometry g.safetensors");
  CHECK(geometry.output.substr(geometry.output.find("\nTo do it")) == made.output.substr(last));
  CHECK(geometry.output.find("query    base  linearized  target") != std::string::npos);

  const Outcome noisy = runs.run("advise --quiet --json n.json --model " + test::decoder +
                                 " --prompt " + test::decoder + "/demo-noisy.json");
  const io::Json against = io::parse_json(io::read_file(runs.path("work/n.json")), "n.json");
  CHECK(against["advice"]["horizon"].is_null());
  CHECK(against["advice"]["to_do"].is_null());
  CHECK(noisy.output.find("To do it") == std::string::npos);
  CHECK(noisy.output.find("e-13") == std::string::npos);
  CHECK(noisy.output.find("score from") == std::string::npos);

  // Tokenwise features choose; the rate is that of the exact gradients which the steps follow.
  REQUIRE(runs.run("advise --features tokenwise --json t.json" + prompt).status == 0);
  const io::Json tokenwise = io::parse_json(io::read_file(runs.path("work/t.json")), "t.json");
  CHECK(tokenwise["advice"]["to_do"]["learning_rate"] == tokenwise["update"]["rho"]);
  CHECK(tokenwise["advice"]["rho"] == tokenwise["update"]["rho"]);
  // Without a model only a warning can say so.
  const std::string capture = "geometry --features tokenwise --out tokens.safetensors --quiet";
  REQUIRE(runs.run(capture + prompt).status == 0);
  const Outcome warned = runs.run("advise --geometry tokens.safetensors --json w.json");
  CHECK(warned.errors.find("Chosen from tokenwise features: blocks and steps hold, the learning "
                           "rate does not.") != std::string::npos);
  const io::Json by_tokens = io::parse_json(io::read_file(runs.path("work/w.json")), "w.json");
  CHECK(by_tokens["advice"]["rho"] != tokenwise["advice"]["rho"]);
}
