/// Wrong usage and bad input: the exit status, a message with file and place, and nothing written.

#include <doctest/doctest.h>

#include <cstring>
#include <limits>

#include "program.hpp"

using namespace sextant;
using namespace sextant::test;

namespace {

const std::string labels = R"("labels": [{"text": "0", "value": 0}, {"text": "1", "value": 1}])";
const std::string templates = R"("template": {"example": "{x}->{y}\n", "query": "{x}->"})";

std::string prompt(const std::string& examples) {
  return "{" + templates + "," + labels + ", \"examples\": [" + examples + "], \"queries\": []}";
}

struct BadPrompt {
  std::string name;
  std::string text;
  std::string message;  ///< A part of what is said.
};

const std::string two = R"({"x": "0", "y": "0"}, {"x": "1", "y": "1"})";

const std::vector<BadPrompt> bad_prompts = {
    {"not JSON", "{\"examples\": [", "line 1"},
    {"an unknown key", prompt(two).replace(1, 0, R"("teplate": 1, )"), "teplate"},
    {"a key twice", R"({"labels": [], "labels": []})", "labels"},
    {"an empty prompt", prompt(""), "examples"},
    {"an empty file", "", "prompt.json"},
    {"one example", prompt(R"({"x": "0", "y": "0"})"), "examples"},
    {"a label that is no label", prompt(R"({"x": "0", "y": "7"}, {"x": "1", "y": "1"})"), "\"7\""},
    {"a label of two tokens",
     "{" + templates + R"(, "labels": [{"text": "00", "value": 0}, {"text": "1", "value": 1}],)" +
         R"("examples": [{"x": "0", "y": "00"}, {"x": "1", "y": "1"}], "queries": []})",
     "token"},
    {"a value that is no number",
     "{" + templates + R"(, "labels": [{"text": "0", "value": "high"}], "examples": [)" + two +
         "]}",
     "value"},
    {"too many examples",
     prompt(two +
            [] {
              std::string more;
              for (int i = 0; i < 400; ++i) more += R"(, {"x": "1", "y": "1"})";
              return more;
            }()),
     "context"},
};

std::size_t header_length(const std::string& safetensors) {
  std::uint64_t length = 0;
  std::memcpy(&length, safetensors.data(), sizeof(length));
  return length;
}

}  // namespace

TEST_CASE("bad prompts") {
  const ProgramRuns runs("bad-prompts");
  const std::string model = " --model '" + decoder + "' --prompt ../prompt.json ";
  for (const BadPrompt& bad : bad_prompts) {
    CAPTURE(bad.name);
    io::write_file(runs.path("prompt.json"), bad.text);
    check_fails(runs, "advise" + model + "--json a.json --report a.html", 3, bad.message);
    check_fails(runs, "geometry" + model + "--out g.safetensors", 3, bad.message);
    check_fails(runs, "adapt" + model + "--horizon 2 --out-model adapted", 3, "prompt.json");
  }
}

TEST_CASE("bad encoder prompts and heads") {
  const ProgramRuns runs("bad-encoder");
  write_letters_encoder(runs.path("encoder"));
  io::write_file(runs.path("prompt.json"),
                 R"({"examples": [{"text": "a", "y": 1}, {"text": "b", "y": 0}], "queries": []})");
  const std::string advise = "advise --model ../encoder --prompt ../prompt.json --json a.json ";
  check_fails(runs, advise, 3, "head.safetensors");
  io::write_file(runs.path("head.safetensors"), "not a head");
  check_fails(runs, advise + "--head ../head.safetensors", 3, "head.safetensors");
  const std::string fit = "fit-head --model ../encoder --out h.safetensors --data ../s.tsv";
  check_fails(runs, fit, 3, "s.tsv");
  for (const auto& [text, message] : std::vector<std::pair<std::string, std::string>>{
           {"sentence\tlabel\n", "s.tsv"},
           {"sentence\tlabel\na b\t1\n", "s.tsv"},
           {"sentence\tlabel\na\t1\nb\t1\nc\t1\n", "s.tsv: all 3"},
           {"sentence\tlabel\na b\tyes\n", "yes"},
           {"sentence\tlabel\na b\tinf\n", "inf"},
           {"sentence\tlabel\na\t1\n\xff\t0\nc\t1\n", "s.tsv: line 3: is not valid UTF-8"},
           {"sentence\tlabel\na b\n", "s.tsv"}}) {
    io::write_file(runs.path("s.tsv"), text);
    check_fails(runs, fit, 3, message);
  }
}

TEST_CASE("bad model directories") {
  const ProgramRuns runs("bad-models");
  const std::string model = runs.path("model");
  std::filesystem::copy(decoder, model, std::filesystem::copy_options::recursive);
  const std::string weights = io::read_file(model + "/model.safetensors");
  const std::string config = io::read_file(model + "/config.json");
  const auto check = [&](const std::string& message) {
    check_fails(runs, "advise --model ../model --prompt '" + decoder_prompt + "' --json a.json", 3,
                message);
  };
  const auto replaced = [](std::string text, const std::string& from, const std::string& to) {
    const auto at = text.find(from);
    REQUIRE(at != std::string::npos);
    return text.replace(at, from.size(), to);
  };
  for (const std::size_t size :
       {std::size_t{0}, std::size_t{7}, std::size_t{100}, weights.size() - 1}) {
    io::write_file(model + "/model.safetensors", weights.substr(0, size));
    check("model.safetensors");
  }
  io::write_file(model + "/model.safetensors", std::string(8, '\xff') + weights.substr(8));
  check("model.safetensors");
  io::write_file(model + "/model.safetensors", weights + "x");
  check("model.safetensors");
  io::write_file(model + "/model.safetensors", replaced(weights, "h.0.ln_1.bias", "h.0.ln_1.bian"));
  check("h.0.ln_1.bias");
  std::string damaged = weights;
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const auto tensors = nlohmann::json::parse(weights.substr(8, header_length(weights)));
  const std::size_t norm = tensors["transformer.h.2.ln_1.weight"]["data_offsets"][0];
  std::memcpy(damaged.data() + 8 + header_length(weights) + norm + 12, &nan, sizeof(nan));
  io::write_file(model + "/model.safetensors", damaged);
  check("model.safetensors: tensor \"transformer.h.2.ln_1.weight\": element 3 is nan");
  io::write_file(model + "/model.safetensors", weights);
  io::write_file(model + "/config.json", replaced(config, "\"gpt2\"", "\"mamba\""));
  check("mamba");
  io::write_file(model + "/config.json", replaced(config, "\"n_embd\": 64", "\"n_embd\": 72"));
  check("72");
  io::write_file(model + "/config.json", "{");
  check("config.json");
  std::filesystem::remove(model + "/config.json");
  check("config.json");
}

TEST_CASE("bad geometries") {
  const ProgramRuns runs("bad-geometries");
  const std::string path = runs.path("g.safetensors");
  Random random(1);
  const auto good = random_geometry(random, 4, 2, {3, 3});
  geometry::write_geometry(path, good);
  const std::string bytes = io::read_file(path);
  CHECK(runs.run("select --geometry ../g.safetensors").status == 0);
  const auto check = [&](const std::string& message) {
    for (const std::string& command : std::vector<std::string>{"select", "score", "advise"}) {
      check_fails(runs, command + " --geometry ../g.safetensors --json a.json", 3, message);
    }
  };
  io::write_file(path, bytes.substr(0, bytes.size() - 8));
  check("g.safetensors");
  for (const auto& [from, to] : std::vector<std::pair<std::string, std::string>>{
           {"sextant-geometry/1", "sextant-geometry/9"},
           {"\"kernels\"", "\"kernelz\""},
           {"\\\"parameters\\\"", "\\\"parameterz\\\""}}) {
    std::string changed = bytes;
    const auto at = changed.find(from);
    REQUIRE(at != std::string::npos);
    io::write_file(path, changed.replace(at, from.size(), to));
    check(to.substr(2, to.size() - 4));
  }
  // Values are changed in the file: a geometry that is not valid is not written.
  const std::size_t data = 8 + header_length(bytes);
  const auto header = nlohmann::json::parse(bytes.substr(8, header_length(bytes)));
  const auto with_value = [&](const std::string& tensor, std::size_t index, double value) {
    std::string changed = bytes;
    const std::size_t begin = header[tensor]["data_offsets"][0];
    std::memcpy(changed.data() + data + begin + index * sizeof(double), &value, sizeof(double));
    return changed;
  };
  io::write_file(path, with_value("kernels", 16 + 1, 7));  // block 1, entry [0, 1]
  check("\"h.0.attn.v.1\": entries [0, 1]");
  io::write_file(path, with_value("kernels", 5, -100));  // block 0, entry [1, 1]
  check("\"h.0.attn.v.0\"");
  io::write_file(path, with_value("residuals", 2, std::numeric_limits<double>::quiet_NaN()));
  check("residuals");
  // Valid block by block, and yet no gradients have such couplings.
  auto other = geometry_from_prior(11, 24, 3, 1, 0.01);
  for (auto& coupling : other.query_kernels) coupling *= 10;
  geometry::write_geometry(path, other);
  for (const std::string& command : std::vector<std::string>{"score", "advise"}) {
    check_fails(runs, command + " --geometry ../g.safetensors --json a.json", 3,
                "g.safetensors: gives the chosen blocks an expected squared error of -");
  }
}

TEST_CASE("wrong usage and outputs that cannot be written") {
  const ProgramRuns runs("wrong-usage");
  const std::string on_model = " --model '" + decoder + "' --prompt '" + decoder_prompt + "' ";
  const std::vector<std::string> usages = {"advise",
                                           "advise --model '" + decoder + "'",
                                           "advise --geometry g --prompt p",
                                           "select" + on_model + "--horizons 5:2",
                                           "select" + on_model + "--horizons -1",
                                           "select" + on_model + "--step-scale 0",
                                           "select" + on_model + "--rho -1",
                                           "select" + on_model + "--sigma none",
                                           "select" + on_model + "--delta 1",
                                           "score" + on_model + "--method best",
                                           "score" + on_model + "--budget 33",
                                           "score" + on_model + "--budget -1",
                                           "score" + on_model + "--layers 3-9",
                                           "score" + on_model + "--blocks-kind bias",
                                           "score" + on_model + "--blocks-kind mlp-gate",
                                           "adapt" + on_model + "--blocks h.9.attn.v.0",
                                           "adapt" + on_model + "--solver newton",
                                           "select" + on_model + "--query 10",
                                           "select" + on_model + "--threads -1",
                                           "select" + on_model + "--seed x",
                                           "unknown"};
  for (const std::string& arguments : usages) {
    CAPTURE(arguments);
    const Outcome outcome =
        runs.run(arguments + (arguments.find("--") == std::string::npos ? "" : " --json a.json"));
    CHECK(outcome.status == 2);
    CHECK(outcome.output.empty());
    CHECK(!outcome.errors.empty());
    CHECK(runs.left().empty());
  }
  check_fails(runs, "score" + on_model + "--budget 33", 2, "sextant: --budget: is 33, expected");
  check_fails(runs, "score" + on_model + "--method best", 2,
              "sextant: --method: \"best\" is unknown, expected one of");
  check_fails(runs, "score" + on_model + "--layers 9", 2,
              "sextant: --layers: 9 is outside the model's layers, which are 0 to");
  check_fails(runs, "score" + on_model + "--layers 3-9", 2,
              "sextant: --layers: 3 to 9 are outside the model's layers, which are 0 to");
  check_fails(runs, "select" + on_model + "--delta 1", 2, "sextant: --delta: is 1, expected");
  check_fails(runs, "advise --geometry g --label a", 2,
              "go with --csv, and --geometry stands alone");
  check_fails(runs, "select --geometry g --query-csv a.csv", 2, "--geometry stands alone");
  check_fails(runs, "advise --geometry g --solver one-shot", 2, "sextant: --solver needs --model");
  for (const std::string& output : std::vector<std::string>{"--json no/such/directory/a.json",
                                                            "--report no/such/directory/a.html"}) {
    check_fails(runs, "select" + on_model + output, 3, "no/such/directory");
  }
  check_fails(runs, "adapt" + on_model + "--horizon 1 --out-model no/such/directory/m", 3,
              "no/such/directory");
  check_fails(runs, "adapt" + on_model + "--horizon 1 --out-model m --json no/such/directory/a", 3,
              "no/such/directory");
  check_fails(runs, "geometry" + on_model + "--out g.safetensors --json no/such/directory/a", 3,
              "no/such/directory");
  const std::string copy = runs.path("prompt.json");
  std::filesystem::copy(decoder_prompt, copy);
  const std::string on_copy = " --model '" + decoder + "' --prompt ../prompt.json ";
  check_fails(runs, "advise" + on_copy + "--json ../work/../prompt.json", 2, "is also read");
  check_fails(runs, "geometry" + on_copy + "--out ../prompt.json", 2, "is also read (--prompt)");
  check_fails(runs, "select" + on_copy + "--json a --report ./a", 2, "is also written by --json");
  CHECK(io::read_file(copy) == io::read_file(decoder_prompt));
  check_fails(runs, "reproduce everything", 2,
              "\"everything\" is not a command, expected one of digit-shift, sst2");
  for (const auto& [option, message] : std::vector<std::pair<std::string, std::string>>{
           {"--rank 0", "--rank: Value 0 not in range 1 to"},
           {"--dimensions 16,100001", "--dimensions: Value 100001 not in range"},
           {"--dimensions 8 --rank 9", "--rank: is 9, expected at most the smallest dimension, 8"},
           {"--samples 39", "--samples: Value 39 not in range"},
           {"--tasks 1", "--tasks: Value 1 not in range"},
           {"--tasks 4 --kernel-tasks 8", "--kernel-tasks: is 8, expected at most the 4 tasks"}}) {
    check_fails(runs, "reproduce single-index --out s " + option, 2, "sextant: " + message);
  }
  check_fails(runs, "reproduce single-index --out s --more-ranks 40", 3, "more_ranks holds 40");
  check_fails(runs, "reproduce-all", 2, "\"reproduce-all\" is not a command, expected one of");
}

TEST_CASE("a Git LFS pointer or a web page in place of any input is named") {
  const ProgramRuns runs("placeholders");
  const std::vector<std::pair<std::string, std::string>> contents = {
      {"version https://git-lfs.github.com/spec/v1\noid sha256:1\nsize 9\n",
       "is a Git LFS pointer"},
      {"<!DOCTYPE html>\n<html><body>Sign in</body></html>\n", "is a web page"}};
  write_row_model(runs.path("rows"));
  write_letters_encoder(runs.path("encoder"));
  const auto copied = std::filesystem::copy_options::recursive;
  for (const auto& [content, message] : contents) {
    for (const char* name : {"t.csv", "t.tsv", "p.json", "g.safetensors", "s.json"}) {
      io::write_file(runs.path(name), content);
    }
    check_fails(runs, "advise --model ../rows --csv ../t.csv", 3, "t.csv: " + message);
    check_fails(runs, "inspect ../t.tsv", 3, "t.tsv: " + message);
    check_fails(runs, "inspect ../p.json", 3, "p.json: " + message);
    check_fails(runs, "advise --model '" + decoder + "' --prompt ../p.json", 3,
                "p.json: " + message);
    check_fails(runs, "select --geometry ../g.safetensors", 3, "g.safetensors: " + message);
    check_fails(runs, "fit-head --model ../encoder --data ../t.tsv --out h", 3,
                "t.tsv: " + message);
    check_fails(runs,
                "advise --model '" + decoder + "' --prompt '" + decoder_prompt +
                    "' --block-scales ../s.json",
                3, "s.json: " + message);
    check_fails(runs, "linear --n 5 --k 5 --covariances ../s.json", 3, "s.json: " + message);
    for (const char* part : {"config.json", "tokenizer_config.json", "vocab.json", "merges.txt",
                             "tokenizer.json", "model.safetensors"}) {
      CAPTURE(part);
      std::filesystem::remove_all(runs.path("copy"));
      std::filesystem::copy(decoder, runs.path("copy"), copied);
      io::write_file(runs.path("copy") + "/" + part, content);
      check_fails(runs, "advise --model ../copy --prompt '" + decoder_prompt + "'", 3,
                  std::string(part) + ": " + message);
    }
  }
}
