"""Two mechanisms together: the best pair of values in both ranges, and the way from the baseline to it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

from bandg.analysis.hypotheses.case import Case
from bandg.analysis.hypotheses.changes import together
from bandg.analysis.hypotheses.evaluate import Evaluator
from bandg.analysis.hypotheses.mechanism import Mechanism
from bandg.base.errors import BandgError
from bandg.data.compare import QUANTITIES, Comparison, compare, verdict_points
from bandg.data.measured import MeasuredPoint

_GRID = 81
_REFINEMENTS = 4
_NEAR = 0.2
"""Distance, in ranges, within which computed pairs count alike for the surface."""


@dataclass(frozen=True)
class Pair:
    """Two changes; the value runs from 0 at `start` to 1 at `end`, each a pair of values."""

    first: Mechanism
    second: Mechanism
    start: tuple[float, float]
    end: tuple[float, float]

    def values(self, value: float) -> tuple[float, float]:
        """The two values there."""
        a, b = (s + value * (e - s) for s, e in zip(self.start, self.end, strict=True))
        return a, b

    def __call__(self, case: Case, value: float) -> Case:
        """The case with both changes. Raises BandgError where one of them cannot be."""
        a, b = self.values(value)
        return together(case, (self.first.change, a), (self.second.change, b))


def title(first: Mechanism, second: Mechanism) -> str:
    """Name of two mechanisms together."""
    return f"{first.name} + {second.name}"


def combine(
    base: Case, first: Mechanism, second: Mechanism, measured: Sequence[MeasuredPoint], evaluator: Evaluator
) -> Mechanism:
    """The mechanism "first + second" whose value 1 is the best pair in both ranges, 0 the baseline.

    The pair is the minimum of the rms where every g goes as a surface of second order through the nine curves at the
    ends and the middles, computed and put to them again a few times; it is the best of all that were computed.
    Raises BandgError where fewer than six of the nine reach all points that any of them reaches.
    """
    points = verdict_points(measured)
    levels = [(m.lower, m.middle, m.upper) for m in (first, second)]
    pairs = list(product(*levels))
    cases, kept = [], []
    for a, b in pairs:
        try:
            cases.append(together(base, (first.change, a), (second.change, b)))
            kept.append((a, b))
        except BandgError:
            continue
    comparisons = [compare(curve, points) for curve in evaluator.curves(cases)]
    most = max((len(one.inside) for one in comparisons), default=0)
    known = [(pair, one) for pair, one in zip(kept, comparisons, strict=True) if most and len(one.inside) == most]
    name = title(first, second)
    if len(known) < 6:
        reach = "all points" if most == len(points) else f"{most} of {len(points)} points"
        raise BandgError(f"{name}: only {len(known)} of nine pairs of values give a curve that reaches {reach}")
    for _ in range(_REFINEMENTS):
        center = min(known, key=lambda item: item[1].rms(*QUANTITIES))[0]
        guess = _lowest(first, second, known, center, points)
        if guess in (pair for pair, _ in known):
            break
        case = together(base, (first.change, guess[0]), (second.change, guess[1]))
        found = compare(evaluator.curves([case])[0], points)
        if len(found.inside) < most:
            break
        known.append((guess, found))
    best = min(known, key=lambda item: item[1].rms(*QUANTITIES))[0]
    start = tuple(m.lower if m.baseline is None else m.baseline for m in (first, second))
    unchanged = None not in (first.baseline, second.baseline)
    at_zero = "the baseline" if unchanged else f"{start[0]:.3g} and {start[1]:.3g}, which is not the baseline,"
    sources = [m.source or m.status for m in (first, second)]
    assumed = "assumed" in (first.status, second.status)
    return Mechanism(
        name,
        f"{first.name} at {best[0]:.3g} {first.unit} and {second.name} at {best[1]:.3g} {second.unit} together, "
        f"the best pair in both ranges. The value runs from {at_zero} at 0 to that pair at 1.",
        Pair(first, second, (start[0], start[1]), best),
        *(0.0, 1.0, 0.0 if unchanged else None),
        source="" if assumed else "; ".join(sources),
    )


def _lowest(
    first: Mechanism,
    second: Mechanism,
    known: Sequence[tuple[tuple[float, float], Comparison]],
    center: tuple[float, float],
    points: Sequence[MeasuredPoint],
) -> tuple[float, float]:
    """Where surfaces of second order through what is known come nearest to the points; near the center they count."""
    values = np.array([pair for pair, _ in known])
    theory = np.array([[r.theory for r in one.residuals] for _, one in known])
    reached = np.isfinite(theory).all(axis=0)
    theory, points = theory[:, reached], [point for point, inside in zip(points, reached, strict=True) if inside]

    def terms(pairs: NDArray[np.float64]) -> NDArray[np.float64]:
        """Terms of the second order (n, 6) at pairs of values (n, 2), in units of the ranges."""
        x, y = ((pairs[:, n] - m.middle) / (m.upper - m.lower) for n, m in enumerate((first, second)))
        return np.stack([np.ones_like(x), x, y, x * y, x**2, y**2], axis=1)

    distance = np.sum(((values - center) / [m.upper - m.lower for m in (first, second)]) ** 2, axis=1)
    weight = 1 / (distance + _NEAR**2)[:, None]
    coefficients = np.linalg.lstsq(weight * terms(values), weight * theory)[0]
    axes = [np.linspace(m.lower, m.upper, _GRID) for m in (first, second)]
    grid = np.array(list(product(*axes)))
    predicted = terms(grid) @ coefficients
    magnitude = np.array([point.quantity.startswith("abs_") for point in points])
    residual = np.where(magnitude, np.abs(predicted), predicted) - [point.value for point in points]
    a, b = grid[int(np.argmin(np.sum(residual**2, axis=1)))]
    return float(a), float(b)
