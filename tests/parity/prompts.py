"""Prompt files for the random small models, with the heads that encoders need."""

import json

import numpy as np
import torch
from safetensors.torch import save_file

SENTENCES = ["a film to remember", "dull, dull!", "not bad at all.", "a mess", "the plot unwatchable",
             "very good café", "FORGETTABLE films", "unforgettable", "7778 'n' good", "watchs at the mess!"]

DIGITS = {
    "template": {"example": "{x}->{y}\n", "query": "{x}->"},
    "labels": [{"text": "0", "value": 0.0}, {"text": "4", "value": 0.4}, {"text": "12", "value": 1.2},
               {"text": "7", "value": -0.7}],
}
SPACED = {
    "template": {"example": "{x} ==>{y};", "query": "{x} ==>"},
    "labels": [{"text": "5", "value": 1.0}, {"text": "8", "value": 0.0}, {"text": "!", "value": 0.25}],
}
LEADING_SPACE = {
    "template": {"example": "({x}){y}\n", "query": "({x})"},
    "labels": [{"text": " 3", "value": -1.0}, {"text": "]", "value": 2.0}],
}
INPUTS = ["3", "12", "7", "é", "0", "31", "b", "5", "1212", "-"]


def decoder_prompt(pattern, n, m, seed):
    """n examples that use every label, m queries of which every second has a label."""
    random = np.random.default_rng(seed)
    texts = [label["text"] for label in pattern["labels"]]
    labels = [texts[i % len(texts)] for i in range(n)]
    random.shuffle(labels)
    examples = [{"x": INPUTS[i % len(INPUTS)], "y": y} for i, y in enumerate(labels)]
    queries = [{"x": INPUTS[(3 * i + 1) % len(INPUTS)]} for i in range(m)]
    for query in queries[::2]:
        query["y"] = texts[int(random.integers(len(texts)))]
    return dict(pattern, examples=examples, queries=queries)


def encoder_prompt(n, m, seed):
    random = np.random.default_rng(seed)
    examples = [{"text": SENTENCES[i % len(SENTENCES)], "y": float(y)}
                for i, y in enumerate(np.round(random.normal(size=n), 3))]
    queries = [{"text": SENTENCES[(7 * i + 3) % len(SENTENCES)] + "."} for i in range(m)]
    for query in queries[::2]:
        query["y"] = 0.5
    return {"examples": examples, "queries": queries}


def write_prompt(prompt, path):
    path.write_text(json.dumps(prompt, ensure_ascii=False), encoding="utf-8")


def write_head(width, path, seed, pooling="mean"):
    torch.manual_seed(seed)
    weight = torch.randn(width, dtype=torch.float64) / width ** 0.5
    save_file({"weight": weight, "bias": torch.randn(1, dtype=torch.float64)}, path,
              metadata={"format": "sextant-head/1", "pooling": pooling})


def cases(causal):
    """(name, prompt) pairs of a decoder or an encoder: ordinary, the fewest examples, and no query."""
    if causal:
        return [("digits", decoder_prompt(DIGITS, 9, 3, 1)), ("spaced", decoder_prompt(SPACED, 7, 2, 2)),
                ("leading space", decoder_prompt(LEADING_SPACE, 6, 1, 3)),
                ("two examples", decoder_prompt(DIGITS, 2, 2, 4)), ("no query", decoder_prompt(DIGITS, 5, 0, 5))]
    return [("sentences", encoder_prompt(10, 3, 1)), ("two examples", encoder_prompt(2, 2, 2)),
            ("no query", encoder_prompt(4, 0, 3))]
