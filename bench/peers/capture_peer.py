#!/usr/bin/env python3
"""Times the capture of all value-head kernels against PyTorch computing the same gradients and Gram matrices.

Usage: capture_peer.py CAPTURE_TIMING MODEL PROMPT [HEAD] [--rounds 7] [--threads 2]

CAPTURE_TIMING is the program bench/capture_timing of the `bench` build. HEAD is an encoder's head file. PyTorch
computes per-example gradients in single precision on as many threads, in three ways:

    vmap    torch.func: vmap over grad of functional_call, all sequences at once
    loop    one forward and one autograd.grad per sequence
    hooks   one batched forward and backward; per-example gradients from each layer's inputs and output
            gradients. Not something a user finds ready-made, so listed beside the ratio, not in it

Every round runs ours and each of theirs once, in turn; figures are medians over rounds, after one round that
does not count. The ratio is ours over the faster of vmap and loop. Kernels are compared first: timings of
different results mean nothing. Exit status 1 when they differ by more than 1e-3 relative.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
from safetensors import safe_open
from safetensors.torch import load_file
from tokenizers import Tokenizer
from transformers import AutoTokenizer, BertModel, GPT2LMHeadModel

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tests" / "parity"))
from reference import decoder_task, encoder_task  # noqa: E402


class Peer:
    """One model and its sequences, padded to a batch, in single precision."""

    def __init__(self, directory, prompt, head, attention):
        config = json.loads((directory / "config.json").read_text())
        self.causal = config["model_type"] == "gpt2"
        fast = directory / "tokenizer.json"
        if fast.exists():
            tokenizer = Tokenizer.from_file(str(fast))
            tokenizer.no_padding()
            tokenizer.no_truncation()
        else:
            tokenizer = AutoTokenizer.from_pretrained(directory).backend_tokenizer
        self.task = (decoder_task if self.causal else encoder_task)(prompt, tokenizer)
        kind = GPT2LMHeadModel if self.causal else BertModel
        options = {} if self.causal else {"add_pooling_layer": False}
        self.model = kind.from_pretrained(directory, dtype=torch.float32, attn_implementation=attention, **options)
        self.model.eval().requires_grad_(False)
        self.width, self.heads = self.model.config.hidden_size, self.model.config.num_attention_heads
        if self.causal:
            self.trunk, self.options = self.model.transformer, {"use_cache": False}
            self.modules = [layer.attn.c_attn for layer in self.model.transformer.h]
            self.names = [f"h.{i}.attn.c_attn.weight" for i in range(len(self.modules))]
            self.values = torch.tensor(self.task.label_values, dtype=torch.float32)
        else:
            self.trunk, self.options = self.model, {}
            self.modules = [layer.attention.self.value for layer in self.model.encoder.layer]
            self.names = [f"encoder.layer.{i}.attention.self.value.weight" for i in range(len(self.modules))]
            tensors = load_file(head)
            self.weight, self.bias = tensors["weight"].float(), tensors["bias"].float()
        for module in self.modules:
            module.weight.requires_grad_(True)
        sequences = self.task.sequences
        self.lengths = torch.tensor([len(tokens) for tokens in sequences])
        self.batch = torch.zeros(len(sequences), int(self.lengths.max()), dtype=torch.long)
        for row, tokens in zip(self.batch, sequences):
            row[: len(tokens)] = torch.tensor(tokens)
        self.mask = (torch.arange(self.batch.shape[1]) < self.lengths[:, None]).long()

    def outputs(self, call, tokens, mask):
        """Predictions [b] of padded sequences; only the label tokens' logits are computed."""
        if self.causal:
            hidden = call(tokens, mask)
            last = hidden[torch.arange(len(tokens)), mask.sum(1) - 1]
            logits = last @ self.model.lm_head.weight[self.task.label_tokens].T
            return torch.softmax(logits, 1) @ self.values
        hidden = call(tokens, mask)
        pooled = (hidden * mask[..., None]).sum(1) / mask.sum(1, keepdim=True)
        return pooled @ self.weight + self.bias

    def body(self, tokens, mask):
        return self.trunk(input_ids=tokens, attention_mask=mask, **self.options).last_hidden_state

    def grams(self, gradients):
        """[layers] of [N, out or in, in or out] per-example gradients -> [layers * heads, N, N]."""
        found = []
        for gradient in gradients:
            if self.causal:
                gradient = gradient[:, :, 2 * self.width:].transpose(1, 2)
            for part in gradient.reshape(len(gradient), self.heads, -1).unbind(1):
                found.append(part @ part.T)
        return torch.stack(found)

    def loop(self):
        rows = []
        for tokens in self.task.sequences:
            tokens = torch.tensor([tokens])
            prediction = self.outputs(self.body, tokens, torch.ones_like(tokens))
            rows.append(torch.autograd.grad(prediction[0], [module.weight for module in self.modules]))
        return self.grams([torch.stack(column) for column in zip(*rows)])

    def vmap(self):
        others = {name: value.detach() for name, value in self.trunk.named_parameters() if name not in self.names}
        weights = {name: module.weight.detach() for name, module in zip(self.names, self.modules)}

        def predict(chosen, tokens, mask, additive):
            def call(tokens, _):
                return torch.func.functional_call(
                    self.trunk, {**others, **chosen}, (),
                    {"input_ids": tokens, "attention_mask": additive, **self.options}).last_hidden_state
            return self.outputs(call, tokens[None], mask[None])[0]

        # transformers makes its masks with steps that vmap cannot batch, but takes finished ones.
        length = self.batch.shape[1]
        visible = self.mask[:, None, None, None, :].bool().expand(-1, 1, 1, length, length)
        if self.causal:
            visible = visible & torch.ones(length, length, dtype=torch.bool).tril()
        additive = torch.where(visible, 0.0, torch.finfo(torch.float32).min)
        gradients = torch.func.vmap(torch.func.grad(predict), in_dims=(None, 0, 0, 0))(
            weights, self.batch, self.mask, additive)
        return self.grams([gradients[name] for name in self.names])

    def hooks(self):
        seen = {}

        def keep(module, inputs, output):
            seen[module] = (inputs[0].detach(), output)

        handles = [module.register_forward_hook(keep) for module in self.modules]
        prediction = self.outputs(self.body, self.batch, self.mask).sum()
        for handle in handles:
            handle.remove()
        slopes = torch.autograd.grad(prediction, [seen[module][1] for module in self.modules])
        rows = []
        for module, slope in zip(self.modules, slopes):
            inputs = seen[module][0]
            if self.causal:
                slope = slope[..., 2 * self.width:]
            rows.append(torch.einsum("nto,nti->noi", slope, inputs))
        return torch.stack([part @ part.T for gradient in rows
                            for part in gradient.reshape(len(gradient), self.heads, -1).unbind(1)])


def timed(function):
    start = time.perf_counter()
    result = function()
    return time.perf_counter() - start, result


def ours(arguments, out):
    command = [arguments.program, "--model", arguments.model, "--prompt", arguments.prompt, "--threads",
               str(arguments.threads), "--out", out]
    if arguments.head:
        command += ["--head", arguments.head]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)["capture_seconds"]


def our_gram(path, layers, heads):
    """[layers * heads, N, N] from a geometry; couplings of queries with each other are not in it."""
    with safe_open(path, framework="numpy") as file:
        blocks = [block["name"] for block in json.loads(file.metadata()["blocks"])]
        kernels = file.get_tensor("kernels")
    order = [blocks.index(f"h.{layer}.attn.v.{head}") for layer in range(layers) for head in range(heads)]
    return kernels[order]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("model", type=Path)
    parser.add_argument("prompt", type=Path)
    parser.add_argument("head", nargs="?")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)

    prompt = json.loads(arguments.prompt.read_text(encoding="utf-8"))
    peers = {}
    for attention in ("eager", "sdpa"):
        peer = Peer(arguments.model, prompt, arguments.head, attention)
        for way in ("vmap", "loop", "hooks"):
            peers[f"{way}, {attention}"] = getattr(peer, way)
    n = len(peer.task.examples)

    with tempfile.TemporaryDirectory() as work:
        out = f"{work}/geometry.safetensors"
        ours(arguments, out)
        expected = our_gram(out, len(peer.modules), peer.heads)
        for name in list(peers):
            try:
                gram = peers[name]()[:, :n, :n].numpy()
            except (RuntimeError, ValueError) as error:
                print(f"{name}: not possible: {str(error).splitlines()[0]}")
                del peers[name]
                continue
            error = np.linalg.norm(gram - expected) / np.linalg.norm(expected)
            if not error < 1e-3:
                sys.exit(f"{name}: kernels differ by {error:.1e}")
        times = {name: [] for name in ["ours", *peers]}
        for _ in range(arguments.rounds):
            times["ours"].append(ours(arguments, out))
            for name, function in peers.items():
                times[name].append(timed(function)[0])

    medians = {name: statistics.median(values) for name, values in times.items()}
    print(f"{len(peer.task.sequences)} sequences of up to {peer.batch.shape[1]} tokens, "
          f"{len(peer.modules)} layers, {peer.heads} heads, width {peer.width}, {arguments.threads} threads, "
          f"medians of {arguments.rounds}")
    for name, seconds in medians.items():
        print(f"  {name:22} {1e3 * seconds:9.2f} ms   ours / this = {medians['ours'] / seconds:6.3f}")
    rivals = {name: seconds for name, seconds in medians.items() if name.startswith(("vmap", "loop"))}
    fastest = min(rivals, key=rivals.get)
    print(f"ratio to the faster of vmap and loop ({fastest}): {medians['ours'] / rivals[fastest]:.3f}")


if __name__ == "__main__":
    main()
