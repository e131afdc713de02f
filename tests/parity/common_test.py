#!/usr/bin/env python3
"""Checks the checker: each of these tables has to be rejected, and only these."""

import contextlib
import io
import sys

import numpy as np

import common


def status(fill):
    table = common.Comparisons()
    fill(table)
    with contextlib.redirect_stdout(io.StringIO()):
        return table.finish("made up")


def compared(error_function, found, expected, limit=1e-4):
    return lambda table: table.add("case", "quantity", error_function(found, expected), limit)


def main():
    ones = np.ones((3, 3))
    broken = ones.copy()
    broken[1, 2] = np.nan
    rejected = {
        "nothing compared": lambda table: None,
        "an expectation": lambda table: (compared(common.absolute_error, 1, 1)(table),
                                         table.expect("case", False, "wrong")),
        "an early error": lambda table: (table.add("case", "q", 1.0, 1e-4), table.add("case", "q", 0.0, 1e-4)),
        "too far, absolute": compared(common.absolute_error, ones, ones + 1.1e-4),
        "too far, relative": compared(common.relative_error, ones, 1.0002 * ones),
        "not a number": compared(common.relative_error, broken, ones),
        "not a number, absolute": compared(common.absolute_error, broken, ones),
        "another shape": compared(common.relative_error, ones[0], ones),
        "another shape, absolute": compared(common.absolute_error, ones[0], ones),
        "something for nothing": compared(common.relative_error, ones, 0 * ones),
    }
    accepted = {
        "equal": compared(common.relative_error, ones, ones),
        "near": compared(common.absolute_error, ones, ones + 0.9e-4),
        "nothing for nothing": compared(common.relative_error, 0 * ones, 0 * ones),
        "no elements": compared(common.absolute_error, [], []),
    }
    wrong = [name for name, fill in rejected.items() if status(fill) == 0]
    wrong += [name for name, fill in accepted.items() if status(fill) != 0]
    print("the checker itself:", f"wrong about {wrong}" if wrong else f"{len(rejected)} rejected, {len(accepted)} accepted")
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
