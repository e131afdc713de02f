/// Model directories as users give them: what is said of them, and pooling from fit-head to advise.

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "program.hpp"

using namespace sextant;
using namespace sextant::test;
using nlohmann::json;

namespace {

void check_error(const ProgramRuns& runs, const std::string& arguments,
                 const std::string& message) {
  const Outcome outcome = runs.run(arguments);
  CHECK(outcome.status == 3);
  // Messages may be wrapped: compare words.
  std::string words = outcome.errors;
  std::ranges::replace(words, '\n', ' ');
  CHECK_MESSAGE(words.find(message) != std::string::npos, words);
}

}  // namespace

TEST_CASE("what was given in place of a model or a geometry is named, with the option it goes to") {
  const ProgramRuns runs("given");
  const std::string prompt = " --prompt '" + decoder_prompt + "'";
  check_error(runs, "advise --model gpt2" + prompt, "hf download gpt2 --local-dir gpt2");
  check_error(runs, "inspect sentence-transformers/all-MiniLM-L6-v2", "hf download");
  check_error(runs, "inspect absent.json", "absent.json: does not exist");
  check_error(runs, "advise --model '" + decoder + "/model.safetensors'" + prompt,
              "is a file, expected a model's directory");
  check_error(runs, "advise --geometry '" + decoder_prompt + "'",
              "is JSON, expected a geometry file (.safetensors): a prompt goes with --prompt");
  check_error(runs, "select --geometry '" + decoder + "'",
              "is a directory, expected a geometry file (.safetensors): a model's directory goes "
              "with --model");
  check_error(runs, "select --geometry '" + decoder + "/model.safetensors'",
              "expected \"sextant-geometry/1\": these are a model's weights");
  check_error(runs, "advise --model '" + decoder + "' --prompt '" + decoder + "/model.safetensors'",
              "is a safetensors file, expected JSON (a prompt): a geometry goes with --geometry");
  io::write_file(runs.path("t.csv"), "a,b,label\n1,2,x\n3,4,y\n");
  check_error(runs, "select --geometry ../t.csv",
              "is text that begins with \"a,b,label\", expected a geometry file (.safetensors): a "
              "table goes with --csv, beside --model");
  check_error(runs, "advise --model '" + decoder + "' --prompt ../t.csv",
              "is text that begins with \"a,b,label\", expected JSON (a prompt): a table goes "
              "with --csv, in place of --prompt");
  check_error(
      runs, "advise --model '" + decoder + "' --csv '" + decoder_prompt + "'",
      "is JSON, expected text (CSV or TSV): a prompt goes with --prompt, in place of --csv");
}

TEST_CASE("inspect goes by the content, and says what it cannot read") {
  const ProgramRuns runs("inspect-content");
  std::filesystem::copy_file(decoder_prompt, runs.path("prompt.txt"));
  const std::string prompt = json_of(runs, "inspect ../prompt.txt")["format"];
  CHECK(prompt == json_of(runs, "inspect '" + decoder_prompt + "'")["format"]);
  REQUIRE(runs.run("geometry --model '" + decoder + "' --prompt '" + decoder_prompt +
                   "' --out ../g.safetensors")
              .status == 0);
  std::filesystem::copy_file(runs.path("g.safetensors"), runs.path("g.st"));
  std::filesystem::copy_file(runs.path("g.safetensors"), runs.path("g.csv"));
  for (const char* name : {"g.st", "g.csv"}) {
    CAPTURE(name);
    CHECK(json_of(runs, std::string("inspect ../") + name) ==
          json_of(runs, "inspect ../g.safetensors"));
  }
  check_error(runs, "inspect '" + decoder + "/config.json'",
              "is a model's configuration, which is inspected with the rest of the model: give the "
              "directory");
  io::write_file(runs.path("o.json"), "{\"h.0.attn.v.0\": 4}");
  check_error(runs, "inspect ../o.json", "was read as a prompt, as all JSON is here");
  io::write_file(runs.path("t.xlsx"), "PK\x03\x04");
  check_error(runs, "inspect ../t.xlsx", "is a zip archive, as spreadsheets (.xlsx)");
  check_error(runs, "inspect ../t.xlsx", "expected a prompt (JSON), a geometry or a head");
  io::write_file(runs.path("e.safetensors"), "");
  check_error(runs, "inspect ../e.safetensors", "is empty, expected a prompt (JSON)");
  io::write_file(runs.path("n.safetensors"), "Entry not found");
  check_error(runs, "inspect ../n.safetensors", "is text that begins with \"Entry not found\"");
  io::write_file(runs.path("b.bin"), "\x01\x02");
  check_error(runs, "inspect ../b.bin", "is of a format that is not known here, expected a prompt");
}

TEST_CASE("a token without a row in the embedding is the tokenizer's, and named with its place") {
  const ProgramRuns runs("tokens");
  write_letters_encoder(runs.path("encoder"));
  const std::string vocabulary = io::read_file(runs.path("encoder/vocab.txt"));
  io::write_file(runs.path("encoder/vocab.txt"), vocabulary + "new\n");
  CHECK(json_of(runs, "inspect ../encoder")["notes"][0] ==
        "the tokenizer has 18 tokens, the embedding 17 rows: texts with one of the last 1 are "
        "refused");
  io::write_file(runs.path("s.tsv"), "sentence\tlabel\na b\t1\nb c\t0\nd\t1\na new\t0\n");
  const std::string message =
      "holds the token \"new\", number 17, but the model's embedding has 17 rows: the tokenizer is "
      "larger than the model";
  check_error(runs, "fit-head --model ../encoder --data ../s.tsv --out ../h.safetensors",
              "s.tsv: line 5: " + message);
  io::write_file(runs.path("s.tsv"), "sentence\tlabel\na b\t1\nb c\t0\nd\t1\na\t0\n");
  REQUIRE(runs.run("fit-head --model ../encoder --data ../s.tsv --out ../h.safetensors").status ==
          0);
  io::write_file(runs.path("p.json"),
                 R"({"examples": [{"text": "a", "y": 1}, {"text": "b", "y": 0}],
                     "queries": [{"text": "c"}, {"text": "new a"}]})");
  check_error(runs, "advise --model ../encoder --head ../h.safetensors --prompt ../p.json",
              "p.json: queries[1]: " + message);
}

TEST_CASE("a head is fitted and used with the directory's pooling, and with no other") {
  const ProgramRuns runs("pooling");
  const std::string encoder = runs.path("encoder");
  write_letters_encoder(encoder);
  io::write_file(runs.path("s.tsv"),
                 "sentence\tlabel\na b\t1\nb c\t0\nd\t1\na\t0\ne f a\t1\nc c\t0\n");
  io::write_file(runs.path("p.json"),
                 R"({"examples": [{"text": "a d", "y": 1}, {"text": "b", "y": 0}],
                     "queries": [{"text": "c"}]})");
  const std::string fit = "fit-head --model ../encoder --data ../s.tsv --out ";
  const std::string advise = "advise --model ../encoder --prompt ../p.json --head ";
  CHECK(json_of(runs, fit + "../mean.safetensors")["pooling"] == "mean");
  CHECK(json_of(runs, "inspect ../encoder")["pooling"] == "mean");
  std::filesystem::create_directories(encoder + "/1_Pooling");
  io::write_file(encoder + "/1_Pooling/config.json", R"({"pooling_mode_cls_token": true})");
  std::filesystem::create_directories(encoder + "/2_Normalize");
  CHECK(json_of(runs, "inspect ../encoder")["pooling"] == "cls normalized");
  check_error(runs, advise + "../mean.safetensors", "fit it again with `sextant fit-head`");
  CHECK(json_of(runs, fit + "../cls.safetensors")["pooling"] == "cls normalized");
  CHECK(json_of(runs, "inspect ../cls.safetensors")["pooling"] == "cls normalized");
  CHECK(runs.run(advise + "../cls.safetensors").status == 0);
  // Both commands warn of the same, in the same order.
  io::write_file(encoder + "/1_Pooling/config.json",
                 R"({"pooling_mode_cls_token": true, "word_embedding_dimension": 99})");
  json config = json::parse(io::read_file(encoder + "/config.json"));
  config["rope_scaling"] = 2;
  io::write_file(encoder + "/config.json", config.dump());
  const auto warnings_of = [&](const std::string& command) {
    std::string text = runs.run(command).errors;
    std::ranges::replace(text, '\n', ' ');
    return std::vector<std::size_t>{text.find("word_embedding_dimension is 99, but the encoder's"),
                                    text.find("not used: rope_scaling")};
  };
  for (const std::string& command : {fit + "../cls.safetensors", advise + "../cls.safetensors"}) {
    const auto places = warnings_of(command);
    CAPTURE(command);
    REQUIRE(places[0] != std::string::npos);
    REQUIRE(places[1] != std::string::npos);
    CHECK(places[0] < places[1]);
  }
  CHECK(json_of(runs, "inspect ../encoder")["notes"].dump().find(
            "word_embedding_dimension is 99") != std::string::npos);
  io::write_file(encoder + "/sentence_bert_config.json", R"({"max_seq_length": 3})");
  std::string errors = runs.run(advise + "../cls.safetensors").errors;
  std::ranges::replace(errors, '\n', ' ');
  CHECK_MESSAGE(errors.find("../p.json: one text is longer than max_seq_length in "
                            "sentence_bert_config.json (3 tokens), read in full and not cut") !=
                    std::string::npos,
                errors);
  // What is adapted is pooled as before.
  REQUIRE(runs.run("adapt --model ../encoder --prompt ../p.json --head ../cls.safetensors "
                   "--horizon 1 --out-model ../adapted")
              .status == 0);
  CHECK(json_of(runs, "inspect ../adapted")["pooling"] == "cls normalized");
  io::write_file(encoder + "/1_Pooling/config.json", R"({"pooling_mode_max_tokens": true})");
  check_error(runs, fit + "../max.safetensors", "asks for the pooling \"max\"");
  check_error(runs, advise + "../cls.safetensors", "asks for the pooling \"max\"");
  check_error(runs, "inspect ../encoder", "asks for the pooling \"max\"");
}

TEST_CASE("inspect lists what is not used, advise says it in one line, and quiet nothing") {
  const ProgramRuns runs("unused");
  const std::string model = runs.path("model");
  std::filesystem::copy(decoder, model, std::filesystem::copy_options::recursive);
  const std::string advise = "advise --model ../model --prompt '" + decoder_prompt + "'";
  const std::string words = "not used:";
  CHECK(runs.run(advise).errors.find(words) == std::string::npos);
  io::write_file(model + "/vocab.txt", "a\n");
  const std::string note = "model/vocab.txt is not read";
  CHECK(json_of(runs, "inspect ../model")["notes"][0].get<std::string>().find(note) !=
        std::string::npos);
  CHECK(runs.run(advise).errors.find(note) != std::string::npos);
  CHECK(runs.run(advise + " --quiet").errors.empty());
  std::filesystem::remove(model + "/vocab.txt");
  json config = json::parse(io::read_file(model + "/config.json"));
  config["n_layer"] = 3;
  config["rope_scaling"] = 2;
  io::write_file(model + "/config.json", config.dump());
  const json inspected = json_of(runs, "inspect ../model");
  CHECK(inspected["notes"].empty());
  CHECK(inspected["tied_head"] == true);
  CHECK(inspected["unused"]["files"].size() == 2);  // the two prompts
  REQUIRE(inspected["unused"]["tensors"].size() == 1);
  CHECK(inspected["unused"]["tensors"][0] ==
        "h.3: 12 tensors of layers beyond the 3 that config.json asks for (n_layer)");
  REQUIRE(inspected["unused"]["settings"].size() == 1);
  const std::string text = runs.run("inspect ../model").output;
  CHECK(text.find("tensors that are not used:\n- h.3: 12 tensors of layers beyond") !=
        std::string::npos);
  const Outcome loud = runs.run(advise);
  std::string errors = loud.errors;
  std::ranges::replace(errors, '\n', ' ');
  CHECK(errors.find("sextant: warning: ../model: not used: h.3, rope_scaling (`sextant inspect "
                    "../model` says why)") != std::string::npos);
  CHECK(runs.run(advise + " --quiet").errors.empty());
}

TEST_CASE("a written model is said to be adapted or as loaded, and scales without effect by file") {
  const ProgramRuns runs("written");
  const std::string adapt = "adapt --model '" + decoder + "' --prompt '" + decoder_prompt + "' ";
  const auto errors = [&](const std::string& options) {
    const Outcome outcome = runs.run(adapt + options);
    CHECK(outcome.status == 0);
    return outcome.errors;
  };
  CHECK(
      errors("--horizon 1 --out-model ../a").find("sextant: ../a: the adapted model is written") !=
      std::string::npos);
  CHECK(errors("--horizon 0 --out-model ../b")
            .find("../b: the model as loaded, to which nothing was done, is written") !=
        std::string::npos);
  CHECK(errors("--rank 0 --out-model ../d").find("../d: the model as loaded") != std::string::npos);
  CHECK(io::read_file(runs.path("b/model.safetensors")) ==
        io::read_file(runs.path("d/model.safetensors")));
  CHECK(io::read_file(runs.path("b/model.safetensors")) !=
        io::read_file(runs.path("a/model.safetensors")));
  CHECK(errors("--horizon 1 --out-model ../c --quiet").empty());
  io::write_file(runs.path("s.json"), R"({"h.0.mlp.in": 2})");
  CHECK(errors("--horizon 1 --block-scales ../s.json")
            .find("../s.json: Block h.0.mlp.in has a scale and is not captured") !=
        std::string::npos);
}
