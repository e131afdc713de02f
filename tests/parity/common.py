"""What the parity scripts share: running the program, and a table of errors that decides the exit."""

import json
import subprocess

import numpy as np


def run(program, *arguments):
    """Runs the program and returns its standard output; raises with its message when it fails."""
    command = [str(program), *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(command)}\nexit status {done.returncode}: {done.stderr.strip()}")
    return done.stdout


def run_json(program, *arguments):
    return json.loads(run(program, *arguments, "--json", "-"))


def relative_error(found, expected):
    """Frobenius error over the Frobenius norm of what is expected; 0 for two zeros."""
    found = np.asarray(found, dtype=float)
    expected = np.asarray(expected, dtype=float)
    if found.shape != expected.shape:
        return float("inf")
    scale = np.linalg.norm(expected)
    error = np.linalg.norm(found - expected)
    if not np.isfinite(error):
        return float("inf")
    return error / scale if scale > 0 else error


def absolute_error(found, expected):
    found = np.asarray(found, dtype=float)
    expected = np.asarray(expected, dtype=float)
    if found.shape != expected.shape:
        return float("inf")
    error = np.max(np.abs(found - expected), initial=0.0)
    return error if np.isfinite(error) else float("inf")


class Comparisons:
    """Keeps the worst error of each (case, quantity) and compares it with its limit."""

    def __init__(self):
        self.rows = {}
        self.failures = []

    def add(self, case, quantity, error, limit):
        key = (case, quantity)
        self.rows[key] = (max(float(error), self.rows.get(key, (0.0,))[0]), limit)

    def fail(self, case, message):
        self.failures.append(f"{case}: {message}")

    def expect(self, case, condition, message):
        if not condition:
            self.fail(case, message)

    def finish(self, title):
        """Prints the worst case of each quantity and every failure; returns the exit status."""
        worst = {}
        for (case, quantity), (error, limit) in self.rows.items():
            if error > limit:
                self.failures.append(f"{case}: {quantity} {error:.3e} above {limit:.0e}")
            if quantity not in worst or error > worst[quantity][0]:
                worst[quantity] = (error, limit, case)
        if not self.rows:
            self.failures.append("nothing was compared")
        print(title)
        print(f"  {'quantity':26}  {'worst error':>11}  {'limit':>6}  case")
        for quantity, (error, limit, case) in worst.items():
            print(f"  {quantity:26}  {error:11.2e}  {limit:6.0e}  {case}")
        for failure in self.failures:
            print(f"  FAILED {failure}")
        print(f"  {len(self.rows)} comparisons, {len(self.failures)} failures")
        return 1 if self.failures else 0
