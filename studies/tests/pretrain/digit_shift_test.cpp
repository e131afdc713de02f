#include "sextant/studies/pretrain/digit_shift.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <fstream>
#include <map>

#include "sextant/core/blas.hpp"
#include "sextant/core/errors.hpp"
#include "sextant/core/threads.hpp"
#include "sextant/io/files.hpp"
#include "sextant/io/json.hpp"
#include "sextant/model/arithmetic.hpp"
#include "sextant/model/weights.hpp"
#include "sextant/studies/pretrain/digit_vocabulary.hpp"
#include "sextant/task/encoded_prompt.hpp"
#include "sextant/tokenizer/load.hpp"
#include "support/close.hpp"
#include "support/model_directory.hpp"

using namespace sextant;
using namespace sextant::studies;
using namespace sextant::studies::pretrain;
using sextant::test::TemporaryDirectory;

namespace {

namespace fs = std::filesystem;

DigitShiftRecipe tiny_recipe() {
  DigitShiftRecipe recipe;
  recipe.layers = 1;
  recipe.heads = 2;
  recipe.width = 16;
  recipe.examples = 3;
  recipe.batch = 5;
  recipe.training.schedule = {1e-2, 2, 9, 0};
  recipe.test_tasks = 4;
  return recipe;
}

RunOptions into(const fs::path& out) {
  RunOptions run;
  run.out = out;
  run.checkpoint_every = 2;
  return run;
}

std::map<std::string, std::string> contents(const fs::path& directory) {
  std::map<std::string, std::string> files;
  for (const auto& entry : fs::directory_iterator(directory)) {
    files[entry.path().filename().string()] = io::read_file(entry.path());
  }
  return files;
}

std::map<std::string, std::string> pretrained(const DigitShiftRecipe& recipe, const fs::path& out) {
  pretrain_digit_shift(recipe, into(out));
  CHECK_FALSE(fs::exists(state_path(out)));
  return contents(out);
}

struct Killed {};

}  // namespace

TEST_CASE("the same seed gives the same bytes for any number of threads, another seed others") {
  const TemporaryDirectory scratch("pretrain");
  set_threads(1);
  const auto one = pretrained(tiny_recipe(), scratch.path() / "one");
  set_threads(3);
  const auto three = pretrained(tiny_recipe(), scratch.path() / "three");
  set_threads(0);
  CHECK(one.size() == 6);
  CHECK(one == three);
  DigitShiftRecipe other = tiny_recipe();
  other.seed = 2;
  CHECK(pretrained(other, scratch.path() / "other").at("model.safetensors") !=
        one.at("model.safetensors"));
}

TEST_CASE("a killed run that resumes ends in the bytes of one that was not") {
  const TemporaryDirectory scratch("pretrain");
  const auto expected = pretrained(tiny_recipe(), scratch.path() / "whole");
  for (const int killed_at : {1, 5, 9}) {  // before the first state, between two, after the last
    const fs::path out = scratch.path() / ("killed-" + std::to_string(killed_at));
    RunOptions run = into(out);
    run.on_step = [&](int done, int, double) {
      if (done == killed_at) throw Killed();
    };
    CHECK_THROWS_AS(pretrain_digit_shift(tiny_recipe(), run), Killed);
    CHECK_FALSE(fs::exists(out));
    run.resume = true;
    run.on_step = {};
    const PretrainResult result = pretrain_digit_shift(tiny_recipe(), run);
    CHECK(result.resumed_from == (killed_at == 9 ? 9 : killed_at / 2 * 2));
    CHECK(contents(out) == expected);
    CHECK_FALSE(fs::exists(state_path(out)));
  }
}

TEST_CASE("a saved state is neither overwritten nor mistaken for another run's") {
  const TemporaryDirectory scratch("pretrain");
  const fs::path out = scratch.path() / "out";
  RunOptions run = into(out);
  run.on_step = [](int done, int, double) {
    if (done == 3) throw Killed();
  };
  CHECK_THROWS_AS(pretrain_digit_shift(tiny_recipe(), run), Killed);
  run.on_step = {};
  CHECK_THROWS_AS(pretrain_digit_shift(tiny_recipe(), run), UsageError);
  run.resume = true;
  DigitShiftRecipe other = tiny_recipe();
  other.training.schedule.peak = 2e-2;
  CHECK_THROWS_AS(pretrain_digit_shift(other, run), InputError);

  const std::string state = io::read_file(state_path(out));
  io::write_file(state_path(out), state.substr(0, state.size() / 2));
  CHECK_THROWS_AS(pretrain_digit_shift(tiny_recipe(), run), InputError);
  std::string elsewhere = state;  // another machine's, of the same length
  const std::string kernels = "kernels for " + blas_kernels();
  const auto at = elsewhere.find(kernels);
  REQUIRE(at != std::string::npos);
  elsewhere[at + kernels.size() - 1] = '?';
  io::write_file(state_path(out), elsewhere);
  CHECK_THROWS_WITH_AS(pretrain_digit_shift(tiny_recipe(), run),
                       doctest::Contains(model::arithmetic_in_use().c_str()), InputError);
  io::write_file(state_path(out), state);
  CHECK_NOTHROW(pretrain_digit_shift(tiny_recipe(), run));
  CHECK_THROWS_AS(pretrain_digit_shift(tiny_recipe(), run), InputError);  // out is there already
}

TEST_CASE("a diverging run is an error and leaves no model") {
  const TemporaryDirectory scratch("pretrain");
  DigitShiftRecipe recipe = tiny_recipe();
  TrainingState state(model_config(recipe));
  initialize(1, 0.05, state.parameters);
  state.parameters.values()[3] = std::nanf("");
  const auto before = state.moments.first;
  model::Parameters<float> gradient(state.parameters.config());
  CHECK_THROWS_AS(train_step(recipe.training, training_batch(recipe, 0), state, gradient),
                  NumericalError);
  CHECK(state.steps_done() == 0);
  CHECK(state.moments.first == before);
}

TEST_CASE("impossible recipes are wrong usage") {
  const auto rejected = [](auto change) {
    DigitShiftRecipe recipe = tiny_recipe();
    change(recipe);
    CHECK_THROWS_AS(check_recipe(recipe), UsageError);
  };
  CHECK_NOTHROW(check_recipe(tiny_recipe()));
  CHECK_NOTHROW(check_recipe(DigitShiftRecipe()));
  rejected([](auto& r) { r.layers = 0; });
  rejected([](auto& r) { r.heads = 3; });
  rejected([](auto& r) { r.heads = 0; });
  rejected([](auto& r) { r.width = 0; });
  rejected([](auto& r) { r.family.shifts.clear(); });
  rejected([](auto& r) { r.family.label_noise = 1.5; });
  rejected([](auto& r) { r.family.label_noise = std::nan(""); });
  rejected([](auto& r) { r.examples = 0; });
  rejected([](auto& r) { r.batch = 0; });
  rejected([](auto& r) { r.training.schedule.steps = 0; });
  rejected([](auto& r) { r.training.schedule.warmup = 10; });
  rejected([](auto& r) { r.training.schedule.peak = 0; });
  rejected([](auto& r) { r.training.adamw.weight_decay = -1; });
  rejected([](auto& r) { r.test_tasks = 1; });
  const TemporaryDirectory scratch("pretrain");
  RunOptions run = into(scratch.path() / "out");
  run.checkpoint_every = 0;
  CHECK_THROWS_AS(pretrain_digit_shift(tiny_recipe(), run), UsageError);
}

TEST_CASE("the written model is the one that was trained") {
  const TemporaryDirectory scratch("pretrain");
  const DigitShiftRecipe recipe = tiny_recipe();
  pretrain_digit_shift(recipe, into(scratch.path() / "out"));
  const auto config = model::read_config(scratch.path() / "out");
  const auto expected = model_config(recipe);
  CHECK(config.layers == expected.layers);
  CHECK(config.heads == expected.heads);
  CHECK(config.inner == expected.inner);
  CHECK(config.context == 14);
  CHECK(config.vocabulary == 16);
  CHECK(config.activation == expected.activation);
  CHECK(config.tied_head);

  TrainingState state(expected);
  initialize(recipe.seed, initial_deviation(recipe), state.parameters);
  model::Parameters<float> gradient(expected);
  for (int step = 0; step < 9; ++step) {
    train_step(recipe.training, training_batch(recipe, step), state, gradient);
  }
  const auto read = model::load_weights<float>(scratch.path() / "out");
  const auto made = state.parameters.weights();
  for (const model::LinearKind kind : model::linear_kinds(expected)) {
    CHECK(copy(read.linear(0, kind).weight) == copy(made.linear(0, kind).weight));
  }
  CHECK(std::equal(made.head, made.head + 16 * 16, read.head));

  const auto json = io::parse_json(io::read_file(scratch.path() / "out" / "recipe.json"), "recipe");
  CHECK(json["seed"] == 1);
  CHECK(json["measured"]["rows"].size() == 5);
  CHECK(json["measured"]["rows"][0]["examples"] == 3);
  CHECK(json["loss"]["curve"].size() == 9);
}

TEST_CASE("labels stand where the loss expects them") {
  const generators::DigitShiftTask task{4, 1, {{1, 5}, {9, 3}, {7, 1}}, {{2, 6}}};
  const LabelledSequences batch = label_sequences({task});
  CHECK(batch.tokens[0] == std::vector<int>{1, 11, 5, 13, 9, 11, 3, 13, 7, 11});
  CHECK(batch.positions[0] == std::vector<int>{1, 5, 9});
  CHECK(batch.next[0] == std::vector<int>{5, 3, 1});
  CHECK(query_tokens(task, 0) == std::vector<int>{1, 11, 5, 13, 9, 11, 3, 13, 7, 11, 1, 13, 2, 11});
  CHECK(query_tokens({0, 0, {}, {{2, 2}}}, 0) == std::vector<int>{2, 14});
  CHECK_THROWS_AS(label_sequences({{0, 0, {}, {{1, 1}}}}), ArgumentError);
}

TEST_CASE("each step has tasks of its own from the family") {
  DigitShiftRecipe recipe = tiny_recipe();
  recipe.family = {{2, 3}, 0};
  recipe.batch = 200;
  const LabelledSequences first = training_batch(recipe, 0);
  CHECK(first.tokens == training_batch(recipe, 0).tokens);
  CHECK(first.tokens != training_batch(recipe, 1).tokens);
  REQUIRE(first.tokens.size() == 200);
  int with_shift_2 = 0;
  for (std::size_t i = 0; i < 200; ++i) {
    REQUIRE(first.tokens[i].size() == 14);  // three examples and one more x
    REQUIRE(first.next[i].size() == 4);
    const int shift = (first.next[i][0] - first.tokens[i][0] + 10) % 10;
    CHECK((shift == 2 || shift == 3));
    with_shift_2 += shift == 2;
    for (std::size_t k = 0; k < 4; ++k) {
      CHECK(first.next[i][k] == (first.tokens[i][4 * k] + shift) % 10);
    }
  }
  CHECK(std::abs(with_shift_2 - 100) < 36);  // five standard deviations
}

TEST_CASE("the written tokenizer gives the tokens that training used") {
  const TemporaryDirectory scratch("pretrain");
  write_digit_tokenizer(scratch.path(), 62);
  const auto tokenizer = tokenizer::load_tokenizer(scratch.path());
  CHECK(tokenizer->vocabulary_size() == digit_vocabulary().size());
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    Random random(seed);
    const auto task = generators::draw_digit_shift({{0, 5, 9}, 0.5}, 7, 1, random);
    const auto prompt = generators::digit_shift_prompt(task);
    const auto encoded = task::encode(prompt, *tokenizer, "prompt");
    CHECK(encoded.query_tokens[0] == query_tokens(task, 0));
    for (int digit = 0; digit < 10; ++digit) {
      CHECK(encoded.label_tokens[static_cast<std::size_t>(digit)] == digit);
    }
  }
}

TEST_CASE("initial values have GPT-2's scales") {
  DigitShiftRecipe recipe;
  recipe.width = 768 / 4;
  CHECK(initial_deviation(recipe) == test::close(0.04, 1e-12));
  model::Parameters<float> parameters(model_config(recipe));
  initialize(1, 0.02, parameters);
  const auto deviation = [&](const std::string& name, std::size_t count) {
    double sum = 0;
    for (std::size_t i = 0; i < count; ++i) sum += std::pow(parameters.data(name)[i], 2);
    return std::sqrt(sum / static_cast<double>(count));
  };
  // Relative standard error 1 / sqrt(20000) = 0.7%; four of them.
  CHECK(deviation("h.2.mlp.c_fc.weight", 10000) == test::close(0.02, 0.028));
  CHECK(deviation("h.2.mlp.c_proj.weight", 10000) == test::close(0.02 / std::sqrt(8.0), 0.028));
  CHECK(parameters.data("ln_f.weight")[5] == 1);
  CHECK(parameters.data("ln_f.bias")[5] == 0);
  CHECK(parameters.data("h.0.attn.c_attn.bias")[5] == 0);
}
