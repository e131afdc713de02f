/// Prompts of many examples through the program: products against kernels, windows, scales.

#include <doctest/doctest.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "program.hpp"
#include "support/close.hpp"

using namespace sextant;
using namespace sextant::test;
using nlohmann::json;

namespace {

const std::string on_prompt = " --model '" + decoder + "' --prompt p.json ";

json quiet_result(const ProgramRuns& runs, const std::string& arguments) {
  return json_of(runs, arguments + " --quiet");
}

void draw_prompt(const ProgramRuns& runs) {
  const Outcome outcome = runs.run(
      "prompt digit-shift --shifts 5-9 --noise 0.2 --examples 45 --queries 2 "
      "--supervision every-label --out p.json");
  REQUIRE_MESSAGE(outcome.status == 0, outcome.errors);
}

}  // namespace

TEST_CASE("selecting from products answers as selecting from kernels does") {
  const ProgramRuns runs("products");
  draw_prompt(runs);
  // More examples than the context holds: three windows of fifteen.
  CHECK(quiet_result(runs, "inspect p.json")["supervision"] == "every-label");
  const std::string known = "--sigma 0.05 --prior-scale 0.3 ";
  const json dense = quiet_result(runs, "select" + on_prompt + known);
  const json products = quiet_result(runs, "select" + on_prompt + known + "--kernel products");
  CHECK(dense["method"]["name"] == "decomposition");
  CHECK(products["method"]["name"] == "lanczos");
  CHECK(products["n"] == 45);
  CHECK(products["bound"]["paper"].is_null());
  const auto near = [](const json& ours, const json& theirs, double tolerance) {
    CHECK(ours.get<double>() == test::close(theirs.get<double>(), tolerance));
  };
  near(products["lambda_max"], dense["lambda_max"], 1e-5);
  // The step of both is c / lambda_max, so corrections agree where T_MAP does.
  REQUIRE(products["t_map"] == dense["t_map"]);
  for (std::size_t x = 0; x < 2; ++x) {
    near(products["queries"][x]["correction_map"], dense["queries"][x]["correction_map"], 1e-3);
    near(products["queries"][x]["correction_bayes"], dense["queries"][x]["correction_bayes"], 1e-2);
    near(products["queries"][x]["gap_none"], dense["queries"][x]["gap_none"], 1e-2);
  }
  for (const char* few : {"1", "2"}) {  // lambda_max is then far too small, and the step too large
    const Outcome outcome =
        runs.run("select" + on_prompt + "--kernel products --lanczos-steps " + few);
    CHECK_MESSAGE(outcome.status == 0, outcome.errors);
  }
  const Outcome first = runs.run("select" + on_prompt + "--kernel products --threads 1");
  const Outcome second = runs.run("select" + on_prompt + "--kernel products --threads 2");
  CHECK(first.output == second.output);
}

TEST_CASE("scores from products rank the leading blocks as the closed forms do") {
  const ProgramRuns runs("product-scores");
  draw_prompt(runs);
  const std::string known = "--sigma 0.05 --prior-scale 0.3 ";
  for (const std::string method : {"trace", "query-aware"}) {
    const std::string command = "score" + on_prompt + known + "--method " + method + " ";
    const json dense = quiet_result(runs, command);
    const json products = quiet_result(runs, command + "--kernel products --probes 16");
    REQUIRE(products["errors"].size() == dense["alone"].size());
    std::size_t inside = 0;
    for (std::size_t b = 0; b < dense["alone"].size(); ++b) {
      const double difference =
          std::abs(products["alone"][b].get<double>() - dense["alone"][b].get<double>());
      inside += difference <= 3 * products["errors"][b].get<double>() + 1e-3;
    }
    CHECK(inside >= dense["alone"].size() - 2);
    CHECK(products["ranking"][0]["block"] == dense["ranking"][0]["block"]);
  }
  const Outcome outcome = runs.run("score" + on_prompt + "--kernel products --method risk");
  CHECK(outcome.status == 2);
  CHECK(outcome.errors.find("--method") != std::string::npos);
}

TEST_CASE("scales of blocks act alike on a model and on its geometry file") {
  const ProgramRuns runs("scales");
  io::write_file(runs.path("work/s.json"), R"({"h.0.attn.v.1": 4, "h.3.attn.v.2": 0.5})");
  const std::string model = " --model '" + decoder + "' --prompt '" + decoder_prompt + "' ";
  CHECK(runs.run("geometry" + model + "--out g.safetensors").status == 0);
  const json scaled = quiet_result(runs, "select" + model + "--block-scales s.json");
  const json from_file =
      quiet_result(runs, "select --geometry g.safetensors --block-scales s.json");
  const json plain = quiet_result(runs, "select" + model);
  CHECK(scaled["lambda_max"] == from_file["lambda_max"]);
  CHECK(runs.run("geometry" + model + "--block-scales s.json --out s.safetensors").status == 0);
  CHECK(quiet_result(runs, "select --geometry s.safetensors")["lambda_max"] ==
        scaled["lambda_max"]);
  CHECK(scaled["lambda_max"].get<double>() > plain["lambda_max"].get<double>());
  // A file that holds scales takes no others, and says what it holds.
  const Outcome twice = runs.run("select --geometry s.safetensors --block-scales s.json");
  CHECK(twice.status == 2);
  CHECK(twice.errors.find("s.safetensors holds the scales of 2 of its blocks already, first "
                          "h.0.attn.v.1: 4") != std::string::npos);
  CHECK(runs.run("inspect s.safetensors").output.find("scale") != std::string::npos);
  CHECK(runs.run("inspect g.safetensors").output.find("scale") == std::string::npos);
  // The advice of such a file repeats the scales. One scale for all blocks changes nothing else.
  json all = json::object();
  const json inspected = quiet_result(runs, "inspect g.safetensors");
  for (const json& block : inspected["blocks"]) {
    CHECK(block["scale"] == 1);
    all[block["name"]] = 2;
  }
  io::write_file(runs.path("work/all.json"), all.dump());
  CHECK(runs.run("geometry" + model + "--block-scales all.json --out all.safetensors").status == 0);
  const json to_do = quiet_result(runs, "advise --geometry all.safetensors")["advice"]["to_do"];
  REQUIRE(to_do.is_object());
  REQUIRE(all.size() == 32);
  CHECK(to_do["block_scales"].size() == to_do["blocks"].size());
  CHECK(to_do["block_scales"][to_do["blocks"][0]] == 2);
  io::write_file(runs.path("work/unused.json"), R"({"h.0.attn.v.1": 4, "h.0.attn.o.1": 2})");
  const Outcome unused = runs.run("select" + model + "--block-scales unused.json");
  CHECK(unused.status == 0);
  CHECK(unused.errors.find("1 of the 2 blocks with a scale, first h.0.attn.o.1") !=
        std::string::npos);
  for (const auto& [text, message] :
       std::vector<std::pair<std::string, std::string>>{{R"({"h.9.attn.v.1": 4})", "h.9.attn.v.1"},
                                                        {R"({"h.0.attn.v.1": 0})", "positive"},
                                                        {"[]", "s.json"}}) {
    io::write_file(runs.path("work/s.json"), text);
    for (const std::string& source : {model, std::string(" --geometry g.safetensors ")}) {
      const Outcome outcome = runs.run("select" + source + "--block-scales s.json");
      CHECK(outcome.status == 3);
      CHECK_MESSAGE(outcome.errors.find(message) != std::string::npos, outcome.errors);
    }
  }
}

TEST_CASE("options of another path are refused, not ignored") {
  const ProgramRuns runs("misplaced");
  const std::string model = " --model '" + decoder + "' --prompt '" + decoder_prompt + "' ";
  const std::pair<const char*, const char*> wrong[] = {
      {"select --probes 4", "--kernel products"},
      {"score --lanczos-steps 4", "--kernel products"},
      {"select --kernel products --rho 0", "--rho: is 0, expected a finite number above 0"},
      {"adapt --rank 1 --rho 0.1", "--rank is not made of steps"},
      {"adapt --rank 1 --horizons 0:5", "--rank is not made of steps"},
      {"select --kernel products --delta 0.1", "--delta"},
      {"score --kernel products --method trace --horizon 3", "--horizon"},
      {"adapt --rank 1 --sigma profile", "--sigma"},
      {"adapt --report -", "--report"},
      {"select --block-scales ''", "the value of --block-scales is empty"},
      {"select --block-scales=", "--block-scales is empty"}};
  for (const auto& [words, message] : wrong) {
    const std::string arguments = words;  // Clang 14 captures no binding
    CAPTURE(arguments);
    const Outcome outcome = runs.run(arguments + model);
    CHECK(outcome.status == 2);
    CHECK(outcome.errors.find(message) != std::string::npos);
  }
}
