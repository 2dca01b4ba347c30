"""Evidence of models: the likelihood integrated over priors, with the amplitudes in closed form."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
from scipy.special import logsumexp
from scipy.stats import multivariate_t

from bandg.spin.minimize import Attempt
from bandg.spin.model import LEAST_G
from bandg.spin.traces import Floats

_MOST, _FAR = 4, 60.0
_POINTS, _ROUNDS, _PRECISION = 1000, 12, 0.1
_FREEDOM, _WIDEST, _LEAST_EFFECTIVE = 5, 0.3, 100


def evidences(attempts: Sequence[Attempt], seed: int = 0) -> dict[str, tuple[float, float]]:
    """(ln Z, its error) by name, of the four models with the lowest information criterion that are not far from the
    best.

    Priors: |g| uniform up to the largest that is looked for, rates log-uniform from 0.1 in the longest trace to one in
    a time step, phases uniform, amplitudes normal with the largest signal of the trace as standard deviation. The noise
    is that of the first attempt.
    """
    chosen = [one for one in attempts if one.bic < attempts[0].bic + _FAR][:_MOST]
    found = {}
    for number, one in enumerate(chosen):
        marginal = Marginal(one, attempts[0].variance)
        center, covariance = marginal.start()
        rng = np.random.default_rng(seed + number)
        found[one.model.name] = integrate(marginal.at, center, covariance, rng)
    return found


def integrate(
    log_density: Callable[[Floats], float], center: Floats, covariance: Floats, rng: np.random.Generator
) -> tuple[float, float]:
    """ln of the integral over the unit cube of a density with one maximum, and its error, by importance sampling.

    Points come from Student's t about `center`; mean and covariance follow the weighted points until the relative error
    of the integral is below 0.1, as in adaptive importance sampling (Oh and Berger 1992). The last round, which has not
    moved its own proposal, gives the integral.
    """
    value = error = math.inf
    for _ in range(_ROUNDS):
        proposal = multivariate_t(center, covariance * (1 - 2 / _FREEDOM), df=_FREEDOM, seed=rng)
        points = np.reshape(proposal.rvs(_POINTS), (_POINTS, len(center)))
        inside = ((points > 0) & (points < 1)).all(axis=1)
        logs = np.full(_POINTS, -math.inf)
        logs[inside] = [log_density(point) for point in points[inside]]
        logs -= np.reshape(proposal.logpdf(points), _POINTS)
        value = float(logsumexp(logs) - math.log(_POINTS))
        error = float(np.std(np.exp(logs - value)) / math.sqrt(_POINTS))
        if error < _PRECISION:
            break
        center, covariance = _moments(points[inside], logs[inside])
    return value, error


def _moments(points: Floats, logs: Floats) -> tuple[Floats, Floats]:
    """Mean and covariance by weights, which are made more even until enough points count."""
    weights = np.exp(logs - logs.max())
    while weights.sum() ** 2 < _LEAST_EFFECTIVE * (weights**2).sum() and np.ptp(weights) > 0.5 / _POINTS:
        weights = weights**0.7
    center = np.average(points, axis=0, weights=weights)
    covariance = np.atleast_2d(np.cov(points.T, aweights=weights))
    return center, covariance + 1e-12 * np.eye(len(center))


class Marginal:
    """ln of the likelihood of the nonlinear parameters, on the unit cube of their priors about a fit."""

    def __init__(self, fitted: Attempt, variance: float) -> None:
        self.fitted, self.problem, self.variance = fitted, fitted.problem, variance
        traces = self.problem.traces.traces
        sizes = np.array([[np.abs(trace.signal).max()] for trace in traces])
        self.ratios = sizes / math.sqrt(variance)
        names, decays, each = self.problem.names, self.problem.model.decays, self.problem.per_component
        self._is_g = np.array([name.startswith("g ") for name in names])
        self._is_phase = np.array([name.startswith("phase") for name in names])
        self._is_rate = ~(self._is_g | self._is_phase)
        kinds = [decays[n // each] if n < each * len(decays) else "exponential" for n in range(len(names))]
        self._power = np.array([1.0 if kind == "exponential" else 2.0 for kind in kinds])
        low = 0.1 / max(trace.span_ns for trace in traces)
        self._low, self._width = low, -math.log(low * min(trace.step_ns for trace in traces))
        self._alike = len(decays) == 2 and decays[0] == decays[1]

    def parameters(self, cube: Floats) -> Floats:
        """Parameters of a point of the unit cube; phases lie within a quarter of a turn of the fit."""
        found = np.empty(len(cube))
        g, phase, rate = self._is_g, self._is_phase, self._is_rate
        found[g] = LEAST_G + cube[g] * (self.problem.bounds[1][g] - LEAST_G)
        found[phase] = self.fitted.theta[phase] + math.pi * (cube[phase] - 0.5)
        found[rate] = (self._low * np.exp(self._width * cube[rate])) ** self._power[rate]
        return found

    def start(self) -> tuple[Floats, Floats]:
        """The fit and its covariance in the unit cube, at most about as wide as the cube."""
        theta, g, rate = self.fitted.theta, self._is_g, self._is_rate
        cube, slopes = np.full(len(theta), 0.5), np.full(len(theta), 1 / math.pi)
        slopes[g] = 1 / (self.problem.bounds[1][g] - LEAST_G)
        cube[g] = (theta[g] - LEAST_G) * slopes[g]
        power = self._power[rate]
        plain = np.maximum(theta[rate], self._low**power)
        cube[rate] = np.log(plain ** (1 / power) / self._low) / self._width
        slopes[rate] = 1 / (power * plain * self._width)
        covariance = self.fitted.covariance * np.outer(slopes, slopes)
        deviations = np.sqrt(np.maximum(np.diag(covariance), 1e-12))
        narrower = np.minimum(1.0, _WIDEST / deviations)
        covariance = covariance * np.outer(narrower, narrower) + 1e-12 * np.eye(len(theta))
        return np.clip(cube, 0.02, 0.98), covariance

    def at(self, cube: Floats) -> float:
        """ln of the density in the cube; of two alike components the first has the larger |g|."""
        theta = self.parameters(cube)
        if not self._alike:
            return self(theta)
        return self(theta) + math.log(2) if theta[0] >= theta[self.problem.per_component] else -math.inf

    def __call__(self, theta: Floats) -> float:
        """ln of the likelihood, without the constant that all models share."""
        columns, ratio = self.problem.state(theta).columns, self.ratios
        normal = columns @ columns.transpose(0, 2, 1) * ratio[:, :, None] ** 2 + np.eye(columns.shape[1])
        along = np.einsum("nkm,nm->nk", columns, self.problem.data) * ratio / math.sqrt(self.variance)
        factor = np.linalg.cholesky(normal)
        explained = np.linalg.solve(factor, along[:, :, None])
        logs = np.log(np.einsum("nkk->nk", factor))
        return float(0.5 * np.sum(explained**2) - np.sum(logs))
