"""Random geometry files, ordinary and degenerate."""

import json

import numpy as np
from safetensors.numpy import save_file

from statistics_reference import Geometry


def from_features(rng, features, query_features, residuals=None):
    """A geometry from per-block features [n, p] and query features [m, p]."""
    n, m = features[0].shape[0], query_features[0].shape[0]
    kernels = np.stack([j @ j.T for j in features])
    couplings = np.stack([j @ q.T for j, q in zip(features, query_features)]).transpose(2, 0, 1)
    variances = np.stack([(q ** 2).sum(1) for q in query_features], axis=1)
    blocks = [{"name": f"h.{b // 4}.attn.v.{b % 4}", "layer": b // 4, "head": b % 4, "kind": "value",
               "parameters": int(features[b].shape[1])} for b in range(len(features))]
    if residuals is None:
        signal = sum(j @ rng.normal(size=j.shape[1]) for j in features)
        residuals = signal + rng.normal(size=n) * 0.5
    return Geometry(residuals, kernels, couplings.reshape(m, len(features), n), variances, blocks)


def mixed(rng, n, m, count, ranks, spread=1.0, **options):
    """Blocks of different rank and scale."""
    widths = [int(rng.choice(ranks)) for _ in range(count)]
    scales = np.exp(spread * rng.normal(size=count))
    features = [s * rng.normal(size=(n, p)) for s, p in zip(scales, widths)]
    queries = [s * rng.normal(size=(m, p)) for s, p in zip(scales, widths)]
    return from_features(rng, features, queries, **options)


def cases():
    """(name, geometry): seeded, so the same at every run."""
    rng = np.random.default_rng(11)
    found = [(f"random {i}", mixed(rng, n, m, count, [1, 3, 20]))
             for i, (n, m, count) in enumerate([(10, 3, 6), (16, 5, 12), (7, 1, 20), (40, 2, 9)])]
    found.append(("noise only", mixed(rng, 12, 2, 5, [4, 9], residuals=rng.normal(size=12))))
    smooth = mixed(rng, 12, 2, 5, [30])
    smooth.residuals = smooth.kernel @ rng.normal(size=12) / np.trace(smooth.kernel)
    found.append(("signal only", smooth))
    found.append(("one example", mixed(rng, 1, 2, 3, [5])))
    found.append(("no query", mixed(rng, 5, 0, 4, [2, 8])))
    found.append(("one block", mixed(rng, 6, 2, 1, [10])))
    found.append(("rank 1", from_features(rng, *(lambda u, v: ([s * u for s in (1.0, 0.3, 2.0)],
                                                             [s * v for s in (1.0, 0.3, 2.0)]))(
        rng.normal(size=(8, 1)), rng.normal(size=(3, 1))))))
    square = np.linalg.qr(rng.normal(size=(6, 6)))[0]
    found.append(("equal eigenvalues", from_features(
        rng, [s * square for s in (1.0, 2.0)], [rng.normal(size=(2, 6)), rng.normal(size=(2, 6))])))
    spiked = mixed(rng, 9, 2, 4, [12])
    spike = 1e3 * rng.normal(size=(9, 1))
    found.append(("huge spike", from_features(
        rng, [spike] + [rng.normal(size=(9, 12)) for _ in range(3)],
        [rng.normal(size=(2, 1))] + [rng.normal(size=(2, 12)) for _ in range(3)], residuals=spiked.residuals)))
    found.append(("zero residuals", mixed(rng, 6, 2, 3, [4], residuals=np.zeros(6))))
    found.append(("rank 0", from_features(rng, [np.zeros((4, 2))] * 2, [np.zeros((2, 2))] * 2)))
    found.append(("a zero block", from_features(
        rng, [np.zeros((5, 2)), rng.normal(size=(5, 7))], [np.zeros((2, 2)), rng.normal(size=(2, 7))])))
    return found


def write(geometry, path):
    tensors = {"residuals": geometry.residuals, "kernels": geometry.kernels}
    if len(geometry.couplings):
        tensors["query_kernels"] = np.ascontiguousarray(geometry.couplings)
        tensors["query_variances"] = geometry.variances
    save_file(tensors, path, metadata={"format": "sextant-geometry/1", "blocks": json.dumps(geometry.blocks)})
