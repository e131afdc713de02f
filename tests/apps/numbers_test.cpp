/// Numbers out of range, on the command line and in files: what is wrong, where, and what to do.

#include <doctest/doctest.h>

#include <span>

#include "program.hpp"
#include "sextant/core/errors.hpp"
#include "sextant/io/safetensors.hpp"

using namespace sextant;
using namespace sextant::test;
using nlohmann::json;

namespace {

void check_out_of_range(const ProgramRuns& runs, const std::string& arguments, int status,
                        const std::string& message) {
  const std::string errors = check_fails(runs, arguments, status, message);
  CHECK(errors.find("inf") == std::string::npos);
  CHECK(errors.find("nan") == std::string::npos);
}

/// Writes `geometry` as another program might, without looking at its values.
void write_unchecked(const std::string& path, const geometry::PromptGeometry& geometry) {
  const auto n = static_cast<std::size_t>(geometry.examples());
  const auto m = static_cast<std::size_t>(geometry.queries());
  const std::size_t count = geometry.blocks.size();
  const auto span = [](const auto& matrix) {
    return std::span<const double>(matrix.data(), static_cast<std::size_t>(matrix.size()));
  };
  json blocks = json::array();
  for (const auto& block : geometry.blocks) {
    blocks.push_back({{"name", block.name},
                      {"layer", block.layer},
                      {"kind", block.kind},
                      {"parameters", block.parameters}});
  }
  std::vector<std::span<const double>> kernels;
  for (const auto& kernel : geometry.kernels) kernels.push_back(span(kernel));
  std::vector<std::span<const double>> couplings;
  for (const auto& coupling : geometry.query_kernels) couplings.push_back(span(coupling));
  const Eigen::MatrixXd variances = geometry.query_variances.transpose();
  io::SafetensorsWriter writer;
  writer.set_metadata("format", std::string(geometry::geometry_format));
  writer.set_metadata("blocks", blocks.dump());
  writer.add("residuals", {n}, span(geometry.residuals));
  writer.add("kernels", {count, n, n}, kernels);
  writer.add("query_kernels", {m, count, n}, couplings);
  writer.add("query_variances", {m, count}, span(variances));
  writer.write(path);
}

/// The shipped prompt with labels `factor` times as large.
void write_scaled_prompt(const std::string& path, double factor) {
  json prompt = json::parse(io::read_file(decoder_prompt));
  for (json& label : prompt["labels"]) label["value"] = label["value"].get<double>() * factor;
  io::write_file(path, prompt.dump());
}

}  // namespace

TEST_CASE("integers beyond 64 bits, in octal or with an exponent are refused, not read otherwise") {
  const ProgramRuns runs("integers");
  const std::string huge = "99999999999999999999";
  const std::string beyond = "\"" + huge + "\" is beyond the integers of 64 bits, up to ";
  for (const char* start :
       {"linear --k 5 --d 4 --n ", "linear --n 5 --d 4 --k ", "linear --n 5 --k 5 --d ",
        "linear --n 5 --k 5 --d 4 --steps ", "score --geometry g --budget ",
        "score --geometry g --query ", "select --geometry g --seed ",
        "prompt digit-shift --out p --seed ", "pretrain digit-shift --out p --width "}) {
    check_out_of_range(runs, start + huge, 2, beyond);
  }
  check_out_of_range(runs, "select --geometry g --threads " + huge, 2, "not in range 0 to 1024");
  check_out_of_range(runs, "linear --n 010 --k 5 --d 4", 2, "--n: \"010\" begins with a 0");
  check_out_of_range(runs, "linear --n 0x10 --k 5 --d 4", 2, "--n: \"0x10\" is not an integer");
  check_out_of_range(runs, "linear --n 1e3 --k 5 --d 4", 2, "--n: \"1e3\" is not an integer");
  check_out_of_range(runs, "prompt digit-shift --out p --seed -1", 2, "--seed: \"-1\" is negative");
  check_out_of_range(runs, "score --geometry g --query 9999999999", 2, "--query = 9999999999");
  check_out_of_range(runs, "linear --n 9223372036854775807 --k 5 --d 4", 2,
                     "--n: is 9223372036854775807, expected 1 to 1000000");
}

TEST_CASE("the help of linear says the ranges") {
  const ProgramRuns runs("linear-help");
  const std::string help = runs.run("linear --help").output;
  for (const char* range : {"1 to 10^6", "1 to 10^5", "1 to 10^4", "0 to 1", "Example:"}) {
    CAPTURE(range);
    CHECK(help.find(range) != std::string::npos);
  }
}

TEST_CASE("a size that is given twice is refused") {
  const ProgramRuns runs("twice");
  const std::string command = "reproduce single-index --out s ";
  check_out_of_range(runs, command + "--dimensions 8,8", 2, "--dimensions: 8 is given twice");
  check_out_of_range(runs, command + "--samples 512,64,512", 2, "--samples: 512 is given twice");
  check_out_of_range(runs, command + "--more-ranks 2,2", 2, "--more-ranks: 2 is given twice");
  check_out_of_range(runs, command + "--more-ranks 4", 2, "--more-ranks: 4 is --rank already");
  check_out_of_range(runs, "reproduce tabular --data d --model m --out s --sizes 16,16", 2,
                     "--sizes: has a size twice");
}

TEST_CASE("labels and kernels whose squares leave the range of numbers") {
  const ProgramRuns runs("range");
  const std::string remedy = "divide the labels, and a head's weights, by the labels' standard";
  for (const char* command : {"advise", "select", "score"}) {
    const auto with_geometry = [&](double residuals, double kernels, const std::string& message) {
      Random random(1);
      auto geometry = random_geometry(random, 6, 3, {5, 7});
      geometry.prompt_base.resize(0);
      geometry.prompt_targets.resize(0);
      geometry.residuals *= residuals;
      for (auto& kernel : geometry.kernels) kernel *= kernels;
      for (auto& coupling : geometry.query_kernels) coupling *= kernels;
      geometry.query_variances *= kernels;
      const std::string path = runs.path("g.safetensors");
      // Written as another program would: the writer refuses it, too.
      CHECK_THROWS_AS(geometry::write_geometry(path, geometry), InputError);
      write_unchecked(path, geometry);
      check_out_of_range(runs, command + std::string(" --geometry ../g.safetensors"), 3, message);
    };
    with_geometry(1e200, 1, "g.safetensors: residuals: entry [");
    with_geometry(1e200, 1, "beyond 1e+150: its square overflows a 64-bit number; " + remedy);
    with_geometry(1e-200, 1, "below 1e-150: its square is 0 as a 64-bit number; " + remedy);
    with_geometry(1, 1e200, "beyond 1e+150: its square overflows a 64-bit number; choose another");
    with_geometry(1, 1e-200, "g.safetensors: kernels, diagonal of their sum: entry [");
    with_geometry(1e100, 1e-100, "the squared residuals over the kernels leave the range");
    write_scaled_prompt(runs.path("p.json"), 1e20);
    const std::string on_prompt = command + (" --model '" + decoder + "' --prompt ../p.json");
    check_out_of_range(runs, on_prompt, 3,
                       "p.json: labels[1].value: is 1.11111e+19, beyond 1e+15: its square "
                       "overflows a 32-bit number; " +
                           remedy);
    write_scaled_prompt(runs.path("p.json"), 1e200);
    check_out_of_range(runs, on_prompt, 3, "p.json: labels[1].value: is 1.11111e+199, beyond");
    write_scaled_prompt(runs.path("p.json"), 1e-30);
    check_out_of_range(runs, on_prompt, 3, "labels[9].value: is 1e-30, the largest and yet below");
  }
  write_letters_encoder(runs.path("encoder"));
  io::write_file(runs.path("s.tsv"), "sentence\tlabel\na b\t1e200\nc d\t0\n");
  check_out_of_range(runs, "fit-head --model ../encoder --data ../s.tsv --out h.safetensors", 3,
                     "s.tsv: line 2: has a label that is 1e+200, beyond 1e+15");
  io::write_file(runs.path("p.json"),
                 R"({"examples": [{"text": "a", "y": 1e200}, {"text": "b", "y": 0}]})");
  check_out_of_range(runs, "inspect ../p.json", 3, "p.json: examples[0].y: is 1e+200, beyond");
}

TEST_CASE("the labels' unit does not matter within the range") {
  const ProgramRuns runs("unit");
  const std::string on_prompt = "advise --model '" + decoder + "' --prompt ../p.json";
  write_scaled_prompt(runs.path("p.json"), 1);
  const json one = json_of(runs, on_prompt);
  for (const double factor : {1e14, 1e-14}) {
    write_scaled_prompt(runs.path("p.json"), factor);
    const json scaled = json_of(runs, on_prompt);
    CHECK(scaled["advice"]["horizon"] == one["advice"]["horizon"]);
    CHECK(scaled["advice"]["blocks"] == one["advice"]["blocks"]);
    CHECK(scaled["advice"]["adapt"] == one["advice"]["adapt"]);
  }
}

TEST_CASE("variances by which nothing can be divided") {
  const ProgramRuns runs("variances");
  for (const char* option :
       {"--sigma 1e-300", "--sigma 1e300", "--prior-scale 1e300", "--prior-scale 1e-320"}) {
    check_out_of_range(runs, "select --geometry g " + std::string(option), 2,
                       "is outside 1e-100 to 1e+100");
  }
}

TEST_CASE("score against the evidence says so in the headline and in the JSON") {
  const ProgramRuns runs("against-evidence");
  const std::string noisy =
      "score --model '" + decoder + "' --prompt '" + decoder + "/demo-noisy.json' ";
  for (const char* method :
       {"--method trace --budget 2", "--method random --budget 2", "--method risk --budget 2",
        "--kernel products --method trace --budget 2"}) {
    CAPTURE(method);
    const Outcome outcome = runs.run(noisy + method + " --json a.json");
    CHECK(outcome.status == 0);
    std::string headline = outcome.output.substr(0, 100);
    std::ranges::replace(headline, '\n', ' ');
    CHECK_MESSAGE(headline.starts_with("The evidence prefers no update at all (T_MAP = 0). Blocks, "
                                       "if one is made all the same"),
                  headline);
    CHECK(outcome.errors.find("The evidence prefers no update at all; ") != std::string::npos);
    CHECK(json::parse(io::read_file(runs.path("work/a.json")))["against_evidence"] == true);
  }
  const Outcome asked = runs.run(noisy + "--method trace --budget 2 --horizon 3 --json a.json");
  CHECK(asked.output.starts_with("Blocks to adapt: "));
  CHECK(asked.errors.find("The evidence prefers") == std::string::npos);
  CHECK(json::parse(io::read_file(runs.path("work/a.json")))["against_evidence"] == false);
}
