#include "sextant/ttt/load.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>

#include "sextant/core/errors.hpp"
#include "sextant/ttt/step_path.hpp"
#include "support/model_directory.hpp"
#include "support/prompt_model_case.hpp"

using namespace sextant;
using namespace sextant::ttt;

namespace {

const std::filesystem::path shipped = std::filesystem::path(SEXTANT_SOURCE_DIR) / "models";
const std::filesystem::path digits = shipped / "digits-gpt2";

task::DecoderPrompt demo_prompt() {
  return std::get<task::DecoderPrompt>(task::load_prompt(digits / "demo-clean.json"));
}

std::vector<std::string> texts_of(const task::DecoderPrompt& prompt) {
  std::vector<std::string> texts;
  for (const auto& query : prompt.queries) texts.push_back(query.x);
  return texts;
}

/// Weights far from the base ones.
model::Weights<float> moved_weights(const PromptModel& model) {
  const auto geometry = model.capture({});
  std::vector<std::string> names;
  for (const auto& block : geometry.blocks) names.push_back(block.name);
  return take_steps(model, names, 0.01, 5, {}).weights;
}

template <class Refusal, class Call>
void check_message(const Call& call, const std::string& part) {
  try {
    call();
    FAIL_CHECK("accepted");
  } catch (const Refusal& error) {
    INFO(error.what());
    CHECK(std::string(error.what()).find(part) != std::string::npos);
  }
}

}  // namespace

TEST_CASE("a prompt in memory gives the model that its file gives") {
  const PromptModel from_file =
      load_prompt_model({.model = digits, .prompt = digits / "demo-clean.json"});
  const PromptModel in_memory = load_prompt_model(digits, demo_prompt());
  CHECK(in_memory.examples() == from_file.examples());
  CHECK(in_memory.predictions(in_memory.weights()) == from_file.predictions(from_file.weights()));
  const PromptModel third = load_prompt_model(digits, demo_prompt(), {.query = 2});
  CHECK(third.queries() == 1);
  CHECK(third.prompt().query_tokens.front() == in_memory.prompt().query_tokens[2]);

  task::DecoderPrompt bad = demo_prompt();
  bad.examples.front().y = "no label";
  check_message<InputError>([&] { load_prompt_model(digits, bad, {.label = "my task"}); },
                            "my task: examples[0].y");
  check_message<InputError>(
      [&] {
        load_prompt_model(digits, task::EncoderPrompt{.examples = {{"a", 0}, {"b", 1}}});
      },
      "prompt: is an encoder's prompt, but the model is a decoder");
}

TEST_CASE("a decoder's new texts are predicted as queries of the prompt are, one by one") {
  const task::DecoderPrompt prompt = demo_prompt();
  const std::vector<std::string> texts = texts_of(prompt);
  REQUIRE(texts.size() > 2);
  const PromptModel with_queries = load_prompt_model(digits, prompt);
  task::DecoderPrompt no_queries = prompt;
  no_queries.queries.clear();
  const PromptModel model = load_prompt_model(digits, no_queries);
  const auto moved = moved_weights(model);
  const Eigen::VectorXd base =
      with_queries.predictions(model.weights()).tail(with_queries.queries());
  const Eigen::VectorXd adapted = with_queries.predictions(moved).tail(with_queries.queries());
  constexpr double rounding = 1e-5;  // of single precision, sums in another order
  REQUIRE((adapted - base).cwiseAbs().maxCoeff() > 100 * rounding);
  CHECK((model.predict(model.weights(), texts) - base).cwiseAbs().maxCoeff() < rounding);
  CHECK((model.predict(moved, texts) - adapted).cwiseAbs().maxCoeff() < rounding);
  for (std::size_t i = 0; i < texts.size(); ++i) {
    const Eigen::VectorXd alone = model.predict(moved, {texts[i]});
    REQUIRE(alone.size() == 1);
    CHECK(std::abs(alone(0) - adapted(static_cast<Eigen::Index>(i))) < rounding);
  }
  CHECK(model.predict(moved, {}).size() == 0);
}

TEST_CASE("a new text that cannot be read is refused by its number") {
  const PromptModel model = load_prompt_model(digits, demo_prompt());
  check_message<InputError>(
      [&] {
        model.predict(model.weights(), {"3", std::string(4000, '7')});
      },
      "texts: queries[1]");
  check_message<InputError>(
      [&] {
        model.predict(model.weights(), {"3", "\xff"});
      },
      "texts: queries[1].x: is not valid UTF-8 at byte 0 (0xFF)");
  task::DecoderPrompt broken = demo_prompt();
  broken.examples[2].x += "\xc3";
  check_message<InputError>([&] { load_prompt_model(digits, broken, {.label = "mine"}); },
                            "mine: examples[2].x: is not valid UTF-8 at byte");
  check_message<ArgumentError>([&] { model.predict_rows(model.weights(), {}); },
                               "was loaded with a table");
  const test::PromptModelCase c(model::Family::gpt2);
  const PromptModel of_tokens = c.prompt_model();
  check_message<ArgumentError>([&] { of_tokens.predict(of_tokens.weights(), {"3"}); },
                               "loaded with a prompt of texts");
}

TEST_CASE("weights of another model are refused by their sizes") {
  const PromptModel model = load_prompt_model(digits, demo_prompt());
  const auto other = test::random_parameters<float>(test::small_config(model::Family::gpt2), 1);
  const std::string width = std::to_string(model.weights().config.width);
  auto config = model.weights().config;
  config.layers += 1;
  const auto deeper = test::random_parameters<float>(config, 1);
  const std::string layers = "weights are of another model: layers " +
                             std::to_string(config.layers) + ", expected " +
                             std::to_string(config.layers - 1);
  check_message<ArgumentError>([&] { model.predictions(deeper.weights()); },
                               "PromptModel::predictions: " + layers);
  check_message<ArgumentError>([&] { model.predict(deeper.weights(), {"3"}); },
                               "PromptModel::predict: " + layers);
  check_message<ArgumentError>([&] { model.predict(deeper.weights(), {}); }, layers);
  check_message<ArgumentError>([&] { model.predictions(other.weights()); },
                               "weights are of another model: ");
  const auto encoder = test::random_parameters<float>(test::small_config(model::Family::bert), 1);
  check_message<ArgumentError>([&] { model.predictions(encoder.weights()); },
                               "family bert, expected gpt2");
  CHECK(model.predictions(model.weights()).size() == model.examples() + model.queries());
}

TEST_CASE("names of files that are empty, and a table beside a prompt, are refused by field") {
  check_message<ArgumentError>([] { load_prompt_model(PromptModelFiles{}); },
                               "load_prompt_model: model is empty");
  check_message<ArgumentError>([] { load_prompt_model({.model = digits}); },
                               "load_prompt_model: prompt is empty");
  check_message<ArgumentError>([] { load_prompt_model({.model = digits, .table = TableFiles{}}); },
                               "load_prompt_model: table.examples is empty");
  check_message<ArgumentError>(
      [] {
        load_prompt_model({.model = digits, .prompt = "p.json", .table = TableFiles{"t.csv"}});
      },
      "load_prompt_model: prompt is given and table too");
  check_message<ArgumentError>(
      [] { load_prompt_model({.model = digits, .prompt = "p.json", .head = ""}); },
      "load_prompt_model: head is empty");
}

TEST_CASE("an encoder's new texts are predicted through its head") {
  const test::TemporaryDirectory directory("load-encoder");
  const test::PromptModelCase c(model::Family::bert);
  test::write_model(directory.path(), c.parameters);
  std::string vocabulary = "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\n";
  const std::vector<std::string> words{"good", "bad", "dull", "fine", "film", "plot", "cast"};
  for (const std::string& word : words) vocabulary += word + "\n";
  io::write_file(directory.path() / "vocab.txt", vocabulary);
  Random random(6);
  readout::LinearHead head{Eigen::VectorXd(c.config.width), 0.1};
  for (double& w : head.weight) w = 0.3 * random.normal();
  readout::write_head(directory.path() / "head.safetensors", head);
  const task::EncoderPrompt prompt{
      .examples = {{"good film", 1}, {"bad plot", 0}, {"fine cast", 1}},
      .queries = {{.text = "dull film"}, {.text = "good cast good plot"}}};
  const PromptModel model = load_prompt_model(directory.path(), prompt);
  const auto moved = moved_weights(model);
  const Eigen::VectorXd expected = model.predictions(moved).tail(2);
  const Eigen::VectorXd base = model.predictions(model.weights()).tail(2);
  CHECK((expected - base).cwiseAbs().minCoeff() > 1e-4);
  const Eigen::VectorXd found = model.predict(moved, {"dull film", "good cast good plot"});
  CHECK((found - expected).cwiseAbs().maxCoeff() < 1e-6);
}

TEST_CASE("rows of a new table are predicted by the examples' scales and categories") {
  const test::TemporaryDirectory directory("load-rows");
  const auto examples = directory.path() / "examples.csv";
  io::write_file(examples,
                 "size,colour,class\n1,red,a\n2,blue,b\n3,red,a\n4,blue,b\n5,red,b\n6,green,a\n");
  const auto queries = directory.path() / "queries.csv";
  io::write_file(queries, "size,colour\n2.5,red\n400,blue\n,green\n");
  const PromptModel with_queries =
      load_prompt_model({.model = shipped / "tabular-rows",
                         .table = TableFiles{.examples = examples, .queries = queries}});
  const PromptModel model = load_prompt_model(
      {.model = shipped / "tabular-rows", .table = TableFiles{.examples = examples}});
  const auto moved = moved_weights(model);
  const Eigen::VectorXd expected = with_queries.predictions(moved).tail(3);
  CHECK((model.predict_rows(moved, io::read_csv(queries)) - expected).cwiseAbs().maxCoeff() < 1e-6);
  CHECK((expected - with_queries.predictions(model.weights()).tail(3)).cwiseAbs().maxCoeff() >
        1e-4);
  for (const auto& [row, x] : {std::pair("2.5,red", 0), {"400,blue", 1}, {",green", 2}}) {
    const auto one = io::parse_csv("size,colour\n" + std::string(row) + "\n", "one.csv");
    CHECK(std::abs(model.predict_rows(moved, one)(0) - expected(x)) < 1e-6);
  }
  check_message<InputError>(
      [&] { model.predict_rows(moved, io::parse_csv("size\n1\n", "one.csv")); }, "one.csv");
  check_message<ArgumentError>([&] { model.predict(moved, {"1"}); }, "a prompt of texts");
}

TEST_CASE("what is read otherwise in rows of a new table is said") {
  const test::TemporaryDirectory directory("load-row-notes");
  const auto examples = directory.path() / "examples.csv";
  io::write_file(
      examples,
      "size,colour,one,class\n1.5,red,1,a\n2,blue,1,b\n3,red,1,a\n4,blue,1,b\n5,red,1,\n");
  const PromptModel model = load_prompt_model(
      {.model = shipped / "tabular-rows", .table = TableFiles{.examples = examples}});
  REQUIRE(model.prompt().source != nullptr);
  CHECK(model.prompt().source->notes.size() == 1);  // on the column that does not differ
  const io::CsvTable rows =
      io::parse_csv("size,colour,one\n\"1,234\",red,1\n2,violet,1\n", "new.csv");
  CHECK(model.predict_rows(model.weights(), rows).allFinite());
  const std::vector<std::string> notes = model.row_notes(rows);
  REQUIRE(notes.size() == 2);
  CHECK_MESSAGE(notes[0].starts_with("new.csv: 1 cell of queries counts as missing"), notes[0]);
  CHECK_MESSAGE(notes[0].ends_with("first \"violet\" in line 3, column 2 (colour)"), notes[0]);
  CHECK_MESSAGE(notes[1].starts_with("new.csv: 1 cell of queries counts as missing"), notes[1]);
  CHECK_MESSAGE(notes[1].ends_with("first \"1,234\" in line 2, column 1 (size)"), notes[1]);
  CHECK(model.row_notes(io::parse_csv("size,colour,one\n2,red,1\n", "new.csv")).empty());
  CHECK(model.row_notes({}).empty());
  const PromptModel texts = load_prompt_model(digits, demo_prompt());
  check_message<ArgumentError>([&] { texts.row_notes(rows); },
                               "PromptModel::row_notes: rows need a model that was loaded with a "
                               "table");
}

TEST_CASE("kernels beyond the memory are refused before they are made") {
  check_capture_memory(1000, 10, std::size_t{1} << 30);
  check_capture_memory(1'000'000, 10, 0);  // unknown
  check_message<NumericalError>([] { check_capture_memory(10000, 10, std::size_t{8} << 30); },
                                "10 kernels of 10000 x 10000 examples take 8.0 GB and this machine "
                                "has 8.6");
  check_capture_memory(10000, 8, std::size_t{8} << 30);  // 6.4 of 8.6 GB
}

TEST_CASE("a weight that makes predictions infinite is named by a capture") {
  const test::TemporaryDirectory directory("load-nan");
  std::filesystem::copy(digits, directory.path(), std::filesystem::copy_options::recursive);
  // The shipped tokenizer with the shipped weights, one of them not a number.
  const io::SafetensorsFile file(digits / "model.safetensors");
  io::SafetensorsWriter writer;
  std::vector<std::vector<float>> kept;
  for (const auto& tensor : file.tensors()) {
    std::vector<float>& values = kept.emplace_back(file.floats(tensor));
    if (tensor.name.ends_with("h.1.mlp.c_fc.bias")) {
      values[2] = std::numeric_limits<float>::quiet_NaN();
    }
  }
  std::size_t next = 0;
  for (const auto& tensor : file.tensors()) {
    writer.add(tensor.name, tensor.shape, std::span<const float>(kept[next++]));
  }
  writer.write(directory.path() / "model.safetensors");
  const PromptModel model = load_prompt_model(directory.path(), demo_prompt());
  check_message<InputError>([&] { model.capture({}); }, "h.1.mlp.c_fc.bias");
}

TEST_CASE("weights that are too large are the likely cause of predictions that are not finite") {
  const PromptModel model = load_prompt_model(digits, demo_prompt());
  model::Weights<float> huge = model.weights();
  const auto& value = huge.linear(1, model::LinearKind::value).weight;
  model::Rows<float> scaled = model::copy(value);
  scaled *= 1e30F;
  huge.replace(1, model::LinearKind::value,
               std::make_shared<model::Rows<float>>(std::move(scaled)));
  check_message<NumericalError>(
      [&] { model.predictions(huge); },
      digits.string() +
          ": the model's prediction for sequence 0 is not a finite number: most "
          "likely its activations grow beyond the range of 32-bit numbers");
}
