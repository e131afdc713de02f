/// Model directories as they are found: which tensor is the head, shards and indices that disagree,
/// and files that are none.

#include "sextant/model/directory.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <tuple>

#include "directory_cases.hpp"
#include "sextant/core/errors.hpp"
#include "sextant/model/transformer.hpp"
#include "support/model_directory.hpp"

using namespace sextant;
using namespace sextant::model;
using namespace sextant::test;
namespace fs = std::filesystem;

TEST_CASE("the head is decided by the tensors, as transformers 5 does") {
  HeadCase c;
  const Rows<float> tied = c.expected(c.embedding(), c.embedding());
  const Rows<float> untied = c.expected(c.embedding(), c.other.data());
  const Rows<float> head_alone = c.expected(c.other.data(), c.other.data());
  REQUIRE((tied - untied).norm() > 1);
  REQUIRE((tied - head_alone).norm() > 1);
  for (const nlohmann::json& tie : {nlohmann::json(true), nlohmann::json(nullptr)}) {
    CAPTURE(tie.dump());
    c.write(tie, nullptr, true);
    CHECK(logits(c.load()) == tied);
    CHECK(c.load().notes->readings.empty());
    c.write(tie, c.embedding(), true, "");
    CHECK(logits(c.load()) == tied);
    CHECK(c.load().config.tied_head);
    CHECK(c.load().notes->readings.empty());
    CHECK(c.load().notes->tensors.empty());
    c.write(tie, c.other.data(), true);
    CHECK(logits(c.load()) == untied);
    CHECK_FALSE(c.load().config.tied_head);
    REQUIRE(c.load().notes->readings.size() == 1);
    CHECK(contains(c.load().notes->readings[0],
                   "lm_head.weight is used as the head, since its values differ from "
                   "transformer.wte.weight"));
    CHECK(contains(c.load().notes->readings[0],
                   tie.is_null() ? "although config.json, which is silent on "
                                   "tie_word_embeddings, ties them by default"
                                 : "although config.json ties them (tie_word_embeddings)"));
    c.write(tie, c.other.data(), false);
    CHECK(logits(c.load()) == head_alone);
    CHECK(c.load().config.tied_head);
  }
  c.write(false, c.other.data(), true);
  CHECK(logits(c.load()) == untied);
  CHECK(c.load().notes->readings.empty());
  c.write(false, c.embedding(), true);
  CHECK(logits(c.load()) == tied);
  c.write(false, nullptr, true);
  CHECK(contains(load_error(c.directory.path()), "set tie_word_embeddings to true"));
  c.write(false, c.other.data(), false);
  CHECK(contains(load_error(c.directory.path()), "tensor \"wte.weight\": is missing"));
  c.write(true, nullptr, false);
  CHECK(contains(load_error(c.directory.path()), "tensor \"wte.weight\": is missing"));
}

TEST_CASE("of two names of a tensor the one that transformers 5 takes is used, and said") {
  const auto parameters = random_parameters<float>(small_config(Family::gpt2), 1);
  const auto encoder = random_parameters<float>(small_config(Family::bert), 1);
  const auto find = [](const Parameters<float>& model, const std::string& prefix,
                       const std::string& name, const std::string& second, float value) {
    const TemporaryDirectory directory("two-names");
    const fs::path& path = directory.path();
    io::write_file(path / "config.json", config_json(model.config()).dump());
    io::SafetensorsWriter writer;
    add_tensors(writer, model, [&](const std::string& own) { return prefix + own; });
    std::vector<std::size_t> shape;
    for (const ParameterShape& parameter : parameter_shapes(model.config())) {
      if (parameter.name != name) continue;
      shape = parameter.shape;
    }
    std::size_t size = 1;
    for (const std::size_t extent : shape) size *= extent;
    Parameters<float> source = model;
    std::vector<float> values(source.data(name), source.data(name) + size);
    if (value != 0) std::ranges::fill(values, value);
    writer.add(second, shape, std::span<const float>(values));
    writer.write(path / "model.safetensors");
    const ModelDirectory opened = open_directory(path);
    const auto notes = directory_notes(opened);
    return std::tuple(opened.tensors.at(name, model.config().family).tensor->name,
                      notes.tensors.size() == 1 ? sentence(notes.tensors[0]) : std::string(),
                      notes.unused_line());
  };
  // What transformers 5.24 loads, by name: the first in alphabetical order.
  struct Case {
    const Parameters<float>& model;
    std::string prefix, name, second, used;
  };
  const std::string norm = "embeddings.LayerNorm.";
  for (const Case& c : std::vector<Case>{
           {parameters, "transformer.", "wte.weight", "wte.weight", "transformer.wte.weight"},
           {parameters, "", "wte.weight", "transformer.wte.weight", "transformer.wte.weight"},
           {parameters, "transformer.", "h.0.ln_1.weight", "h.0.ln_1.weight", "h.0.ln_1.weight"},
           {parameters, "", "h.0.ln_1.weight", "transformer.h.0.ln_1.weight", "h.0.ln_1.weight"},
           {encoder, "", norm + "weight", "bert." + norm + "weight", "bert." + norm + "weight"},
           {encoder, "bert.", norm + "weight", norm + "weight", "bert." + norm + "weight"},
           {encoder, "", norm + "weight", norm + "gamma", norm + "gamma"},
           {encoder, "bert.", norm + "weight", norm + "gamma", "bert." + norm + "weight"},
           {encoder, "bert.", norm + "weight", "bert." + norm + "gamma",
            "bert." + norm + "gamma"}}) {
    const std::string other = c.used == c.second ? c.prefix + c.name : c.second;
    CAPTURE(c.second);
    std::string shown = other;  // numbers of layers are stars
    if (shown.find("h.0.") != std::string::npos) shown.replace(shown.find("h.0.") + 2, 1, "*");
    const auto [used, unequal, line] = find(c.model, c.prefix, c.name, c.second, 7);
    const std::string& note = unequal;  // Clang 14 captures no binding
    CHECK(used == c.used);
    CHECK_MESSAGE(note.starts_with(shown + ": one tensor that the file also has as "), note);
    CHECK(line == shown);
    CHECK_MESSAGE(contains(note, "which is used, as in transformers; the values differ"), note);
    const auto [same_used, equal, same_line] = find(c.model, c.prefix, c.name, c.second, 0);
    const std::string& same_note = equal;
    CHECK(same_used == c.used);
    CHECK_MESSAGE(contains(same_note, "; the values are the same"), same_note);
    CHECK(same_line.empty());
    if (c.name != "wte.weight") continue;
    CHECK(note ==
          "wte.weight: one tensor that the file also has as transformer.wte.weight, which "
          "is used, as in transformers; the values differ");
  }
}

TEST_CASE("a second copy of a type that is not read is not used, like any other") {
  const auto parameters = random_parameters<float>(small_config(Family::gpt2), 1);
  const auto shape =
      std::vector<std::size_t>{static_cast<std::size_t>(parameters.config().vocabulary),
                               static_cast<std::size_t>(parameters.config().width)};
  for (const std::string type : {"I8", "F8_E4M3", "F64"}) {
    CAPTURE(type);
    const TemporaryDirectory directory("second-type");
    io::write_file(directory.path() / "config.json", config_json(parameters.config()).dump());
    io::SafetensorsWriter writer;
    add_tensors(writer, parameters, [](const std::string& name) { return "transformer." + name; });
    Parameters<float> source = parameters;
    const float* first = source.data("wte.weight");
    const std::vector<double> doubles(first, first + shape[0] * shape[1]);
    const auto all = std::as_bytes(std::span(doubles));
    writer.add("wte.weight", type, shape, type == "F64" ? all : all.first(doubles.size()));
    writer.write(directory.path() / "model.safetensors");
    const auto weights = load_weights<float>(directory.path());
    CHECK(logits(weights) == logits(parameters.weights()));
    REQUIRE(weights.notes->tensors.size() == 1);
    CHECK(contains(sentence(weights.notes->tensors[0]),
                   type == "F64" ? "the values are the same" : "the values differ"));
  }
}

TEST_CASE("a written model has the head that the model had, and all parameters are read") {
  HeadCase c;
  for (const bool with_embedding : {true, false}) {
    c.write(true, c.other.data(), with_embedding);
    const TemporaryDirectory target("head-written");
    const auto weights = c.load();
    AdaptedMatrix matrix{1, LinearKind::value, copy(weights.linear(1, LinearKind::value).weight)};
    matrix.values.array() += 0.1F;
    auto changed = weights;
    changed.replace(1, LinearKind::value, std::make_shared<Rows<float>>(matrix.values));
    write_adapted_model(c.directory.path(), target.path() / "out", {matrix});
    CHECK(logits(load_weights<float>(target.path() / "out")) == logits(changed));
    CHECK(logits(read_parameters<float>(c.directory.path()).weights()) == logits(weights));
  }
}

TEST_CASE("an index that disagrees with its shards costs nothing that is not needed") {
  const auto parameters = random_parameters<float>(small_config(Family::gpt2), 1);
  const TemporaryDirectory directory("index");
  const fs::path path = directory.path();
  io::write_file(path / "config.json", config_json(parameters.config()).dump());
  nlohmann::json map;
  for (const int shard : {0, 1}) {
    const std::string file = "model-" + std::to_string(shard) + ".safetensors";
    io::SafetensorsWriter writer;
    add_tensors(writer, parameters, [&](const std::string& name) {
      const bool here = (name.size() % 2 == 1) == (shard == 1);
      if (here) map[name] = file;
      return here ? name : std::string();
    });
    writer.write(path / file);
  }
  const auto load = [&](const nlohmann::json& weight_map) {
    io::write_file(path / "model.safetensors.index.json",
                   nlohmann::json{{"weight_map", weight_map}}.dump());
    return logits(load_weights<float>(path));
  };
  const Rows<float> expected = logits(parameters.weights());
  CHECK(load(map) == expected);
  auto changed = map;
  changed["score.weight"] = "model-7.safetensors";  // a file that is not there
  changed["other.weight"] = "model-0.safetensors";  // a tensor that is not there
  CHECK(load(changed) == expected);
  changed = map;
  changed.erase("h.1.mlp.c_fc.bias");  // in a shard, not in the index
  CHECK(load(changed) == expected);
  changed["h.1.mlp.c_fc.bias"] =  // in the other shard
      map["h.1.mlp.c_fc.bias"] == "model-0.safetensors" ? "model-1.safetensors"
                                                        : "model-0.safetensors";
  CHECK(load(changed) == expected);
  changed["h.1.mlp.c_fc.bias"] = "model-7.safetensors";
  CHECK(load(changed) == expected);
  changed["lm_head.weight"] = "model-7.safetensors";  // it may differ from the embedding
  CHECK(contains(loading_error([&] { load(changed); }),
                 "tensor \"lm_head.weight\": lies in model-7.safetensors, which is not in the "
                 "directory: get that file again"));
  changed["lm_head.weight"] = "model-0.safetensors";  // which lacks it: tied, as in transformers
  CHECK(load(changed) == expected);
  load(map);
  const std::string missing = map["h.1.mlp.c_fc.bias"];
  fs::remove(path / missing);
  const std::string error = load_error(path);
  CHECK_MESSAGE(contains(error, "lies in " + missing + ", which is not in the directory"), error);
}

TEST_CASE("tensors of unknown types are copied, and refused only where they are needed") {
  const auto parameters = random_parameters<float>(small_config(Family::gpt2), 1);
  const TemporaryDirectory directory("types");
  const fs::path path = directory.path() / "model";
  fs::create_directory(path);
  write_model(path, parameters);
  const std::vector<std::byte> bytes(6, std::byte{7});
  const auto write = [&](const std::string& unknown) {
    io::SafetensorsWriter writer;
    add_tensors(writer, parameters,
                [&](const std::string& name) { return name == unknown ? "" : name; });
    writer.add(unknown, "F4", {3, 4}, bytes);
    writer.add("scale", "F8_E8M0", {6}, bytes);
    writer.write(path / "model.safetensors");
  };
  write("score.weight");
  const auto weights = load_weights<float>(path);
  CHECK(logits(weights) == logits(parameters.weights()));
  CHECK(weights.notes->unused_line() == "score, scale");
  write_adapted_model(path, directory.path() / "out", {});
  const io::SafetensorsFile copied(directory.path() / "out" / "model.safetensors");
  CHECK(copied.at("score.weight").type_name == "F4");
  CHECK(std::ranges::equal(copied.bytes(copied.at("scale")), bytes));
  write("ln_f.bias");
  CHECK(contains(load_error(path), "ln_f.bias\": has shape [3, 4], expected [12]"));
}

TEST_CASE("what is no model directory is named, with what to do") {
  const TemporaryDirectory directory("no-model");
  const fs::path path = directory.path();
  CHECK(contains(load_error("gpt2"),
                 "gpt2: does not exist, expected a model's directory: if it is "
                 "a model of the Hugging Face hub, download it first"));
  CHECK(contains(load_error("sentence-transformers/all-MiniLM-L6-v2"),
                 "hf download sentence-transformers/all-MiniLM-L6-v2 --local-dir "
                 "all-MiniLM-L6-v2"));
  CHECK_FALSE(contains(load_error("./gpt2"), "hub"));
  CHECK_FALSE(contains(load_error("/a/b"), "hub"));
  io::write_file(path / "model.safetensors", "x");
  CHECK(
      contains(load_error(path / "model.safetensors"), "is a file, expected a model's directory"));
  fs::remove(path / "model.safetensors");

  const auto parameters = random_parameters<float>(small_config(Family::gpt2), 1);
  write_model(path, parameters);
  const std::string weights = io::read_file(path / "model.safetensors");
  const std::string pointer =
      "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 548105171\n";
  const std::string page = "\n<!DOCTYPE html>\n<html><body>Sign in</body></html>\n";
  for (const std::string name :
       {"model.safetensors", "config.json", "tokenizer.json", "vocab.txt", "merges.txt"}) {
    const bool is_there = fs::exists(path / name);
    const std::string kept = is_there ? io::read_file(path / name) : std::string();
    io::write_file(path / name, pointer);
    std::string error = load_error(path);
    CHECK_MESSAGE(contains(error, name + ": is a Git LFS pointer"), error);
    CHECK_MESSAGE(contains(error, "git lfs pull"), error);
    io::write_file(path / name, page);
    error = load_error(path);
    CHECK_MESSAGE(contains(error, name + ": is a web page"), error);
    if (is_there) {
      io::write_file(path / name, kept);
    } else {
      fs::remove(path / name);
    }
  }
  CHECK(load_error(path) == "no error");
  io::write_file(path / "model.safetensors", weights.substr(0, weights.size() - 100));
  CHECK(contains(load_error(path), "the file is cut off or damaged"));
  fs::rename(path / "model.safetensors", path / "pytorch_model.bin");
  CHECK(contains(load_error(path), "but pytorch_model.bin: convert it"));
  fs::remove(path / "pytorch_model.bin");
  io::write_file(path / "adapter_config.json", "{}");
  CHECK(contains(load_error(path), "merge_and_unload"));
  fs::create_directories(path / "cache" / "snapshots" / "abc");
  CHECK(contains(load_error(path / "cache"), "cache/snapshots/abc"));
  fs::create_directories(path / "old" / "0_Transformer");
  io::write_file(path / "old" / "0_Transformer" / "config.json", "{}");
  CHECK(contains(load_error(path / "old"), "old/0_Transformer"));
}
