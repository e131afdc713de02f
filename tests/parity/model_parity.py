#!/usr/bin/env python3
"""Compares `sextant geometry` with PyTorch's autograd on random small models of every family.

Usage: model_parity.py PROGRAM

Predictions, targets and residuals within 1e-4; centred label logits within 1e-4; per block, the Gram matrix
of all gradients (kernel, couplings and query variances) within 1e-4 relative in the Frobenius norm, exact
and tokenwise. Exit status 1 when anything is farther away.
"""

import json
import sys
import tempfile
import warnings
from pathlib import Path

import numpy as np
from safetensors import safe_open

import common
import prompts
import small_models
from reference import Reference, decoder_task, encoder_task, kinds

LIMIT = 1e-4


def read_geometry(path):
    with safe_open(path, framework="numpy") as file:
        metadata = file.metadata()
        tensors = {name: file.get_tensor(name) for name in file.keys()}
    assert metadata["format"] == "sextant-geometry/1", metadata
    return tensors, json.loads(metadata["blocks"])


def check_predictions(table, case, tensors, task, base):
    n = len(task.examples)
    table.add(case, "predictions", common.absolute_error(tensors["prompt_base"], base[:n]), LIMIT)
    if task.queries:
        table.add(case, "predictions", common.absolute_error(tensors["query_base"], base[n:]), LIMIT)
    table.add(case, "residuals",
              common.absolute_error(tensors["residuals"], task.example_targets - base[:n]), LIMIT)
    table.add(case, "targets", common.absolute_error(tensors["prompt_targets"], task.example_targets), 1e-12)
    # The file has the queries' targets when all of them are known.
    if task.queries and None not in task.query_targets:
        table.add(case, "targets", common.absolute_error(tensors["query_targets"], task.query_targets), 1e-12)
    else:
        table.expect(case, "query_targets" not in tensors, "query_targets where some are unknown")


def check_blocks(table, case, tensors, blocks, expected, grams, quantity):
    names = [block["name"] for block in blocks]
    table.expect(case, sorted(names) == sorted(expected), f"blocks {names}, expected {list(expected)}")
    n = len(tensors["residuals"])
    for index, block in enumerate(blocks):
        if block["name"] not in expected:
            continue
        layer, head, kind, weight, part = expected[block["name"]]
        meta = (block["layer"], block.get("head"), block["kind"], block["parameters"])
        wanted = (layer, head, kind, weight[part].numel())
        table.expect(case, meta == wanted, f"{block['name']} is {meta}, expected {wanted}")
        gram = grams[block["name"]]
        table.add(case, f"{quantity} kernel", common.relative_error(tensors["kernels"][index], gram[:n, :n]),
                  LIMIT)
        if gram.shape[0] > n:
            table.add(case, f"{quantity} coupling",
                      common.relative_error(tensors["query_kernels"][:, index], gram[n:, :n]), LIMIT)
            table.add(case, f"{quantity} variance",
                      common.relative_error(tensors["query_variances"][:, index], np.diag(gram)[n:]), LIMIT)


def check_logits(table, case, program, directory, prompt, reference, work):
    """Label logits up to a constant, from one run per label that counts that label alone."""
    probabilities = []
    for one in prompt["labels"]:
        labels = [dict(label, value=float(label is one)) for label in prompt["labels"]]
        prompts.write_prompt(dict(prompt, labels=labels), work / "one.json")
        common.run(program, "geometry", "--model", directory, "--prompt", work / "one.json", "--out",
                   work / "one.safetensors", "--layers", "0-0")
        tensors, _ = read_geometry(work / "one.safetensors")
        probabilities.append(np.concatenate([tensors["prompt_base"], tensors["query_base"]]))
    found = np.log(np.array(probabilities).T)
    expected = np.array([reference.label_logits(tokens) for tokens in reference.task.sequences])
    table.add(case, "label logits, centred",
              common.absolute_error(found - found.mean(1, keepdims=True),
                                    expected - expected.mean(1, keepdims=True)), LIMIT)


def check_model(table, program, spec, work, seed):
    directory = work / "model"
    tokenizer = small_models.make(spec, directory, seed)
    head = work / "head.safetensors"
    prompts.write_head(spec.width, head, seed, spec.pooling)
    causal = spec.causal
    options = [] if causal else ["--head", head]
    gated = spec.family in small_models.CLASSES
    for kind in kinds(gated):
        options += ["--blocks-kind", kind]
    # The variants of a family differ in the model alone.
    some = prompts.cases(causal) if spec.family in ("gpt2", "bert") else prompts.cases(causal)[:1]
    for number, (name, prompt) in enumerate(some):
        case = f"{spec.name}, {name}"
        prompts.write_prompt(prompt, work / "prompt.json")
        task = (decoder_task if causal else encoder_task)(prompt, tokenizer)
        reference = Reference(directory, task, head)
        blocks = reference.blocks()
        out = work / "geometry.safetensors"
        call = ["geometry", "--model", directory, "--prompt", work / "prompt.json", "--out", out, *options]
        common.run(program, *call)
        tensors, found = read_geometry(out)
        check_predictions(table, case, tensors, task, reference.predictions(task.sequences))
        check_blocks(table, case, tensors, found, blocks, reference.gram(blocks), "exact")
        if causal:
            common.run(program, *call, "--features", "tokenwise")
            tensors, found = read_geometry(out)
            check_blocks(table, case, tensors, found, blocks, reference.tokenwise_gram(blocks), "tokenwise")
            if number == 0:
                check_logits(table, case, program, directory, prompt, reference, work)


def main():
    warnings.filterwarnings("ignore")
    program = Path(sys.argv[1]).resolve()
    table = common.Comparisons()
    for seed, spec in enumerate(small_models.SPECS):
        with tempfile.TemporaryDirectory() as work:
            try:
                check_model(table, program, spec, Path(work), seed)
            except RuntimeError as error:
                table.fail(spec.name, str(error))
    sys.exit(table.finish("sextant geometry against PyTorch autograd in double precision"))


if __name__ == "__main__":
    main()
