"""A mechanism that varies from one nanocrystal to the next, and the orientation of one whose g is not isotropic."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bandg.analysis.hypotheses.case import Case, falling_from, sizes_of
from bandg.analysis.hypotheses.evaluate import Evaluator
from bandg.data.compare import TheoryCurve
from bandg.data.measured import MeasuredPoint
from bandg.data.spreads import SpreadCheck, judge_spreads

Floats = NDArray[np.float64]
Kinds = tuple[tuple[float, TheoryCurve], ...]

_VALUES = 25
_SMALLEST = 1e-3
_STEPS = 8
_COSINES, _ANGLES = 6, 5
_ISOTROPIC = 1e-6


@dataclass(frozen=True)
class Scatter:
    """What the measured spreads allow of the scatter of a value, and what its whole range would give.

    center: mean of the Gaussian before it is cut off at the ends of the range. allowed: largest standard deviation of
    the value, that of the range if `unlimited`, None where no spread could be compared. at_allowed, whole: measured
    spreads beside the predicted ones there, and where every value of the range is as likely.
    """

    center: float
    allowed: float | None
    unlimited: bool
    at_allowed: tuple[SpreadCheck, ...]
    whole: tuple[SpreadCheck, ...]

    def to_dict(self) -> dict[str, Any]:
        """As plain types."""
        return {
            "center": self.center,
            "allowed": self.allowed,
            "unlimited": self.unlimited,
            "at_allowed": [one.to_dict() for one in self.at_allowed],
            "whole_range": [one.to_dict() for one in self.whole],
        }


def scatter_of(
    curves: Sequence[tuple[float, TheoryCurve]],
    center: float,
    spreads: Sequence[MeasuredPoint],
    energies: Sequence[float],
) -> Scatter | None:
    """The largest scatter of a value that measured spreads allow.

    The value is a Gaussian around `center`, cut off at the ends of the range. Between the values whose curves are known
    g goes in straight lines.

    Parameters
    ----------
    curves : sequence of (float, TheoryCurve)
        Values, the ends of the range among them, and their curves.
    center : float
        Mean of the Gaussian.
    spreads : sequence of MeasuredPoint
        As `bandg.load_spreads` returns them.
    energies : sequence of float
        Energies in eV for spreads without one.

    Returns
    -------
    Scatter or None
        None without two values or without a measured spread.
    """
    known = {value: curve for value, curve in sorted(curves, key=lambda one: one[0])}
    values = np.array(list(known))
    if len(values) < 2 or all(one.why_not_judged_by for one in spreads):
        return None
    span = values[-1] - values[0]

    def at(width: float) -> tuple[float, tuple[SpreadCheck, ...]]:
        """Standard deviation of the value for a Gaussian of this width in ranges, and what it predicts."""
        reach = min(4 * width, 1.0) * span
        grid = np.linspace(max(values[0], center - reach), min(values[-1], center + reach), _VALUES)
        weights = np.exp(-(((grid - center) / (width * span)) ** 2) / 2)
        kinds = {name: partial(_between, known, grid, name) for name in ("g_e", "g_h")}
        share = weights / weights.sum()
        deviation = float(np.sqrt(share @ (grid - share @ grid) ** 2))
        return deviation, judge_spreads(spreads, kinds, share, energies)

    _, whole = at(np.inf)
    if all(one.compatible is None for one in whole):
        return Scatter(center, None, False, (), whole)
    if _compatible(whole):
        return Scatter(center, float(span / np.sqrt(12)), True, whole, whole)
    low, high = _SMALLEST, 1.0
    for _ in range(_STEPS):
        middle = float(np.sqrt(low * high))
        low, high = (middle, high) if _compatible(at(middle)[1]) else (low, middle)
    deviation, checks = at(low)
    return Scatter(center, deviation if _compatible(checks) else 0.0, False, checks, whole)


def _between(known: Mapping[float, TheoryCurve], grid: Floats, quantity: str, energy: Floats) -> Floats:
    """g at the values of a grid, (n_values, n_energies), NaN where some curve does not reach."""
    at = np.array([curve.at(quantity, energy) for curve in known.values()])
    return np.array([np.interp(grid, list(known), column) for column in at.T]).T


def _compatible(checks: Sequence[SpreadCheck]) -> bool:
    return all(one.compatible is not False for one in checks)


def by_direction(case: Case, evaluator: Evaluator) -> Kinds:
    """(share, curve) of the nanocrystals of a computed case by the direction of the field; empty if g is isotropic.

    Each direction is as likely, and g in it is |g n|. Without the bulk,
    so that the curves end at the largest nanocrystal.
    """
    found: list[tuple[float, TheoryCurve]] = []
    isotropic = True
    squares = _directions()
    for share, one in case.ensemble():
        if one.model != "etb" or one.added or one.after or one.seeds > 1:
            return ()
        [levels] = evaluator.levels([one])
        if any(each is None for each in levels):
            return ()
        energy = sizes_of(one, levels).energy[: len(levels)]
        begin = falling_from(energy)
        g = {}
        for name, carrier in (("g_e", "electron"), ("g_h", "hole")):
            states = [getattr(each, carrier) for each in levels if each is not None]
            principal = np.array([state.g_principal or (state.g,) * 3 for state in states], dtype=float)
            sign = np.sign(principal.sum(axis=1))
            isotropic &= bool(np.ptp(principal, axis=1).max() < _ISOTROPIC)
            g[name] = sign * np.sqrt(squares @ (principal**2).T)  # (direction, size)
        for n in range(len(squares)):
            own = {name: values[n, begin:][::-1] for name, values in g.items()}
            size = np.full(len(energy) - begin, np.nan)
            found.append((share / len(squares), TheoryCurve("", energy[begin:][::-1], own, size)))
    return () if isotropic else tuple(found)


def _directions() -> Floats:
    """Squares of the components of unit vectors, each as likely, (n, 3): one octant stands for all."""
    cosine = (np.arange(_COSINES) + 0.5) / _COSINES
    angle = np.pi / 2 * (np.arange(_ANGLES) + 0.5) / _ANGLES
    z, phi = (one.ravel() for one in np.meshgrid(cosine, angle))
    return np.column_stack([(1 - z**2) * np.cos(phi) ** 2, (1 - z**2) * np.sin(phi) ** 2, z**2])
