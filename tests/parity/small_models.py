"""Random small models of every family, with tokenizers, in directories as transformers writes them."""

import json
from dataclasses import dataclass, field
from pathlib import Path

import torch
from safetensors.torch import save_file
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors
import transformers
from transformers import BertConfig, BertModel, GPT2Config, GPT2LMHeadModel


@dataclass
class Spec:
    name: str
    family: str  # its model_type
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
    old: dict = field(default_factory=dict)  # rotary settings as transformers 4 wrote them, in place of new ones

    @property
    def causal(self):
        return self.family not in ("bert", "roberta", "distilbert")


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
    Spec("roberta", "roberta", 2, 2, 16, 40, "gelu", config={"pad_token_id": 0, "type_vocab_size": 1}),
    Spec("distilbert", "distilbert", 2, 3, 15, 29, "gelu", torch.float16),
    Spec("llama one key head", "llama", 2, 4, 16, 40, "silu",
         config={"num_key_value_heads": 1, "tie_word_embeddings": True}),
    Spec("llama llama3 biases", "llama", 2, 3, 21, 37, "silu", torch.bfloat16, shards=2,
         config={"head_dim": 6, "attention_bias": True, "mlp_bias": True, "tie_word_embeddings": False,
                 "rope_parameters": {"rope_type": "llama3", "rope_theta": 50.0, "factor": 4.0,
                                     "low_freq_factor": 1.0, "high_freq_factor": 4.0,
                                     "original_max_position_embeddings": 32}}),
    Spec("llama old settings", "llama", 1, 2, 16, 40, "silu", prefix=False,
         old={"rope_theta": 200.0, "rope_scaling": {"type": "linear", "factor": 2.0}}),
    Spec("mistral window", "mistral", 2, 4, 24, 40, "silu",
         config={"num_key_value_heads": 2, "sliding_window": 5, "tie_word_embeddings": False}),
    Spec("mistral no window", "mistral", 1, 2, 16, 40, "silu",
         config={"num_key_value_heads": 2, "sliding_window": None, "head_dim": 10}),
    Spec("qwen2 window", "qwen2", 3, 4, 16, 40, "silu",
         config={"num_key_value_heads": 2, "use_sliding_window": True, "sliding_window": 6, "max_window_layers": 1}),
    Spec("qwen2 f16", "qwen2", 1, 2, 16, 40, "silu", torch.float16,
         config={"num_key_value_heads": 2, "tie_word_embeddings": True}),
    Spec("qwen3", "qwen3", 2, 4, 16, 40, "silu",
         config={"num_key_value_heads": 2, "head_dim": 10, "tie_word_embeddings": True}),
    Spec("gemma3", "gemma3_text", 3, 4, 16, 40, "gelu_pytorch_tanh",
         config={"num_key_value_heads": 2, "head_dim": 6, "query_pre_attn_scalar": 9, "sliding_window": 5,
                 "layer_types": ["sliding_attention", "full_attention", "sliding_attention"]}),
    Spec("gemma3 old settings", "gemma3_text", 2, 2, 16, 40, "gelu_pytorch_tanh", torch.bfloat16,
         config={"num_key_value_heads": 1, "head_dim": 8, "query_pre_attn_scalar": 8, "sliding_window": 4,
                 "layer_types": ["sliding_attention", "full_attention"]},
         old={"rope_theta": 3000.0, "rope_local_base_freq": 100.0,
              "rope_scaling": {"rope_type": "linear", "factor": 8.0}}),
]

CLASSES = {"llama": "Llama", "mistral": "Mistral", "qwen2": "Qwen2", "qwen3": "Qwen3", "gemma3_text": "Gemma3"}

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
    elif spec.family in CLASSES:
        tokenizer = byte_level_bpe(directory, True)
        name = CLASSES[spec.family]
        activation = "hidden_activation" if spec.family == "gemma3_text" else "hidden_act"
        config = getattr(transformers, f"{name}{'Text' if name == 'Gemma3' else ''}Config")(
            vocab_size=tokenizer.get_vocab_size(), max_position_embeddings=CONTEXT, hidden_size=spec.width,
            num_hidden_layers=spec.layers, num_attention_heads=spec.heads, intermediate_size=spec.inner,
            bos_token_id=0, eos_token_id=0, pad_token_id=None, **{activation: spec.activation}, **spec.config)
        model = getattr(transformers, f"{name}ForCausalLM")(config)
        prefix = "model."
    elif spec.family == "distilbert":
        tokenizer = wordpiece(directory, spec.tokenizer_json)
        config = transformers.DistilBertConfig(
            vocab_size=tokenizer.get_vocab_size(), max_position_embeddings=CONTEXT, dim=spec.width,
            n_layers=spec.layers, n_heads=spec.heads, hidden_dim=spec.inner, activation=spec.activation, **spec.config)
        model = transformers.DistilBertModel(config)
        prefix = "distilbert."
    else:
        tokenizer = wordpiece(directory, spec.tokenizer_json)
        is_bert = spec.family == "bert"
        config = (BertConfig if is_bert else transformers.RobertaConfig)(
            vocab_size=tokenizer.get_vocab_size(), max_position_embeddings=CONTEXT + (0 if is_bert else 2),
            hidden_size=spec.width, num_hidden_layers=spec.layers, num_attention_heads=spec.heads,
            intermediate_size=spec.inner, hidden_act=spec.activation, layer_norm_eps=1e-12, **spec.config)
        model = (BertModel if is_bert else transformers.RobertaModel)(config)
        prefix = f"{spec.family}."
    randomize(model, 0.0 if spec.family == "gemma3_text" else 1.0)
    config.architectures = [type(model).__name__]
    config.save_pretrained(directory)
    if spec.old:
        saved = json.loads((directory / "config.json").read_text())
        saved.pop("rope_parameters")
        (directory / "config.json").write_text(json.dumps({**saved, **spec.old}))
    if spec.family not in ("gpt2", "bert"):
        (directory / "tokenizer_config.json").write_text('{"tokenizer_class": "PreTrainedTokenizerFast"}')
    base = model.transformer if spec.family == "gpt2" else model.model if spec.family in CLASSES else model
    tensors = {name: value.to(spec.dtype).contiguous() for name, value in base.state_dict().items()}
    if not spec.extras:
        tensors = {name: value for name, value in tensors.items() if not name.startswith("pooler.")}
    elif spec.causal:
        mask = torch.tril(torch.ones(CONTEXT, CONTEXT, dtype=torch.uint8)).view(1, 1, CONTEXT, CONTEXT)
        tensors["h.0.attn.bias"] = mask
    else:
        tensors["embeddings.position_ids"] = torch.arange(CONTEXT).unsqueeze(0)
    if spec.prefix:
        tensors = {prefix + name: value for name, value in tensors.items()}
    untied = spec.family in CLASSES and not config.tie_word_embeddings
    if spec.causal and (spec.extras or spec.head or untied):
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


def randomize(model, gain):
    """Weights large enough that attention is far from uniform and every bias and norm counts."""
    with torch.no_grad():
        for name, value in model.named_parameters():
            noise = torch.randn_like(value)
            if "ln_" in name or "norm" in name.lower():
                value.copy_((gain if name.endswith("weight") else 0.0) + 0.3 * noise)
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
