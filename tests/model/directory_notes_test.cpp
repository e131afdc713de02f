/// What is said of a model directory: the files, tensors and settings that are not used.

#include <doctest/doctest.h>

#include "sextant/model/directory.hpp"
#include "sextant/model/weights.hpp"
#include "support/model_directory.hpp"

using namespace sextant;
using namespace sextant::model;
using namespace sextant::test;
namespace fs = std::filesystem;

namespace {

std::vector<std::string> sentences(const std::vector<NotUsed>& parts) {
  std::vector<std::string> result;
  for (const NotUsed& part : parts) result.push_back(sentence(part));
  return result;
}

}  // namespace

TEST_CASE("what a directory holds and is not used is listed, and nothing else") {
  const TemporaryDirectory directory("unused");
  const fs::path path = directory.path();
  const auto whole = random_parameters<float>(small_config(Family::gpt2, 5), 1);
  write_model(path, whole);
  auto config = config_json(whole.config());
  CHECK(load_weights<float>(path).notes->unused_line().empty());
  config["n_layer"] = 3;
  config["rope_scaling"] = {{"type", "linear"}};
  config["sliding_window"] = nullptr;
  config["use_flash"] = false;
  config["resid_pdrop"] = 0.1;
  config["id2label"] = {{"0", "no"}};
  config["tokenizer_class"] = "GPT2Tokenizer";  // the tokenizer's
  config["auto_map"] = {{"AutoModel", "m.M"}};
  io::write_file(path / "config.json", config.dump());
  const std::vector<float> zeros(144, 0.0F);
  io::SafetensorsWriter writer;
  add_tensors(writer, whole, [](const std::string& name) { return "transformer." + name; });
  for (const std::string name : {"transformer.h.0.attn.bias", "transformer.h.4.attn.masked_bias",
                                 "score.weight", "v_head.summary.bias", "v_head.summary.weight",
                                 "transformer.h.0.attn.rotary", "transformer.h.2.attn.rotary"}) {
    writer.add(name, {144}, zeros);
  }
  writer.write(path / "model.safetensors");
  for (const std::string name : {"README.md", "LICENSE", ".gitattributes", "generation_config.json",
                                 "vocab.json", "merges.txt", "training_args.bin", "train.py"}) {
    io::write_file(path / name, "x");
  }
  for (const std::string name : {"adapter_model.safetensors", "tf_model.h5", "head.safetensors",
                                 "modules.json", "notes.json"}) {
    io::write_file(path / name, "[]");
  }
  io::write_file(path / "prompt.json", R"({"examples": []})");
  fs::create_directories(path / "1_Pooling");
  fs::create_directories(path / "onnx");
  fs::create_directories(path / ".git");
  const auto notes = *load_weights<float>(path).notes;
  CHECK(notes.readings.empty());
  CHECK(sentences(notes.tensors) ==
        std::vector<std::string>{
            "h.3 to h.4: 24 tensors of layers beyond the 3 that config.json asks for (n_layer)",
            "score: one tensor of a head of another task: predictions here have their own",
            "v_head: 2 tensors of a head of another task: predictions here have their own",
            "transformer.h.*.attn.rotary: 2 tensors that the architecture of config.json (gpt2) "
            "does not have"});
  CHECK(sentences(notes.settings) ==
        std::vector<std::string>{
            "auto_map: {\"AutoModel\":\"m.M\"} in config.json: code of the model's own is not run",
            "rope_scaling: {\"type\":\"linear\"} in config.json: is not a setting of this "
            "architecture here"});
  CHECK(sentences(notes.files) ==
        std::vector<std::string>{
            "1_Pooling: a setting of a sentence encoder, which this model is not",
            "adapter_model.safetensors: part of an adapter, which transformers would add to the "
            "weights",
            "head.safetensors: is a head for encoders, and this model has its own",
            "modules.json: a setting of a sentence encoder, which this model is not",
            "notes.json: is no file of a model that is known here",
            "onnx: holds the model in another format",
            "prompt.json: is a prompt, no part of the model",
            "tf_model.h5: holds weights too; those of model.safetensors are used"});
  CHECK(notes.unused_line() == "adapter_model.safetensors, h.3 to h.4, score, v_head and 3 more");
}

TEST_CASE("of an encoder the heads of pretraining and settings of sentence encoders are listed") {
  const TemporaryDirectory directory("unused-encoder");
  const fs::path path = directory.path();
  const auto parameters = random_parameters<float>(small_config(Family::bert), 1);
  write_model(path, parameters);
  auto settings = config_json(parameters.config());
  settings["tokenizer_class"] = "BertTokenizer";
  io::write_file(path / "config.json", settings.dump());
  const std::vector<float> zeros(4, 0.0F);
  io::SafetensorsWriter writer;
  add_tensors(writer, parameters, [](const std::string& name) { return "bert." + name; });
  for (const std::string name : {"bert.pooler.dense.weight", "bert.pooler.dense.bias",
                                 "cls.predictions.bias", "bert.embeddings.position_ids"}) {
    writer.add(name, {4}, zeros);
  }
  writer.write(path / "model.safetensors");
  io::write_file(path / "modules.json", "[]");
  io::write_file(path / "head.safetensors", "x");
  io::write_file(path / "sentence_bert_config.json", R"({"max_seq_length": 16})");
  io::write_file(path / "config_sentence_transformers.json",
                 R"({"prompts": {"query": "query: "}, "default_prompt_name": "query"})");
  const auto notes = *load_weights<float>(path).notes;
  CHECK(notes.files.empty());
  CHECK(sentences(notes.tensors) ==
        std::vector<std::string>{
            "cls: one tensor of the heads of pretraining (masked words, next sentence)",
            "pooler: 2 tensors of a layer over [CLS] for other tasks, which no embedding here "
            "passes through"});
  CHECK(sentences(notes.settings) ==
        std::vector<std::string>{
            "max_seq_length: 16 in sentence_bert_config.json: longer texts are read in full, up to "
            "the context of 40 tokens",
            "default_prompt_name: \"query\" in config_sentence_transformers.json: no such text is "
            "put before the sentences"});
  CHECK(notes.unused_line() == "cls, pooler, default_prompt_name");
}
