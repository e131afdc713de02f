#!/usr/bin/env python3
"""Writes the seed corpora of the fuzzers, tests/fuzz/corpus/<name>/, from the examples below."""
import json
import pathlib
import struct

CORPUS = pathlib.Path(__file__).parent / "corpus"


def write(name, seeds):
    folder = CORPUS / name
    folder.mkdir(parents=True, exist_ok=True)
    for title, data in seeds.items():
        (folder / title).write_bytes(data)


def image(header, data=b"", length=None):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text) if length is None else length) + text + data


def safetensors():
    pair = {"a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]},
            "b": {"dtype": "BF16", "shape": [1, 3], "data_offsets": [8, 14]},
            "__metadata__": {"format": "x"}}
    return {
        "two": image(pair, bytes(14)),
        "scalar": image({"s": {"dtype": "F64", "shape": [], "data_offsets": [0, 8]}}, bytes(8)),
        "none": image({}),
        "truncated": image(pair, bytes(13)),
        "overlap": image({**pair, "c": {"dtype": "I8", "shape": [4], "data_offsets": [4, 8]}}, bytes(14)),
        "lying-length": image(pair, bytes(14), 1 << 62),
        "overflow": image({"w": {"dtype": "F32", "shape": [1 << 62], "data_offsets": [0, 0]}}),
        "negative": image({"w": {"dtype": "F32", "shape": [-1], "data_offsets": [0, 0]}}),
        "not-json": image(b'{"a":'),
        "duplicate": image(b'{"a":{"dtype":"I8","shape":[1],"data_offsets":[0,1]},'
                           b'"a":{"dtype":"I8","shape":[1],"data_offsets":[0,1]}}', b"x"),
        "short": b"\x01\x00",
    }


def prompts():
    decoder = {"template": {"example": "{x}->{y}\n", "query": "{x}->"},
               "labels": [{"text": "0", "value": 0.0}, {"text": "1", "value": 0.5}],
               "examples": [{"x": "3", "y": "0"}, {"x": "{y}", "y": "1"}],
               "queries": [{"x": "5", "y": "1"}, {"x": "é"}]}
    encoder = {"examples": [{"text": "good", "y": 1}, {"text": "", "y": -2.5}],
               "queries": [{"text": "q"}, {"text": "r", "y": 0}]}
    seeds = {
        "decoder": decoder,
        "encoder": encoder,
        "one-example": {**decoder, "examples": decoder["examples"][:1], "queries": []},
        "alone": {**decoder, "supervision": "alone", "template": {"query": "{x}:"}},
        "braces": {**decoder, "template": {"example": "{{{x}}}{y}", "query": "{{{x}"}},
        "bad-placeholder": {**decoder, "template": {"example": "{x}{y}{z}", "query": "{x}{"}},
        "constant": {**encoder, "examples": [{"text": "a", "y": 1}, {"text": "b", "y": 1}]},
        "unknown-key": {**encoder, "colour": 1},
    }
    raw = {"infinite": b'{"examples":[{"text":"a","y":1e999}]}', "deep": b"[" * 70,
           "not-utf8": b'{"examples":[{"text":"\xff","y":1}]}', "empty": b""}
    return {**{name: json.dumps(seed, ensure_ascii=False).encode() for name, seed in seeds.items()}, **raw}


BYTE_LEVEL = {"a": 0, "b": 1, "Ġ": 2, "ab": 3, "Ġab": 4, "'": 5, "s": 6, "<e>": 7}
PIECES = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "un", "##able", ".", "é"]


def bpe_json(**model):
    return {"version": "1.0", "truncation": None, "padding": None,
            "added_tokens": [{"id": 7, "content": "<e>", "single_word": False, "lstrip": True, "rstrip": False,
                              "normalized": False, "special": True}],
            "normalizer": None, "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": True, "use_regex": True},
            "post_processor": {"type": "ByteLevel"}, "decoder": {"type": "ByteLevel"},
            "model": {"type": "BPE", "unk_token": "<e>", "ignore_merges": True, "vocab": BYTE_LEVEL,
                      "merges": ["a b", ["Ġ", "ab"]], **model}}


def word_piece_json(**parts):
    return {"version": "1.0", "truncation": {"max_length": 4}, "padding": None,
            "added_tokens": [{"id": 2, "content": "[CLS]", "special": True, "normalized": False},
                             {"id": 9, "content": "<W>", "single_word": True, "normalized": True}],
            "normalizer": {"type": "BertNormalizer", "clean_text": True, "handle_chinese_chars": True,
                           "strip_accents": None, "lowercase": True},
            "pre_tokenizer": {"type": "BertPreTokenizer"},
            "post_processor": {"type": "TemplateProcessing",
                               "single": [{"SpecialToken": {"id": "[CLS]", "type_id": 0}},
                                          {"Sequence": {"id": "A", "type_id": 0}}],
                               "pair": [], "special_tokens": {"[CLS]": {"id": "[CLS]", "ids": [2],
                                                                        "tokens": ["[CLS]"]}}},
            "decoder": {"type": "WordPiece", "prefix": "##", "cleanup": True},
            "model": {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##",
                      "max_input_chars_per_word": 5, "vocab": {token: i for i, token in enumerate(PIECES)}}, **parts}


def tokenizer_files():
    order = ["tokenizer_json", "tokenizer_config", "special_tokens_map", "added_tokens", "vocab_json", "merges",
             "vocab_txt", "model_config"]

    def pack(text, **files):
        pieces = [text] + [files.get(name, "") for name in order]
        pieces = [piece if isinstance(piece, str) else json.dumps(piece, ensure_ascii=False) for piece in pieces]
        return b"\xff".join(piece.encode() for piece in pieces)

    gpt2 = {"model_type": "gpt2"}
    pair = {"type": "BertProcessing", "cls": ["[CLS]", 2], "sep": ["[SEP]", 3]}
    return {
        "bpe-json": pack("ab ab's <e>b", tokenizer_json=bpe_json()),
        "bpe-files": pack(" ab a", vocab_json=BYTE_LEVEL, merges="#version: 0.2\na b\nĠ ab\n", model_config=gpt2,
                          tokenizer_config={"add_prefix_space": True, "add_bos_token": True, "bos_token": "<e>",
                                            "added_tokens_decoder": {"8": {"content": "<x>", "lstrip": True}}}),
        "bpe-legacy": pack("<x>b", vocab_json=BYTE_LEVEL, merges="a b\r\n", added_tokens={"<x>": 8}, model_config=gpt2,
                           special_tokens_map={"pad_token": "<x>", "eos_token": {"content": "<e>"}}),
        "bpe-bad-merge": pack("a", tokenizer_json=bpe_json(merges=["a q"])),
        "word-piece-json": pack("Unable é. <w>", tokenizer_json=word_piece_json()),
        "word-piece-pair": pack("un 中", tokenizer_json=word_piece_json(
            post_processor={"type": "Sequence", "processors": [pair, {"type": "ByteLevel"}]})),
        "word-piece-files": pack("Unable [MASK] É", vocab_txt="\n".join(PIECES),
                                 tokenizer_config={"do_lower_case": False, "strip_accents": True,
                                                   "tokenizer_class": "BertTokenizer",
                                                   "additional_special_tokens": ["<y>"]}),
        "bpe-class": pack("ab <e>a", tokenizer_json=bpe_json(), model_config=gpt2,
                          tokenizer_config={"add_prefix_space": False, "do_lower_case": True}),
        "word-piece-class": pack("Unable É. <w>", tokenizer_json=word_piece_json(),
                                 model_config={"model_type": "bert", "tokenizer_class": "BertTokenizerFast"}),
        "word-piece-lines": pack("a a", vocab_txt="[UNK]\n[CLS]\na\n\n[SEP]\na \n\n", model_config={"model_type": "bert"}),
        "holes": pack("a", vocab_json={"a": 0, "b": 2}, merges="", model_config=gpt2),
        "unknown-type": pack("a", tokenizer_json=word_piece_json(normalizer={"type": "NFC"})),
        "splits": pack("ab 12 é<e>", tokenizer_json={
            **bpe_json(), "normalizer": {"type": "Sequence", "normalizers": [
                {"type": "NFC"}, {"type": "Replace", "pattern": {"Regex": "\\s+"}, "content": " "}]},
            "pre_tokenizer": {"type": "Sequence", "pretokenizers": [
                {"type": "Split", "pattern": {"Regex": "(?i:'s)| ?\\p{L}+|\\p{N}{1,3}|\\s+(?!\\S)|\\s+"},
                 "behavior": "Isolated", "invert": False},
                {"type": "Digits", "individual_digits": True},
                {"type": "ByteLevel", "add_prefix_space": False, "use_regex": False}]}}),
        "characters": pack("ab é", tokenizer_json={
            **bpe_json(unk_token="<e>", fuse_unk=True, byte_fallback=True),
            "normalizer": {"type": "Prepend", "prepend": "\u2581"},
            "pre_tokenizer": {"type": "Metaspace", "replacement": "\u2581", "prepend_scheme": "first", "split": True},
            "decoder": {"type": "Sequence", "decoders": [
                {"type": "Replace", "pattern": {"String": "\u2581"}, "content": " "}, {"type": "ByteFallback"},
                {"type": "Fuse"}, {"type": "Strip", "content": " ", "start": 1, "stop": 0}]}}),
        "nothing": b"",
    }


def configs():
    decoder = {"num_hidden_layers": 2, "num_attention_heads": 4, "hidden_size": 16, "intermediate_size": 24,
               "vocab_size": 40, "max_position_embeddings": 64}
    windows = {"use_sliding_window": True, "sliding_window": 5, "max_window_layers": 1}
    seeds = {
        "gpt2": {"model_type": "gpt2", "n_layer": 2, "n_head": 2, "n_embd": 8, "vocab_size": 9, "n_positions": 16},
        "bert": {**decoder, "model_type": "bert", "hidden_act": "gelu"},
        "roberta": {**decoder, "model_type": "roberta", "pad_token_id": 1},
        "distilbert": {"model_type": "distilbert", "n_layers": 1, "n_heads": 2, "dim": 8, "hidden_dim": 16,
                       "vocab_size": 9, "max_position_embeddings": 16, "activation": "gelu"},
        "llama": {**decoder, "model_type": "llama", "num_key_value_heads": 2, "rope_theta": 5e5, "rope_scaling": {
            "rope_type": "llama3", "factor": 8, "low_freq_factor": 1, "high_freq_factor": 4,
            "original_max_position_embeddings": 32}},
        "mistral": {**decoder, "model_type": "mistral", "head_dim": 6, "sliding_window": None},
        "qwen2": {**decoder, **windows, "model_type": "qwen2", "rope_parameters": {"rope_theta": 1e6}},
        "qwen3": {**decoder, **windows, "model_type": "qwen3", "layer_types": ["full_attention", "sliding_attention"]},
        "gemma3": {**decoder, "model_type": "gemma3_text", "query_pre_attn_scalar": 9, "rope_parameters": {
            "full_attention": {"rope_type": "linear", "factor": 8}, "sliding_attention": {"rope_theta": 1e4}}},
        "rows": {"model_type": "sextant-rows", "n_layer": 1, "n_head": 2, "n_embd": 8, "n_features": 3, "n_classes": 2},
        "yarn": {**decoder, "model_type": "llama", "rope_scaling": {"type": "yarn", "factor": 2}},
    }
    return {name: json.dumps(seed).encode() for name, seed in seeds.items()}


TEXTS = {
    "english": "It's a charming and often affecting journey, isn't it? 1,234.5!",
    "spaces": "  a\t\n\n b\u00a0\u2003c\u3000 ",
    "runs": "aaaaaaaaaaabababab!!!!!!! 1111111",
    "accents": "Café Cafe\u0301 İstanbul ΣΑΣ ẞ",
    "scripts": "中文テスト 한글 שָׁלוֹם नमस्ते 𠮷",
    "emoji": "👩‍👩‍👧‍👦🏳️‍🌈1️⃣",
    "odd": "\0\u00ad\u200b\ufffd\ue000\U0010ffff",
    "special": "[CLS] <Left><Word> a <|endoftext|>[MASK",
}

TABLES = {
    "plain": "a,b,y\n1,x,0\n2.5e-3,z,1\n,x,\n",
    "quotes": '"a","y"\r\n"1 ","p ""q"""\r\n"2","r,\ns"\r\n',
    "mark": "\ufeffa,y\r1,u\r2,v\r",
    "ragged": "a,y\n1,u,2\n",
    "open-quote": 'a,y\n1,"u\n',
    "stray-quote": 'a,y\n1,u"v\n',
    "text-in-numbers": "a,y\n1,u\nx,v\n",
    "huge": "a,b,y\n1e308,1e-999,u\n-1e308,NaN,v\n1e999,?,v\n",
    "empty-columns": "a,b,y\n,7,u\n,7,v\n,7,u\n",
    "one-class": "a,y\n1,u\n2,u\n",
    "header-only": "a,y\n",
    "null-byte": "a,y\n1,\0\n",
    "nothing": "",
    "semicolons": "a;b;y\n1,5;$1.234;1\n;;\n2,5;$7;1.0\n\u22123;abc;0\n4;$2;\n",
    "tabs-and-words": "a\tb\ty\n#N/A\t12%\tNone\n1 234\t3 %\tNA\n7\t-\tnone\n",
    "no-header": "5.1,3.5,u\n4.9,3,u\n7,3.2,v\n6,3,v\n",
}

write("csv", {name: text.encode() for name, text in TABLES.items()})
write("safetensors", safetensors())
write("prompt", prompts())
write("config", configs())
write("tokenizer_files", tokenizer_files())
write("byte_level", {**{name: text.encode() for name, text in TEXTS.items()}, "not-utf8": b"a\xff\xc3(\xed\xa0\x80"})
write("word_piece", {f"{name}-{flags}": bytes([flags]) + text.encode()
                     for name, text in TEXTS.items() for flags in (0, 3, 5)} | {"not-utf8": b"\x01a\xff"})
