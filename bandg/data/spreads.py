"""Spread of g within one sample: what a model predicts beside what is measured.

A measured spread is what the fit of one cosine gives for the trace of the sample (`bandg.data.single_fit`). So what a
model predicts is the same fit to the trace of its kinds of nanocrystals, in the convention of the measured number.
The prediction may be smaller than the measured spread, to which other scatter adds. It may not be larger, and what the
cosine leaves of the trace, a second frequency, may not be larger than what a fit of two components finds.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bandg.base.decode import finite
from bandg.base.units import HBAR, MU_B
from bandg.data.measured import MeasuredPoint
from bandg.data.single_fit import SingleFit, fit_one

Floats = NDArray[np.float64]

UNSTATED_ERROR = 0.2
"""Relative error of a spread whose source states none: assumed."""

LEFT_LIMIT = 0.1
"""Largest rms of what one cosine leaves, as a share of the rms of the trace: a second component of a tenth is found in
70 to 97 % of synthetic traces with 5 % noise (docs/spin.md). The noise of the measured traces is assumed to be that."""

T2_ZERO_PS = 300.0
"""T2* without field where the data have none: assumed."""


def mixture_spread(values: ArrayLike, shares: ArrayLike) -> Floats:
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


@dataclass(frozen=True)
class Decay:
    """Decay of one carrier in a sample: T2* without field in ps, and the spread of g in its convention."""

    t2_zero_ps: float
    dg: float
    convention: str


def decay_of(point: MeasuredPoint, spreads: Iterable[MeasuredPoint]) -> Decay:
    """The decay that a measured spread belongs to.

    T2*(0) follows from T2* of the same carrier in the lowest field by Eq. (3) of meliakov2025, or with squares; of the
    same sample, if it has one. Without any it is T2_ZERO_PS.
    """
    name = f"T2_{point.quantity.removeprefix('dg_')}_ps"
    known = [one for one in spreads if one.quantity == name and one.use == "judge"]
    known.sort(key=lambda one: (one.sample != point.sample, math.inf if one.field_T is None else one.field_T))
    zero = T2_ZERO_PS
    if known:
        power = 2 if point.convention == "gaussian" else 1
        turn = 1e3 * MU_B / HBAR * (known[0].field_T or 0.0) * point.value
        rate = (1e3 / known[0].value) ** power
        rest = rate - turn**power / power
        zero = 1e3 / (rest if rest > 0 else rate) ** (1 / power)
    return Decay(zero, point.value, point.convention or "lorentzian")


def decays(spreads: Sequence[MeasuredPoint]) -> dict[str, Decay]:
    """The decay of each carrier, "g_e" and "g_h", by its smallest measured spread; only those that have one."""
    found = {}
    for quantity in ("g_e", "g_h"):
        own = [one for one in spreads if one.quantity == f"d{quantity}" and not one.why_not_judged_by]
        if own:
            found[quantity] = decay_of(min(own, key=lambda one: one.value), spreads)
    return found


def observed(g: ArrayLike, shares: ArrayLike, samples: Sequence[Decay]) -> SingleFit:
    """What is measured of several kinds of nanocrystals: g, the spread that they cause, and what one cosine leaves.

    The spread is that of the kinds alone. What it leaves of the measured one is given to each kind, as scatter of other
    origin, for g and for what the cosine leaves.

    Parameters
    ----------
    g : array_like, shape (n_kinds, n)
        g of each kind in n cases.
    shares : array_like, shape (n_kinds,)
        Share of each kind.
    samples : sequence of Decay
        The measured decay of each case.

    Returns
    -------
    SingleFit
        Each of shape (n,).
    """
    kinds = np.asarray(g, dtype=float)
    found = SingleFit(*(np.full(kinds.shape[1], np.nan) for _ in range(3)))
    known = np.isfinite(kinds).all(axis=0)
    for convention in {one.convention for one in samples}:
        at = [number for number, one in enumerate(samples) if one.convention == convention and known[number]]
        if not at:
            continue
        zero, dg = (np.array([getattr(samples[n], name) for n in at]) for name in ("t2_zero_ps", "dg"))
        alone = fit_one(kinds[:, at], shares, zero, 0.0, convention)
        power = 2 if convention == "gaussian" else 1
        rest = np.maximum(dg**power - alone.dg**power, 0) ** (1 / power)
        together = fit_one(kinds[:, at], shares, zero, rest, convention)
        for whole, part in zip(found, (together.g, alone.dg, together.left), strict=True):
            whole[at] = part
    return found


@dataclass(frozen=True)
class SpreadCheck:
    """One measured spread beside the prediction of a model, NaN where the model has no value.

    predicted: the spread in the convention of the measured one. left: rms of what one cosine leaves, as a share of the
    trace's.
    """

    point: MeasuredPoint
    predicted: float
    left: float = 0.0

    @property
    def error(self) -> float:
        """The stated error of the measured spread, else UNSTATED_ERROR of it."""
        return self.point.error or UNSTATED_ERROR * self.point.value

    @property
    def log_likelihood(self) -> float:
        """0 up to the limits of spread and residual, above minus half of the square of each excess in errors.

        0 without a value: such a spread judges nothing.
        """
        if math.isnan(self.predicted):
            return 0.0
        above = max(0.0, self.left - LEFT_LIMIT) / (UNSTATED_ERROR * LEFT_LIMIT)
        excess = max(0.0, self.predicted - self.point.value)
        if not self.error:
            return -math.inf if excess else -0.5 * above**2
        return -0.5 * (excess / self.error) ** 2 - 0.5 * above**2

    @property
    def compatible(self) -> bool | None:
        """Whether spread and residual stay below their limits, within two errors; None where there is no value."""
        if math.isnan(self.predicted):
            return None
        spread = self.predicted <= self.point.value + 2 * self.error
        return spread and self.left <= LEFT_LIMIT * (1 + 2 * UNSTATED_ERROR)

    def to_dict(self) -> dict[str, Any]:
        """As plain types."""
        stated = ("sample", "quantity", "energy_eV", "kind", "convention")
        return {name: getattr(self.point, name) for name in stated} | {
            "measured": self.point.value,
            "error": self.error,
            "predicted": finite(self.predicted),
            "left": finite(self.left),
            "compatible": self.compatible,
        }


def judge_spreads(
    spreads: Sequence[MeasuredPoint],
    kinds: Mapping[str, Callable[[Floats], Floats]],
    shares: ArrayLike,
    energies: Sequence[float],
) -> tuple[SpreadCheck, ...]:
    """The measured spreads beside those that a model predicts.

    Parameters
    ----------
    spreads : sequence of MeasuredPoint
        As `bandg.load_spreads` returns them. Those with a reason in ``why_not_judged_by`` are left out; times T2* give
        the decay without field.
    kinds : mapping
        By quantity, "g_e" and "g_h", a function of transition energies in eV (n,) that returns g of each kind,
        shape (n_kinds, n), NaN where there is none.
    shares : array_like, shape (n_kinds,)
        Share of each kind.
    energies : sequence of float
        Energies in eV. A spread without a stated energy is compared where it agrees best among these.

    Returns
    -------
    tuple of SpreadCheck
        In the order of `spreads`.
    """
    asked = asked_of(spreads, energies)
    if not asked:
        return ()
    names = np.array([one.point.quantity.removeprefix("d") for one in asked])
    at = np.array([one.energy_eV for one in asked])
    g = np.full((len(np.atleast_1d(shares)), len(asked)), np.nan)
    for name in dict.fromkeys(names.tolist()):
        g[:, names == name] = kinds[name](at[names == name])
    seen = observed(g, shares, [one.decay for one in asked])
    return checks_of(asked, seen.dg, seen.left)


class Asked(NamedTuple):
    """A spread that is compared at one energy, and the decay that it belongs to."""

    point: MeasuredPoint
    energy_eV: float
    decay: Decay


def asked_of(spreads: Sequence[MeasuredPoint], energies: Sequence[float]) -> tuple[Asked, ...]:
    """The comparisons of `judge_spreads`: at the stated energy, or at each of `energies`."""
    judged = [point for point in spreads if not point.why_not_judged_by]
    return tuple(
        Asked(one, energy, decay_of(one, spreads))
        for one in judged
        for energy in (energies if one.energy_eV is None else [one.energy_eV])
    )


def checks_of(asked: Sequence[Asked], spread: Floats, left: Floats) -> tuple[SpreadCheck, ...]:
    """One check for each measured spread: where it agrees best. spread, left: what is predicted, (n_asked,) each."""
    found: dict[int, list[SpreadCheck]] = {}
    for one, *values in zip(asked, spread.tolist(), left.tolist(), strict=True):
        found.setdefault(id(one.point), []).append(SpreadCheck(one.point, *values))
    best = []
    for checks in found.values():
        known = [one for one in checks if one.compatible is not None]
        best.append(max(known or checks, key=lambda one: (one.log_likelihood, -one.predicted)))
    return tuple(best)
