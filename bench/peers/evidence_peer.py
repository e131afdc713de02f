#!/usr/bin/env python3
"""Times evidence from a kernel and residuals against GPyTorch and scikit-learn on the same matrices and cores.

Usage: evidence_peer.py EVIDENCE_TIMING [--sizes 128 512 2048] [--rounds 5] [--threads 2]

EVIDENCE_TIMING is the program bench/evidence_timing of the `bench` build. Every size n has one kernel K of full rank
and residuals r drawn from N(0, K + 0.1 I). All work in double precision from K and r, in memory:

    value   log N(r; 0, tau2 K + sigma2 I) at our fitted variances
            ours                   eigen-decomposition of K, then a sum over its eigenvalues
            gpytorch cholesky      ExactMarginalLogLikelihood, Cholesky at every size
            gpytorch cg            the same by conjugate gradients and stochastic Lanczos quadrature, as it comes: an
                                   estimate, whose error is printed
            scikit-learn           GaussianProcessRegressor.log_marginal_likelihood, no gradient
    fit     the tau2 and sigma2 that maximise it, from |r|^2 / 2n each
            ours                   the same decomposition, then evidence::fit_benchmark
            gpytorch cholesky      torch's L-BFGS with line search on the marginal likelihood
            scikit-learn           GaussianProcessRegressor.fit, its L-BFGS-B

Every round runs ours and each of theirs once, in turn, after one round that does not count. Ratios are ours over
theirs in one round; median, lowest and highest. Exit status 1 when exact values differ by more than 1e-9 relative, or
our fit is worse than one of theirs by more than 1e-6 per example.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
import warnings

import gpytorch
import numpy as np
import sklearn
import torch
from safetensors.numpy import save_file
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import Hyperparameter, Kernel, WhiteKernel
from threadpoolctl import threadpool_limits

BOUNDS = (1e-8, 1e8)


def problem(n):
    """K [n, n] of falling spectrum with mean diagonal 1, and r ~ N(0, K + 0.1 I)."""
    random = np.random.default_rng(n)
    features = random.standard_normal((n, n)) / np.sqrt(np.arange(1, n + 1))
    features /= np.sqrt((features ** 2).sum() / n)
    residuals = features @ random.standard_normal(n) + np.sqrt(0.1) * random.standard_normal(n)
    kernel = features @ features.T
    return (kernel + kernel.T) / 2, residuals


def write_geometry(path, kernel, residuals):
    block = {"name": "all", "layer": 0, "head": None, "kind": "value", "parameters": len(residuals)}
    save_file({"residuals": residuals, "kernels": kernel[None].copy()}, path,
              metadata={"format": "sextant-geometry/1", "blocks": json.dumps([block])})


class Matrix:
    """Keeps scikit-learn from copying the matrix with every copy of a kernel object."""

    def __init__(self, values):
        self.values = values

    def __deepcopy__(self, memo):
        return self


class ScaledMatrix(Kernel):
    """tau2 K for a given K; the inputs are not looked at."""

    def __init__(self, matrix, tau2=1.0, tau2_bounds=BOUNDS):
        self.matrix = matrix
        self.tau2 = tau2
        self.tau2_bounds = tau2_bounds

    @property
    def hyperparameter_tau2(self):
        return Hyperparameter("tau2", "numeric", self.tau2_bounds)

    def __call__(self, X, Y=None, eval_gradient=False):
        scaled = self.tau2 * self.matrix.values
        return (scaled, scaled[:, :, None]) if eval_gradient else scaled

    def diag(self, X):
        return self.tau2 * np.diag(self.matrix.values)

    def is_stationary(self):
        return False


class ScikitLearn:
    def __init__(self, kernel, residuals):
        self.matrix, self.residuals = Matrix(kernel), residuals
        self.inputs = np.arange(len(residuals), dtype=float)[:, None]
        self.model = self.regressor(1.0, 1.0, optimizer=None).fit(self.inputs, residuals)

    def regressor(self, tau2, sigma2, **options):
        kernel = ScaledMatrix(self.matrix, tau2) + WhiteKernel(sigma2, BOUNDS)
        return GaussianProcessRegressor(kernel, alpha=0.0, **options)

    def value(self, tau2, sigma2):
        return self.model.log_marginal_likelihood(np.log([tau2, sigma2]), clone_kernel=False)

    def fit(self, start):
        return self.regressor(start, start).fit(self.inputs, self.residuals).log_marginal_likelihood_value_


class GivenKernel(gpytorch.kernels.Kernel):
    """A given K; the inputs are not looked at."""

    def __init__(self, matrix):
        super().__init__()
        self.matrix = matrix

    def forward(self, x1, x2, diag=False, **options):
        return self.matrix.diagonal() if diag else self.matrix


class Model(gpytorch.models.ExactGP):
    def __init__(self, matrix, residuals, likelihood):
        super().__init__(torch.arange(len(residuals), dtype=torch.float64)[:, None], residuals, likelihood)
        self.mean = gpytorch.means.ZeroMean()
        self.kernel = gpytorch.kernels.ScaleKernel(GivenKernel(matrix))

    def forward(self, x):
        return gpytorch.distributions.MultivariateNormal(self.mean(x), self.kernel(x))


class GPyTorch:
    def __init__(self, kernel, residuals, cholesky):
        self.matrix, self.residuals = torch.from_numpy(kernel), torch.from_numpy(residuals)
        self.largest = len(residuals) if cholesky else 0

    def build(self, tau2, sigma2):
        likelihood = gpytorch.likelihoods.GaussianLikelihood(
            noise_constraint=gpytorch.constraints.GreaterThan(BOUNDS[0]))
        model = Model(self.matrix, self.residuals, likelihood).double().train()
        model.kernel.outputscale = tau2
        likelihood.noise = sigma2
        return model, gpytorch.mlls.ExactMarginalLogLikelihood(likelihood, model)

    def value(self, tau2, sigma2):
        model, objective = self.build(tau2, sigma2)
        with gpytorch.settings.max_cholesky_size(self.largest), torch.no_grad():
            return len(self.residuals) * objective(model(*model.train_inputs), self.residuals).item()

    def fit(self, start):
        model, objective = self.build(start, start)
        optimizer = torch.optim.LBFGS(model.parameters(), max_iter=100, line_search_fn="strong_wolfe")
        last = []

        def closure():
            optimizer.zero_grad()
            loss = -objective(model(*model.train_inputs), self.residuals)
            loss.backward()
            last.append(loss.item())
            return loss

        with gpytorch.settings.max_cholesky_size(self.largest):
            optimizer.step(closure)
        return -len(self.residuals) * min(last)


def timed(function, *arguments):
    start = time.perf_counter()
    result = function(*arguments)
    return time.perf_counter() - start, result


def ours(arguments, geometry, tau2, sigma2):
    command = [arguments.program, "--geometry", geometry, "--tau2", repr(tau2), "--sigma2", repr(sigma2),
               "--threads", str(arguments.threads)]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def spread(values):
    return f"{statistics.median(values):9.3g} [{min(values):.3g}, {max(values):.3g}]"


def compare(n, arguments, work):
    """Prints the comparison at one size; the list of what disagrees."""
    kernel, residuals = problem(n)
    geometry = f"{work}/geometry.safetensors"
    write_geometry(geometry, kernel, residuals)
    start = float(residuals @ residuals) / (2 * n)
    found = ours(arguments, geometry, 1.0, 1.0)
    tau2, sigma2, best = found["tau2"], found["sigma2"], found["fitted_log_likelihood"]
    peers = {"gpytorch cholesky": GPyTorch(kernel, residuals, True), "gpytorch cg": GPyTorch(kernel, residuals, False),
             "scikit-learn": ScikitLearn(kernel, residuals)}
    tasks = {("value", name): (peer.value, tau2, sigma2) for name, peer in peers.items()}
    tasks |= {("fit", name): (peer.fit, start) for name, peer in peers.items() if name != "gpytorch cg"}
    mine, theirs, results = [], {key: [] for key in tasks}, {key: [] for key in tasks}
    for round_ in range(arguments.rounds + 1):
        found = ours(arguments, geometry, tau2, sigma2)
        timings = {key: timed(*task) for key, task in tasks.items()}
        for key, (_, result) in timings.items():
            results[key].append(result)
        if round_ > 0:
            mine.append(found)
            for key, (seconds, _) in timings.items():
                theirs[key].append(seconds)

    wrong = []
    print(f"\nn = {n}: fitted tau2 {tau2:.4g}, sigma2 {sigma2:.4g}, log likelihood {best:.6f}")
    for job, part in (("value", "value_seconds"), ("fit", "fit_seconds")):
        seconds = [m["decomposition_seconds"] + m[part] for m in mine]
        print(f"  {job:5} ours              {1e3 * statistics.median(seconds):10.3f} ms; after the decomposition"
              f" {1e3 * statistics.median(m[part] for m in mine):.3f} ms")
        for name in peers:
            if (job, name) not in tasks:
                continue
            ratios = [a / b for a, b in zip(seconds, theirs[job, name])]
            differences = [result - best for result in results[job, name]]
            worst = max(differences, key=abs)
            print(f"  {job:5} {name:17} {1e3 * statistics.median(theirs[job, name]):10.3f} ms"
                  f"   ours / this {spread(ratios)}   log likelihood minus ours, worst {worst:+.1e}")
            if job == "value" and name != "gpytorch cg" and not abs(worst) <= 1e-9 * abs(best):
                wrong.append(f"n = {n}, {name}: log likelihoods differ by {worst:.1e}")
            if job == "fit" and not max(differences) <= 1e-6 * n:
                wrong.append(f"n = {n}, {name}: found a log likelihood higher by {max(differences):.1e}")
    if not abs(found["log_likelihood"] - best) <= 1e-9 * abs(best):
        wrong.append(f"n = {n}: our two log likelihoods differ")
    return wrong


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("--sizes", type=int, nargs="+", default=[128, 512, 2048])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    # GPyTorch says on every call that its conjugate gradients stopped early: the printed error says how early.
    warnings.filterwarnings("ignore", category=gpytorch.utils.warnings.NumericalWarning)
    print(f"gpytorch {gpytorch.__version__}, torch {torch.__version__}, scikit-learn {sklearn.__version__}, "
          f"{arguments.threads} threads, medians of {arguments.rounds} rounds [lowest, highest]")
    with tempfile.TemporaryDirectory() as work, threadpool_limits(arguments.threads):
        wrong = [problem_ for n in arguments.sizes for problem_ in compare(n, arguments, work)]
    if wrong:
        sys.exit("\n".join(wrong))


if __name__ == "__main__":
    main()
