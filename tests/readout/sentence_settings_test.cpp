/// Directories of sentence encoders: which pooling they ask for, and which are refused by name.

#include "sextant/readout/sentence_settings.hpp"

#include <doctest/doctest.h>

#include "sextant/core/errors.hpp"
#include "sextant/io/files.hpp"
#include "sextant/readout/linear_head.hpp"
#include "support/model_directory.hpp"

using namespace sextant;
using namespace sextant::readout;
namespace fs = std::filesystem;

namespace {

using Files = std::vector<std::pair<std::string, std::string>>;

/// A directory with the given files, by path and content; a path that ends in "/" is a folder.
class Directory {
 public:
  explicit Directory(const Files& files) : directory_("sentence-" + std::to_string(count_++)) {
    for (const auto& [name, content] : files) {
      const fs::path file = directory_.path() / name;
      fs::create_directories(file.parent_path());
      if (file.has_filename()) io::write_file(file, content);
    }
  }
  const fs::path& path() const { return directory_.path(); }
  SentenceSettings read() const { return read_sentence_settings(path()); }
  std::string error() const {
    try {
      read();
    } catch (const InputError& error) {
      return error.what();
    }
    return "no error";
  }

 private:
  inline static int count_ = 0;  // several may be alive at once
  test::TemporaryDirectory directory_;
};

std::string module(int index, const std::string& path, const std::string& type) {
  return nlohmann::json{{"idx", index},
                        {"name", std::to_string(index)},
                        {"path", path},
                        {"type", "sentence_transformers.models." + type}}
      .dump();
}

const std::string transformer = module(0, "", "Transformer");
const std::string pooling_module = module(1, "1_Pooling", "Pooling");
const std::string normalize = module(2, "2_Normalize", "Normalize");
const std::string pooling_file = "1_Pooling/config.json";

std::string list(const std::vector<std::string>& modules) {
  std::string text = "[";
  for (const auto& one : modules) text += (text.size() > 1 ? "," : "") + one;
  return text + "]";
}

std::string flag(const std::string& mode) {
  return R"({"word_embedding_dimension": 12, "pooling_mode_mean_tokens": false, "pooling_mode_)" +
         mode + R"(": true})";
}

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("mean and cls pooling with and without normalisation are read") {
  const Pooling mean{PoolingMode::mean, false};
  const Pooling unit_mean{PoolingMode::mean, true};
  const Pooling cls{PoolingMode::cls, false};
  const Pooling unit_cls{PoolingMode::cls, true};
  const std::string cls_flag = flag("cls_token");
  const std::string mean_flag = R"({"pooling_mode_mean_tokens": true})";
  CHECK(Directory(Files{}).read().pooling == mean);
  CHECK(Directory(Files{}).read().source.empty());
  // By modules.json, with the old and the new names of classes and settings.
  CHECK(Directory(Files{{"modules.json", list({transformer, pooling_module, normalize})},
                        {pooling_file, mean_flag}})
            .read()
            .pooling == unit_mean);
  CHECK(Directory(
            Files{{"modules.json", list({transformer, pooling_module})}, {pooling_file, cls_flag}})
            .read()
            .pooling == cls);
  CHECK(
      Directory(
          Files{
              {"modules.json",
               R"([{"path": "", "type": "sentence_transformers.base.modules.transformer.Transformer"},
              {"path": "1_Pooling",
               "type": "sentence_transformers.sentence_transformer.modules.pooling.Pooling"},
              {"path": "2_Normalize",
               "type": "sentence_transformers.base.modules.normalize.Normalize"}])"},
              {pooling_file, R"({"embedding_dimension": 12, "pooling_mode": "cls"})"},
              {"2_Normalize/config.json",
               R"({"module_input_name": "sentence_embedding", "module_output_name": null})"}})
          .read()
          .pooling == unit_cls);
  CHECK(Directory(Files{{pooling_file, R"({"pooling_mode": ["cls"]})"}}).read().pooling == cls);
  CHECK(Directory(Files{{pooling_file, R"({"word_embedding_dimension": 12})"}}).read().pooling ==
        mean);
  // modules.json decides over folders; without it the folders do.
  CHECK(Directory(Files{{"modules.json", list({transformer, pooling_module})},
                        {pooling_file, mean_flag},
                        {"2_Normalize/", ""}})
            .read()
            .pooling == mean);
  CHECK(Directory(Files{{pooling_file, cls_flag}}).read().pooling == cls);
  CHECK(Directory(Files{{pooling_file, mean_flag}, {"2_Normalize/", ""}}).read().pooling ==
        unit_mean);
  CHECK(Directory(Files{{"onnx/model.onnx", ""}, {"3d_models/a", ""}}).read().pooling == mean);
  // The encoder in a folder of its own.
  const Directory old(
      Files{{"modules.json", list({module(0, "0_Transformer", "Transformer"), pooling_module})},
            {pooling_file, cls_flag},
            {"0_Transformer/config.json", "{}"}});
  CHECK(read_sentence_settings(old.path() / "0_Transformer").pooling == cls);
  CHECK(read_sentence_settings(old.path() / "0_Transformer/").pooling == cls);
  CHECK(contains(old.error(), "0_Transformer"));
}

TEST_CASE("flags that are left out are those of sentence-transformers 6") {
  const auto read = [](const std::string& stage) {
    return Directory(Files{{pooling_file, stage}}).read();
  };
  const SentenceSettings cls = read(R"({"pooling_mode_cls_token": true})");
  CHECK(cls.pooling == Pooling{PoolingMode::cls, false});
  REQUIRE(cls.notes.size() == 1);
  CHECK(contains(cls.notes[0], "1_Pooling/config.json: has no pooling_mode_mean_tokens beside "));
  CHECK(contains(cls.notes[0], "read as cls alone"));
  for (const char* stage :
       {R"({"pooling_mode_cls_token": true, "pooling_mode_mean_tokens": false})",
        R"({"pooling_mode": "cls", "pooling_mode_cls_token": true})"}) {
    CHECK(read(stage).pooling == Pooling{PoolingMode::cls, false});
    CHECK(read(stage).notes.empty());
  }
  const SentenceSettings mean = read(R"({"pooling_mode_cls_token": false})");
  CHECK(mean.pooling == Pooling{PoolingMode::mean, false});
  CHECK(mean.notes.empty());
  CHECK(contains(Directory(Files{{pooling_file, R"({"pooling_mode_max_tokens": true})"}}).error(),
                 "asks for the pooling \"max\""));
  const std::string both = R"({"pooling_mode_cls_token": true, "pooling_mode_mean_tokens": true})";
  CHECK(contains(Directory(Files{{pooling_file, both}}).error(), "several poolings (cls, mean)"));
}

TEST_CASE("a pooling stage of another width is read with a word") {
  const auto read = [](const std::string& stage, const std::string& config) {
    return Directory(Files{{pooling_file, stage}, {"config.json", config}}).read();
  };
  const std::string stage = R"({"word_embedding_dimension": 99, "pooling_mode_cls_token": true,
                                "pooling_mode_mean_tokens": false})";
  const SentenceSettings settings = read(stage, R"({"hidden_size": 32})");
  CHECK(settings.pooling == Pooling{PoolingMode::cls, false});
  REQUIRE(settings.notes.size() == 1);
  CHECK(contains(settings.notes[0],
                 "1_Pooling/config.json: word_embedding_dimension is 99, but the encoder's width "
                 "is 32"));
  CHECK(read(R"({"embedding_dimension": 33})", R"({"hidden_size": 32})").notes.size() == 1);
  CHECK(read(stage, R"({"hidden_size": 99})").notes.empty());
  CHECK(read(R"({"pooling_mode": "cls"})", R"({"hidden_size": 99})").notes.empty());
  CHECK(read(stage, "{}").notes.empty());
}

TEST_CASE("other poolings and stages are refused by name") {
  for (const auto& [pooling, name] : std::vector<std::pair<std::string, std::string>>{
           {"max_tokens", "\"max\""},
           {"mean_sqrt_len_tokens", "\"mean_sqrt_len_tokens\""},
           {"weightedmean_tokens", "\"weightedmean\""},
           {"lasttoken", "\"lasttoken\""},
           {"quantile", "pooling_mode_quantile"}}) {
    const std::string& mode = pooling;  // Clang 14 captures no binding
    CAPTURE(mode);
    const std::string error = Directory(Files{{pooling_file, flag(mode)}}).error();
    CHECK_MESSAGE(contains(error, name), error);
    CHECK_MESSAGE(contains(error, "1_Pooling/config.json"), error);
    CHECK_MESSAGE(contains(error, "expected mean or cls"), error);
  }
  CHECK(contains(Directory(Files{{pooling_file, R"({"pooling_mode_mean_tokens": true,
                                               "pooling_mode_cls_token": true})"}})
                     .error(),
                 "several poolings (cls, mean)"));
  CHECK(contains(Directory(Files{{pooling_file, R"({"pooling_mode": ["mean", "max"]})"}}).error(),
                 "several poolings (mean, max)"));
  CHECK(
      contains(Directory(Files{{"modules.json", list({transformer, pooling_module})}}).error(),
               "1_Pooling/config.json: is missing: it says how the vectors of tokens are pooled"));
  const std::string no_file = Directory(Files{{"1_Pooling/notes.txt", "x"}}).error();
  CHECK_MESSAGE(contains(no_file,
                         "1_Pooling/config.json: is missing: it says how the vectors of tokens are "
                         "pooled, and its folder is there; get that file too, or remove the folder "
                         "where the mean is meant"),
                no_file);
  // Sentence-transformers makes no embedding of these.
  for (const char* const off :
       {R"({"pooling_mode_mean_tokens": false, "pooling_mode_cls_token": false})",
        R"({"pooling_mode": []})"}) {
    const std::string error = Directory(Files{{pooling_file, off}}).error();
    CHECK_MESSAGE(contains(error, "1_Pooling/config.json: turns off every pooling, which"), error);
  }
  for (const std::string& stages : {list({transformer}), list({})}) {
    const std::string error =
        Directory(Files{{"modules.json", stages}, {pooling_file, flag("cls_token")}}).error();
    CHECK_MESSAGE(contains(error, "modules.json: lists no Pooling stage"), error);
  }
  CHECK(contains(Directory(Files{{pooling_file, "{}"}, {"2_Dense/config.json", "{}"}}).error(),
                 "is the stage \"Dense\""));
  for (const std::string type : {"Dense", "LSTM", "WeightedLayerPooling", "CNN"}) {
    const std::string error =
        Directory(Files{{"modules.json",
                         list({transformer, pooling_module, module(2, "2_" + type, type)})},
                        {pooling_file, "{}"}})
            .error();
    CHECK_MESSAGE(contains(error, "modules.json: module 2: is the stage \"" + type + "\""), error);
  }
  CHECK(contains(Directory(Files{{"modules.json", list({transformer, normalize, pooling_module})},
                                 {pooling_file, "{}"}})
                     .error(),
                 "module 1: is the stage \"Normalize\""));
  CHECK(contains(
      Directory(Files{{pooling_file, "{}"},
                      {"2_Normalize/config.json", R"({"module_input_name": "token_embeddings"})"}})
          .error(),
      "normalises \"token_embeddings\""));
  CHECK(contains(
      Directory(Files{{"modules.json", list({transformer, module(1, "../x", "Pooling")})}}).error(),
      "expected a folder in the same directory"));
  CHECK(contains(Directory(Files{{"modules.json", "{}"}}).error(), "expected a list"));
}

TEST_CASE("sentence_bert_config.json gives the length, and lower case where the tokenizer has it") {
  const Directory directory(
      Files{{"sentence_bert_config.json", R"({"max_seq_length": 256, "do_lower_case": true})"}});
  CHECK(directory.read().max_length == 256);
  CHECK_FALSE(Directory(Files{{"sentence_bert_config.json", R"({"max_seq_length": null})"}})
                  .read()
                  .max_length.has_value());
  struct Letters : tokenizer::Tokenizer {
    explicit Letters(bool lower) : lower_(lower) {}
    std::vector<int> encode(std::string_view text, bool) const override {
      std::vector<int> ids;
      for (const char c : text) ids.push_back(lower_ ? c | 0x20 : c);
      return ids;
    }
    std::string decode(std::span<const int>, bool) const override { return {}; }
    std::optional<int> id(std::string_view) const override { return {}; }
    const std::string& token(int) const override { return name_; }
    std::size_t vocabulary_size() const override { return 128; }
    bool lower_;
    std::string name_;
  };
  CHECK_NOTHROW(check_lower_case(directory.path(), Letters(true)));
  CHECK_THROWS_WITH_AS(check_lower_case(directory.path(), Letters(false)),
                       doctest::Contains("do_lower_case"), InputError);
  CHECK_NOTHROW(check_lower_case(Directory(Files{}).path(), Letters(false)));
}

TEST_CASE("a head knows the pooling it was fitted on, and fits no other") {
  const test::TemporaryDirectory directory("head");
  const fs::path path = directory.path() / "head.safetensors";
  const LinearHead head{Eigen::VectorXd::Ones(3), 0.5, {PoolingMode::cls, true}};
  write_head(path, head);
  CHECK(read_head(path).pooling == head.pooling);
  CHECK_NOTHROW(check_pooling(head, path, head.pooling, "modules.json"));
  CHECK_THROWS_WITH_AS(
      check_pooling(head, path, {}, ""),
      (path.string() + ": metadata \"pooling\": is \"cls normalized\", which the head was fitted "
                       "on, but the model's is \"mean\" (its directory has no other): fit it again "
                       "with `sextant fit-head`")
          .c_str(),
      InputError);
  const auto written = [&](const std::string& pooling) {
    io::SafetensorsWriter writer;
    writer.set_metadata("format", "sextant-head/1");
    if (!pooling.empty()) writer.set_metadata("pooling", pooling);
    writer.add("weight", {3}, std::span<const double>(head.weight.data(), 3));
    writer.add("bias", {1}, std::span<const double>(&head.bias, 1));
    writer.write(path);
  };
  written("");  // as versions before this wrote them
  CHECK(read_head(path).pooling == Pooling());
  CHECK_THROWS_WITH_AS(check_pooling(read_head(path), path, {PoolingMode::mean, true}, "m.json"),
                       doctest::Contains("\"mean\", which the head was fitted on, but the model's "
                                         "is \"mean normalized\" (m.json): fit it again"),
                       InputError);
  written("max");
  CHECK_THROWS_WITH_AS(read_head(path), doctest::Contains("\"max\""), InputError);
}
