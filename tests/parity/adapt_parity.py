#!/usr/bin/env python3
"""Compares `sextant adapt` with real gradient steps in PyTorch on random small models of every family.

Usage: adapt_parity.py PROGRAM

T steps w += rho sum_i r_i ds_i/dw on the chosen blocks, residuals and gradients recomputed at each, in
double precision. Compared within 1e-4: adapted predictions of the queries, the prompt's residual norm
afterwards, the linearised predictions (from the reference's own kernels), and the predictions of the
directory that --out-model wrote, as transformers loads it. An adaptation that changes no prediction by at
least 1e-2 (a hundred times the limit) would prove nothing and fails. Exit status 1 when anything is farther away.
"""

import re
import sys
import tempfile
import warnings
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file

import common
import prompts
import small_models
from reference import Reference, decoder_task, encoder_task

LIMIT = 1e-4
SMALLEST_EFFECT = 1e-2


def specs():
    by_name = {spec.name: spec for spec in small_models.SPECS}
    return [by_name[name] for name in ("gpt2 f32", "gpt2 f32 one head", "gpt2 f16 odd", "gpt2 bf16 sharded",
                                       "gpt2 head differs f16", "bert f32",
                                       "bert f16 odd sharded", "bert cls", "bert mean normalized", "roberta",
                                       "llama llama3 biases", "qwen2 window", "gemma3")]


def choices(reference):
    """(name, blocks, horizon, step scale): a value head alone, one block of each kind, everything."""
    blocks = reference.blocks()
    last = len(reference.layers) - 1
    mixed = [next(name for name, entry in blocks.items() if entry[0] == last and entry[2] == kind)
             for kind in reference.kinds]
    values = [name for name, entry in blocks.items() if entry[2] == "value"]
    return [("one value head", values[:1], 3, 0.3), ("all value heads", values, 8, 0.1),
            ("one of each kind", mixed, 5, 0.2), ("all blocks", list(blocks), 1, 0.5)]


def linearized(base, gram, residuals, rho, steps):
    """f(x) + k' q_T(K) r by adding up the steps."""
    n = len(residuals)
    kernel, coupling = gram[:n, :n], gram[n:, :n]
    left, weights = residuals.copy(), np.zeros(n)
    for _ in range(steps):
        weights += rho * left
        left -= rho * kernel @ left
    return base + coupling @ weights, np.linalg.norm(left)


def column(rows, key):
    return [row[key] for row in rows]


def check_case(table, case, program, directory, head, task, work, choice):
    _, names, steps, scale = choice
    reference = Reference(directory, task, head)
    gram = sum(reference.gram({name: reference.blocks()[name] for name in names}).values())
    n = len(task.examples)
    rho = scale / np.linalg.eigvalsh(gram[:n, :n])[-1]
    base = reference.predictions(task.sequences)
    residuals = task.example_targets - base[:n]
    line, predicted_norm = linearized(base[n:], gram, residuals, rho, steps)
    reference.adapt(names, rho, steps)
    adapted = reference.predictions(task.sequences)
    effect = np.max(np.abs(adapted - base))
    table.expect(case, effect > SMALLEST_EFFECT, f"the adaptation only moves predictions by {effect:.1e}")

    out = work / f"adapted-{len(list(work.iterdir()))}"
    options = [] if reference.causal else ["--head", head]
    for kind in reference.kinds:
        options += ["--blocks-kind", kind]
    result = common.run_json(
        program, "adapt", "--model", directory, "--prompt", work / "prompt.json", *options, "--blocks",
        ",".join(names), "--horizon", steps, "--step-scale", scale, "--solver", "steps", "--out-model", out)
    queries, prompt = result["queries"], result["prompt"]
    table.add(case, "base", common.absolute_error(column(queries, "base"), base[n:]), LIMIT)
    table.add(case, "linearized", common.absolute_error(column(queries, "linearized"), line), LIMIT)
    table.add(case, "adapted", common.absolute_error(column(queries, "adapted"), adapted[n:]), LIMIT)
    for key, expected in [("residual_norm_before", np.linalg.norm(residuals)),
                          ("residual_norm_predicted", predicted_norm),
                          ("residual_norm_after", np.linalg.norm(task.example_targets - adapted[:n]))]:
        table.add(case, key, abs(prompt[key] - expected), LIMIT)
    written = Reference(out, task, head).predictions(task.sequences)
    table.add(case, "--out-model predictions", common.absolute_error(written, adapted), LIMIT)
    check_untouched(table, case, directory, out, names)


def load_all(directory):
    tensors = {}
    for file in sorted(Path(directory).glob("*.safetensors")):
        tensors.update(load_file(file))
    return tensors


def check_untouched(table, case, before, after, names):
    """Only weights of the layers of the chosen blocks may differ, and some of them do."""
    old, new = load_all(before), load_all(after)
    table.expect(case, set(old) <= set(new), f"--out-model lost {sorted(set(old) - set(new))}")
    changed = {name for name in old if name in new and not torch.equal(old[name].double(), new[name].double())}
    numbers = "|".join({name.split(".")[1] for name in names})
    strays = sorted(name for name in changed if not re.search(rf"(^|\.)(h|layer|layers)\.({numbers})\..*\.weight$", name))
    table.expect(case, not strays, f"--out-model changed {strays}")
    table.expect(case, bool(changed), "--out-model changed nothing")


def check_model(table, program, spec, work, seed):
    directory = work / "model"
    tokenizer = small_models.make(spec, directory, seed)
    head = work / "head.safetensors"
    prompts.write_head(spec.width, head, seed, spec.pooling)
    _, prompt = prompts.cases(spec.causal)[0]
    prompts.write_prompt(prompt, work / "prompt.json")
    task = (decoder_task if spec.causal else encoder_task)(prompt, tokenizer)
    for choice in choices(Reference(directory, task, head)):
        case = f"{spec.name}, {choice[0]}"
        try:
            check_case(table, case, program, directory, head, task, work, choice)
        except (RuntimeError, KeyError) as error:
            table.fail(case, f"{type(error).__name__}: {error}")


def main():
    warnings.filterwarnings("ignore")
    program = Path(sys.argv[1]).resolve()
    table = common.Comparisons()
    for seed, spec in enumerate(specs()):
        with tempfile.TemporaryDirectory() as work:
            check_model(table, program, spec, Path(work), seed)
    sys.exit(table.finish("sextant adapt against gradient steps of PyTorch in double precision"))


if __name__ == "__main__":
    main()
