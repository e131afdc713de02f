"""What `sextant select` and `sextant score` have to say, written down once more in numpy.

[W] is arXiv:2606.15569. Nothing here is shared with the program: filters by repeated products, linear systems
by dense solves, selections by trying every block afresh.
"""

import math
from dataclasses import dataclass

import numpy as np


@dataclass
class Geometry:
    residuals: np.ndarray  # [n]
    kernels: np.ndarray  # [B, n, n]
    couplings: np.ndarray  # [m, B, n]
    variances: np.ndarray  # [m, B]
    blocks: list

    @property
    def kernel(self):
        return self.kernels.sum(0)

    def with_queries(self):
        """Itself; without queries, the prompt's own examples stand in."""
        if len(self.couplings):
            return self
        return Geometry(self.residuals, self.kernels, self.kernels.transpose(1, 0, 2),
                        np.array([np.diag(kernel) for kernel in self.kernels]).T, self.blocks)

    def restricted(self, chosen):
        return self.kernels[chosen].sum(0), self.couplings[:, chosen].sum(1), self.variances[:, chosen].sum(1)


def spectrum(kernel):
    """Eigenvalues, descending and clipped at 0, and eigenvectors."""
    values, vectors = np.linalg.eigh((kernel + kernel.T) / 2)
    return np.maximum(values[::-1], 0.0), vectors[:, ::-1]


def largest(kernel):
    return spectrum(kernel)[0][0]


def prompt_filter(values, rho, steps):
    """g_T = 1 - (1 - rho l)^T by its recursion g <- g + rho l (1 - g)."""
    g = np.zeros_like(values)
    for _ in range(steps):
        g = g + rho * values * (1 - g)
    return g


def query_filter(values, rho, steps):
    """q_T = g_T / l as rho times the sum of powers, which needs no limit at l = 0."""
    power, total = np.ones_like(values), np.zeros_like(values)
    for _ in range(steps):
        total = total + power
        power = power * (1 - rho * values)
    return rho * total


def bayes_query_filter(values, tau2, sigma2):
    """1/(l + lambda_star) as tau2/(tau2 l + sigma2); no prior variance: 0."""
    return np.zeros_like(values) if tau2 == 0 else tau2 / (tau2 * values + sigma2)


def plug_in_evidence(values, rotated, rho, sigma2, horizons):
    """l_T of [W, Sec. 7], without log(2 pi)/2."""
    n = len(values)
    decay = 1 - rho * values
    curve = []
    for steps in horizons:
        fit = np.sum(decay ** steps * rotated ** 2) / sigma2
        curve.append((n * math.log(sigma2) - steps * np.sum(np.log(decay)) + fit) / (2 * n))
    return np.array(curve)


def profile_evidence(values, rotated, rho, horizons):
    n = len(values)
    decay = 1 - rho * values
    return np.array([(math.log(np.sum(decay ** t * rotated ** 2) / n) - t / n * np.sum(np.log(decay)) + 1) / 2
                     for t in horizons])


def posterior(curve, n, beta=1.0):
    weights = np.exp(-beta * n * (curve - curve.min()))
    return weights / weights.sum()


def benchmark_objective(values, rotated, tau2, sigma2):
    """Negative log-likelihood of r ~ N(0, tau2 K + sigma2 I) per example, without log(2 pi)/2."""
    variances = tau2 * values + sigma2
    if np.any(variances <= 0):
        return math.inf
    return float(np.mean(np.log(variances) + rotated ** 2 / variances) / 2)


def best_benchmark_objective(values, rotated):
    """The smallest value over lambda_star in mean(l) [1e-6, 1e6]: a fine grid, refined around each minimum."""
    n = len(values)

    def profile(lambda_star):
        # Variances s (l/lambda_star + 1), s profiled out.
        shape = values / lambda_star + 1
        return (np.mean(np.log(shape)) + math.log(np.sum(rotated ** 2 / shape) / n) + 1) / 2

    if values[0] == 0:
        return (math.log(np.sum(rotated ** 2) / n) + 1) / 2
    centre = math.log(values.mean())
    grid = np.linspace(centre + math.log(1e-6), centre + math.log(1e6), 4001)
    curve = np.array([profile(math.exp(x)) for x in grid])
    best = curve.min()
    for i in range(1, len(grid) - 1):
        if curve[i] > min(curve[i - 1], curve[i + 1]):
            continue
        low, high = grid[i - 1], grid[i + 1]
        for _ in range(120):  # Golden section.
            a, b = high - 0.618034 * (high - low), low + 0.618034 * (high - low)
            if profile(math.exp(a)) < profile(math.exp(b)):
                high = b
            else:
                low = a
        best = min(best, profile(math.exp((low + high) / 2)))
    return best


def prompt_weights(values, tau2, sigma2):
    return tau2 * values + sigma2


def query_weights(values, rotated_coupling, tau2, sigma2):
    return (tau2 * values + sigma2) * rotated_coupling ** 2


def matched_time(values, weights, lambda_star):
    mu = np.sum(weights * values) / np.sum(weights)
    return 1 / lambda_star if mu == 0 else math.log(1 + mu / lambda_star) / mu


def certificate(values, rho, tau2, reference_sigma2, model_sigma2, horizons, t, delta):
    """Radii of [W, Thm 7.2] and of the exact-MGF bound at horizon t, A_T in the eigenbasis."""
    n, count = len(values), len(horizons)

    def spread(steps):
        return (tau2 * values + reference_sigma2) * (1 - rho * values) ** steps / model_sigma2

    worst = max(np.mean(spread(steps) ** 2) for steps in horizons)
    paper = math.sqrt(worst * (math.log(count) + math.log(1 / delta)) / n)
    a = spread(t)

    def radius(log_beta):
        beta = math.exp(log_beta)
        return (math.log(count / delta) + beta / 2 * a.sum() - np.sum(np.log1p(beta * a)) / 2) / (beta * n)

    grid = np.linspace(-30, 30, 2001)
    curve = [radius(x) for x in grid]
    best = int(np.argmin(curve))
    low, high = grid[max(best - 1, 0)], grid[min(best + 1, len(grid) - 1)]
    for _ in range(120):
        x, y = high - 0.618034 * (high - low), low + 0.618034 * (high - low)
        if radius(x) < radius(y):
            high = y
        else:
            low = x
    return paper, min(min(curve), radius((low + high) / 2))


# Which directions.

def query_aware(geometry, tau2, sigma2):
    """tau2^2 k_b' (tau2 K + sigma2 I)^-1 k_b, averaged over queries [W, Eq. 8]."""
    n = len(geometry.residuals)
    inverse = np.linalg.inv(tau2 * geometry.kernel + sigma2 * np.eye(n))
    return np.mean([[tau2 ** 2 * k @ inverse @ k for k in query] for query in geometry.couplings], axis=0)


def trace(geometry, tau2, sigma2):
    """tau2 tr(K_b (tau2 K + sigma2 I)^-1) [W, Eq. 9]."""
    n = len(geometry.residuals)
    inverse = np.linalg.inv(tau2 * geometry.kernel + sigma2 * np.eye(n))
    return np.array([tau2 * np.trace(kernel @ inverse) for kernel in geometry.kernels])


def step_weights(kernel, right, step_scale, steps):
    """q_T(K) right with rho = c / lambda_max(K), step by step; a zero kernel moves nothing."""
    top = largest(kernel)
    if top == 0:
        return np.zeros_like(right)
    rho = step_scale / top
    left, weights = right.copy(), np.zeros_like(right)
    for _ in range(steps):
        weights = weights + rho * left
        left = left - rho * kernel @ left
    return weights


def correction_criterion(geometry, chosen, step_scale, steps):
    """Mean squared correction of the queries, [W, I.4]."""
    kernel, couplings, _ = geometry.restricted(chosen)
    weights = step_weights(kernel, geometry.residuals, step_scale, steps)
    return np.mean((couplings @ weights) ** 2)


def risk_criterion(geometry, chosen, tau2, sigma2, step_scale, steps):
    """R(S), the exact expected error of the update that is really made, averaged over queries."""
    kernel, couplings, _ = geometry.restricted(chosen)
    full = tau2 * geometry.kernel + sigma2 * np.eye(len(geometry.residuals))
    total = 0.0
    for query, coupling in enumerate(couplings):
        w = step_weights(kernel, coupling, step_scale, steps)
        total += w @ full @ w - 2 * tau2 * w @ geometry.couplings[query].sum(0) + \
            tau2 * geometry.variances[query].sum()
    return total / len(couplings)


def greedy(count, budget, criterion, smallest):
    """Adds, one at a time, the block with the best criterion; returns the order and the criteria."""
    chosen, values = [], []
    for _ in range(min(budget, count)):
        rest = [b for b in range(count) if b not in chosen]
        scores = [criterion(chosen + [b]) for b in rest]
        best = int(np.argmin(scores) if smallest else np.argmax(scores))
        chosen.append(rest[best])
        values.append(scores[best])
    return chosen, values
