/// What the commands promise beyond their numbers: where things are said, and what options mean.

#include <doctest/doctest.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "program.hpp"
#include "support/close.hpp"

using namespace sextant;
using namespace sextant::test;
using nlohmann::json;

namespace {

const std::string on_model = " --model '" + decoder + "' --prompt '" + decoder_prompt + "' ";

}  // namespace

TEST_CASE("warnings go to standard error, and nowhere when quiet") {
  const ProgramRuns runs("warnings");
  const std::string command = "select" + on_model + "--horizons 0:3";
  const Outcome loud = runs.run(command);
  CHECK(loud.errors.find("sextant: warning: T_MAP = 3 is the largest candidate") !=
        std::string::npos);
  CHECK(loud.output.find("largest candidate") == std::string::npos);
  const Outcome quiet = runs.run(command + " --quiet");
  CHECK(quiet.errors.empty());
  CHECK(quiet.output == loud.output);
}

TEST_CASE("one query keeps its number and its values, from a model and from a file") {
  const ProgramRuns runs("query");
  CHECK(runs.run("geometry" + on_model + "--out g.safetensors").status == 0);
  const json all = json_of(runs, "select" + on_model);
  for (const std::string& source : {on_model, std::string(" --geometry g.safetensors ")}) {
    const json one = json_of(runs, "select" + source + "--query 3");
    REQUIRE(one["queries"].size() == 1);
    CHECK(one["queries"][0]["query"] == 3);
    // The model runs the query in another batch, in single precision; other queries differ by far
    // more.
    CHECK(one["queries"][0]["gap_map"].get<double>() ==
          test::close(all["queries"][3]["gap_map"].get<double>(), 1e-6));
    const json advice = json_of(runs, "advise" + source + "--query 3");
    CHECK(advice["queries"][0]["query"] == 3);
  }
}

TEST_CASE("a geometry file gives the expected part of what a model gives") {
  const ProgramRuns runs("expected");
  CHECK(runs.run("geometry" + on_model + "--out g.safetensors").status == 0);
  const json made = json_of(runs, "advise" + on_model);
  const json expected = json_of(runs, "advise --geometry g.safetensors");
  CHECK(expected["advice"] == made["advice"]);
  REQUIRE(expected["queries"].size() == made["queries"].size());
  for (std::size_t i = 0; i < made["queries"].size(); ++i) {
    for (const char* key : {"base", "linearized", "target", "squared_error_base", "query"}) {
      CHECK(expected["queries"][i][key] == made["queries"][i][key]);
    }
    CHECK(expected["queries"][i]["adapted"].is_null());
  }
  for (const char* key : {"residual_norm_before", "residual_norm_predicted"}) {
    CHECK(expected["prompt"][key] == made["prompt"][key]);
  }
  CHECK(expected["validity"]["deviation"].is_null());
}

TEST_CASE("layers and kinds choose among the blocks of a geometry file") {
  const ProgramRuns runs("filter");
  CHECK(runs.run("geometry" + on_model +
                 "--blocks-kind value --blocks-kind mlp-in --out g.safetensors")
            .status == 0);
  const json all = json_of(runs, "score --geometry g.safetensors --method trace");
  CHECK(all["ranking"].size() == 4 * 8 + 4);
  const json some = json_of(
      runs, "score --geometry g.safetensors --method trace --layers 1-2 --blocks-kind value");
  CHECK(some["ranking"].size() == 2 * 8);
  CHECK(some == json_of(runs, "score --method trace --layers 1-2" + on_model));
  CHECK(runs.run("score --geometry g.safetensors --layers 7").status == 2);
}

TEST_CASE("rho may be as large as the chosen blocks allow") {
  const ProgramRuns runs("rho");
  const json head = json_of(runs, "select" + on_model + "--layers 3");
  const json all = json_of(runs, "select" + on_model);
  const std::string block = "--blocks h.3.attn.v.0 --horizon 2 ";
  const json one = json_of(runs, "adapt" + on_model + block);
  const double limit = 0.1 / one["update"]["rho"].get<double>();
  REQUIRE(limit < all["lambda_max"].get<double>() / 2);
  const std::string rho = std::to_string(0.7 / limit);
  CHECK(json_of(runs, "adapt" + on_model + block + "--rho " + rho)["update"]["rho"] ==
        std::stod(rho));
  CHECK(runs.run("adapt" + on_model + block + "--rho " + std::to_string(1.1 / limit)).status == 2);
}

TEST_CASE("after tokenwise features the update is held against exact ones") {
  const ProgramRuns runs("tokenwise");
  const auto deviation = [&](const std::string& scale) {
    const json made = json_of(
        runs, "adapt" + on_model + "--features tokenwise --horizon 4 --step-scale " + scale);
    double move = 0;
    for (const auto& query : made["queries"]) {
      move = std::max(move, std::abs(query["adapted"].get<double>() - query["base"].get<double>()));
    }
    return std::pair(made["validity"]["deviation"].get<double>() / move,
                     made["validity"]["kernel_drift"].get<double>());
  };
  const auto [large, large_drift] = deviation("2e-3");
  const auto [small, small_drift] = deviation("5e-4");
  CHECK(small < 0.35 * large);  // relative to the move, first order in the step
  CHECK(small_drift < 0.35 * large_drift);
  CHECK(small < 0.05);
}

TEST_CASE("a task of an experiment has the numbers of the commands on its prompt file") {
  const ProgramRuns runs("reproduce");
  const Outcome run = runs.run("reproduce digit-shift --model '" + decoder +
                               "' --out r --tasks 2 --head-tasks 0 --pilot-tasks 2 --seed 3");
  REQUIRE_MESSAGE(run.status == 0, run.errors);
  const json results = json::parse(io::read_file(runs.path("work/r/results.json")));
  const std::string rows = io::read_file(runs.path("work/r/horizons.csv"));
  const double scale = results["pilot"]["step_scale"];
  for (const int task : {0, 1}) {
    CAPTURE(task);
    std::size_t begin = 0;
    for (int line = 0; line < 3 + task; ++line) begin = rows.find('\n', begin) + 1;
    const json row = json::parse("[" + rows.substr(begin, rows.find('\n', begin) - begin) + "]");
    const auto seed = row[0].get<std::int64_t>();
    CHECK(seed == 2'000'000'000'001 + task);
    CHECK(runs.run("prompt digit-shift --queries 1 --noise " +
                   std::string(task == 0 ? "0" : "0.55") + " --seed " + std::to_string(seed) +
                   " --out p.json")
              .status == 0);
    const std::string on_prompt =
        " --model '" + decoder + "' --prompt p.json --step-scale " + std::to_string(scale) + " ";
    const json select = json_of(runs, "select" + on_prompt);
    CHECK(row[4] == select["t_map"]);
    CHECK(row[3].get<double>() == test::close(select["rho"].get<double>(), 1e-5));
    const json adapt = json_of(runs, "adapt --horizon 5" + on_prompt);
    const double error = row[17 + 5];
    CHECK(std::abs(adapt["queries"][0]["squared_error_adapted"].get<double>() - error) < 4e-5);
    const json advise = json_of(runs, "advise" + on_prompt);
    CHECK((row[12] == 1) == advise["advice"]["adapt"].get<bool>());
    CHECK((row[15] == 1) ==
          (advise["advice"]["adapt"].get<bool>() && advise["update"]["kept"].get<bool>()));
  }
  CHECK(runs.run("reproduce digit-shift --model '" + decoder + "' --out r --tasks 2").status == 3);
}
