#!/usr/bin/env python3
"""Times and checks the predictions of a row model against PyTorch with the same weights.

Usage: tabular_inference_peer.py TABULAR_TIMING MODEL [--context 1000] [--queries 200] [--features 50] [--rounds 7]
       [--threads 2]

TABULAR_TIMING is the program bench/peers/tabular_timing of the `bench` build. PyTorch runs the same layers in single
precision with torch.nn.functional.scaled_dot_product_attention, in two ways:

    mask    all rows as one sequence, with a mask that hides the queries
    split   keys and values of the context alone, with no mask: what somebody who knows the model would write

Both compute keys and values only where they are read, and the last layer for the queries alone, as ours does. Every
round runs ours and each of theirs once, in turn, after one round that does not count; ratios are ours over theirs in
medians. Exit status 1 when predictions differ by more than 1e-4.
"""

import argparse
import json
import math
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file
from torch.nn.functional import gelu, layer_norm, linear, scaled_dot_product_attention


class RowModel:
    """The architecture written out, from a model directory."""

    def __init__(self, directory):
        self.config = json.loads((directory / "config.json").read_text())
        self.w = {name.removeprefix("transformer."): tensor
                  for name, tensor in load_file(directory / "model.safetensors").items()}

    def norm(self, x, name):
        return layer_norm(x, x.shape[-1:], self.w[name + ".weight"], self.w[name + ".bias"],
                          self.config["layer_norm_epsilon"])

    def project(self, x, name):
        return torch.addmm(self.w[name + ".bias"], x, self.w[name + ".weight"])

    def heads(self, x):
        return x.view(len(x), self.config["n_head"], -1).transpose(0, 1)

    def predict(self, features, labels, classes, split):
        """Probabilities of the queries, the rows of `features` after the len(labels) context rows."""
        n, width = len(labels), self.config["n_embd"]
        tokens = torch.cat([labels + 1, torch.zeros(len(features) - n, dtype=torch.long)])
        x = self.w["wte.weight"][tokens] + features @ self.w["wfe.weight"][:features.shape[1]]
        mask = None if split else (torch.arange(len(features)) < n).expand(len(features), -1)
        layers = self.config["n_layer"]
        for layer in range(layers):
            stem = f"h.{layer}."
            z = self.norm(x, stem + "ln_1")
            weight, bias = self.w[stem + "attn.c_attn.weight"], self.w[stem + "attn.c_attn.bias"]
            readers = z[n:] if layer + 1 == layers else z
            if layer + 1 == layers:
                x = x[n:]
                mask = None if mask is None else mask[n:]
            read = z[:n] if split else z
            query = torch.addmm(bias[:width], readers, weight[:, :width])
            key = torch.addmm(bias[width:2 * width], read, weight[:, width:2 * width])
            value = torch.addmm(bias[2 * width:], read, weight[:, 2 * width:])
            mixed = scaled_dot_product_attention(self.heads(query)[None], self.heads(key)[None],
                                                 self.heads(value)[None], attn_mask=mask)
            x = x + self.project(mixed[0].transpose(0, 1).reshape(len(readers), width), stem + "attn.c_proj")
            inner = gelu(self.project(self.norm(x, stem + "ln_2"), stem + "mlp.c_fc"), approximate="tanh")
            x = x + self.project(inner, stem + "mlp.c_proj")
        logits = linear(self.norm(x, "ln_f"), self.w["lm_head.weight"][:classes])
        return torch.softmax(logits, 1)


def write_table(path, columns, labels):
    with open(path, "w") as file:
        file.write(",".join(f"f{c}" for c in range(columns.shape[1])) + ",label\n")
        for row, label in zip(columns, labels):
            file.write(",".join(repr(float(value)) for value in row) + f",{label}\n")


def standardized(columns, n):
    """As sextant does where no value is four deviations out."""
    mean, deviation = columns[:n].mean(0), columns[:n].std(0)
    return np.clip((columns - mean) / deviation, -5, 5) / math.sqrt(columns.shape[1])


def timed(function):
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("model", type=Path)
    parser.add_argument("--context", type=int, default=1000)
    parser.add_argument("--queries", type=int, default=200)
    parser.add_argument("--features", type=int, default=50)
    parser.add_argument("--classes", type=int, default=3)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    torch.set_grad_enabled(False)

    random = np.random.default_rng(1)
    n, rows = arguments.context, arguments.context + arguments.queries
    columns = random.uniform(-1, 1, (rows, arguments.features))  # nothing is far out
    labels = (columns @ random.normal(size=(arguments.features, arguments.classes))).argmax(1)
    features = torch.tensor(standardized(columns, n), dtype=torch.float32)
    context_labels = torch.tensor(labels[:n])
    model = RowModel(arguments.model)
    peers = {name: lambda split=split: model.predict(features, context_labels, arguments.classes, split)
             for name, split in (("mask", False), ("split", True))}
    with tempfile.TemporaryDirectory() as work:
        write_table(f"{work}/context.csv", columns[:n], labels[:n])
        write_table(f"{work}/queries.csv", columns[n:], labels[n:])
        command = [arguments.program, "--model", arguments.model, "--csv", f"{work}/context.csv", "--query-csv",
                   f"{work}/queries.csv", "--threads", str(arguments.threads), "--rounds", "3"]

        def ours():
            return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)

        scalars = np.array(ours()["predictions"]).reshape(arguments.queries, -1)
        for name, predict in peers.items():
            p = predict().numpy()
            error = np.abs((p[:, 1:2] if arguments.classes == 2 else p) - scalars).max()
            print(f"{name}: largest difference of a probability {error:.1e}")
            if not error < 1e-4:
                sys.exit(f"{name}: predictions differ")
        times = {name: [] for name in ["ours", *peers]}
        for _ in range(arguments.rounds):
            times["ours"].append(ours()["seconds"])
            for name, predict in peers.items():
                times[name].append(statistics.median(timed(predict) for _ in range(3)))
    medians = {name: statistics.median(values) for name, values in times.items()}
    print(f"{n} context rows, {arguments.queries} queries, {arguments.features} features, {arguments.threads} threads, "
          f"medians of {arguments.rounds} rounds")
    for name, seconds in medians.items():
        ratios = sorted(a / b for a, b in zip(times["ours"], times[name]))
        print(f"  {name:6} {1e3 * seconds:8.2f} ms   ours / this = {medians['ours'] / seconds:.3f} "
              f"[{ratios[0]:.3f}, {ratios[-1]:.3f}]")


if __name__ == "__main__":
    main()
