"""Spread of g within one sample: what a model implies beside what is measured.

A spread that a model implies adds to what else scatters g in the sample, so it may be smaller than the measured one
and may not exceed it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bandg.data.measured import MeasuredPoint

UNSTATED_ERROR = 0.2
"""Relative error of a spread whose source states none: assumed."""


def mixture_spread(values: ArrayLike, shares: ArrayLike) -> NDArray[np.float64]:
    """Standard deviation of g in a mixture of several kinds of nanocrystals.

    Parameters
    ----------
    values : array_like, shape (n_kinds, ...)
        g of each kind, all at the same transition energy.
    shares : array_like, shape (n_kinds,)
        Share of each kind; they are normalized.

    Returns
    -------
    ndarray
        Shape of one kind's values.

    Examples
    --------
    >>> round(float(mixture_spread([0.2, 1.2], [0.5, 0.5])), 9)
    0.5
    """
    g = np.asarray(values, dtype=float)
    weight = np.asarray(shares, dtype=float) / np.sum(shares)
    mean = np.tensordot(weight, g, axes=1)
    return np.asarray(np.sqrt(np.tensordot(weight, (g - mean) ** 2, axes=1)))


def standard_deviations(convention: str) -> tuple[float, float]:
    """Factors from a spread to the least and the largest standard deviation that it may stand for.

    A Lorentzian has no standard deviation. The Gaussian with the same half width at half maximum has 1 / sqrt(2 ln 2)
    times its width, the Gaussian whose signal falls to 1/e in the same time sqrt(2) times.
    """
    return (1.0, 1.0) if convention == "gaussian" else (1 / math.sqrt(2 * math.log(2)), math.sqrt(2))


@dataclass(frozen=True)
class SpreadCheck:
    """One measured spread and the standard deviation that a model implies, NaN where the model has no value."""

    point: MeasuredPoint
    implied: float

    @property
    def limit(self) -> float:
        """Largest standard deviation that the measured spread may stand for."""
        return self.point.value * standard_deviations(self.point.convention)[1]

    @property
    def error(self) -> float:
        """Error of the limit: the stated one, else UNSTATED_ERROR of the limit."""
        stated = self.point.error
        return self.limit * (stated / self.point.value if stated and self.point.value else UNSTATED_ERROR)

    @property
    def log_likelihood(self) -> float:
        """0 up to the limit, above it minus half of the square of the excess in errors; NaN without a value."""
        excess = max(0.0, self.implied - self.limit) if not math.isnan(self.implied) else math.nan
        return -0.5 * (excess / self.error) ** 2 if self.error else (0.0 if excess == 0 else -math.inf)

    @property
    def compatible(self) -> bool | None:
        """Whether the model stays below the limit, within two errors; None where it has no value."""
        return None if math.isnan(self.implied) else self.implied <= self.limit + 2 * self.error


def judge_spreads(
    spreads: Iterable[MeasuredPoint], implied: Callable[[str, float], float], energies: Sequence[float]
) -> tuple[SpreadCheck, ...]:
    """The measured spreads beside those that a model implies.

    Parameters
    ----------
    spreads : iterable of MeasuredPoint
        As `bandg.load_spreads` returns them. Those with a reason in ``why_not_judged_by`` are left out.
    implied : callable
        Standard deviation by quantity, "g_e" or "g_h", and transition energy in eV; NaN where there is none.
    energies : sequence of float
        Energies in eV. A spread without a stated energy is compared where the model implies least among these.

    Returns
    -------
    tuple of SpreadCheck
        In the order of `spreads`.
    """
    found = []
    for point in spreads:
        if point.why_not_judged_by:
            continue
        where = energies if point.energy_eV is None else [point.energy_eV]
        values = [implied(point.quantity.removeprefix("d"), energy) for energy in where]
        known = [value for value in values if not math.isnan(value)]
        found.append(SpreadCheck(point, min(known, default=math.nan)))
    return tuple(found)
