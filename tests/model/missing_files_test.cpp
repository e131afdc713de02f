/// Model directories that lack a file, or have one twice.

#include <doctest/doctest.h>

#include <memory>

#include "directory_cases.hpp"

using namespace sextant;
using namespace sextant::model;
using namespace sextant::test;
namespace fs = std::filesystem;

TEST_CASE("a directory that lacks a file says which, and what else is there") {
  const TemporaryDirectory directory("lacks");
  const fs::path path = directory.path() / "model";
  fs::create_directory(path);
  const auto parameters = random_parameters<float>(small_config(Family::gpt2, 2), 1);
  write_model(path, parameters);
  CHECK(contains(load_error(directory.path()),
                 "is no model's directory: config.json is missing; this one has it: \"" +
                     path.string() + "\""));
  const std::string config = io::read_file(path / "config.json");
  fs::remove(path / "config.json");
  CHECK(contains(load_error(path), "config.json is missing, which belongs to the weights"));
  io::write_file(path / "config.json", config);
  auto three = nlohmann::json::parse(config);
  three["n_layer"] = 3;
  io::write_file(path / "config.json", three.dump());
  CHECK(contains(load_error(path),
                 "config.json: n_layer: is 3, but model.safetensors holds layers 0 to 1 alone"));
  io::write_file(path / "config.json", config);
  fs::remove(path / "model.safetensors");
  CHECK(contains(load_error(path), "the weights are missing, get that file too"));
  for (const char* shard : {"model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"})
    io::write_file(path / shard, "");
  CHECK(contains(load_error(path),
                 "has 2 shards of weights, model-00001-of-00002.safetensors to "
                 "model-00002-of-00002.safetensors, but not model.safetensors.index.json"));
}

TEST_CASE("the prefix of a model inside another one is named") {
  HeadCase model;
  model.write(nullptr, nullptr, true, "model.transformer.");
  CHECK(contains(load_error(model.directory.path()),
                 "tensor \"wte.weight\": is missing; there is \"model.transformer.wte.weight\""));
}

TEST_CASE("of two files or shards that hold a tensor the one that transformers 5 takes is used") {
  HeadCase model;
  const fs::path path = model.directory.path();
  const auto shape =
      std::vector<std::size_t>{static_cast<std::size_t>(model.parameters.config().vocabulary),
                               static_cast<std::size_t>(model.parameters.config().width)};
  nlohmann::json map;
  model.write(nullptr, nullptr, true, "");
  fs::rename(path / "model.safetensors", path / "a.safetensors");
  add_tensors(*std::make_unique<io::SafetensorsWriter>(), model.parameters,
              [&](const std::string& name) {
                map[name] = "a.safetensors";
                return name;
              });
  map["extra"] = "b.safetensors";
  io::write_file(path / "model.safetensors.index.json", nlohmann::json{{"weight_map", map}}.dump());
  const auto write_last = [&](const std::vector<float>& values) {
    io::SafetensorsWriter writer;
    writer.add("wte.weight", shape, std::span<const float>(values));
    writer.write(path / "b.safetensors");
    return model.load();
  };
  // The last shard counts, although the index names the first.
  const Weights<float> differs = write_last(model.other);
  CHECK(logits(differs) == model.expected(model.other.data(), model.other.data()));
  REQUIRE(differs.notes->readings.size() == 1);
  CHECK(contains(differs.notes->readings[0],
                 "b.safetensors: wte.weight is used, as in transformers, which takes the last "
                 "shard's, and not that of a.safetensors, whose values differ"));
  const float* first = model.embedding();
  const Weights<float> same = write_last({first, first + model.other.size()});
  CHECK(logits(same) == model.expected(first, first));
  const std::vector<double> doubles(first, first + model.other.size());
  io::SafetensorsWriter wider;
  wider.add("wte.weight", "F64", shape, std::as_bytes(std::span(doubles)));
  wider.write(path / "b.safetensors");
  CHECK(model.load().notes->readings.empty());
  CHECK(same.notes->readings.empty());
  // A single file beside the shards counts alone.
  write_last(model.other);
  model.write(nullptr, nullptr, true, "");
  const Weights<float> single = model.load();
  CHECK(logits(single) == model.expected(first, first));
  REQUIRE(single.notes->readings.size() == 1);
  CHECK(contains(single.notes->readings[0],
                 "model.safetensors is used, as in transformers, and not the shards"));
}
