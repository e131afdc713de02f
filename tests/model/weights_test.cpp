#include "sextant/model/weights.hpp"

#include <doctest/doctest.h>

#include <bit>
#include <tuple>

#include "sextant/core/errors.hpp"
#include "sextant/model/transformer.hpp"
#include "support/model_directory.hpp"

using namespace sextant;
using namespace sextant::model;
using namespace sextant::test;
namespace fs = std::filesystem;

namespace {

Rows<float> hidden_of(const Weights<float>& weights) {
  const std::vector<std::vector<int>> sequences{{1, 2, 3}, {4, 5}};
  TokenBatch batch =
      weights.config.causal() ? pack_causal(sequences) : pack_bidirectional(sequences);
  if (weights.config.reads_rows()) {
    const auto table = random_table(weights.config, 9, 3, 1);
    batch = pack_rows(table, row_sequences(*table));
  }
  return forward(weights, batch, tree_layouts(batch), false).hidden;
}

std::string error_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const InputError& error) {
    return error.what();
  }
  return "no error";
}

}  // namespace

TEST_CASE("every layout of the files gives the same model") {
  for (const Family family : {Family::gpt2, Family::bert, Family::rows}) {
    const auto parameters = random_parameters<float>(small_config(family), 1);
    const Rows<float> expected = hidden_of(parameters.weights());
    const TemporaryDirectory directory("weights");
    write_model(directory.path(), parameters);
    CHECK(hidden_of(load_weights<float>(directory.path())) == expected);

    // With the family's prefix.
    write_model(directory.path(), parameters, family == Family::bert ? "bert." : "transformer.");
    CHECK(hidden_of(load_weights<float>(directory.path())) == expected);

    // In two shards with an index.
    fs::remove(directory.path() / "model.safetensors");
    nlohmann::json map;
    for (const int shard : {0, 1}) {
      const std::string file = "model-" + std::to_string(shard) + ".safetensors";
      io::SafetensorsWriter writer;
      add_tensors(writer, parameters, [&](const std::string& name) {
        const bool here = (name.size() % 2 == 1) == (shard == 1);
        if (here) map[name] = file;
        return here ? name : std::string();
      });
      writer.write(directory.path() / file);
    }
    io::write_file(directory.path() / "model.safetensors.index.json",
                   nlohmann::json{{"metadata", {{"total_size", 1}}}, {"weight_map", map}}.dump());
    CHECK(hidden_of(load_weights<float>(directory.path())) == expected);
    CHECK(load_weights<double>(directory.path()).config.layers == 3);

    map["nowhere"] = "../outside.safetensors";
    io::write_file(directory.path() / "model.safetensors.index.json",
                   nlohmann::json{{"weight_map", map}}.dump());
    CHECK(error_of([&] { load_weights<float>(directory.path()); }).find("nowhere") !=
          std::string::npos);
  }
}

TEST_CASE("half precision files are converted") {
  const auto parameters = random_parameters<float>(small_config(Family::bert), 2);
  auto rounded = parameters;
  std::vector<std::vector<std::uint16_t>> halves;
  const TemporaryDirectory directory("half");
  io::write_file(directory.path() / "config.json", config_json(parameters.config()).dump());
  io::SafetensorsWriter writer;
  for (const auto& shape : parameters.shapes()) {
    std::size_t size = 1;
    for (const std::size_t extent : shape.shape) size *= extent;
    halves.emplace_back();
    for (std::size_t i = 0; i < size; ++i) {
      const auto bits =
          std::bit_cast<std::uint32_t>(parameters.values()[parameters.offset(shape.name) + i]);
      halves.back().push_back(static_cast<std::uint16_t>(bits >> 16));
      rounded.data(shape.name)[i] = io::bfloat16_to_float(halves.back().back());
    }
    writer.add(shape.name, "BF16", shape.shape, std::as_bytes(std::span(halves.back())));
  }
  writer.write(directory.path() / "model.safetensors");
  CHECK(hidden_of(load_weights<float>(directory.path())) == hidden_of(rounded.weights()));
}

TEST_CASE("missing and misshapen tensors and unknown models are named") {
  const auto parameters = random_parameters<float>(small_config(Family::gpt2), 3);
  const TemporaryDirectory directory("bad");
  const auto load = [&] { load_weights<float>(directory.path()); };
  CHECK(error_of(load).find("config.json") != std::string::npos);
  write_model(directory.path(), parameters);

  io::SafetensorsWriter missing;
  add_tensors(missing, parameters, [](const std::string& name) {
    return name == "h.1.mlp.c_fc.bias" ? std::string() : name;
  });
  missing.write(directory.path() / "model.safetensors");
  CHECK(error_of(load).find("h.1.mlp.c_fc.bias") != std::string::npos);

  write_model(directory.path(), parameters);
  auto config = config_json(parameters.config());
  config["n_inner"] = 28;
  io::write_file(directory.path() / "config.json", config.dump());
  const std::string shape_error = error_of(load);
  CHECK(shape_error.find("h.0.mlp.c_fc.weight") != std::string::npos);
  CHECK(shape_error.find("[12, 28]") != std::string::npos);

  config = config_json(parameters.config());
  for (const auto& [key, value, part] :
       std::vector<std::tuple<std::string, nlohmann::json, std::string>>{
           {"model_type", "mamba", "mamba"},
           {"n_head", 5, "divide"},
           {"n_layer", 0, "n_layer"},
           {"n_embd", -1, "n_embd"},
           {"n_positions", "many", "n_positions"},
           {"activation_function", "mish", "mish"},
           {"layer_norm_epsilon", 0, "epsilon"},
           {"add_cross_attention", true, "add_cross_attention"}}) {
    auto broken = config;
    broken[key] = value;
    io::write_file(directory.path() / "config.json", broken.dump());
    CHECK(error_of(load).find(part) != std::string::npos);
  }
  io::write_file(directory.path() / "config.json", config.dump());
  CHECK_NOTHROW(load());
  fs::remove(directory.path() / "model.safetensors");
  CHECK(error_of(load).find("model.safetensors") != std::string::npos);
}

TEST_CASE("replacing a matrix leaves other copies alone") {
  const auto parameters = random_parameters<float>(small_config(Family::gpt2), 4);
  const Weights<float> base = parameters.weights();
  const Rows<float> before = hidden_of(base);
  Weights<float> other = base;
  auto matrix = std::make_shared<Rows<float>>(copy(base.linear(1, LinearKind::value).weight));
  other.replace(1, LinearKind::value, matrix);
  CHECK((hidden_of(other) - before).norm() < 1e-5F * before.norm());
  *matrix *= 2.0F;
  CHECK((hidden_of(other) - before).norm() > 1e-3F * before.norm());
  CHECK(hidden_of(base) == before);
  CHECK_THROWS_AS(other.replace(1, LinearKind::mlp_in, matrix), ArgumentError);
}

TEST_CASE("an adapted model directory holds the change and nothing else") {
  for (const Family family : {Family::gpt2, Family::bert, Family::rows}) {
    const auto parameters = random_parameters<float>(small_config(family), 5);
    const TemporaryDirectory directory("adapted");
    const fs::path source = directory.path() / "base";
    const fs::path target = directory.path() / "adapted";
    fs::create_directory(source);
    write_model(source, parameters, family == Family::bert ? "bert." : "");
    io::write_file(source / "vocab.txt", "a\nb\n");
    fs::create_directory(source / "1_Pooling");
    io::write_file(source / "1_Pooling" / "config.json", "{}");
    io::write_file(source / "pytorch_model.bin", "not to be copied");

    Weights<float> changed = load_weights<float>(source);
    std::vector<AdaptedMatrix> matrices;
    for (const LinearKind kind : {LinearKind::value, LinearKind::mlp_out}) {
      AdaptedMatrix matrix{1, kind, copy(changed.linear(1, kind).weight)};
      matrix.values.array() += 0.1F;
      changed.replace(1, kind, std::make_shared<Rows<float>>(matrix.values));
      matrices.push_back(std::move(matrix));
    }
    write_adapted_model(source, target, matrices);
    CHECK(hidden_of(load_weights<float>(target)) == hidden_of(changed));
    CHECK(fs::exists(target / "vocab.txt"));
    CHECK(fs::exists(target / "1_Pooling" / "config.json"));
    CHECK_FALSE(fs::exists(target / "pytorch_model.bin"));
    CHECK(hidden_of(load_weights<float>(source)) == hidden_of(parameters.weights()));
    CHECK_THROWS_AS(write_adapted_model(source, target, matrices), InputError);
    const auto refuse = [&](const AdaptedMatrix& matrix, const char* message) {
      CHECK_THROWS_WITH_AS(write_adapted_model(source, directory.path() / "refused", {matrix}),
                           doctest::Contains(message), ArgumentError);
      CHECK_FALSE(fs::exists(directory.path() / "refused"));
    };
    refuse({1, LinearKind::value, Rows<float>::Ones(12, 13)}, "is 12 x 13, expected 12 x 12");
    refuse({3, LinearKind::value, Rows<float>::Ones(12, 12)}, "layer is 3");
    refuse({0, LinearKind::value, Rows<float>::Constant(12, 12, std::nanf(""))},
           "adapted, layer 0 value, has an entry that is not finite");
    write_adapted_model(source, directory.path() / "same", {});
    CHECK(hidden_of(load_weights<float>(directory.path() / "same")) ==
          hidden_of(parameters.weights()));
  }
}
