#include "sextant/model/config.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <string>

#include "sextant/core/errors.hpp"
#include "support/close.hpp"

using namespace sextant;
using namespace sextant::model;

namespace {

/// A configuration of a decoder with rotary positions, changed by a JSON merge patch (null removes
/// a member).
ModelConfig parse(const std::string& type, const std::string& patch = "{}") {
  nlohmann::json json = {{"model_type", type},
                         {"num_hidden_layers", 4},
                         {"num_attention_heads", 8},
                         {"hidden_size", 64},
                         {"intermediate_size", 100},
                         {"vocab_size", 50},
                         {"max_position_embeddings", 256}};
  json.merge_patch(nlohmann::json::parse(patch));
  return parse_config(json.dump(), "config.json");
}

void check_refused(const std::string& type, const std::string& patch, const std::string& words) {
  CAPTURE(patch);
  CHECK_THROWS_WITH_AS(parse(type, patch), doctest::Contains(words.c_str()), InputError);
}

/// A member that is there and null, which a merge patch cannot write.
ModelConfig parse_with_null(const std::string& type, const std::string& key) {
  return parse_config(R"({"model_type":")" + type +
                          R"(","num_hidden_layers":4,"num_attention_heads":8,"hidden_size":64,
      "intermediate_size":100,"vocab_size":50,"max_position_embeddings":256,")" +
                          key + R"(":null})",
                      "config.json");
}

using Windows = std::vector<int>;

}  // namespace

TEST_CASE("each family's defaults are those of transformers") {
  const ModelConfig llama = parse("llama");
  CHECK(llama.key_heads() == 8);
  CHECK(llama.head_width() == 8);
  CHECK(llama.rotary.theta == 10000);
  CHECK(llama.norm_epsilon == 1e-6);
  CHECK_FALSE(llama.tied_head);
  CHECK(llama.activation == Activation::silu);
  CHECK(llama.windows.empty());
  CHECK_FALSE(llama.biases.query_key_value);
  const ModelConfig mistral = parse("mistral");
  CHECK(mistral.windows == Windows(4, 4096));
  CHECK(parse_with_null("mistral", "sliding_window").windows.empty());
  CHECK(parse_with_null("mistral", "num_key_value_heads").key_heads() == 8);
  const ModelConfig qwen2 = parse("qwen2");
  CHECK(qwen2.biases.query_key_value);
  CHECK_FALSE(qwen2.biases.output);
  CHECK(qwen2.windows.empty());
  CHECK(parse("qwen3").head_width() == 128);
  CHECK(parse_with_null("llama", "head_dim").head_width() == 8);
  const ModelConfig gemma = parse("gemma3_text");
  CHECK(gemma.key_heads() == 4);
  CHECK(gemma.head_width() == 256);
  CHECK(gemma.tied_head);
  CHECK(gemma.activation == Activation::gelu_tanh);
  CHECK(gemma.windows == Windows(4, 4096));  // every sixth layer sees all
  CHECK(gemma.rotary.theta == 1e6);
  REQUIRE(gemma.local_rotary);
  CHECK(gemma.local_rotary->theta == 10000);
  CHECK(gemma.embedding_scale == 8);
  CHECK(gemma.attention_scale(0) == test::close(1 / 16.0, 1e-15));
}

TEST_CASE("windows by layer, in each spelling") {
  const std::string used = R"("use_sliding_window":true,"sliding_window":9)";
  CHECK(parse("qwen2", "{" + used + R"(,"max_window_layers":2})").windows == Windows{0, 0, 9, 9});
  CHECK(parse("qwen3", "{" + used + "}").windows == Windows{0, 0, 0, 0});
  CHECK(parse("qwen2", R"({"sliding_window":9,"max_window_layers":0})").windows.empty());
  const std::string types = R"("layer_types":["sliding_attention","full_attention",
                                "full_attention","sliding_attention"])";
  CHECK(parse("qwen2", "{" + used + "," + types + "}").windows == Windows{9, 0, 0, 9});
  CHECK(parse("gemma3_text", R"({"sliding_window":7,)" + types + "}").windows ==
        Windows{7, 0, 0, 7});
  CHECK(parse("gemma3_text", R"({"sliding_window":7,"sliding_window_pattern":2})").windows ==
        Windows{7, 0, 7, 0});
  check_refused("gemma3_text", R"({"layer_types":["full_attention"]})",
                "layer_types: is not a list of the kinds of 4 layers");
  check_refused("qwen3", R"({"layer_types":["full_attention","full_attention","chunked_attention",
                              "full_attention"]})",
                "layer_types[2]: is \"chunked_attention\", expected \"full_attention\" or");
  check_refused("qwen2", "{" + types + "}", "sliding_window: is not set, and some layers attend");
}

TEST_CASE("rotary settings, as either release of transformers writes them") {
  const Rotary top = parse("llama", R"({"rope_theta":500,
      "rope_scaling":{"type":"linear","factor":4}})")
                         .rotary;
  CHECK(top.theta == 500);
  CHECK(top.scaling == RotaryScaling::linear);
  CHECK(top.factor == 4);
  const Rotary inside = parse("llama", R"({"rope_parameters":{"rope_theta":500,
      "rope_type":"llama3","factor":8,"low_freq_factor":1,"high_freq_factor":4}})")
                            .rotary;
  CHECK(inside.theta == 500);
  CHECK(inside.scaling == RotaryScaling::llama3);
  CHECK(inside.original_context == 256);  // the model's, where none is given
  const ModelConfig gemma = parse("gemma3_text", R"({"rope_parameters":{
      "full_attention":{"rope_theta":3e6,"rope_type":"linear","factor":8},
      "sliding_attention":{"rope_theta":20}}})");
  CHECK(gemma.rotary.theta == 3e6);
  CHECK(gemma.rotary.factor == 8);
  CHECK(gemma.local_rotary->theta == 20);
  CHECK(gemma.local_rotary->scaling == RotaryScaling::none);
  const ModelConfig old = parse("gemma3_text", R"({"rope_theta":3e6,"rope_local_base_freq":20,
      "rope_scaling":{"rope_type":"linear","factor":8}})");
  CHECK(old.rotary.theta == 3e6);
  CHECK(old.rotary.factor == 8);
  CHECK(old.local_rotary->theta == 20);
  CHECK(parse_with_null("llama", "rope_scaling").rotary.scaling == RotaryScaling::none);
}

TEST_CASE("what changes the computation and is not built is refused by name") {
  for (const std::string type : {"dynamic", "yarn", "longrope"}) {
    check_refused(
        "llama", R"({"rope_scaling":{"rope_type":")" + type + R"(","factor":2}})",
        "rope_scaling.rope_type: is \"" + type + "\", expected default, linear or llama3");
  }
  check_refused("llama", R"({"partial_rotary_factor":0.5})", "partial_rotary_factor: is 0.5");
  check_refused("llama", R"({"rope_parameters":{"partial_rotary_factor":0.25}})",
                "rope_parameters.partial_rotary_factor: is 0.25");
  check_refused("gemma3_text", R"({"attn_logit_softcapping":50.0})",
                "attn_logit_softcapping: is 50.0, which is not supported");
  check_refused("gemma3_text", R"({"final_logit_softcapping":30})", "final_logit_softcapping");
  check_refused("gemma3_text", R"({"use_bidirectional_attention":true})",
                "use_bidirectional_attention: is true");
  check_refused("gemma3_text", R"({"rope_parameters":{"chunked_attention":{}}})",
                "rope_parameters.chunked_attention: is not known");
  check_refused("llama", R"({"rope_parameters":{"full_attention":{}}})",
                "which this family does not have");
  check_refused("llama", R"({"hidden_act":"quick_gelu"})", "hidden_act: is \"quick_gelu\"");
  check_refused("gemma3", "{}", "save the text model alone");
}

TEST_CASE("sizes that do not fit are refused") {
  check_refused("llama", R"({"num_key_value_heads":3})",
                "num_key_value_heads: is 3, which does not divide the 8 attention heads");
  check_refused("llama", R"({"head_dim":7})", "heads of width 7");
  check_refused("llama", R"({"hidden_size":65})", "8 attention heads do not divide");
  CHECK(parse("llama", R"({"hidden_size":65,"head_dim":6})").query_width() == 48);
  check_refused("llama", R"({"num_attention_heads":100000,"head_dim":1000})", "beyond");
  check_refused("llama", R"({"rope_theta":0})", "rope_theta: is 0, expected a number above 0");
  check_refused("llama", R"({"rope_scaling":{"rope_type":"linear"}})", "factor: is missing");
  check_refused("llama", R"({"rope_scaling":{"rope_type":"llama3","factor":2,"low_freq_factor":4,
                              "high_freq_factor":1}})",
                "high_freq_factor: is 1 with low_freq_factor 4");
}

TEST_CASE("encoders beside BERT") {
  const std::string roberta = R"({"model_type":"roberta","num_hidden_layers":2,
      "num_attention_heads":2,"hidden_size":8,"intermediate_size":16,"vocab_size":30,
      "max_position_embeddings":)";
  const ModelConfig config = parse_config(roberta + "514}", "config.json");
  CHECK(config.position_offset == 2);  // behind the padding token, number 1
  CHECK(config.context == 512);
  CHECK(config.is_encoder());
  CHECK(parse_config(roberta + R"(40,"pad_token_id":0})", "config.json").context == 39);
  CHECK_THROWS_WITH_AS(parse_config(roberta + "2}", "config.json"),
                       doctest::Contains("leaves no position behind the first 2"), InputError);
  const ModelConfig distilbert = parse_config(
      R"({"model_type":"distilbert","n_layers":2,"n_heads":2,"dim":8,"hidden_dim":16,
          "vocab_size":30,"max_position_embeddings":64})",
      "config.json");
  CHECK(distilbert.inner == 16);
  CHECK_FALSE(distilbert.architecture.has_token_types);
}
