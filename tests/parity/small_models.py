"""Random small GPT-2 and BERT models, with tokenizers, in directories as transformers writes them."""

import json
from dataclasses import dataclass, field
from pathlib import Path

import torch
from safetensors.torch import save_file
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors
from transformers import BertConfig, BertModel, GPT2Config, GPT2LMHeadModel


@dataclass
class Spec:
    name: str
    family: str  # "gpt2" or "bert"
    layers: int
    heads: int
    width: int
    inner: int
    activation: str
    dtype: torch.dtype = torch.float32
    shards: int = 1
    prefix: bool = True  # keys "transformer.h.0..." or "bert.encoder..."
    extras: bool = False  # tensors that real files hold and no prediction needs
    tokenizer_json: bool = True  # or vocab.json + merges.txt, or vocab.txt
    config: dict = field(default_factory=dict)  # further entries of config.json
    head: str = ""  # "differs" from the embedding that config.json ties it to, or is there "alone"
    pooling: str = "mean"  # of an encoder, as sentence-transformers' files say it


SPECS = [
    Spec("gpt2 f32", "gpt2", 2, 2, 16, 64, "gelu_new"),
    Spec("gpt2 f16 odd", "gpt2", 3, 3, 21, 37, "gelu", torch.float16, prefix=False, tokenizer_json=False),
    Spec("gpt2 bf16 sharded", "gpt2", 1, 4, 32, 128, "gelu_new", torch.bfloat16, shards=3, extras=True,
         config={"tie_word_embeddings": False}),
    Spec("gpt2 f32 one head", "gpt2", 4, 1, 12, 48, "relu", prefix=False, extras=True,
         config={"scale_attn_by_inverse_layer_idx": True}),
    Spec("gpt2 head differs", "gpt2", 1, 2, 16, 64, "gelu_new", head="differs"),
    Spec("gpt2 head differs f16", "gpt2", 1, 2, 16, 64, "gelu_new", torch.float16, shards=2, head="differs"),
    Spec("gpt2 head alone", "gpt2", 1, 2, 16, 64, "gelu_new", head="alone", prefix=False),
    Spec("bert f32", "bert", 2, 2, 16, 64, "gelu", prefix=False),
    Spec("bert cls", "bert", 2, 2, 16, 64, "gelu", pooling="cls"),
    Spec("bert mean normalized", "bert", 2, 2, 16, 64, "gelu", pooling="mean normalized"),
    Spec("bert cls normalized", "bert", 2, 3, 21, 40, "gelu", pooling="cls normalized"),
    Spec("bert f16 odd sharded", "bert", 3, 3, 15, 29, "gelu", torch.float16, shards=2, extras=True),
    Spec("bert bf16", "bert", 2, 4, 24, 50, "gelu_new", torch.bfloat16, tokenizer_json=False, prefix=False),
]

CONTEXT = 83
MERGES = [("-", ">"), ("1", "2"), ("Ġ", "3"), ("=", "="), ("==", ">")]
WORDS = ["a", "film", "to", "remember", "dull", "not", "bad", "at", "all", "mess", "the", "plot", "cafe",
         "good", "un", "##watch", "##able", "##s", "##ed", "forget", "##table", "un", "very", "!", ".", ",", "'",
         "7", "##7", "8"]


def make(spec, directory, seed):
    """Writes the model and its tokenizer into `directory`; returns the tokenizer."""
    directory = Path(directory)
    directory.mkdir(parents=True)
    torch.manual_seed(seed)
    if spec.family == "gpt2":
        tokenizer = byte_level_bpe(directory, spec.tokenizer_json)
        config = GPT2Config(
            vocab_size=tokenizer.get_vocab_size(), n_positions=CONTEXT, n_embd=spec.width, n_layer=spec.layers,
            n_head=spec.heads, n_inner=spec.inner, activation_function=spec.activation,
            layer_norm_epsilon=1e-5, bos_token_id=0, eos_token_id=0, **spec.config)
        model = GPT2LMHeadModel(config)
        prefix = "transformer."
    else:
        tokenizer = wordpiece(directory, spec.tokenizer_json)
        config = BertConfig(
            vocab_size=tokenizer.get_vocab_size(), max_position_embeddings=CONTEXT, hidden_size=spec.width,
            num_hidden_layers=spec.layers, num_attention_heads=spec.heads, intermediate_size=spec.inner,
            hidden_act=spec.activation, layer_norm_eps=1e-12, **spec.config)
        model = BertModel(config)
        prefix = "bert."
    randomize(model)
    config.architectures = [type(model).__name__]
    config.save_pretrained(directory)
    base = model.transformer if spec.family == "gpt2" else model
    tensors = {name: value.to(spec.dtype).contiguous() for name, value in base.state_dict().items()}
    if not spec.extras:
        tensors = {name: value for name, value in tensors.items() if not name.startswith("pooler.")}
    elif spec.family == "gpt2":
        mask = torch.tril(torch.ones(CONTEXT, CONTEXT, dtype=torch.uint8)).view(1, 1, CONTEXT, CONTEXT)
        tensors["h.0.attn.bias"] = mask
    else:
        tensors["embeddings.position_ids"] = torch.arange(CONTEXT).unsqueeze(0)
    if spec.prefix:
        tensors = {prefix + name: value for name, value in tensors.items()}
    if spec.family == "gpt2" and (spec.extras or spec.head):
        tensors["lm_head.weight"] = model.lm_head.weight.detach().to(spec.dtype).clone()
    if spec.head == "differs":
        tensors["lm_head.weight"] = 0.6 * torch.randn_like(tensors["lm_head.weight"])
    if spec.head == "alone":
        del tensors["wte.weight" if not spec.prefix else "transformer.wte.weight"]
    write_tensors(directory, tensors, spec.shards)
    if spec.pooling != "mean":
        write_stages(directory, spec)
    return tokenizer


def write_stages(directory, spec):
    """The files that sentence-transformers reads, in the layout of its versions before 5."""
    modules = [("", "Transformer"), ("1_Pooling", "Pooling")]
    if spec.pooling.endswith("normalized"):
        modules.append(("2_Normalize", "Normalize"))
    (directory / "modules.json").write_text(json.dumps(
        [{"idx": i, "name": str(i), "path": path, "type": f"sentence_transformers.models.{kind}"}
         for i, (path, kind) in enumerate(modules)]))
    (directory / "1_Pooling").mkdir()
    (directory / "1_Pooling" / "config.json").write_text(json.dumps(
        {"word_embedding_dimension": spec.width, "pooling_mode_cls_token": spec.pooling.startswith("cls"),
         "pooling_mode_mean_tokens": spec.pooling.startswith("mean"), "pooling_mode_max_tokens": False}))


def randomize(model):
    """Weights large enough that attention is far from uniform and every bias and norm counts."""
    with torch.no_grad():
        for name, value in model.named_parameters():
            noise = torch.randn_like(value)
            if "ln_" in name or "LayerNorm" in name:
                value.copy_((1.0 if name.endswith("weight") else 0.0) + 0.3 * noise)
            elif value.dim() == 1:
                value.copy_(0.3 * noise)
            elif "emb" in name or "wte" in name or "wpe" in name or "lm_head" in name:
                value.copy_(0.6 * noise)
            else:
                value.copy_(1.2 / value.shape[0] ** 0.5 * noise)


def write_tensors(directory, tensors, shards):
    if shards == 1:
        save_file(tensors, directory / "model.safetensors", metadata={"format": "pt"})
        return
    names = sorted(tensors)
    index = {}
    for shard in range(shards):
        file = f"model-{shard + 1:05}-of-{shards:05}.safetensors"
        mine = names[shard::shards]
        save_file({name: tensors[name] for name in mine}, directory / file, metadata={"format": "pt"})
        index.update({name: file for name in mine})
    total = sum(value.numel() * value.element_size() for value in tensors.values())
    (directory / "model.safetensors.index.json").write_text(
        json.dumps({"metadata": {"total_size": total}, "weight_map": index}))


def byte_level_bpe(directory, as_json):
    vocabulary = {piece: i for i, piece in enumerate(sorted(pre_tokenizers.ByteLevel.alphabet()))}
    for left, right in MERGES:
        vocabulary[left + right] = len(vocabulary)
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=MERGES))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    if as_json:
        tokenizer.save(str(directory / "tokenizer.json"))
    else:
        (directory / "vocab.json").write_text(json.dumps(vocabulary, ensure_ascii=False), encoding="utf-8")
        lines = ["#version: 0.2"] + [f"{left} {right}" for left, right in MERGES]
        (directory / "merges.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return tokenizer


def wordpiece(directory, as_json):
    pieces = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"] + list(dict.fromkeys(WORDS))
    vocabulary = {piece: i for i, piece in enumerate(pieces)}
    tokenizer = Tokenizer(models.WordPiece(vocab=vocabulary, unk_token="[UNK]", max_input_chars_per_word=100))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)])
    tokenizer.decoder = decoders.WordPiece()
    if as_json:
        tokenizer.save(str(directory / "tokenizer.json"))
    else:
        (directory / "vocab.txt").write_text("\n".join(pieces) + "\n", encoding="utf-8")
    return tokenizer
