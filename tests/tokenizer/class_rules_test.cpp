#include <doctest/doctest.h>

#include "files.hpp"
#include "sextant/core/errors.hpp"

using namespace sextant;
using namespace sextant::tokenizer;

namespace {

using Ids = std::vector<int>;

constexpr int unknown_id = 1;

TokenizerFiles with(TokenizerFiles files, const std::string& configuration,
                    const std::string& model = "") {
  files.tokenizer_config = configuration;
  if (!model.empty()) files.model_config = model;
  return files;
}

std::string class_of(TokenizerFiles files, const std::string& configuration,
                     const std::string& model) {
  return read_tokenizer(with(std::move(files), configuration, model), "m").class_name;
}

Ids ids(const TokenizerFiles& files, std::string_view text) {
  return parse_tokenizer(files, "m")->encode(text, true);
}

void check_refused(const TokenizerFiles& files, const std::string& begin,
                   const std::string& words) {
  try {
    parse_tokenizer(files, "m");
    FAIL_CHECK("was accepted, expected: ", words);
  } catch (const InputError& error) {
    const std::string message = error.what();
    CAPTURE(message);
    CHECK(message.starts_with(begin));
    CHECK(message.find(words) != std::string::npos);
  }
}

const std::string bert = R"({"model_type":"bert"})";
const std::string gpt2 = R"({"model_type":"gpt2"})";

/// tokenizer.json that keeps the case of the text, and has no template.
const std::string cased = R"({"normalizer":{"lowercase":false},"post_processor":null})";

}  // namespace

TEST_CASE(
    "the class is the one that tokenizer_config.json names, then config.json, then its type") {
  const auto files = [] { return word_piece_json(); };
  CHECK(class_of(files(), "{}", "{}") == "TokenizersBackend");
  CHECK(class_of(files(), "{}", bert) == "BertTokenizer");
  CHECK(class_of(files(), "{}", R"({"model_type":"distilbert"})") == "BertTokenizer");
  CHECK(class_of(files(), "{}", R"({"tokenizer_class":"BertTokenizer"})") == "BertTokenizer");
  CHECK(class_of(files(), R"({"tokenizer_class":"BertTokenizerFast"})", "{}") == "BertTokenizer");
  CHECK(class_of(files(), R"({"tokenizer_class":"ElectraTokenizer"})", gpt2) == "BertTokenizer");
  CHECK(class_of(files(), R"({"tokenizer_class":null})", bert) == "BertTokenizer");
  CHECK(class_of(files(), R"({"tokenizer_class":"PreTrainedTokenizerFast"})",
                 R"({"model_type":"bert","tokenizer_class":"BertTokenizer"})") ==
        "TokenizersBackend");
  CHECK(class_of(bpe_json(), "{}", gpt2) == "GPT2Tokenizer");
  CHECK(class_of(bpe_json(), R"({"tokenizer_class":"GPT2TokenizerFast"})", bert) ==
        "GPT2Tokenizer");
  CHECK(read_tokenizer(word_piece_files(), "m").class_reason == "m/config.json: model_type bert");
}

TEST_CASE("BertTokenizer takes case, accents and ideographs from settings and defaults only") {
  const auto encode = [](const std::string& patch, const std::string& configuration,
                         std::string_view text) {
    return parse_tokenizer(with(word_piece_json(patch), configuration, bert), "m")
        ->encode(text, false);
  };
  CHECK(encode(cased, "{}", "UN") == Ids{5});  // tokenizer.json keeps the case, the class does not
  CHECK(encode("{}", R"({"do_lower_case":false})", "UN") == Ids{unknown_id});
  CHECK(encode("{}", R"({"do_lower_case":false})", "café") == Ids{unknown_id});
  CHECK(encode("{}", R"({"do_lower_case":false,"strip_accents":null})", "café") == Ids{unknown_id});
  CHECK(encode("{}", R"({"do_lower_case":false,"strip_accents":true})", "café") == Ids{10});
  CHECK(encode("{}", R"({"strip_accents":null})", "café") == Ids{10});
  CHECK(encode("{}", R"({"strip_accents":false})", "café") == Ids{unknown_id});
  const std::string keeps =
      R"({"normalizer":{"strip_accents":false,"handle_chinese_chars":false}})";
  CHECK(encode(keeps, "{}", "café 中able") == Ids{10, 11, 8});
  CHECK(encode("{}", R"({"tokenize_chinese_chars":false})", "中able") == Ids{11, 7});
  CHECK(encode(R"({"model":{"max_input_chars_per_word":1}})", "{}", "un") == Ids{5});
  CHECK(encode("{}", R"({"unk_token":"!"})", "x") == Ids{14});
}

TEST_CASE("a tokenizer.json that is taken as it stands overrules the same settings") {
  const auto encode = [](const std::string& patch, const std::string& configuration,
                         std::string_view text) {
    const std::string named =
        R"({"tokenizer_class":"PreTrainedTokenizerFast",)" + configuration.substr(1);
    return ids(with(word_piece_json(patch), named, bert), text);
  };
  CHECK(encode("{}", R"({"do_lower_case":false})", "UN") == Ids{2, 5, 3});
  CHECK(encode(cased, R"({"do_lower_case":true})", "UN") == Ids{unknown_id});
  CHECK(encode("{}", R"({"strip_accents":false})", "café") == Ids{2, 10, 3});
  CHECK(encode("{}", R"({"tokenize_chinese_chars":false})", "中able") == Ids{2, 11, 8, 3});
}

TEST_CASE("BertTokenizer puts its own tokens around a text whatever tokenizer.json says") {
  CHECK(ids(with(word_piece_json(cased), "{}", bert), "un") == Ids{2, 5, 3});
  CHECK(ids(with(word_piece_json(), R"({"cls_token":"un","sep_token":"able"})", bert), "!") ==
        Ids{5, 14, 8});
  CHECK(ids(with(word_piece_files(), R"({"cls_token":"un","sep_token":"able"})"), "!") ==
        Ids{5, 14, 8});
}

TEST_CASE("GPT2Tokenizer takes the space in front from the settings, the template from the file") {
  const std::string spaced = R"({"pre_tokenizer":{"add_prefix_space":true}})";
  const std::string begins = R"({"post_processor":{"type":"TemplateProcessing","pair":[],
    "single":[{"SpecialToken":{"id":"<|endoftext|>","type_id":0}},{"Sequence":{"id":"A"}}],
    "trim_offsets":null,"add_prefix_space":null,
    "special_tokens":{"<|endoftext|>":{"id":"<|endoftext|>","ids":[17],
                                       "tokens":["<|endoftext|>"]}}}})";
  CHECK(ids(with(bpe_json(spaced), "{}", gpt2), "ab") == Ids{7});
  CHECK(ids(with(bpe_json(spaced), R"({"add_prefix_space":false})", "{}"), "ab") == Ids{9});
  CHECK(ids(with(bpe_json(), R"({"add_prefix_space":true})", gpt2), "ab") == Ids{9});
  CHECK(ids(with(bpe_json(), R"({"add_prefix_space":true})", "{}"), "ab") == Ids{7});
  CHECK(ids(with(bpe_json(), R"({"add_bos_token":true})", gpt2), "ab") == Ids{7});
  CHECK(ids(with(bpe_files(), R"({"add_bos_token":true})"), "ab") == Ids{17, 7});
  CHECK(ids(with(bpe_files(), R"({"add_bos_token":true,"bos_token":null})"), "ab") == Ids{7});
  CHECK(ids(with(bpe_json(begins), R"({"add_bos_token":false})", gpt2), "ab") == Ids{17, 7});
  CHECK(ids(with(bpe_json(R"({"model":{"ignore_merges":true}})"), "{}", gpt2), "abc") ==
        Ids{0, 10});
}

TEST_CASE("RobertaTokenizer is byte-level with tokens around the text") {
  TokenizerFiles files = bpe_files();
  files.model_config = R"({"model_type":"roberta"})";
  auto vocabulary = io::parse_json(bpe_vocabulary, "test");
  for (const char* token : {"<s>", "</s>", "<mask>"}) vocabulary[token] = vocabulary.size();
  files.vocab_json = vocabulary.dump();
  files.tokenizer_config = R"({"add_prefix_space":true,"add_bos_token":true,
                               "mask_token":{"__type":"AddedToken","content":"<mask>",
                                             "lstrip":true}})";
  CHECK(ids(files, "ab <mask>") == Ids{18, 9, 20, 19});
  CHECK(ids(files, "ab<mask>ab") == Ids{18, 9, 20, 9, 19});
}

TEST_CASE("tokens without an id get them in the order of their roles") {
  TokenizerFiles files = bpe_files();
  files.tokenizer_config = R"({"mask_token":"<m>","additional_special_tokens":["<x>"],
                               "image_token":"<i>","pad_token":"<p>"})";
  const auto tokenizer = parse_tokenizer(files, "m");
  CHECK(tokenizer->encode("<p><m><i><x>", false) == Ids{18, 19, 20, 21});
  files.tokenizer_config = R"({"a_token":"<a>","b_token":"<b>"})";
  check_refused(files, "m/tokenizer_config.json: b_token", "added_tokens_decoder");
}

TEST_CASE("an added token is no piece of a word") {
  TokenizerFiles files = word_piece_files();
  files.tokenizer_config =
      R"({"added_tokens_decoder":{"16":{"content":"foo","normalized":false}}})";
  CHECK(ids(files, "foo Foo") == Ids{2, 16, unknown_id, 3});
}

TEST_CASE("classes and settings that are not supported are named with what to do") {
  const auto classes = [](const std::string& name) {
    return with(word_piece_json(), R"({"tokenizer_class":")" + name + "\"}", bert);
  };
  check_refused(classes("MPNetTokenizer"), "m/tokenizer_config.json: tokenizer_class",
                "MPNetTokenizer is not supported, expected one of PreTrainedTokenizerFast");
  check_refused(classes("CohereTokenizerFast"), "m/tokenizer_config.json: tokenizer_class",
                "PreTrainedTokenizerFast in its place takes that file as it stands");
  check_refused(classes(""), "m/tokenizer_config.json: tokenizer_class", "is empty");
  check_refused(with(word_piece_json(), "{}", R"({"tokenizer_class":"XTokenizer"})"),
                "m/config.json: tokenizer_class", "XTokenizer is not supported");
  check_refused(with(word_piece_json(), "{}", R"({"model_type":"mpt"})"),
                "m/config.json: model_type", "\"mpt\" is not one whose tokenizer is known");
  check_refused(with(word_piece_json(), R"({"auto_map":{"AutoTokenizer":["a.B",null]}})"),
                "m/tokenizer_config.json: auto_map", "program code");
  check_refused(with(word_piece_json(), R"({"split_special_tokens":true})"),
                "m/tokenizer_config.json: split_special_tokens", "changes the tokens");
  CHECK_NOTHROW(parse_tokenizer(with(word_piece_json(), R"({"split_special_tokens":false})"), "m"));
  check_refused(with(word_piece_files(), R"({"vocab":{"a":0}})"), "m/tokenizer_config.json: vocab",
                "changes the tokens");
  check_refused(with(word_piece_files(), R"({"do_lower_case":null})"),
                "m/tokenizer_config.json: do_lower_case", "true or false");
  check_refused(with(word_piece_files(), R"({"cls_token":null})"),
                "m/tokenizer_config.json: cls_token",
                "names no token, and BertTokenizer needs one");
  check_refused(with(bpe_json(), "{}", bert), "m/tokenizer.json: model.type",
                "\"BPE\" is not supported with this class of tokenizer, expected WordPiece");
  check_refused(with(word_piece_json(), "{}", gpt2), "m/tokenizer.json: model.type",
                "expected BPE");
  check_refused(with(word_piece_files(), "{}", gpt2), "m: ",
                "lacks the vocabulary that GPT2Tokenizer reads (m/config.json: model_type gpt2)");
  check_refused(with(word_piece_files(), R"({"tokenizer_class":"PreTrainedTokenizerFast"})"),
                "m: ", "expected tokenizer.json");
  TokenizerFiles files = word_piece_files();
  files.special_tokens_map = R"({"do_lower_case":false})";
  check_refused(files, "m/special_tokens_map.json: do_lower_case", "not known as a special token");
}
