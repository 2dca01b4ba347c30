"""Least squares of one model from one start, and replicas of it."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from bandg.spin.model import Model, Problem
from bandg.spin.traces import Floats

EVALUATIONS = 100
"""Most evaluations of a fit."""

_NEAR, _FLAT, _STILL = 1e-6, 1e-9, 1e-7


@dataclass(frozen=True, eq=False)
class Attempt:
    """A model fitted to traces.

    theta: nonlinear parameters as `Problem` orders them, with their covariance. rss: weighted sum of squares.
    at_bounds: parameters that stand at a bound.
    """

    problem: Problem
    theta: Floats
    covariance: Floats
    rss: float
    converged: bool
    at_bounds: tuple[str, ...]

    @property
    def model(self) -> Model:
        """The model."""
        return self.problem.model

    @property
    def bic(self) -> float:
        """Bayesian information criterion with the noise unknown: n ln(rss / n) + k ln n."""
        n = self.problem.n_points
        return n * math.log(max(self.rss / n, 1e-300)) + self.problem.n_parameters * math.log(n)

    @property
    def bic_of_offsets(self) -> float:
        """Information criterion of offsets alone."""
        n = self.problem.n_points
        rss = sum(
            float(np.sum((data[: len(weight)] - weight * (weight @ data[: len(weight)]) / (weight @ weight)) ** 2))
            for data, weight in zip(self.problem.data, self.problem.weights, strict=True)
        )
        return n * math.log(max(rss / n, 1e-300)) + len(self.problem.data) * math.log(n)

    @property
    def variance(self) -> float:
        """Weighted sum of squares by degree of freedom; one at least where the errors of the points are stated."""
        found = self.rss / max(self.problem.n_points - self.problem.n_parameters, 1)
        return max(found, 1.0) if self.problem.has_errors else found

    @property
    def exchanged(self) -> bool:
        """Whether components with different decays have changed places, so that the first |g| is not the largest."""
        g = self.theta[:: self.problem.per_component]
        return len(set(self.model.decays)) == 2 and bool(g[0] < g[1])

    @property
    def rms(self) -> float:
        """Root mean square of the weighted residuals."""
        return math.sqrt(self.rss / self.problem.n_points)


def minimize(problem: Problem, start: Floats, evaluations: int) -> Attempt:
    """Least squares from a start by Levenberg's and Marquardt's method, with parameters held at bounds they press on.

    The normal matrix is small (8 x 8 for two carriers) and made trace by trace, so that no Jacobian of all points is
    decomposed.
    """
    lower, upper = problem.bounds
    gap = 1e-3 * np.minimum(upper - lower, 1.0)
    theta = np.clip(start, lower + gap, upper - gap)
    rss, (gradient, matrix) = problem.rss(theta), problem.normal(theta)
    damping, converged = 1e-3, False
    for _ in range(evaluations - 1):
        free = ~(((theta <= lower) & (gradient > 0)) | ((theta >= upper) & (gradient < 0)))
        size = np.maximum(np.diag(matrix), 1e-12 * max(float(np.diag(matrix).max()), 1e-300))
        own = np.ix_(free, free)
        step = np.zeros_like(theta)
        step[free] = np.linalg.lstsq(matrix[own] + damping * np.diag(size[free]), -gradient[free], rcond=None)[0]
        there = np.clip(theta + step, lower, upper)
        step = there - theta
        expected = -float(2 * step @ gradient + step @ matrix @ step)
        found = problem.rss(there)
        small = bool((np.abs(step) < _STILL * (_STILL + np.abs(theta))).all())
        if found <= rss:
            converged = small or (rss - found < _FLAT * rss and expected < _FLAT * rss)
            better = (rss - found) / max(expected, 1e-300)
            damping = max(damping * (0.1 if better > 0.75 else 0.5 if better > 0.25 else 2.0), 1e-12)
            theta, rss, (gradient, matrix) = there, found, problem.normal(there)
        else:
            converged = small or expected < _FLAT * rss * 1e-3
            damping = max(damping, 1e-6) * 5.0
        if converged:
            break
    at = [
        name
        for name, value, low, high in zip(problem.names, theta, lower, upper, strict=True)
        if value - low < _NEAR * max(1.0, abs(low)) or high - value < _NEAR * high
    ]
    inverse = np.asarray(np.linalg.pinv(matrix, hermitian=True), dtype=float)
    attempt = Attempt(problem, theta, inverse, rss, converged, tuple(at))
    return replace(attempt, covariance=inverse * attempt.variance)


def ordered(attempt: Attempt) -> Attempt:
    """The attempt with the largest |g| first, as far as its decays are alike."""
    decays, each = attempt.model.decays, attempt.problem.per_component
    if len(decays) == 1 or decays[0] != decays[1] or attempt.theta[0] >= attempt.theta[each]:
        return attempt
    order = np.r_[each : 2 * each, 0:each, 2 * each : len(attempt.theta)]
    turned = {f"component {n + 1}": f"component {2 - n}" for n in range(2)}
    at = tuple(name[:-11] + turned[name[-11:]] if name[-11:] in turned else name for name in attempt.at_bounds)
    return replace(
        attempt, theta=attempt.theta[order], covariance=attempt.covariance[np.ix_(order, order)], at_bounds=at
    )


def replicas(best: Attempt, count: int, seed: int) -> Floats:
    """Parameters fitted to the fit plus residuals drawn in blocks, as long as the residuals are correlated."""
    rng = np.random.default_rng(seed)
    problem = best.problem
    parts = problem.parts(best.theta)
    found = []
    for _ in range(count):
        again = Problem(problem.traces, best.model, problem.scale, float(problem.bounds[1][0]))
        drawn = [part.matrix @ part.amplitudes + resampled(part.residual, part.matrix.shape[1], rng) for part in parts]
        again.set_data(drawn)
        found.append(ordered(minimize(again, best.theta, EVALUATIONS)).theta)
    return np.array(found)


def block_length(residual: Floats) -> int:
    """Length of the blocks that keep the correlation of residuals: one without correlation."""
    x = residual - residual.mean()
    power = np.abs(np.fft.rfft(x, 2 * len(x))) ** 2
    correlation = np.fft.irfft(power)[: len(x) // 4] / max(float(x @ x), 1e-300)
    below = np.flatnonzero(correlation < 2 / math.sqrt(len(x)))
    first = int(below[0]) if len(below) else len(correlation)
    return max(1, min(3 * first - 2, len(x) // 4))


def resampled(residual: Floats, used: int, rng: np.random.Generator) -> Floats:
    """Residuals drawn in blocks, enlarged by what the fit has taken from them. used: number of amplitudes."""
    n, length = len(residual), block_length(residual)
    starts = rng.integers(0, n, -(-n // length))
    index: NDArray[np.int64] = (starts[:, None] + np.arange(length)).ravel()[:n] % n
    return (residual - residual.mean())[index] * math.sqrt(n / max(n - used, 1))
