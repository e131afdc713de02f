#include "sextant/tokenizer/load.hpp"

#include <doctest/doctest.h>
#include <unistd.h>

#include <filesystem>

#include "files.hpp"
#include "sextant/core/errors.hpp"
#include "sextant/io/files.hpp"

using namespace sextant;
using namespace sextant::tokenizer;

namespace {

void check_rejected(const TokenizerFiles& files, const std::string& begin,
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

void reject_bpe(const std::string& patch, const std::string& place, const std::string& words) {
  check_rejected(bpe_json(patch), "m/tokenizer.json: " + place, words);
}

void reject_word_piece(const std::string& patch, const std::string& place,
                       const std::string& words) {
  check_rejected(word_piece_json(patch), "m/tokenizer.json: " + place, words);
}

}  // namespace

TEST_CASE("a directory is read by what it holds") {
  const auto directory =
      std::filesystem::temp_directory_path() / ("sextant-tokenizer-" + std::to_string(::getpid()));
  std::filesystem::create_directory(directory);
  CHECK_THROWS_WITH_AS(load_tokenizer(directory), doctest::Contains("holds no tokenizer"),
                       InputError);
  io::write_file(directory / "vocab.txt", word_piece_vocabulary);
  CHECK_THROWS_WITH_AS(load_tokenizer(directory), doctest::Contains("\"tokenizer_class\""),
                       InputError);
  io::write_file(directory / "config.json", R"({"model_type":"bert"})");
  CHECK(load_tokenizer(directory)->encode("un", false) == std::vector<int>{5});
  std::filesystem::remove(directory / "config.json");
  io::write_file(directory / "tokenizer.json", *bpe_json().tokenizer_json);
  CHECK(load_tokenizer(directory)->encode("ab", false) == std::vector<int>{7});
  std::filesystem::remove_all(directory);
}

TEST_CASE("the tests' tokenizers are valid") {
  for (const auto& files : {bpe_files(), bpe_json(), word_piece_files(), word_piece_json()}) {
    CHECK_NOTHROW(parse_tokenizer(files, "m"));
  }
}

TEST_CASE("vocabularies without sense are rejected") {
  const auto vocabulary = [](const std::string& json) {
    TokenizerFiles files = bpe_files();
    files.vocab_json = json;
    return files;
  };
  check_rejected(vocabulary("{}"), "m/vocab.json: ", "no tokens");
  check_rejected(vocabulary("{"), "m/vocab.json: line 1", "not valid JSON");
  check_rejected(vocabulary("[]"), "m/vocab.json: ", "expected an object");
  check_rejected(vocabulary(R"({"a":0,"b":0})"), "m/vocab.json: b", "has the id 0 that \"a\" has");
  check_rejected(vocabulary(R"({"a":-1})"), "m/vocab.json: a", "between 0 and");
  check_rejected(vocabulary(R"({"a":2000000000})"), "m/vocab.json: a", "between 0 and");
  check_rejected(vocabulary(R"({"a":0.5})"), "m/vocab.json: a", "0.5");
  check_rejected(vocabulary(R"({"a":0,"a":1})"), "m/vocab.json: ", "twice");
  reject_bpe(R"({"model":{"vocab":{"zz":9}}})", "model.vocab", "has the id 9 that");

  TokenizerFiles files = word_piece_files();
  files.vocab_txt = "";
  check_rejected(files, "m/vocab.txt: ", "no tokens");
  files.vocab_txt = "[UNK]\n[CLS]\n";
  check_rejected(files, "m/vocab.txt: ", "\"[SEP]\" that serves as sep_token");
  files.vocab_txt = "[SEP]\n[CLS]\n";
  check_rejected(files, "m/vocab.txt: ", "\"[UNK]\"");
  files.vocab_txt = "[UNK]\n\xFF\n";
  check_rejected(files, "m/vocab.txt: ", "UTF-8");
}

TEST_CASE("merges without sense are rejected") {
  const auto merges = [](const std::string& text) {
    TokenizerFiles files = bpe_files();
    files.merges = text;
    return files;
  };
  check_rejected(merges("#version: 0.2\na zz\n"), "m/merges.txt: line 2", "\"zz\"");
  check_rejected(merges("a d\n"), "m/merges.txt: line 1", "needs the token \"ad\"");
  check_rejected(merges("a\n"), "m/merges.txt: line 1", "two tokens");
  check_rejected(merges("a b c\n"), "m/merges.txt: line 1", "two tokens");
  check_rejected(merges("a b\n\n"), "m/merges.txt: line 2", "two tokens");
  reject_bpe(R"({"model":{"merges":["a zz"]}})", "model.merges[0]", "\"zz\"");
  reject_bpe(R"({"model":{"merges":["a b",["a"]]}})", "model.merges[1]", "two tokens");
  reject_bpe(R"({"model":{"merges":{}}})", "model.merges", "array");
  TokenizerFiles files = bpe_files();
  files.merges.reset();
  check_rejected(files, "m: ", "vocab.json with merges.txt");
}

TEST_CASE("parts that are not supported are named") {
  reject_bpe(R"({"version":"2.0"})", "version", "expected \"1.0\"");
  reject_bpe(R"({"surprise":1})", "surprise", "unknown key");
  reject_bpe(R"({"model":{"type":"Unigram"}})", "model.type", "expected BPE or WordPiece");
  reject_bpe(R"({"model":{"dropout":0.1}})", "model.dropout", "0.1");
  reject_bpe(R"({"model":{"end_of_word_suffix":"</w>"}})", "model.end_of_word_suffix", "</w>");
  reject_bpe(R"({"model":{"unk_token":"zz"}})", "model.unk_token", "not in the vocabulary");
  reject_bpe(R"({"normalizer":{"type":"Precompiled"}})", "normalizer.type", "expected NFC, NFD");
  reject_bpe(R"({"normalizer":{"type":"Sequence","normalizers":[{"type":"Nmt"}]}})",
             "normalizer.normalizers[0].type", "\"Nmt\" is not supported with a BPE model");
  reject_bpe(R"({"pre_tokenizer":{"type":"Whitespace","add_prefix_space":null,"trim_offsets":null,
                 "use_regex":null}})",
             "pre_tokenizer.type", "expected ByteLevel, Metaspace, Split, Digits");
  reject_bpe(R"({"decoder":{"type":"CTC","add_prefix_space":null,"trim_offsets":null,
                 "use_regex":null}})",
             "decoder.", "");
  reject_bpe(R"({"post_processor":{"type":"Other"}})", "post_processor.type", "Other");
  reject_word_piece(R"({"normalizer":{"type":"Lowercase"}})", "normalizer.type", "Lowercase");
  reject_word_piece(R"({"normalizer":{"lowercase":"yes"}})", "normalizer.lowercase",
                    "true or false");
  reject_word_piece(R"({"pre_tokenizer":{"type":"ByteLevel"}})", "pre_tokenizer.type", "BertPre");
  reject_word_piece(R"({"model":{"unk_token":"zz"}})", "", "\"zz\"");
  reject_word_piece(R"({"model":{"max_input_chars_per_word":-1}})",
                    "model.max_input_chars_per_word", "between");
}

TEST_CASE("added tokens and templates must agree with the vocabulary") {
  const auto added = [](const std::string& token) { return R"({"added_tokens":[)" + token + "]}"; };
  reject_bpe(added(R"({"id":3,"content":"<|endoftext|>"})"), "added_tokens[0].id", "expected 17");
  reject_bpe(added(R"({"id":20,"content":"<x>"})"), "added_tokens[0].id", "expected 18");
  reject_bpe(added(R"({"id":18,"content":""})"), "added_tokens[0].id", "without content");
  reject_bpe(added(R"({"id":18,"content":"<x>"},{"id":18,"content":"<x>"})"),
             "added_tokens[1].content", "added twice");
  reject_word_piece(added(R"({"id":16,"content":"\u200B","normalized":true})"), "added token",
                    "empty once normalised");
  const std::string processor = R"({"post_processor":{)";
  reject_word_piece(processor + R"("special_tokens":{"[CLS]":{"ids":[3]}}}})",
                    "post_processor.special_tokens.[CLS].ids", "expected 2");
  reject_word_piece(processor + R"("special_tokens":{"[CLS]":{"ids":[2,3]}}}})",
                    "post_processor.special_tokens.[CLS].ids", "array of 1");
  reject_word_piece(processor + R"("special_tokens":{"[CLS]":null}}})",
                    "post_processor.special_tokens.[CLS]", "missing");
  reject_word_piece(processor + R"("single":[]}})", "post_processor.single", "exactly once");
  reject_word_piece(processor + R"("single":[{"Sequence":{"id":"B"}}]}})", "post_processor.single",
                    "sequence A");
  TokenizerFiles files = bpe_files();
  files.tokenizer_config = R"({"added_tokens_decoder":{"x":{"content":"<x>"}}})";
  check_rejected(files, "m/tokenizer_config.json: added_tokens_decoder.x", "not an id");
  files.tokenizer_config = R"({"added_tokens_decoder":{"19":{"content":"<x>"}}})";
  check_rejected(files, "m/tokenizer_config.json: added_tokens_decoder.19", "expected 18");
  files.tokenizer_config = R"({"add_bos_token":true,"bos_token":null,"eos_token":7})";
  check_rejected(files, "m/tokenizer_config.json: eos_token", "string");
}

TEST_CASE("post-processors of either family can be combined") {
  const auto encode = [](const std::string& processor) {
    TokenizerFiles files = word_piece_json();
    auto json = io::parse_json(*files.tokenizer_json, "test");
    json["post_processor"] = io::parse_json(processor, "processor");
    files.tokenizer_json = json.dump();
    return parse_tokenizer(files, "m")->encode("un", true);
  };
  using Ids = std::vector<int>;
  CHECK(encode("null") == Ids{5});
  CHECK(encode(R"({"type":"BertProcessing","cls":["[CLS]",2],"sep":["[SEP]",3]})") == Ids{2, 5, 3});
  CHECK(encode(R"({"type":"Sequence","processors":[
                   {"type":"BertProcessing","cls":["[CLS]",2],"sep":["[SEP]",3]},
                   {"type":"RobertaProcessing","cls":["[PAD]",0],"sep":["[UNK]",1]}]})") ==
        Ids{0, 2, 5, 3, 1});
}
