"""Least squares from several starts, each kept in the cache as soon as it is finished."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bandg.analysis.fit.covariance import Errors, errors_of
from bandg.analysis.fit.residuals import Pair, Problem
from bandg.base import cache as cache_of
from bandg.base.decode import decode
from bandg.base.errors import BandgError
from bandg.base.show import Shown
from bandg.runs.options import DEFAULT_RUN, Run
from bandg.runs.progress import announce

_MOST_EVALUATIONS = 1000


@dataclass(frozen=True)
class FitAttempt:
    """One finished start: its number, where it ended, cost = sum of squares / 2, evaluations, why it stopped.

    active: -1, 0 or 1 where a parameter lies on its lower bound, on none, on its upper bound. A start whose residuals
    are not finite has infinite cost, and what was wrong as its message.
    """

    number: int
    start: tuple[float, ...]
    theta: tuple[float, ...]
    cost: float
    evaluations: int
    converged: bool
    message: str
    active: tuple[int, ...]


@dataclass(frozen=True, eq=False, repr=False)
class Fit(Shown):
    """A solved problem: attempts by cost, lowest first and failed ones last, and the errors at the best one."""

    problem: Problem
    attempts: tuple[FitAttempt, ...]
    errors: Errors
    n_cached: int

    @property
    def best(self) -> FitAttempt:
        """The attempt of the lowest cost."""
        return self.attempts[0]

    @property
    def theta(self) -> NDArray[np.float64]:
        """The fitted parameters (p,) in eV, in the order of `problem.space.paths`."""
        return np.array(self.best.theta)

    @property
    def n_same(self) -> int:
        """How many starts ended at the best cost, within a thousandth of it."""
        return sum(one.cost <= self.best.cost * 1.001 + 1e-9 for one in self.attempts)

    def shown(self) -> tuple[str, dict[str, Any]]:
        """Title, and how good it is as lines."""
        return f"fit of {len(self.theta)} parameters", {
            "cost": self.best.cost,
            "chi2 / dof": f"{self.errors.chi2:.5g} / {self.errors.dof}",
            "starts": f"{len(self.attempts)}, {self.n_same} at the best cost",
            "converged": self.best.converged,
            "undetermined": f"{int(self.errors.undetermined.sum())} parameters",
        }


def start_points(problem: Problem, count: int) -> list[NDArray[np.float64]]:
    """The start set itself, then random points within `spread` of it, all inside the bounds; (p,) each.

    A parameter moves by up to spread times its size, at least by spread times a tenth of its range.
    """
    space, job = problem.space, problem.job
    rng = np.random.default_rng(job.seed)
    reach = job.spread * np.maximum(np.abs(space.start), 0.1 * space.scale)
    points = [space.start]
    for _ in range(count - 1):
        point = space.start + rng.uniform(-1, 1, len(space.start)) * reach
        points.append(np.clip(point, space.lower, space.upper))
    return points


def solve(problem: Problem, starts: int | None = None, run: Run = DEFAULT_RUN) -> Fit:
    """Fit from every start (by default as many as the job says) and take the errors at the best.

    run: only cache and progress are used; a fit runs in one process. Raises BandgError if no start gives a finite sum
    of squares.
    """
    points = start_points(problem, starts or problem.job.starts)
    description = _description(problem) if run.cache else {}
    keys = [
        cache_of.key_of(description | {"start": [repr(float(x)) for x in point]}) if run.cache else ""
        for point in points
    ]
    stored = [cache_of.load(key, partial(decode, FitAttempt)) if run.cache else None for key in keys]
    n_cached = sum(attempt is not None for attempt in stored)
    left = len(points) - n_cached
    if left:
        before = f", {n_cached} of them computed before" if n_cached else ""
        how = "it is reported when it ends" if left == 1 else "each is reported when it ends"
        count = f"{len(points)} start{'s' * (len(points) > 1)}"
        announce(run.progress, f"{count}{before}; how long one takes cannot be told before, {how}")
    if left and run.cache:
        cache_of.check()
    run.progress.start(left, "starts, one after the other")
    attempts: list[FitAttempt] = []
    for number, (point, key, known) in enumerate(zip(points, keys, stored, strict=True)):
        attempt = known or _attempt(problem, number, point)
        attempts.append(attempt)
        if known is None:
            if run.cache:
                cache_of.store(key, attempt)
            run.progress.advance(f"start {attempt.number + 1}: cost {attempt.cost:.4g}")
    ranked = sorted(attempts, key=lambda one: one.cost)
    best = ranked[0]
    if not np.isfinite(best.cost):
        raise BandgError(f"no start of {problem.job.name} leads to a finite sum of squares: {best.message}")
    return Fit(problem, tuple(ranked), errors_of(problem, np.array(best.theta), np.array(best.active)), n_cached)


def minimize(problem: Problem, start: NDArray[np.float64]) -> Any:
    """scipy's trust-region least squares within the bounds, with the exact Jacobian; its own result object."""
    from scipy.optimize import least_squares

    known: dict[bytes, Pair] = {}

    def at(theta: NDArray[np.float64]) -> Pair:
        """Residuals and Jacobian, kept for the next call at the same point."""
        key = theta.tobytes()
        if key not in known:
            known.clear()
            known[key] = problem.evaluate(theta)
        return known[key]

    space = problem.space
    return least_squares(
        lambda theta: at(theta)[0],
        _inside(start, space.lower, space.upper),
        jac=lambda theta: at(theta)[1],
        bounds=(space.lower, space.upper),
        method="trf",
        x_scale=space.scale,  # not "jac": a hopping that enters squared has no slope at 0, and no scale
        ftol=1e-9,
        xtol=1e-9,
        gtol=1e-9,
        max_nfev=_MOST_EVALUATIONS,
    )


def _inside(start: NDArray[np.float64], lower: NDArray[np.float64], upper: NDArray[np.float64]) -> NDArray[np.float64]:
    """Off the bounds by a thousandth of the range, where the method could not begin."""
    width = np.where(np.isfinite(upper - lower), upper - lower, 1.0)
    return np.clip(start, lower + 1e-3 * width, upper - 1e-3 * width)


def _attempt(problem: Problem, number: int, start: NDArray[np.float64]) -> FitAttempt:
    values = tuple(float(x) for x in start)
    try:
        found = minimize(problem, start)
    except (np.linalg.LinAlgError, ValueError) as error:  # a start so bad that the residuals are not finite
        return FitAttempt(number, values, values, float("inf"), 0, False, str(error), (0,) * len(values))
    theta = tuple(float(x) for x in found.x)
    active = tuple(int(side) for side in _active(problem, found.x, found.active_mask))
    cost, evaluations = float(found.cost), int(found.nfev)
    return FitAttempt(number, values, theta, cost, evaluations, bool(found.status > 0), str(found.message), active)


def _active(problem: Problem, theta: NDArray[np.float64], mask: NDArray[np.int64]) -> NDArray[np.int64]:
    """-1, 0 or 1 by the bound that a parameter lies on; trf stays inside and comes only near."""
    space = problem.space
    close = 1e-4 * space.scale
    mask = np.where(theta - space.lower < close, -1, mask)
    return np.where(space.upper - theta < close, 1, mask)


@lru_cache(maxsize=1)
def _source() -> str:
    digest = hashlib.sha256()
    for path in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _description(problem: Problem) -> dict[str, Any]:
    """Everything on which the end of a start depends, as plain types."""
    space = problem.space
    numbers = {
        "base": space.base,
        "slope": space.slope,
        "exponent_base": space.exponent_base,
        "exponent_slope": space.exponent_slope,
        "lower": np.nan_to_num(space.lower),
        "upper": np.nan_to_num(space.upper),
        "prior": np.nan_to_num(space.prior, nan=-1e9),
        "energy": problem.band_energy,
        "error": problem.band_error,
    }
    digest = hashlib.sha256()
    for name, array in numbers.items():
        digest.update(name.encode() + np.ascontiguousarray(array, dtype=float).tobytes())
    rows = [[row.k, row.point, row.sector, row.position] for row in problem.rows]
    digest.update(json.dumps([rows, [[g.name, g.value, g.error] for g in problem.goals]]).encode())
    return {"fit": 1, "set": space.parameters.digest(), "numbers": digest.hexdigest(), "code": _source()}
