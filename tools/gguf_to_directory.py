"""Turns a GGUF file of a Llama model into a Hugging Face directory: config.json, model.safetensors with the
weights as they are once decoded (32 bits), tokenizer.json and tokenizer_config.json.

Usage: gguf_to_directory.py FILE.gguf DIRECTORY

For models whose tokenizer is byte-level BPE behind single digits (`tokenizer.ggml.pre` "smollm"); others are
refused. Needs the packages gguf and safetensors.
"""

import json
import sys
from pathlib import Path

import numpy as np
from gguf import GGUFReader, dequantize
from safetensors.numpy import save_file

LAYER = {
    "attn_norm": "input_layernorm", "ffn_norm": "post_attention_layernorm", "attn_q": "self_attn.q_proj",
    "attn_k": "self_attn.k_proj", "attn_v": "self_attn.v_proj", "attn_output": "self_attn.o_proj",
    "ffn_gate": "mlp.gate_proj", "ffn_up": "mlp.up_proj", "ffn_down": "mlp.down_proj",
}
TOP = {"token_embd": "model.embed_tokens", "output_norm": "model.norm", "output": "lm_head"}
CONTROL = 3  # of tokenizer.ggml.token_type


def tensor_name(name):
    stem, ending = name.rsplit(".", 1)
    if stem in TOP:
        return f"{TOP[stem]}.{ending}"
    _, layer, part = stem.split(".")
    return f"model.layers.{layer}.{LAYER[part]}.{ending}"


def in_halves(matrix, heads):
    """Rows of each head from pairs side by side, as GGUF has rotary positions, to two halves."""
    rows, columns = matrix.shape
    return matrix.reshape(heads, rows // heads // 2, 2, columns).swapaxes(1, 2).reshape(rows, columns)


def config(value, tied):
    width, heads = value("llama.embedding_length"), value("llama.attention.head_count")
    return {
        "architectures": ["LlamaForCausalLM"], "model_type": "llama", "dtype": "float32", "hidden_act": "silu",
        "hidden_size": width, "intermediate_size": value("llama.feed_forward_length"),
        "num_hidden_layers": value("llama.block_count"), "num_attention_heads": heads,
        "num_key_value_heads": value("llama.attention.head_count_kv"), "head_dim": width // heads,
        "vocab_size": value("llama.vocab_size"), "max_position_embeddings": value("llama.context_length"),
        "rms_norm_eps": round(value("llama.attention.layer_norm_rms_epsilon"), 12),
        "rope_theta": value("llama.rope.freq_base"), "rope_scaling": None, "attention_bias": False,
        "mlp_bias": False, "tie_word_embeddings": tied, "bos_token_id": value("tokenizer.ggml.bos_token_id"),
        "eos_token_id": value("tokenizer.ggml.eos_token_id"),
    }


def tokenizer(value):
    tokens, kinds = value("tokenizer.ggml.tokens"), value("tokenizer.ggml.token_type")
    added = [{"id": i, "content": token, "single_word": False, "lstrip": False, "rstrip": False,
              "normalized": False, "special": True}
             for i, (token, kind) in enumerate(zip(tokens, kinds)) if kind == CONTROL]
    bytes_alone = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}
    return {
        "version": "1.0", "truncation": None, "padding": None, "added_tokens": added, "normalizer": None,
        "pre_tokenizer": {"type": "Sequence", "pretokenizers": [{"type": "Digits", "individual_digits": True},
                                                                bytes_alone]},
        "post_processor": None, "decoder": dict(bytes_alone, add_prefix_space=True),
        "model": {"type": "BPE", "dropout": None, "unk_token": None, "continuing_subword_prefix": None,
                  "end_of_word_suffix": None, "fuse_unk": False, "byte_fallback": False, "ignore_merges": False,
                  "vocab": {token: i for i, token in enumerate(tokens)}, "merges": value("tokenizer.ggml.merges")},
    }


def main():
    source, target = sys.argv[1], Path(sys.argv[2])
    reader = GGUFReader(source)

    def value(key):
        return reader.fields[key].contents()

    found = (value("general.architecture"), value("tokenizer.ggml.model"), value("tokenizer.ggml.pre"))
    if found != ("llama", "gpt2", "smollm"):
        sys.exit(f"{source}: architecture, tokenizer and its splitting are {found}, expected llama, gpt2 and smollm")
    heads = {"attn_q": value("llama.attention.head_count"), "attn_k": value("llama.attention.head_count_kv")}
    tensors = {}
    for tensor in reader.tensors:
        values = dequantize(tensor.data, tensor.tensor_type).astype(np.float32)
        values = values.reshape(tuple(reversed([int(n) for n in tensor.shape])))
        part = tensor.name.split(".")[-2]
        tensors[tensor_name(tensor.name)] = in_halves(values, heads[part]) if part in heads else values

    target.mkdir(parents=True)
    save_file({name: np.ascontiguousarray(values) for name, values in tensors.items()},
              target / "model.safetensors", metadata={"format": "pt"})
    tokens = value("tokenizer.ggml.tokens")
    names = {role: tokens[value(f"tokenizer.ggml.{key}_token_id")]
             for role, key in [("bos_token", "bos"), ("eos_token", "eos"), ("unk_token", "unknown"),
                               ("pad_token", "padding")]}
    files = {
        "config.json": config(value, "lm_head.weight" not in tensors),
        "tokenizer.json": tokenizer(value),
        "tokenizer_config.json": {"tokenizer_class": "PreTrainedTokenizerFast", **names,
                                  "model_max_length": value("llama.context_length"),
                                  "chat_template": value("tokenizer.chat_template")},
    }
    for name, content in files.items():
        (target / name).write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
