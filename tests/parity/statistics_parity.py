#!/usr/bin/env python3
"""Compares `sextant select` and `sextant score` with numpy on random and degenerate geometry files.

Usage: statistics_parity.py PROGRAM

Exit status 1 when a number is farther than 1e-8 (relative) from statistics_reference.py's.
"""

import sys
import tempfile
from pathlib import Path

import numpy as np

import common
import random_geometries
import statistics_reference as reference

LIMIT = 1e-8
DELTA = 0.05
HORIZONS = list(range(31))
STEP_SCALE = 0.1


def scaled_error(found, expected, scale):
    """Largest error in units of `scale`: a correction may cancel to nothing, its terms do not."""
    found, expected = np.asarray(found, float), np.asarray(expected, float)
    if found.shape != expected.shape or not np.all(np.isfinite(found)):
        return float("inf")
    return np.max(np.abs(found - expected) / scale, initial=0.0) if scale > 0 else np.max(np.abs(found), initial=0.0)


def check_select(table, case, program, path, geometry, mode):
    result = common.run_json(program, "select", "--geometry", path, "--horizons", "0:30", "--delta", DELTA,
                             "--sigma", mode, "--step-scale", STEP_SCALE)
    add = lambda quantity, found, expected: table.add(case, quantity, common.relative_error(found, expected), LIMIT)
    values, vectors = reference.spectrum(geometry.kernel)
    n, rotated = len(values), vectors.T @ geometry.residuals
    rho = STEP_SCALE / values[0] if values[0] > 0 else 0.0
    table.expect(case, result["n"] == n and result["sigma"] == mode and result["horizons"] == HORIZONS,
                 "n, sigma or horizons")
    add("rho, lambda_max", [result["rho"], result["lambda_max"]], [rho, values[0]])
    found = np.array(result["eigenvalues"])
    table.add(case, "eigenvalues", scaled_error(np.sort(found)[::-1], values, max(values[0], 1e-300)), LIMIT)

    horizons = HORIZONS
    if not np.any(geometry.residuals):
        corrections = [row[key] for row in result["queries"]
                       for key in ("correction_map", "correction_average", "correction_bayes")]
        table.expect(case, result["t_map"] == 0 and not np.any(corrections), "nothing to correct, yet corrected")
        return
    if mode == "plug-in":
        sigma2 = np.mean(geometry.residuals ** 2)
        curve = reference.plug_in_evidence(values, rotated, rho, sigma2, horizons)
    else:
        curve = reference.profile_evidence(values, rotated, rho, horizons)
        best = horizons[int(np.argmin(curve))]
        sigma2 = np.mean((1 - rho * values) ** best * rotated ** 2)
    add("sigma2", result["sigma2"], sigma2)
    add("evidence", result["evidence"], curve)
    t_map = result["t_map"]
    lowest = curve.min()
    smallest = next(t for t, value in zip(horizons, curve) if value <= lowest + 1e-12 * abs(lowest))
    table.expect(case, t_map == smallest, f"t_map is {t_map}, expected {smallest}")
    nu = reference.posterior(curve, n)
    add("posterior", result["posterior"], nu)

    fit = result["benchmark"]
    tau2, benchmark_sigma2 = fit["tau2"], fit["sigma2"]
    at_fit = reference.benchmark_objective(values, rotated, tau2, benchmark_sigma2)
    best = reference.best_benchmark_objective(values, rotated)
    table.add(case, "benchmark fit's loss", max(at_fit - best, 0.0), LIMIT)
    check_queries(table, case, result, geometry, (values, vectors, rho), (tau2, benchmark_sigma2), nu)
    if tau2 > 0 and benchmark_sigma2 > 0:
        check_match(table, case, result, values, rho, tau2, benchmark_sigma2)
    bound = result["bound"]
    if bound is not None and values[0] > 0 and benchmark_sigma2 > 0:
        paper, exact = reference.certificate(values, rho, tau2, benchmark_sigma2, result["sigma2"], horizons,
                                             t_map, DELTA)
        add("bound, paper", bound["paper"], paper)
        add("bound, exact MGF", bound["exact_mgf"], exact)


def check_queries(table, case, result, geometry, system, benchmark, nu):
    values, vectors, rho = system
    rotated = vectors.T @ geometry.residuals
    table.expect(case, len(result["queries"]) == len(geometry.couplings), "number of queries")
    bayes = reference.bayes_query_filter(values, *benchmark)
    filters = [reference.query_filter(values, rho, t) for t in HORIZONS]
    average = sum(weight * q for weight, q in zip(nu, filters))
    at_map = filters[HORIZONS.index(result["t_map"])]
    for found, blocks in zip(result["queries"], geometry.couplings):
        coupling = vectors.T @ blocks.sum(0)
        for key, q in [("correction_map", at_map), ("correction_average", average), ("correction_bayes", bayes)]:
            terms = coupling * q * rotated
            table.add(case, "corrections", scaled_error(found[key], terms.sum(), np.linalg.norm(terms)), LIMIT)
        weights = reference.query_weights(values, coupling, *benchmark)
        gaps = np.sum(weights * bayes ** 2), np.sum(weights * (at_map - bayes) ** 2)
        scale = max(gaps)
        table.add(case, "gaps", scaled_error([found["gap_none"], found["gap_map"]], gaps, scale), LIMIT)
        if abs(gaps[0] - gaps[1]) > 1e-9 * scale:
            table.expect(case, found["adapt"] == bool(gaps[1] < gaps[0]), "verdict of a query")


def check_match(table, case, result, values, rho, tau2, sigma2):
    weights = reference.prompt_weights(values, tau2, sigma2)
    match = result["spectral_match"]
    expected = reference.matched_time(values, weights, sigma2 / tau2)
    table.add(case, "t_mu", common.relative_error(match["t_mu"], expected), LIMIT)
    if rho > 0 and match["horizon_prompt"] is not None:
        table.expect(case, abs(match["horizon_prompt"] - expected / rho) <= 0.5 + 1e-6,
                     f"horizon_prompt {match['horizon_prompt']} for {expected / rho}")


def by_block(result, geometry):
    """Scores in the geometry's order of blocks; every block has to be ranked once."""
    found = {row["block"]: row["score"] for row in result["ranking"]}
    return np.array([found[block["name"]] for block in geometry.blocks])


def check_score(table, case, program, path, geometry):
    count, names = len(geometry.blocks), [block["name"] for block in geometry.blocks]
    budget = max(1, count // 2)
    steps = 8

    def score(method, *more):
        return common.run_json(program, "score", "--geometry", path, "--method", method, "--budget", budget,
                               "--horizon", steps, "--step-scale", STEP_SCALE, *more)

    plain = score("trace")
    tau2, sigma2 = plain["tau2"], plain["sigma2"]
    if sigma2 <= 0:
        return
    geometry = geometry.with_queries()
    scorers = {"trace": reference.trace, "query-aware": reference.query_aware}
    parameters = np.array([block["parameters"] for block in geometry.blocks])
    for method, scorer in scorers.items():
        expected = scorer(geometry, tau2, sigma2)
        for options, values in [((), expected), (("--per-parameter",), expected / parameters)]:
            result = score(method, *options)
            table.add(case, f"score, {method}", common.relative_error(by_block(result, geometry), values), LIMIT)
            order = [names.index(name) for name in result["selected"]]
            top = np.sort(values)[::-1][:budget]
            table.add(case, f"selection, {method}", scaled_error(values[order], top, max(top[0], 1e-300)), LIMIT)
    bottom = score("trace-bottom")
    chosen = [names.index(name) for name in bottom["selected"]]
    expected = reference.trace(geometry, tau2, sigma2)
    table.add(case, "selection, trace-bottom",
              scaled_error(expected[chosen], np.sort(expected)[:budget], max(expected.max(), 1e-300)), LIMIT)
    drawn = score("random", "--seed", 5)["selected"]
    table.expect(case, len(set(drawn)) == budget and set(drawn) <= set(names), "random selection")
    table.expect(case, drawn == score("random", "--seed", 5)["selected"], "random selection is not repeatable")
    check_greedy(table, case, score, geometry, budget, steps)


def check_greedy(table, case, score, geometry, budget, steps):
    """The path is checked step by step, so that a tie decided otherwise does not spoil the rest."""
    names = [block["name"] for block in geometry.blocks]
    for method in ("greedy-correction", "risk"):
        result = score(method)
        tau2, sigma2 = result["tau2"], result["sigma2"]
        if method == "risk":
            criterion = lambda blocks: reference.risk_criterion(geometry, blocks, tau2, sigma2, STEP_SCALE, steps)
        else:
            criterion = lambda blocks: -reference.correction_criterion(geometry, blocks, STEP_SCALE, steps)
        sign = 1 if method == "risk" else -1
        path = []
        rows = sorted(result["ranking"], key=lambda row: row["rank"])
        scale = max(abs(criterion([b])) for b in range(len(names))) or 1e-300
        for row in rows[:budget]:
            rest = [b for b in range(len(names)) if b not in path]
            best = min(criterion(path + [b]) for b in rest)
            path.append(names.index(row["block"]))
            value = criterion(path)
            table.add(case, f"score, {method}", scaled_error(row["score"], sign * value, scale), LIMIT)
            table.add(case, f"selection, {method}", scaled_error(value, best, scale), LIMIT)
        table.expect(case, result["selected"] == [names[b] for b in path][:len(result["selected"])],
                     f"{method} selected {result['selected']}")


def main():
    program = Path(sys.argv[1]).resolve()
    table = common.Comparisons()
    with tempfile.TemporaryDirectory() as work:
        for name, geometry in random_geometries.cases():
            path = Path(work) / f"{name.replace(' ', '-')}.safetensors"
            random_geometries.write(geometry, path)
            for what, check in [("select", lambda: check_select(table, name, program, path, geometry, "plug-in")),
                                ("profile", lambda: check_select(table, name + ", profile", program, path, geometry,
                                                               "profile")),
                                ("score", lambda: check_score(table, name, program, path, geometry))]:
                try:
                    check()
                except (RuntimeError, KeyError, TypeError) as error:
                    table.fail(f"{name}, {what}", f"{type(error).__name__}: {error}")
    sys.exit(table.finish("sextant select and score against numpy"))


if __name__ == "__main__":
    main()
