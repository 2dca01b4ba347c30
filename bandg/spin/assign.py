"""Which component is the electron's: assignments of |g| at several energies that are smooth in energy."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from bandg.base.arguments import whole
from bandg.base.errors import BandgError
from bandg.data.compare import TheoryCurve
from bandg.data.measured import MeasuredPoint

SCATTER = 0.05
"""Standard deviation by which g scatters from sample to sample about a smooth curve: assumed."""

_OFFSET, _SLOPE, _BEND = 1.5, 6.0, 10.0  # standard deviations of g, dg/dE (1/eV), half of d2g/dE2 (1/eV^2): assumed
_BEAM, _SAME = 120, 1.0
_FIXED = {"g_e": 0, "g_h": 1, "abs_g_e": 0, "abs_g_h": 1}


@dataclass(frozen=True)
class Assignment:
    """Signed g of electron and hole at each energy, None where there is no component.

    cost: -2 ln of the probability of the values under a smooth curve of each carrier, above that of the best
    assignment. curve, rms: the theory curve that comes nearest, and how near; NaN without one.
    """

    energies: tuple[float, ...]
    electron: tuple[float | None, ...]
    hole: tuple[float | None, ...]
    cost: float
    curve: str
    rms: float


def assign(
    points: Iterable[MeasuredPoint], curves: Sequence[TheoryCurve] = (), most: int = 8
) -> tuple[Assignment, ...]:
    """Assignments of components to electron and hole, with signs, the smoothest in energy first.

    Both carriers follow a parabola in energy whose coefficients are known to be of order one, with a scatter of 0.05.
    That says nothing of which carrier is which, nor of the common signs: where two assignments are as smooth, the one
    nearer to a theory curve comes first.

    Parameters
    ----------
    points : iterable of MeasuredPoint
        Magnitudes ("abs_g"), with one or two at each energy. Values that are known to be an electron's or a hole's,
        with or without sign, stay so.
    curves : sequence of TheoryCurve
        Theory to compare with.
    most : int
        How many to return.

    Returns
    -------
    tuple of Assignment
        The best first.

    Raises
    ------
    BandgError
        Without points that have an energy, and for more than two at one energy.

    Examples
    --------
    >>> from bandg.data.measured import MeasuredPoint
    >>> from bandg.spin.assign import assign
    >>> pairs = {1.7: (2.3, 0.2), 1.8: (1.85, 0.35), 1.9: (1.4, 0.9), 2.0: (1.3, 1.0)}
    >>> found = assign(MeasuredPoint(E, "abs_g", g, 0.02) for E, both in pairs.items() for g in both)
    >>> [abs(g) for g in found[0].electron] in ([2.3, 1.85, 1.4, 1.0], [0.2, 0.35, 0.9, 1.3])
    True
    """
    whole("most", most, 1)
    at = _by_energy(points)
    energies = sorted(at)
    beam: list[tuple[float, tuple[tuple[float | None, float | None], ...]]] = [(0.0, ())]
    errors = [_error(at[energy]) for energy in energies]
    for number, energy in enumerate(energies, start=1):
        longer = [(*before, one) for _, before in beam for one in _states(at[energy])]
        costs = [_cost(energies[:number], [s[k] for s in one], errors) for one in longer for k in (0, 1)]
        both = [costs[2 * n] + costs[2 * n + 1] for n in range(len(longer))]
        order = sorted(range(len(longer)), key=lambda n: both[n])[: max(_BEAM, 8 * most)]
        beam = [(both[n], longer[n]) for n in order]
    least = beam[0][0]
    found = [_assignment(energies, one, cost - least, curves) for cost, one in beam]
    return tuple(
        sorted(found, key=lambda one: (math.floor(one.cost / _SAME), math.inf if math.isnan(one.rms) else one.rms))
    )[:most]


def _by_energy(points: Iterable[MeasuredPoint]) -> dict[float, list[MeasuredPoint]]:
    found: dict[float, list[MeasuredPoint]] = {}
    for point in points:
        if point.energy_eV is not None and (point.quantity == "abs_g" or point.quantity in _FIXED):
            found.setdefault(point.energy_eV, []).append(point)
    if not found:
        raise BandgError(
            "there is nothing to assign: it needs points abs_g with an energy, as bandg spin fit writes them"
        )
    for energy, own in found.items():
        if len(own) > 2:
            raise BandgError(f"{len(own)} components stand at {energy:g} eV: keep two at most, of one sample")
    return found


def _error(points: Sequence[MeasuredPoint]) -> float:
    return math.hypot(SCATTER, max(point.error or 0.0 for point in points))


def _states(points: Sequence[MeasuredPoint]) -> list[tuple[float | None, float | None]]:
    """(electron, hole) in every way that the points allow."""
    found: list[tuple[float | None, float | None]] = []
    for carriers in itertools.permutations((0, 1), len(points)):
        if any(_FIXED.get(point.quantity, carrier) != carrier for point, carrier in zip(points, carriers, strict=True)):
            continue
        signs = [(1,) if not point.quantity.startswith("abs_") else (1, -1) for point in points]
        for chosen in itertools.product(*signs):
            pair: list[float | None] = [None, None]
            for point, carrier, sign in zip(points, carriers, chosen, strict=True):
                pair[carrier] = sign * point.value
            found.append((pair[0], pair[1]))
    if not found:
        raise BandgError(f"two points of one carrier stand at {points[0].energy_eV:g} eV: keep one")
    return found


def _cost(energies: Sequence[float], values: Sequence[float | None], errors: Sequence[float]) -> float:
    """-2 ln of the probability density of the values under a parabola with the assumed coefficients."""
    known = [n for n, value in enumerate(values) if value is not None]
    if not known:
        return 0.0
    x = np.array([energies[n] for n in known]) - energies[0]
    y = np.array([values[n] for n in known], dtype=float)
    columns = np.stack([_OFFSET * np.ones_like(x), _SLOPE * x, _BEND * x**2])
    covariance = columns.T @ columns + np.diag([errors[n] ** 2 for n in known])
    return float(y @ np.linalg.solve(covariance, y) + np.linalg.slogdet(covariance)[1])


def _assignment(
    energies: Sequence[float],
    pairs: Sequence[tuple[float | None, float | None]],
    cost: float,
    curves: Sequence[TheoryCurve],
) -> Assignment:
    nearest, rms = "", math.nan
    for curve in curves:
        off = [
            float(curve.at(quantity, energy)) - pair[carrier]  # type: ignore[operator]
            for energy, pair in zip(energies, pairs, strict=True)
            for carrier, quantity in enumerate(("g_e", "g_h"))
            if pair[carrier] is not None
        ]
        own = float(np.sqrt(np.nanmean(np.square(off)))) if not np.isnan(off).all() else math.nan
        if not own >= rms and not math.isnan(own):
            nearest, rms = curve.name, own
    electron, hole = zip(*pairs, strict=True)
    return Assignment(tuple(energies), electron, hole, cost, nearest, rms)
