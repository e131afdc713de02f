/// "-" as an input: the same answer as from the file, and messages that say where it came from.

#include <doctest/doctest.h>

#include "program.hpp"

using namespace sextant;
using namespace sextant::test;
using nlohmann::json;

namespace {

const std::string piped_decoder = " --model '" + decoder + "' ";
const std::string piped_table = "a,b,label\n1,0,x\n2,1,y\n3,0,x\n4,1,y\n5,0,x\n2.5,1,\n";

void check_refused(const ProgramRuns& runs, const std::string& arguments, const std::string& input,
                   int status, const std::string& message) {
  CAPTURE(arguments);
  const Outcome outcome = runs.run(arguments, input);
  CHECK(outcome.status == status);
  CHECK(outcome.output.empty());
  CHECK_MESSAGE(outcome.errors.find(message) != std::string::npos, outcome.errors);
  CHECK(runs.left().empty());
}

/// The same JSON, and the same words but for the input's name.
void check_same(const ProgramRuns& runs, const std::string& command, const std::string& option,
                const std::string& file) {
  CAPTURE(command);
  const Outcome named = runs.run(command + option + " '" + file + "' --json -");
  const Outcome piped = runs.run(command + option + " - --json -", file);
  REQUIRE_MESSAGE(named.status == 0, named.errors);
  CHECK_MESSAGE(piped.status == 0, piped.errors);
  std::string renamed = piped.output;
  const std::string name = "standard input";
  for (auto at = renamed.find(name); at != std::string::npos; at = renamed.find(name, at + 1)) {
    renamed.replace(at, name.size(), file);
  }
  CHECK(renamed == named.output);
}

}  // namespace

TEST_CASE("a prompt, a geometry, a table and labelled sentences from standard input") {
  const ProgramRuns runs("standard-input");
  const std::string geometry = runs.path("g.safetensors");
  Random random(1);
  geometry::write_geometry(geometry, random_geometry(random, 6, 3, {5, 7}));
  for (const char* command : {"advise ", "select ", "score "}) {
    check_same(runs, command, "--geometry", geometry);
    check_same(runs, command + piped_decoder, "--prompt", decoder_prompt);
  }
  check_same(runs, "adapt --horizon 2" + piped_decoder, "--prompt", decoder_prompt);
  check_same(runs, "select --kernel products" + piped_decoder, "--prompt", decoder_prompt);
  write_row_model(runs.path("rows"));
  io::write_file(runs.path("t.csv"), piped_table);
  const std::string on_rows = "advise --model ../rows ";
  check_same(runs, on_rows, "--csv", runs.path("t.csv"));
  check_same(runs, on_rows + "--csv ../t.csv ", "--query-csv", runs.path("t.csv"));
  for (const std::string& file : {geometry, decoder_prompt, runs.path("t.csv")}) {
    check_same(runs, "inspect", "", file);
  }
  const Outcome shown = runs.run("inspect -", geometry);
  CHECK(shown.output.starts_with("standard input: geometry"));

  write_letters_encoder(runs.path("encoder"));
  io::write_file(runs.path("s.tsv"), "sentence\tlabel\na b\t1\nc d\t0\ne f\t1\na c\t0\n");
  const std::string fit = "fit-head --model ../encoder --out ../head.safetensors ";
  check_same(runs, fit, "--data", runs.path("s.tsv"));
  check_same(runs, "inspect", "", runs.path("head.safetensors"));
  CHECK(runs.run("inspect -", runs.path("head.safetensors"))
            .output.starts_with("standard input: head"));
  const Outcome captured = runs.run(
      "geometry" + piped_decoder + "--prompt - --out ../captured.safetensors", decoder_prompt);
  CHECK(captured.status == 0);
  CHECK(geometry::read_geometry(runs.path("captured.safetensors")).examples() == 10);
  CHECK(runs.left().empty());
}

TEST_CASE("messages name standard input, what was expected and what came") {
  const ProgramRuns runs("standard-input-errors");
  io::write_file(runs.path("prompt.json"), R"({"labels": [], "labels": []})");
  io::write_file(runs.path("t.csv"), "a,b\n1,2,3\n");
  const std::string empty = "/dev/null";
  check_refused(runs, "select --geometry -", empty, 3,
                "standard input: is empty, expected a geometry file");
  check_refused(runs, "select" + piped_decoder + "--prompt -", empty, 3,
                "standard input: is empty, expected a prompt (JSON)");
  check_refused(runs, "inspect -", empty, 3, "standard input: is empty, expected a prompt, a");
  check_refused(runs, "select --geometry -", decoder_prompt, 3,
                "standard input: is JSON, expected a geometry file (.safetensors): a prompt goes");
  check_refused(runs, "select" + piped_decoder + "--prompt -", runs.path("prompt.json"), 3,
                "standard input: the key \"labels\" appears twice");
  Random random(1);
  geometry::write_geometry(runs.path("g.safetensors"), random_geometry(random, 6, 3, {5, 7}));
  const std::string whole = io::read_file(runs.path("g.safetensors"));
  for (const std::size_t kept : {whole.size() - 9, std::size_t{40}}) {
    io::write_file(runs.path("cut.safetensors"), whole.substr(0, kept));
    check_refused(runs, "inspect -", runs.path("cut.safetensors"), 3, "cut off or damaged");
  }
  write_row_model(runs.path("rows"));
  check_refused(runs, "select --model ../rows --csv -", runs.path("t.csv"), 3,
                "standard input: line 2, column 3");
}

TEST_CASE("standard input is read once, and only where a prompt or the like is expected") {
  const ProgramRuns runs("standard-input-usage");
  const std::string once = "are both \"-\", but standard input can be read only once";
  check_refused(runs, "select --model m --csv - --query-csv -", decoder_prompt, 2,
                "--csv and --query-csv " + once);
  check_refused(runs, "select" + piped_decoder + "--prompt - --head -", decoder_prompt, 2,
                "--head: needs a file");
  check_refused(runs, "select" + piped_decoder + "--prompt - --block-scales -", decoder_prompt, 2,
                "--block-scales: needs a file");
  check_refused(runs, "linear --n 5 --k 5 --covariances -", decoder_prompt, 2,
                "--covariances: needs a file");
  const std::string dash = ": needs a name; only --json takes \"-\"";
  check_refused(runs, "geometry" + piped_decoder + "--prompt - --out -", decoder_prompt, 2,
                "--out" + dash);
  check_refused(runs, "advise" + piped_decoder + "--prompt - --report -", decoder_prompt, 2,
                "--report" + dash);
  check_refused(runs, "adapt" + piped_decoder + "--prompt - --out-model -", decoder_prompt, 2,
                "--out-model" + dash);
  check_refused(runs, "prompt digit-shift --out -", decoder_prompt, 2, "--out" + dash);
  check_refused(runs, "reproduce single-index --out -", decoder_prompt, 2, "--out" + dash);
  check_refused(runs, "pretrain digit-shift --out -", decoder_prompt, 2, "--out" + dash);
}
