"""Predictions, block gradients and kernels by PyTorch's autograd in double precision."""

import json
import os
from dataclasses import dataclass, field

os.environ.setdefault("HF_HUB_OFFLINE", "1")  # Everything is on disk: never ask a server.

import numpy as np
import torch
from safetensors.torch import load_file
from transformers import AutoModel, AutoModelForCausalLM
from transformers.utils import logging

logging.set_verbosity_error()
logging.disable_progress_bar()
torch.set_num_threads(1)  # The models are too small for more.

def kinds(gated):
    return ("query", "key", "value", "output", "mlp-in", *(("mlp-gate",) if gated else ()), "mlp-out")


ENCODERS = ("bert", "roberta", "distilbert")


@dataclass
class Task:
    """Token sequences of the n examples (leave-one-out for a decoder) and of the m queries."""

    examples: list
    example_targets: np.ndarray
    queries: list
    query_targets: list
    label_tokens: list = field(default_factory=list)
    label_values: list = field(default_factory=list)

    @property
    def sequences(self):
        return self.examples + self.queries


def decoder_task(prompt, tokenizer):
    template, labels = prompt["template"], prompt["labels"]
    value = {label["text"]: label["value"] for label in labels}
    shown = [template["example"].replace("{x}", e["x"]).replace("{y}", e["y"]) for e in prompt["examples"]]

    def sequence(texts, x):
        return "".join(texts) + template["query"].replace("{x}", x)

    examples = [sequence(shown[:i] + shown[i + 1:], e["x"]) for i, e in enumerate(prompt["examples"])]
    queries = [sequence(shown, q["x"]) for q in prompt["queries"]]
    tokens = [tokenizer.encode(text).ids for text in examples + queries]
    label_tokens = []
    for label in labels:
        tails = {tuple(tokenizer.encode(text + label["text"]).ids[len(ids):])
                 for text, ids in zip(examples + queries, tokens)}
        assert len(tails) == 1 and len(next(iter(tails))) == 1, label
        label_tokens.append(next(iter(tails))[0])
    n = len(examples)
    return Task(tokens[:n], np.array([value[e["y"]] for e in prompt["examples"]]), tokens[n:],
                [value[q["y"]] if "y" in q else None for q in prompt["queries"]], label_tokens,
                [label["value"] for label in labels])


def encoder_task(prompt, tokenizer):
    return Task([tokenizer.encode(e["text"]).ids for e in prompt["examples"]],
                np.array([e["y"] for e in prompt["examples"]]),
                [tokenizer.encode(q["text"]).ids for q in prompt["queries"]],
                [q.get("y") for q in prompt["queries"]])


class Reference:
    """A model directory as transformers loads it, in double precision."""

    def __init__(self, directory, task, head=None):
        self.task = task
        config = json.loads((directory / "config.json").read_text())
        self.family = config["model_type"]
        self.causal = self.family not in ENCODERS
        kind = AutoModelForCausalLM if self.causal else AutoModel
        options = {"add_pooling_layer": False} if self.family in ("bert", "roberta") else {}
        self.model = kind.from_pretrained(directory, dtype=torch.float64, attn_implementation="eager", **options)
        self.model.eval()
        if not self.causal:
            tensors = load_file(head)
            self.weight, self.bias = tensors["weight"].double(), tensors["bias"].double()
            self.read_stages(directory)
        self.layers = self.layers_of()
        settings = self.model.config
        self.heads = settings.num_attention_heads
        self.key_heads = getattr(settings, "num_key_value_heads", None) or self.heads
        self.width = settings.hidden_size
        self.size = getattr(settings, "head_dim", None) or self.width // self.heads
        self.gated = self.causal and self.family != "gpt2"
        self.kinds = kinds(self.gated)

    def layers_of(self):
        if self.family == "gpt2":
            return self.model.transformer.h
        if self.family == "distilbert":
            return self.model.transformer.layer
        return self.model.model.layers if self.causal else self.model.encoder.layer

    def read_stages(self, directory):
        """How the directory's files pool: the first token or the mean, normalised or not."""
        self.first_token = self.normalize = False
        if not (directory / "modules.json").exists():
            return
        for module in json.loads((directory / "modules.json").read_text()):
            if module["type"].endswith(".Pooling"):
                config = json.loads((directory / module["path"] / "config.json").read_text())
                self.first_token = config["pooling_mode_cls_token"]
            self.normalize = self.normalize or module["type"].endswith(".Normalize")

    def predict(self, tokens):
        """The scalar prediction for one sequence, differentiable."""
        tokens = torch.tensor([tokens])
        if self.causal:
            logits = self.model(tokens).logits[0, -1, self.task.label_tokens]
            return torch.softmax(logits, 0) @ torch.tensor(self.task.label_values, dtype=torch.float64)
        hidden = self.model(tokens).last_hidden_state[0]
        pooled = hidden[0] if self.first_token else hidden.mean(0)
        if self.normalize:
            pooled = torch.nn.functional.normalize(pooled, dim=0)
        return pooled @ self.weight + self.bias[0]

    def predictions(self, sequences):
        with torch.no_grad():
            return np.array([float(self.predict(tokens)) for tokens in sequences])

    def label_logits(self, tokens):
        with torch.no_grad():
            return self.model(torch.tensor([tokens])).logits[0, -1, self.task.label_tokens].numpy()

    def modules(self, layer):
        """The matrices of a layer; GPT-2's are stored as [in, out], query, key and value in one."""
        block = self.layers[layer]
        if self.family == "gpt2":
            fused = block.attn.c_attn
            return {"query": fused, "key": fused, "value": fused, "output": block.attn.c_proj,
                    "mlp-in": block.mlp.c_fc, "mlp-out": block.mlp.c_proj}
        if self.family == "distilbert":
            attention = block.attention
            return {"query": attention.q_lin, "key": attention.k_lin, "value": attention.v_lin,
                    "output": attention.out_lin, "mlp-in": block.ffn.lin1, "mlp-out": block.ffn.lin2}
        if self.causal:
            attention, mlp = block.self_attn, block.mlp
            return {"query": attention.q_proj, "key": attention.k_proj, "value": attention.v_proj,
                    "output": attention.o_proj, "mlp-in": mlp.up_proj, "mlp-gate": mlp.gate_proj,
                    "mlp-out": mlp.down_proj}
        attention = block.attention
        return {"query": attention.self.query, "key": attention.self.key, "value": attention.self.value,
                "output": attention.output.dense, "mlp-in": block.intermediate.dense, "mlp-out": block.output.dense}

    def blocks(self):
        """name -> (layer, head, kind, parameter, index of the block's part of the parameter)."""
        found = {}
        everything = slice(None)
        for layer in range(len(self.layers)):
            modules = self.modules(layer)
            for kind in self.kinds:
                weight = modules[kind].weight
                if kind.startswith("mlp"):
                    found[f"h.{layer}.mlp.{kind[4:]}"] = (layer, None, kind, weight, (everything, everything))
                    continue
                for head in range(self.key_heads if kind in ("key", "value") else self.heads):
                    name = f"h.{layer}.attn.{kind[0]}.{head}"
                    mine = slice(head * self.size, (head + 1) * self.size)
                    stored = (mine, everything)
                    if self.family == "gpt2" and kind != "output":
                        shift = ("query", "key", "value").index(kind) * self.width
                        stored = (everything, slice(shift + mine.start, shift + mine.stop))
                    elif self.family != "gpt2" and kind == "output":
                        stored = (everything, mine)
                    found[name] = (layer, head, kind, weight, stored)
        return found

    def gradients(self, blocks, sequences=None):
        """name -> the gradients of every sequence's prediction, one row each."""
        weights = list({id(entry[3]): entry[3] for entry in blocks.values()}.values())
        rows = {name: [] for name in blocks}
        for tokens in self.task.sequences if sequences is None else sequences:
            by_weight = dict(zip(map(id, weights), torch.autograd.grad(self.predict(tokens), weights)))
            for name, (_, _, _, weight, part) in blocks.items():
                rows[name].append(by_weight[id(weight)][part].reshape(-1))
        return {name: torch.stack(values) for name, values in rows.items()}

    def gram(self, blocks):
        """name -> the Gram matrix of all n + m exact gradients."""
        return {name: (g @ g.T).numpy() for name, g in self.gradients(blocks).items()}

    def tokenwise_gram(self, blocks):
        """The same from the last token's share of each gradient alone."""
        features = {name: [] for name in blocks}
        sharing = self.heads // self.key_heads
        for tokens in self.task.sequences:
            seen, hooks = {}, []
            for layer in range(len(self.layers)):
                for kind, module in self.modules(layer).items():
                    def keep(_, inputs, output, key=(layer, kind)):
                        seen[key] = (inputs[0], output)
                    hooks.append(module.register_forward_hook(keep))
            attentions = self.model(torch.tensor([tokens]), output_attentions=True).attentions
            prediction = self.predict(tokens)
            for hook in hooks:
                hook.remove()
            wanted = [part for key in seen for part in seen[key]]
            slopes = iter(torch.autograd.grad(prediction, wanted, allow_unused=True))
            slope = {key: (next(slopes), next(slopes)) for key in seen}

            def columns(head):
                return slice(head * self.size, (head + 1) * self.size)

            for name, (layer, head, kind, _, _) in blocks.items():
                left, right = seen[layer, kind][0][0, -1], slope[layer, kind][1][0, -1]
                if kind == "value":
                    # The attention-mixed input, and the gradient at the output of each head that reads this one.
                    mine = range(head * sharing, (head + 1) * sharing)
                    feature = sum(torch.outer(attentions[layer][0, h, -1] @ seen[layer, kind][0][0],
                                              slope[layer, "output"][0][0, -1, columns(h)]) for h in mine)
                elif kind == "output":
                    feature = torch.outer(left[columns(head)], right)
                elif head is not None:
                    shift = ("query", "key").index(kind) * self.width if self.family == "gpt2" else 0
                    part = columns(head)
                    feature = torch.outer(left, right[shift + part.start:shift + part.stop])
                else:
                    feature = torch.outer(left, right)
                features[name].append(feature.detach().reshape(-1))
        stacked = {name: torch.stack(rows) for name, rows in features.items()}
        return {name: (rows @ rows.T).numpy() for name, rows in stacked.items()}

    def adapt(self, chosen, rho, steps):
        """Real gradient steps w += rho sum_i r_i ds_i/dw on the chosen blocks, in place."""
        blocks = {name: self.blocks()[name] for name in chosen}
        for _ in range(steps):
            residuals = self.task.example_targets - self.predictions(self.task.examples)
            gradients = self.gradients(blocks, self.task.examples)
            with torch.no_grad():
                for name, (_, _, _, weight, part) in blocks.items():
                    step = rho * (torch.from_numpy(residuals) @ gradients[name])
                    weight[part] += step.reshape(weight[part].shape)
