#!/usr/bin/env python3
"""Compares a model that `sextant pretrain digit-shift` made with the same directory in `transformers`.

Usage: pretrain_parity.py PROGRAM

A tiny model pretrained here, and models/digits-gpt2. transformers loads the tokenizer and gives the text of a
prompt the four tokens per example that the model was trained on, and decodes them to the same text; transformers
loads the weights, none missing and none left over, and gives the same label logits within 1e-4 (up to a constant,
through `sextant geometry`). Exit status 1 when anything differs.
"""

import json
import sys
import tempfile
from pathlib import Path

import numpy as np
from transformers import AutoTokenizer, GPT2LMHeadModel, GPT2Tokenizer, GPT2TokenizerFast

import common
import prompts
from model_parity import read_geometry
from reference import Reference, decoder_task

LIMIT = 1e-4
SMALLEST_SPREAD = 1e-2  # a hundred times the limit: equal logits would prove nothing
SHIPPED = Path(__file__).parents[2] / "models" / "digits-gpt2"
TINY = ["--layers", 2, "--heads", 2, "--width", 16, "--steps", 40, "--warmup", 5, "--batch", 8, "--test-tasks", 20]


def check_tokenizer(table, case, directory, prompt):
    vocabulary = json.loads((directory / "vocab.json").read_text())
    template = prompt["template"]
    separator = vocabulary[template["query"].replace("{x}", "")]
    line_end = vocabulary["\u010a"]
    text = "".join(template["example"].replace("{x}", e["x"]).replace("{y}", e["y"]) for e in prompt["examples"])
    expected = [token for e in prompt["examples"] for token in (int(e["x"]), separator, int(e["y"]), line_end)]
    for kind in (AutoTokenizer, GPT2Tokenizer, GPT2TokenizerFast):
        tokenizer = kind.from_pretrained(directory)
        found = tokenizer(text)["input_ids"]
        table.expect(case, found == expected, f"{kind.__name__} gives {found}, expected {expected}")
        table.expect(case, tokenizer.decode(found) == text, f"{kind.__name__} decodes {tokenizer.decode(found)!r}")
        table.expect(case, len(tokenizer) == len(vocabulary), f"{kind.__name__} has {len(tokenizer)} tokens")


def check_weights(table, case, directory):
    _, info = GPT2LMHeadModel.from_pretrained(directory, output_loading_info=True)
    for key in ("missing_keys", "unexpected_keys", "mismatched_keys"):
        table.expect(case, not info[key], f"{key}: {info[key]}")


def label_probabilities(program, directory, prompt, work):
    """Of every example and query, from one run for each of ten independent sets of label values."""
    count = len(prompt["labels"])
    values = np.eye(count) + np.arange(count) / count  # never constant over the examples
    predictions = []
    for row in values:
        labels = [dict(label, value=float(value)) for label, value in zip(prompt["labels"], row)]
        prompts.write_prompt(dict(prompt, labels=labels), work / "values.json")
        common.run(program, "geometry", "--model", directory, "--prompt", work / "values.json", "--out",
                   work / "values.safetensors", "--layers", "0-0")
        tensors, _ = read_geometry(work / "values.safetensors")
        predictions.append(np.concatenate([tensors["prompt_base"], tensors["query_base"]]))
    return np.linalg.solve(values, np.array(predictions)).T


def check_logits(table, case, program, directory, prompt, work):
    task = decoder_task(prompt, AutoTokenizer.from_pretrained(directory).backend_tokenizer)
    reference = Reference(directory, task)
    found = np.log(label_probabilities(program, directory, prompt, work))
    expected = np.array([reference.label_logits(tokens) for tokens in task.sequences])
    expected -= expected.mean(1, keepdims=True)
    table.add(case, "label logits, centred",
              common.absolute_error(found - found.mean(1, keepdims=True), expected), LIMIT)
    table.expect(case, np.max(np.abs(expected)) > SMALLEST_SPREAD,
                 f"the labels' logits differ by {np.max(np.abs(expected)):.1e} only")


def one_prompt_per_template(program, work):
    """Prompts of the first seeds until both templates have come up."""
    found = {}
    for seed in range(1, 30):
        common.run(program, "prompt", "digit-shift", "--noise", 0.3, "--seed", seed, "--out", work / "prompt.json")
        prompt = json.loads((work / "prompt.json").read_text())
        found.setdefault(prompt["template"]["query"], prompt)
        if len(found) == 2:
            return found
    raise RuntimeError(f"only the template {list(found)} has come up")


def check_model(table, program, directory, work):
    check_weights(table, directory.name, directory)
    for template, prompt in one_prompt_per_template(program, work).items():
        case = f"{directory.name}, \"{template}\""
        check_tokenizer(table, case, directory, prompt)
        check_logits(table, case, program, directory, prompt, work)


def main():
    program = Path(sys.argv[1]).resolve()
    table = common.Comparisons()
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        common.run(program, "pretrain", "digit-shift", "--out", work / "tiny", *TINY)
        for directory in (work / "tiny", SHIPPED):
            check_model(table, program, directory, work)
    sys.exit(table.finish("sextant pretrain against transformers"))


if __name__ == "__main__":
    main()
