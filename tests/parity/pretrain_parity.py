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

from transformers import AutoTokenizer, GPT2LMHeadModel, GPT2Tokenizer, GPT2TokenizerFast

import common
from model_parity import check_logits
from reference import Reference, decoder_task

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


def check_model(table, program, directory, work):
    check_weights(table, directory.name, directory)
    for seed in range(1, 5):  # both templates come up
        common.run(program, "prompt", "digit-shift", "--noise", 0.3, "--seed", seed, "--out", work / "prompt.json")
        prompt = json.loads((work / "prompt.json").read_text())
        case = f"{directory.name}, \"{prompt['template']['query']}\""
        check_tokenizer(table, case, directory, prompt)
        task = decoder_task(prompt, AutoTokenizer.from_pretrained(directory).backend_tokenizer)
        check_logits(table, case, program, directory, prompt, Reference(directory, task), work)


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
