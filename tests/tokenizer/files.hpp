#pragma once

/// Small tokenizers that can be worked by hand.

#include <string>

#include "sextant/io/json.hpp"
#include "sextant/tokenizer/load.hpp"

namespace sextant::tokenizer {

/// A byte-level vocabulary: "a".."e" are 0..4, then Ġ (a space), Ċ (a line end), "ab", "abc",
/// "Ġab", "bc", "de", "'", "s", "'s", "1", "!", "<|endoftext|>" as 5..17.
inline const std::string bpe_vocabulary =
    R"({"a":0,"b":1,"c":2,"d":3,"e":4,"Ġ":5,"Ċ":6,"ab":7,"abc":8,"Ġab":9,"bc":10,"de":11,"'":12,
        "s":13,"'s":14,"1":15,"!":16,"<|endoftext|>":17})";
inline const std::string bpe_merges = "#version: 0.2\nb c\na b\nab c\nĠ ab\nd e\n' s\n";

/// "[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]" are 0..4, then as listed 5..15.
inline const std::string word_piece_vocabulary =
    "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\nun\n##aff\n##able\nable\n.\ncafe\n中\n##x\nß\n!\n##a\n";

inline TokenizerFiles bpe_files() {
  TokenizerFiles files;
  files.vocab_json = bpe_vocabulary;
  files.merges = bpe_merges;
  files.model_config = R"({"model_type":"gpt2"})";
  return files;
}

inline TokenizerFiles word_piece_files() {
  TokenizerFiles files;
  files.vocab_txt = word_piece_vocabulary;
  files.model_config = R"({"model_type":"bert"})";
  return files;
}

/// tokenizer.json of the byte-level vocabulary, with a JSON merge patch applied. No file names a
/// class, so that all of it counts.
inline TokenizerFiles bpe_json(const std::string& patch = "{}") {
  auto json = io::parse_json(R"({"version":"1.0","truncation":null,"padding":null,
    "added_tokens":[{"id":17,"content":"<|endoftext|>","single_word":false,"lstrip":false,
                     "rstrip":false,"normalized":false,"special":true}],
    "normalizer":null,
    "pre_tokenizer":{"type":"ByteLevel","add_prefix_space":false,"trim_offsets":true},
    "post_processor":{"type":"ByteLevel","add_prefix_space":true,"trim_offsets":false},
    "decoder":{"type":"ByteLevel","add_prefix_space":true,"trim_offsets":true},
    "model":{"type":"BPE","dropout":null,"unk_token":null,"continuing_subword_prefix":"",
             "end_of_word_suffix":"","fuse_unk":false,
             "merges":["b c",["a","b"],"ab c","Ġ ab","d e","' s"]}})",
                             "test");
  json["model"]["vocab"] = io::parse_json(bpe_vocabulary, "test");
  json.merge_patch(io::parse_json(patch, "patch"));
  TokenizerFiles files;
  files.tokenizer_json = json.dump();
  return files;
}

/// tokenizer.json of the WordPiece vocabulary, with a JSON merge patch applied. No file names a
/// class, so that all of it counts.
inline TokenizerFiles word_piece_json(const std::string& patch = "{}") {
  auto json = io::parse_json(R"({"version":"1.0",
    "truncation":{"max_length":4,"strategy":"LongestFirst","stride":0},
    "padding":{"strategy":{"Fixed":4},"direction":"Right","pad_id":0,"pad_token":"[PAD]"},
    "added_tokens":[{"id":2,"content":"[CLS]","special":true,"normalized":false},
                    {"id":3,"content":"[SEP]","special":true,"normalized":false}],
    "normalizer":{"type":"BertNormalizer","clean_text":true,"handle_chinese_chars":true,
                  "strip_accents":null,"lowercase":true},
    "pre_tokenizer":{"type":"BertPreTokenizer"},
    "post_processor":{"type":"TemplateProcessing",
      "single":[{"SpecialToken":{"id":"[CLS]","type_id":0}},{"Sequence":{"id":"A","type_id":0}},
                {"SpecialToken":{"id":"[SEP]","type_id":0}}],
      "pair":[],
      "special_tokens":{"[CLS]":{"id":"[CLS]","ids":[2],"tokens":["[CLS]"]},
                        "[SEP]":{"id":"[SEP]","ids":[3],"tokens":["[SEP]"]}}},
    "decoder":{"type":"WordPiece","prefix":"##","cleanup":true},
    "model":{"type":"WordPiece","unk_token":"[UNK]","continuing_subword_prefix":"##",
             "max_input_chars_per_word":100}})",
                             "test");
  int id = 0;
  std::string token;
  for (const char c : word_piece_vocabulary) {
    if (c != '\n') {
      token += c;
      continue;
    }
    json["model"]["vocab"][token] = id++;
    token.clear();
  }
  json.merge_patch(io::parse_json(patch, "patch"));
  TokenizerFiles files;
  files.tokenizer_json = json.dump();
  return files;
}

}  // namespace sextant::tokenizer
