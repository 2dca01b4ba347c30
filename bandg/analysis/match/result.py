"""What fits a sample: candidates by posterior probability, their unknowns, the 68 % set, and whether anything fits."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bandg.analysis.emulators.emulator import LEAST_OVERLAP, Emulator
from bandg.analysis.match.candidate import curves, errors, name_of, ranges, unknowns
from bandg.analysis.match.posterior import Drawn, Weights, chi_square, log_sum, residuals
from bandg.analysis.match.sample import Sample
from bandg.base.decode import finite
from bandg.base.show import Shown

Array = NDArray[np.float64]

DRAWN = 4000
"""Points of each posterior from which medians and intervals are taken."""

LEVEL = 0.68
REJECTED = 0.01
"""A candidate does not fit if chi-square of its best nanocrystal is exceeded with less than this probability by chance,
with as many degrees of freedom as there are measured numbers."""

UNCONSTRAINED = 0.1
"""Largest distance between the cumulative posterior and prior of an unknown that the data do not constrain."""

SIZE = "size_nm"

LEAST = 0.01
"""Posterior probability from which on a candidate is worth a sentence."""

FEW = 50
"""Effective points of the prior below which medians and intervals are rough."""

_SLACK = 1e-6
"""Overlap above the least one that a search stays at."""

_END = 0.05
"""Share of the range in ln L, and least posterior probability there, at which a posterior touches the end."""

_AT = 1e-3
"""Largest distance in ln L of the best nanocrystal from an end of the sizes at which it counts as there."""


@dataclass(frozen=True)
class Interval:
    """Median and central 68 % of one unknown. constrained: whether its posterior differs from its prior."""

    median: float
    low: float
    high: float
    constrained: bool


@dataclass(frozen=True, eq=False)
class Fit:
    """One candidate beside a sample.

    Parameters
    ----------
    emulator : Emulator
    ends : ndarray, shape (c + 1,)
        ln L at the ends of the steps in size.
    probability : float
        Posterior probability among all candidates.
    error : float
        Standard error of it, by the number of points of the prior.
    log_evidence : float
    effective : float
        Effective number of points of the prior.
    chi2, p_value : float
        Of the best nanocrystal; probability that chance exceeds chi2.
    best : dict
        Its unknowns by name, the size in nm among them; empty where no curve comes near the energy.
    residuals : tuple of float
        Measured minus best, in errors, in the order of the sample's data.
    calculated : tuple of float
        What the best has in their place; magnitudes where the sample has them.
    end : int or None
        0 where the best has the smallest size of the emulator, -1 where it has the largest.
    drawn : Drawn or None
        Points of the posterior.
    by_step : ndarray
        Posterior probability of each step in size within the candidate.
    """

    emulator: Emulator
    ends: Array
    probability: float
    error: float
    log_evidence: float
    effective: float
    chi2: float
    p_value: float
    best: dict[str, float]
    residuals: tuple[float, ...]
    calculated: tuple[float, ...]
    end: int | None
    drawn: Drawn | None
    by_step: Array

    @property
    def name(self) -> str:
        """Set and shape."""
        return name_of(self.emulator)

    @property
    def fits(self) -> bool:
        """Whether its best nanocrystal is not rejected."""
        return self.p_value >= REJECTED

    def at_end(self, end: int) -> bool:
        """Whether the posterior of the size touches the smallest (0) or largest (-1) size."""
        count = max(1, round(_END * len(self.by_step)))
        return bool((self.by_step[:count] if end == 0 else self.by_step[-count:]).sum() > _END)

    @cached_property
    def unknowns(self) -> dict[str, Interval]:
        """Each unknown that is not fixed by name, the size first."""
        if self.drawn is None:
            return {}
        columns = zip(unknowns(self.emulator), self.drawn.values.T, ranges(self.emulator), strict=True)
        found = {
            name: interval(values, (values - low) / (high - low)) for name, values, (low, high) in columns if high > low
        }
        sizes, ends = self.drawn.predicted[:, 3], self.ends
        return {SIZE: interval(sizes, (np.log(sizes) - ends[0]) / (ends[-1] - ends[0]))} | found

    def to_dict(self) -> dict[str, Any]:
        """As plain types."""
        own = self.emulator
        names = ("probability", "error", "log_evidence", "effective", "chi2", "p_value", "fits", "best")
        unknowns = {name: vars(one) for name, one in self.unknowns.items()}
        words = {"set": own.set, "shape": own.shape}
        numbers = {name: getattr(self, name) for name in (*names, "residuals", "calculated")}
        return (
            words | {n: finite(v) if isinstance(v, float) else v for n, v in numbers.items()} | {"unknowns": unknowns}
        )


@dataclass(frozen=True, eq=False, repr=False)
class Match(Shown):
    """One sample and all candidates, the most probable first."""

    sample: Sample
    fits: tuple[Fit, ...]

    @property
    def found(self) -> bool:
        """Whether any candidate fits; if not, it is none of these."""
        return any(one.fits for one in self.fits)

    @property
    def inside(self) -> bool:
        """Whether any curve comes near the energy of the sample."""
        return bool(self.fits[0].best)

    @property
    def closest(self) -> Fit:
        """The candidate whose best nanocrystal has the smallest chi-square."""
        return min(self.fits, key=lambda one: one.chi2)

    @cached_property
    def set68(self) -> dict[int, NDArray[np.bool_]]:
        """The most probable steps in size of all candidates, so many that their share is nearest to 68 %.

        Which steps (c,), by number of the candidate in `fits`.
        """
        density = [one.probability * one.by_step for one in self.fits]
        every = np.concatenate(density)
        order = np.argsort(-every, kind="stable")
        count = int(np.argmin(np.abs(np.cumsum(every[order]) - LEVEL * every.sum()))) + 1
        inside = np.zeros(len(every), dtype=bool)
        inside[order[:count]] = True
        parts = np.split(inside, np.cumsum([len(one) for one in density])[:-1])
        return {n: part for n, part in enumerate(parts) if part.any()}

    def ranges68(self) -> list[tuple[Fit, list[tuple[float, float]]]]:
        """The 68 % set as ranges of sizes in nm of each candidate in it."""
        return [(self.fits[n], _ranges(self.fits[n].ends, inside)) for n, inside in self.set68.items()]

    def notes(self) -> list[str]:
        """What limits the result, in sentences."""
        found = []
        if not self.inside:
            return ["No curve comes near this energy."]
        for end, name, word in ((0, "smallest", "smaller"), (-1, "largest", "larger")):
            touched = [one for one in self.fits if one.probability > LEAST and one.at_end(end)]
            if not self.found and self.closest.end == end:
                size = f"{self.closest.emulator.size_nm[end]:.3g} nm"
                found.append(f"The best has the {name} emulated size ({size}): {word} ones, not asked, may fit better.")
            if self.found and touched:
                sizes = ", ".join(dict.fromkeys(f"{one.emulator.size_nm[end]:.3g} nm" for one in touched))
                found.append(f"The {name} emulated size ({sizes}) has weight: {word} nanocrystals, not asked, may fit.")
        few = [one for one in self.fits if one.fits and one.probability > LEAST and one.effective < FEW]
        for one in few:
            found.append(
                f"Only {one.effective:.0f} effective points for {one.name}: its numbers are rough, because "
                "few nanocrystals of the prior come near the measured numbers."
            )
        return found

    def holds(self, number: int, size_nm: float) -> bool:
        """Whether the 68 % set has a size of the candidate with this number in `fits`."""
        inside = self.set68.get(number)
        step = np.searchsorted(self.fits[number].ends, np.log(size_nm)) - 1
        return inside is not None and bool(inside[np.clip(step, 0, len(inside) - 1)])

    def more_credible(self, number: int, values: Array, ln_size: float) -> float:
        """Share of the posterior of all candidates and unknowns that has a larger likelihood than one nanocrystal.

        number: of the candidate in `fits`. values: its knobs and 1 / eps, (d + 1,). ln_size: its ln L.
        A nanocrystal belongs to the 68 % set of all unknowns together if this is 0.68 or less.
        """
        own, place = self.fits[number].emulator, np.array([ln_size])
        _, wanted = chi_square(self.sample, curves(own, values[None], place)[:, 0].T, errors(own, place))
        share = 0.0
        for one in self.fits:
            if one.drawn is not None:
                _, found = chi_square(self.sample, one.drawn.predicted, one.drawn.error)
                share += one.probability * float((found > wanted[0]).mean())
        return share

    def size_scatter(self) -> dict[str, float]:
        """Largest relative standard deviation of the sizes by each measured spread of g: median of the posterior.

        The spread that sizes alone would give, ``|dg / d ln L|`` times that deviation, may not exceed the measured one.
        """
        found = {}
        for name, spread in self.sample.spreads:
            column = {"g_e": 1, "g_h": 2}[name]
            limits, weights = [], []
            for one in self.fits:
                if one.drawn is not None:
                    slope = one.drawn.slope[:, column]
                    limits.append(spread / np.maximum(np.abs(slope), 1e-9))
                    weights.append(np.full(len(slope), one.probability / len(slope)))
            order = np.argsort(every := np.concatenate(limits))
            total = np.cumsum(np.concatenate(weights)[order])
            found[f"d{name}"] = float(every[order][np.searchsorted(total, 0.5 * total[-1])])
        return found

    def to_dict(self) -> dict[str, Any]:
        """As plain types."""
        own = {"sample": self.sample.to_dict(), "none_of_these": not self.found, "inside": self.inside}
        ranges = self.ranges68() if self.inside else []
        sets = [{"candidate": one.name, "size_nm": [list(pair) for pair in pairs]} for one, pairs in ranges]
        more = {"notes": self.notes(), "set68": sets, "size_scatter": self.size_scatter() if self.inside else {}}
        return own | more | {"candidates": [one.to_dict() for one in self.fits]}

    def shown(self) -> tuple[str, dict[str, Any]]:
        """Title, and a line for each candidate."""
        title = f"{', '.join(map(str, self.sample.data))}: {'' if self.found else 'none of these fits'}".rstrip(": ")
        return title, {one.name: f"{one.probability:.2f}" for one in self.fits}


def interval(values: Array, prior: Array) -> Interval:
    """Of values (m,) whose cumulative prior is `prior` (m,)."""
    low, median, high = np.quantile(values, [(1 - LEVEL) / 2, 0.5, (1 + LEVEL) / 2])
    distance = np.abs(np.sort(prior) - (np.arange(len(prior)) + 0.5) / len(prior)).max()
    return Interval(float(median), float(low), float(high), bool(distance > UNCONSTRAINED))


def fits_of(weights: Sequence[Weights], sample: Sample) -> tuple[Fit, ...]:
    """All candidates, the most probable first; without a probability where no curve comes near the energy."""
    evidence = np.array([one.log_evidence for one in weights])
    total = log_sum(evidence)
    found = []
    for one, own in zip(weights, evidence, strict=True):
        probability = float(np.exp(own - total)) if np.isfinite(own) else 0.0
        found.append(_fit(one, sample, probability))
    return tuple(sorted(found, key=lambda one: -one.probability))


def _fit(one: Weights, sample: Sample, probability: float) -> Fit:
    from scipy.special import chdtrc

    own, ends = one.candidate.emulator, one.candidate.ends
    if not len(one.log):
        return Fit(own, ends, 0.0, 0.0, -np.inf, 0.0, np.inf, 0.0, {}, (), (), None, None, np.zeros(len(ends) - 1))
    point, chi2 = _best(one, sample)
    predicted = curves(own, point[None, :-1], point[-1:])[:, 0].T
    calculated = zip(sample.data, (sample.design @ predicted[0]).tolist(), strict=True)
    return Fit(
        own,
        ends,
        probability,
        probability * (1 - probability) / math.sqrt(one.effective),
        one.log_evidence,
        one.effective,
        chi2,
        float(chdtrc(len(sample.data), chi2)),
        {SIZE: float(predicted[0, 3])} | dict(zip(unknowns(own), point[:-1].tolist(), strict=True)),
        residuals(sample, predicted, errors(own, point[-1:])),
        tuple(value if datum.quantity == datum.name else abs(value) for datum, value in calculated),
        next((end for end in (0, -1) if abs(point[-1] - ends[end]) < _AT), None),
        one.drawn(DRAWN),
        one.by_step(),
    )


def _best(one: Weights, sample: Sample) -> tuple[Array, float]:
    """Unknowns with ln L of the best nanocrystal where the emulator holds, and chi-square.

    Of all points, and by a search if it is bad.
    """
    from scipy.optimize import minimize

    own, ends, top = one.candidate.emulator, one.candidate.ends, int(np.argmin(one.chi2))
    place = ends[one.step[top]] + np.clip(one.at[top], 0, 1) * (ends[1] - ends[0])
    point, chi2 = np.array([*one.candidate.values[one.draw[top]], place]), float(one.chi2[top])
    if chi2 <= len(sample.data):
        return point, chi2
    bounds = np.array([*ranges(own), ends[[0, -1]]])
    low, width = bounds[:, 0], bounds[:, 1] - bounds[:, 0]
    free = width > 0

    def at(unit: Array) -> float:
        """chi^2 at unknowns in units of their ranges, (d,)."""
        own_point = low + width * unit
        predicted = curves(own, own_point[None, :-1], own_point[-1:])[:, 0].T
        return float(chi_square(sample, predicted, errors(own, own_point[-1:]))[0][0])

    start = np.clip((point - low) / np.where(free, width, 1), 0, 1)

    def margin(unit: Array) -> float:
        """Overlap beyond the least one."""
        return float(own.least_overlap((low + width * unit)[:-2])) - LEAST_OVERLAP - _SLACK

    bounds_of_unit = [(0, int(one)) for one in free]
    found = minimize(at, start, method="L-BFGS-B", bounds=bounds_of_unit)
    if margin(found.x) < 0:
        found = minimize(at, start, bounds=bounds_of_unit, constraints={"type": "ineq", "fun": margin})
    holds = own.holds((low + width * found.x)[:-2])
    return (low + width * found.x, float(found.fun)) if holds and found.fun < chi2 else (point, chi2)


def _ranges(ends: Array, inside: NDArray[np.bool_]) -> list[tuple[float, float]]:
    """Sizes in nm of neighboring steps joined."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], inside.astype(int), [0]])))
    sizes = np.exp(ends[edges])
    return [(float(low), float(high)) for low, high in sizes.reshape(-1, 2)]
