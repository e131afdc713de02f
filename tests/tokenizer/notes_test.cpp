#include <doctest/doctest.h>

#include "files.hpp"
#include "sextant/core/errors.hpp"

using namespace sextant;
using namespace sextant::tokenizer;

namespace {

using Ids = std::vector<int>;
using Notes = std::vector<std::string>;

Notes notes(TokenizerFiles files, const std::string& configuration, const std::string& model) {
  files.tokenizer_config = configuration;
  files.model_config = model;
  return read_tokenizer(files, "m").notes;
}

const std::string bert_config = R"({"model_type":"bert"})";
const std::string gpt2_config = R"({"model_type":"gpt2"})";

}  // namespace

TEST_CASE("files that agree need no note") {
  CHECK(notes(word_piece_files(), R"({"do_lower_case":true,"model_max_length":512,
                "strip_accents":null,"tokenize_chinese_chars":true,"tokenizer_class":"BertTokenizer",
                "cls_token":"[CLS]","chat_template":"x","never_split":null,"do_basic_tokenize":true})",
              bert_config) == Notes{});
  CHECK(notes(word_piece_json(), R"({"do_lower_case":true})", bert_config) == Notes{});
  CHECK(notes(word_piece_json(), R"({"do_lower_case":true})", "{}") == Notes{});
  CHECK(notes(bpe_files(), R"({"add_prefix_space":true,"add_bos_token":true})", gpt2_config) ==
        Notes{});
  CHECK(notes(bpe_json(), R"({"add_bos_token":false,"add_prefix_space":false})", gpt2_config) ==
        Notes{});
}

TEST_CASE("a file that another takes the place of has a note") {
  TokenizerFiles files = word_piece_json();
  files.vocab_txt = word_piece_vocabulary;
  files.vocab_json = bpe_vocabulary;
  CHECK(notes(files, "{}", bert_config) ==
        Notes{"m/vocab.json is not read: tokenizer.json holds the vocabulary",
              "m/vocab.txt is not read: tokenizer.json holds the vocabulary"});
  files = word_piece_files();
  files.merges = bpe_merges;
  CHECK(notes(files, "{}", bert_config) ==
        Notes{"m/merges.txt is not read: BertTokenizer reads vocab.txt"});
  files = bpe_files();
  files.special_tokens_map = R"({"pad_token":"<pad>"})";
  CHECK(notes(files, R"({"added_tokens_decoder":{}})", gpt2_config) ==
        Notes{"m/special_tokens_map.json is not read: tokenizer_config.json lists the added "
              "tokens"});
}

TEST_CASE("a part of tokenizer.json that the class does not read has a note where it differs") {
  CHECK(notes(word_piece_json(), R"({"do_lower_case":false})", bert_config) ==
        Notes{"m/tokenizer.json: normalizer.lowercase is true, which BertTokenizer does not read: "
              "it works with false"});
  CHECK(notes(word_piece_json(), R"({"strip_accents":false})", bert_config) ==
        Notes{"m/tokenizer.json: normalizer.strip_accents is null, which BertTokenizer does not "
              "read: it works with false"});
  CHECK(notes(word_piece_json(R"({"post_processor":null,"pre_tokenizer":{"type":"Whitespace"},
                                  "model":{"max_input_chars_per_word":7}})"),
              "{}", bert_config) ==
        Notes{"m/tokenizer.json: post_processor is not read: BertTokenizer puts \"[CLS]\" in front "
              "of a text and \"[SEP]\" behind it",
              "m/tokenizer.json: pre_tokenizer is not read: BertTokenizer works with a "
              "BertPreTokenizer",
              "m/tokenizer.json: model.max_input_chars_per_word is 7, which BertTokenizer does not "
              "read: it works with 100"});
  CHECK(notes(bpe_json(R"({"pre_tokenizer":{"add_prefix_space":true},
                           "model":{"ignore_merges":true}})"),
              "{}", gpt2_config) ==
        Notes{"m/tokenizer.json: pre_tokenizer.add_prefix_space is true, which GPT2Tokenizer does "
              "not read: it works with false",
              "m/tokenizer.json: model.ignore_merges is true, which GPT2Tokenizer does not read: "
              "it works with null"});
  const Notes dropped = notes(bpe_json(R"({"added_tokens":[{"id":18,"content":"<x>"}]})"),
                              R"({"added_tokens_decoder":{}})", gpt2_config);
  REQUIRE(dropped.size() == 1);
  CHECK(dropped.front().find("the added token \"<x>\" is not read") != std::string::npos);
}

TEST_CASE("a setting that the class does not read has a note where it differs") {
  CHECK(notes(word_piece_json(), R"({"do_lower_case":false,"add_bos_token":true})", "{}") ==
        Notes{"m/tokenizer_config.json: do_lower_case is false, which TokenizersBackend does not "
              "read beside tokenizer.json: text is put in lower case"});
  CHECK(notes(bpe_json(), R"({"add_bos_token":true,"do_basic_tokenize":false,"legacy":true})",
              gpt2_config) ==
        Notes{"m/tokenizer_config.json: add_bos_token is true, which GPT2Tokenizer does not read "
              "beside tokenizer.json: no token is put before a text",
              "m/tokenizer_config.json: do_basic_tokenize is false and not read by GPT2Tokenizer",
              "m/tokenizer_config.json: legacy is true and not read by GPT2Tokenizer"});
}

TEST_CASE("vocab.txt may repeat lines and leave some blank: the last of a token counts") {
  TokenizerFiles files = word_piece_files();
  files.vocab_txt =
      "[PAD]\n[UNK]\n[CLS]\n[SEP]\nun\n\nable \nun\r\n\n##able\n[MASK]\u3000";  // no line end
  const auto reading = read_tokenizer(files, "m");
  const Tokenizer& tokenizer = *reading.tokenizer;
  CHECK(reading.notes ==
        Notes{"m/vocab.txt: 2 lines hold a token that stands again further down, \"un\" for one; "
              "the last line counts"});
  CHECK(tokenizer.encode("un able unable [MASK]", true) == Ids{2, 7, 6, 7, 9, 10, 3});
  CHECK(tokenizer.vocabulary_size() == 11);
  CHECK(tokenizer.token(8).empty());
  CHECK_THROWS_WITH_AS(tokenizer.token(4), "token: id is 4, to which the vocabulary gives no token",
                       ArgumentError);
  CHECK(tokenizer.decode(Ids{7, 9}, true) == "unable");
}

TEST_CASE("a new token gets an id behind the number of tokens, in use or not") {
  TokenizerFiles files = bpe_files();
  files.vocab_json = R"({"a":0,"b":5,"Ġ":3,"!":9,"<":1,"p":2,">":7})";
  files.merges = "";
  files.tokenizer_config = R"({"bos_token":"!","unk_token":"!","eos_token":"!","pad_token":"<p>"})";
  const auto reading = read_tokenizer(files, "m");
  CHECK(reading.tokenizer->encode("ab <p>!>", true) == Ids{0, 5, 3, 7, 9, 7});
  CHECK(reading.tokenizer->token(7) == "<p>");
  CHECK(reading.notes ==
        Notes{"m/tokenizer_config.json: pad_token adds the token \"<p>\", whose id 7 the token "
              "\">\" of the vocabulary has too, because the vocabulary's ids leave holes"});
}

TEST_CASE("a token that only the class names is added with a note") {
  TokenizerFiles files = word_piece_files();
  files.vocab_txt = "[UNK]\n[CLS]\n[SEP]\n[PAD]\nun\n";
  files.tokenizer_config = R"({"additional_special_tokens":["<x>"]})";
  const auto reading = read_tokenizer(files, "m");
  CHECK(reading.tokenizer->encode("un[MASK]<x>", true) == Ids{1, 4, 5, 6, 2});
  CHECK(reading.notes == Notes{"m/vocab.txt: lacks the token \"[MASK]\" that serves as mask_token "
                               "of BertTokenizer, which gets an id behind the vocabulary"});
}

TEST_CASE("the notes in one line") {
  TokenizerFiles files = word_piece_json();
  CHECK(read_tokenizer(files, "m").notes_line().empty());
  files.vocab_txt = word_piece_vocabulary;
  CHECK(read_tokenizer(files, "m").notes_line() ==
        "m/vocab.txt is not read: tokenizer.json holds the vocabulary");
  files.vocab_json = bpe_vocabulary;
  CHECK(
      read_tokenizer(files, "m").notes_line() ==
      "m/vocab.json is not read: tokenizer.json holds the vocabulary (and 1 more on the tokenizer: "
      "sextant inspect DIR)");
}
