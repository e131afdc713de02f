/// The same numbers whatever --threads, and again for the same seed.

#include <doctest/doctest.h>

#include <map>

#include "program.hpp"

using namespace sextant;
using namespace sextant::test;

namespace {

/// Everything a run leaves: standard output and files.
std::map<std::string, std::string> results(const std::string& name, const std::string& arguments,
                                           const std::vector<std::string>& files) {
  const ProgramRuns runs("identity-" + name);
  write_letters_encoder(runs.path("encoder"));
  io::write_file(runs.path("sentences.tsv"),
                 "sentence\tlabel\na b c\t1\nd e f\t0\nab cd\t1\nef ab a\t0\nb b\t1\nfa de\t0\n");
  io::write_file(runs.path("prompt.json"), R"({"examples": [{"text": "a b", "y": 1},
    {"text": "c d e", "y": 0}, {"text": "fed", "y": 0}, {"text": "b", "y": 1}],
    "queries": [{"text": "a c", "y": 1}, {"text": "d"}]})");
  const Outcome head =
      runs.run("fit-head --model ../encoder --data ../sentences.tsv --out head.safetensors");
  CHECK(head.status == 0);
  const Outcome outcome = runs.run(arguments);
  CHECK_MESSAGE(outcome.status == 0, outcome.errors);
  std::map<std::string, std::string> found = {{"standard output", outcome.output}};
  for (const std::string& file : files) found[file] = io::read_file(runs.path("work/" + file));
  found["head.safetensors"] = io::read_file(runs.path("work/head.safetensors"));
  return found;
}

struct Command {
  std::string arguments;
  std::vector<std::string> files;
};

const std::string on_decoder = " --model '" + decoder + "' --prompt '" + decoder_prompt + "' ";
const std::string on_encoder =
    " --model ../encoder --prompt ../prompt.json --head head.safetensors ";

const std::vector<Command> commands = {
    {"advise" + on_decoder + "--json out.json", {"out.json"}},
    {"advise" + on_encoder + "--json out.json --seed 7", {"out.json"}},
    {"geometry" + on_decoder + "--out g.safetensors", {"g.safetensors"}},
    {"geometry" + on_decoder + "--features tokenwise --blocks-kind value --blocks-kind mlp-out " +
         "--out g.safetensors",
     {"g.safetensors"}},
    {"select" + on_decoder + "--json -", {}},
    {"score" + on_decoder + "--method random --budget 5 --seed 3", {}},
    {"score" + on_decoder + "--method greedy-correction --budget 5 --horizon 8 --json -", {}},
    {"adapt" + on_decoder + "--horizon 4 --budget 2 --out-model adapted",
     {"adapted/model.safetensors", "adapted/config.json"}},
    {"adapt" + on_encoder + "--horizon 3 --solver one-shot --out-model adapted",
     {"adapted/model.safetensors"}},
    {"pretrain digit-shift --out made --steps 3 --warmup 1 --batch 4 --width 16 --heads 2 --layers "
     "1 "
     "--test-tasks 20 --seed 5",
     {"made/model.safetensors"}},
};

}  // namespace

TEST_CASE("one thread and two give the same bytes, and so does a second run") {
  for (const Command& command : commands) {
    CAPTURE(command.arguments);
    const auto one = results("a", command.arguments + " --threads 1", command.files);
    const auto two = results("b", command.arguments + " --threads 2", command.files);
    const auto again = results("c", command.arguments + " --threads 2", command.files);
    for (const auto& entry : one) {
      CAPTURE(entry.first);
      CHECK((entry.second == two.at(entry.first)));
      CHECK((entry.second == again.at(entry.first)));
    }
  }
}

TEST_CASE("another seed chooses other blocks at random") {
  const std::string random = "score" + on_decoder + "--method random --budget 5 --seed ";
  CHECK(results("d", random + "3", {}) != results("e", random + "4", {}));
}
