/// sextant linear: its numbers, its words, wrong usage and bad files.

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>
#include <sstream>

#include "program.hpp"
#include "sextant/report/text.hpp"
#include "support/close.hpp"

using namespace sextant;
using namespace sextant::test;
using nlohmann::json;

namespace {

json linear_result(const ProgramRuns& runs, const std::string& arguments) {
  return json_of(runs, "linear " + arguments);
}

const std::string small = "--n 30 --k 15 --d 20 --noise 0.25 ";

}  // namespace

TEST_CASE("the numbers of the theory, each risk under its own name") {
  const ProgramRuns runs("linear");
  const json advice = linear_result(runs, small);
  CHECK(advice["fresh_context"]["adapt"] == true);
  CHECK(advice["fresh_context"]["start"] == "warm");
  CHECK(advice["fresh_context"]["step"].get<double>() == close(4.316054364e-6, 1e-9));
  CHECK(advice["fresh_context"]["risk_after"].get<double>() == close(.6922220196, 1e-9));
  CHECK(advice["same_context"]["step"].get<double>() == close(5.331246745e-6, 1e-9));
  CHECK(advice["same_context"]["risk_after"].get<double>() == close(.5937696176, 1e-9));
  CHECK(advice["crossing"]["fresh_context"].get<double>() == close(57.86945758, 1e-9));
  CHECK(advice["crossing"]["same_context"].is_null());
  CHECK(advice["alignment"].is_null());
  CHECK(advice["starts"].size() == 4);
  // Beyond the crossing the cold start is better on a fresh context, and only there.
  const json many = linear_result(runs, "--n 30 --k 60 --d 20 --noise 0.25");
  CHECK(many["fresh_context"]["start"] == "cold");
  CHECK(many["same_context"]["start"] == "warm");
  CHECK(many["crossing"] == advice["crossing"]);
  const json steps = linear_result(runs, small + "--steps 4");
  CHECK(steps["more_steps"].size() == 2 * 3);  // 1, 2 and 4 from two starts
  CHECK(steps["fresh_context"] == advice["fresh_context"]);
  const json noisy = linear_result(runs, "--n 30 --k 1 --d 20 --noise 9 --signal 1");
  CHECK(noisy["fresh_context"]["adapt"] == false);
  CHECK(noisy["fresh_context"]["step"] == 0);
  CHECK(linear_result(runs,
                      "--n 30 --k 1 --d 20 --noise 9 --least-share 0")["fresh_context"]["adapt"] ==
        true);
}

TEST_CASE("covariances from a file, with a task or without") {
  const ProgramRuns runs("linear-file");
  json file;
  for (int i = 1; i <= 20; ++i) {
    file["input_variances"].push_back(std::pow(i, -.5));
    file["task_variances"].push_back(1.0 / i);
  }
  io::write_file(runs.path("c.json"), file.dump());
  const std::string on_file = "--n 30 --k 15 --noise 0.1 --covariances ../c.json ";
  const json aligned = linear_result(runs, on_file);  // the task is i^-0.5
  CHECK(aligned["d"] == 20);
  CHECK(aligned["starts"][1]["gain"].get<double>() == close(.0188889405, 1e-8));
  CHECK(aligned["alignment"]["bias"].size() == 3);
  for (int i = 20; i >= 1; --i) file["task"].push_back(std::pow(i, -.5));
  io::write_file(runs.path("c.json"), file.dump());
  const json reversed = linear_result(runs, on_file + "--d 20");
  CHECK(reversed["starts"][1]["gain"].get<double>() == close(.0582895447, 1e-8));
  CHECK(reversed["alignment"]["bias"][0] > aligned["alignment"]["bias"][0]);
}

TEST_CASE("text fits 80 columns and says both answers; JSON in a file leaves it in place") {
  const ProgramRuns runs("linear-text");
  const Outcome outcome = runs.run("linear " + small + "--steps 20 --json a.json");
  CHECK(outcome.status == 0);
  CHECK(outcome.errors.empty());
  CHECK(outcome.output.find("Adapt: on a fresh context of the task, one step of size 4.316e-6") ==
        0);
  CHECK(outcome.output.find("very context of the step: adapt") != std::string::npos);
  CHECK(outcome.output.find("k* = 57.87") != std::string::npos);
  std::istringstream lines(outcome.output);
  for (std::string line; std::getline(lines, line);) CHECK(report::display_width(line) <= 80);
  CHECK(json::parse(io::read_file(runs.path("work/a.json")))["n"] == 30);
  const Outcome noisy = runs.run("linear --n 30 --k 1 --d 20 --noise 9");
  CHECK(noisy.output.find("Do not adapt: ") == 0);
}

TEST_CASE("wrong usage and bad files") {
  const ProgramRuns runs("linear-bad");
  const auto fails = [&](const std::string& arguments, int status, const std::string& message) {
    CAPTURE(arguments);
    const Outcome outcome = runs.run("linear " + arguments);
    CHECK(outcome.status == status);
    CHECK(outcome.output.empty());
    CHECK_MESSAGE(outcome.errors.find(message) != std::string::npos, outcome.errors);
    CHECK(outcome.errors.find("sextant: ") == 0);
    CHECK(runs.left().empty());
  };
  fails("", 2, "--n");
  fails("--n 3 --k 3", 2, "--d: is missing");
  fails("--n 3 --k 0 --d 3", 2, "--k: is 0, expected 1 to");
  fails("--n 0 --k 1 --d 3", 2, "--n: is 0");
  fails("--n 3 --k 1 --d 100001", 2, "--d: is 100001, expected 1 to 100000");
  fails("--n 3 --k 1 --d -1", 2, "--d: is -1");
  fails("--n 3 --k 1 --d 3 --noise -1", 2, "--noise: is -1");
  fails("--n 3 --k 1 --d 3 --noise nan", 2, "--noise");
  fails("--n 3 --k 1 --d 3 --signal 0", 2, "--signal: is 0");
  fails("--n 3 --k x --d 3", 2, "--k");
  fails("--n 3 --k 1 --d 3 --steps 0", 2, "--steps: is 0");
  fails("--n 3 --k 1 --d 3 --least-share 2", 2, "--least-share: is 2");
  fails("--n 1000 --k 1 --d 1000 --signal 1e150 --json a.json", 4, "range of double");
  fails("--n 3 --k 1 --d 3 --json no/such/directory/a.json", 3, "no/such/directory");
  const std::string on_file = "--n 3 --k 1 --covariances ../c.json ";
  fails(on_file, 3, "c.json");
  for (const auto& [text, message] : std::vector<std::pair<std::string, std::string>>{
           {"", "c.json"},
           {"[1]", "c.json"},
           {R"({"input_variances": [1]})", "task_variances"},
           {R"({"input_variances": [1], "task_variances": [1], "tasks": [1]})", "tasks"},
           {R"({"input_variances": [], "task_variances": []})", "expected a list of 1 to 100000"},
           {R"({"input_variances": 1, "task_variances": [1]})", "input_variances"},
           {R"({"input_variances": [1, -2], "task_variances": [1, 1]})",
            "input_variances[1]: is -2, expected a number of at least 0"},
           {R"({"input_variances": [1, "a"], "task_variances": [1, 1]})", "is \"a\""},
           {R"({"input_variances": [1, 1e999], "task_variances": [1, 1]})", "c.json"},
           {R"({"input_variances": [1, 1], "task_variances": [1]})", "has 1 numbers, expected 2"},
           {R"({"input_variances": [1], "task_variances": [1], "task": [1, 2]})", "task"}}) {
    io::write_file(runs.path("c.json"), text);
    fails(on_file + "--json a.json", 3, message);
  }
  io::write_file(runs.path("c.json"), R"({"input_variances": [1, 2], "task_variances": [1, 0]})");
  CHECK(runs.run("linear " + on_file).status == 0);
  fails(on_file + "--d 3", 2, "--d: is 3, but ../c.json holds 2 variances");
  fails(on_file + "--signal 2", 2, "--signal");
  fails(on_file + "--steps 2", 2, "--steps: is not 1");
  fails(on_file + "--json ../c.json", 2, "is also read");
  // Tasks without any variance leave nothing to pretrain: both starts are one.
  io::write_file(runs.path("c.json"), R"({"input_variances": [0], "task_variances": [0]})");
  CHECK(runs.run("linear " + on_file).status == 0);
}
