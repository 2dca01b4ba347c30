"""Evidence of models by nested sampling, with the amplitudes integrated out."""

from __future__ import annotations

import io
import math
from collections.abc import Sequence
from contextlib import redirect_stderr, redirect_stdout
from typing import Any

import numpy as np

from bandg.base.errors import BandgError
from bandg.base.text import install
from bandg.spin.minimize import Attempt
from bandg.spin.model import LEAST_G, Problem
from bandg.spin.traces import Floats

_LIVE, _MOST, _FAR, _PRECISION = 150, 4, 60.0, 0.3


def evidences(attempts: Sequence[Attempt], seed: int = 0) -> dict[str, tuple[float, float]]:
    """(ln Z, its error) by name, of the four models with the lowest information criterion that are not far from the
    best.

    Priors: |g| uniform up to the largest that is looked for, rates log-uniform from 0.1 in the longest trace to one in
    a time step, phases uniform, amplitudes normal with the largest signal of the trace as standard deviation. The noise
    is that of the first attempt. Raises BandgError without dynesty.
    """
    try:
        import dynesty
    except ImportError as error:
        raise BandgError(f"evidence needs dynesty: {install('sensitivity')}") from error
    chosen = [one for one in attempts if one.bic < attempts[0].bic + _FAR][:_MOST]
    found = {}
    for number, one in enumerate(chosen):
        likelihood = Marginal(one.problem, attempts[0].variance)
        size = len(one.problem.names)
        rng = np.random.default_rng(seed + number)
        nested: Any = dynesty.NestedSampler(likelihood, likelihood.prior, size, nlive=_LIVE, sample="rwalk", rstate=rng)
        with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
            nested.run_nested(dlogz=_PRECISION, print_progress=False)
        found[one.model.name] = float(nested.results.logz[-1]), float(nested.results.logzerr[-1])
    return found


class Marginal:
    """ln of the likelihood of the nonlinear parameters, and their prior."""

    def __init__(self, problem: Problem, variance: float) -> None:
        self.problem, self.variance = problem, variance
        sizes = np.array([[np.abs(trace.signal).max()] for trace in problem.traces.traces])
        self.ratios = sizes / math.sqrt(variance)
        step = min(trace.step_ns for trace in problem.traces.traces)
        span = max(trace.span_ns for trace in problem.traces.traces)
        self.rates = 0.1 / span, 1 / step

    def prior(self, cube: Floats) -> Floats:
        """Parameters of a point of the unit cube."""
        problem = self.problem
        found = np.empty(len(cube))
        for n, (name, u) in enumerate(zip(problem.names, cube, strict=True)):
            number = n // problem.per_component
            low, high = self.rates
            if name.startswith("g "):
                found[n] = LEAST_G + u * (problem.bounds[1][n] - LEAST_G)
            elif name.startswith("phase"):
                found[n] = math.pi * (u - 0.5)
            else:
                decays = problem.model.decays
                square = number < len(decays) and decays[number] != "exponential"
                found[n] = (low * (high / low) ** u) ** (2 if square else 1)
        return found

    def __call__(self, theta: Floats) -> float:
        """ln of the likelihood, without the constant that all models share."""
        columns, ratio = self.problem.state(theta).columns, self.ratios
        normal = columns @ columns.transpose(0, 2, 1) * ratio[:, :, None] ** 2 + np.eye(columns.shape[1])
        along = np.einsum("nkm,nm->nk", columns, self.problem.data) * ratio / math.sqrt(self.variance)
        factor = np.linalg.cholesky(normal)
        explained = np.linalg.solve(factor, along[:, :, None])
        logs = np.log(np.einsum("nkk->nk", factor))
        return float(0.5 * np.sum(explained**2) - np.sum(logs))
