#!/usr/bin/env python3
"""Compares sextant with `transformers` on the real decoder that tools/fetch-smollm2 gets.

Usage: smollm2_parity.py PROGRAM NEXT_LOGITS

On 50 texts (sentences and code of this repository): equal ids, and logits of the next token within 1e-3 of their
spread. Of three prompts: the same greedy continuation of 12 tokens. Then `sextant adapt` on a prompt alone and on
one in context: the adapted weights, written out and read by `transformers`, give the adapted predictions within
1e-4, and the base predictions agree to the same. Exit status 1 when anything is farther away.
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

os.environ.setdefault("HF_HUB_OFFLINE", "1")

import numpy as np
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

import common

ROOT = Path(__file__).resolve().parents[2]
PROMPTS = ["The capital of France is", "def fibonacci(n):\n", "Water boils at 100 degrees"]
REVIEWS = [("a joy to watch", 1), ("dull and slow", 0), ("warm and funny", 1), ("a mess of a story", 0),
           ("superb acting", 1), ("boring from start to end", 0)]
QUERIES = ["what a wonderful surprise", "flat and predictable", "I would see it 2 times"]


def texts():
    lines = [line.strip() for path in sorted(ROOT.glob("docs/*.md")) + sorted(ROOT.glob("src/model/*.cpp"))
             for line in path.read_text(encoding="utf-8").splitlines() if len(line.strip()) > 40]
    return lines[::len(lines) // 50][:50]


def ours(program, directory, strings, count):
    lines = "".join(json.dumps(text) + "\n" for text in strings)
    done = subprocess.run([program, str(directory), str(count)], input=lines, capture_output=True, text=True, check=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


def check_logits(table, next_logits, directory, model, tokenizer):
    for number, (text, found) in enumerate(zip(texts(), ours(next_logits, directory, texts(), 0))):
        ids = tokenizer(text).input_ids
        table.expect(f"text {number}", ids == found["ids"], f"ids differ for {text!r}")
        with torch.no_grad():
            expected = model(torch.tensor([ids])).logits[0, -1].numpy()
        table.add(f"text {number}", "logits of their spread",
                  common.absolute_error(found["logits"], expected) / np.ptp(expected), 1e-3)
    for prompt, found in zip(PROMPTS, ours(next_logits, directory, PROMPTS, 12)):
        ids = torch.tensor([found["ids"]])
        expected = model.generate(ids, attention_mask=torch.ones_like(ids), max_new_tokens=12, do_sample=False,
                                  eos_token_id=-1)[0, ids.shape[1]:].tolist()
        table.expect(prompt, found["continuation"] == expected,
                     f"continues with {tokenizer.decode(found['continuation'])!r}, expected {tokenizer.decode(expected)!r}")


def predictions(model, tokenizer, prompt):
    """The expectation of the labels' values at each query."""
    labels = [tokenizer(label["text"]).input_ids for label in prompt["labels"]]
    assert all(len(ids) == 1 for ids in labels)
    context = ""
    if prompt.get("supervision") != "alone":
        context = "".join(prompt["template"]["example"].replace("{x}", e["x"]).replace("{y}", e["y"])
                          for e in prompt["examples"])
    result = []
    for query in prompt["queries"]:
        text = context + prompt["template"]["query"].replace("{x}", query["x"])
        with torch.no_grad():
            logits = model(torch.tensor([tokenizer(text).input_ids])).logits[0, -1, [ids[0] for ids in labels]]
        values = torch.tensor([label["value"] for label in prompt["labels"]])
        result.append(float(torch.softmax(logits.double(), 0) @ values.double()))
    return result


def check_adaptation(table, program, directory, model, tokenizer, work):
    names = {0: " negative", 1: " positive"}
    base = {"labels": [{"text": name, "value": value} for value, name in names.items()],
            "examples": [{"x": text, "y": names[y]} for text, y in REVIEWS],
            "queries": [{"x": text} for text in QUERIES]}
    query = "Review: {x}\nSentiment:"
    for case, prompt in [("alone", {**base, "supervision": "alone", "template": {"query": query}}),
                         ("in context", {**base, "template": {"query": query, "example": query + "{y}\n"}})]:
        path, out = work / f"{case}.json", work / f"adapted {case}"
        path.write_text(json.dumps(prompt))
        result = common.run_json(program, "adapt", "--model", directory, "--prompt", path, "--layers", "20-29",
                                 "--blocks-kind", "value", "--blocks-kind", "mlp-gate", "--blocks",
                                 "h.24.attn.v.1,h.25.mlp.gate,h.29.attn.v.0", "--horizon", 6, "--step-scale", 0.3,
                                 "--out-model", out)
        adapted = AutoModelForCausalLM.from_pretrained(out, dtype=torch.float32, attn_implementation="eager")
        found = [[row[key] for row in result["queries"]] for key in ("base", "adapted")]
        table.add(case, "base predictions", common.absolute_error(found[0], predictions(model, tokenizer, prompt)), 1e-4)
        table.add(case, "adapted predictions",
                  common.absolute_error(found[1], predictions(adapted, tokenizer, prompt)), 1e-4)
        effect = common.absolute_error(found[1], found[0])
        table.expect(case, effect > 1e-2, f"the update only moves predictions by {effect:.1e}")


def main():
    program, next_logits = (Path(name).resolve() for name in sys.argv[1:3])
    directory = Path(subprocess.run([ROOT / "tools" / "fetch-smollm2"], capture_output=True, text=True,
                                    check=True).stdout.strip())
    model = AutoModelForCausalLM.from_pretrained(directory, dtype=torch.float32, attn_implementation="eager").eval()
    tokenizer = AutoTokenizer.from_pretrained(directory)
    table = common.Comparisons()
    check_logits(table, next_logits, directory, model, tokenizer)
    with tempfile.TemporaryDirectory() as work:
        check_adaptation(table, program, directory, model, tokenizer, Path(work))
    sys.exit(table.finish("sextant on SmolLM2-135M-Instruct against transformers in single precision"))


if __name__ == "__main__":
    main()
