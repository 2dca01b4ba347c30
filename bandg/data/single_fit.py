"""What the fit of one cosine to the trace of an ensemble gives, in closed form: g, its spread, and what it leaves.

Spins of kinds i with shares w_i give the trace sum_i w_i cos(omega_i t) D_i(t), omega_i = g_i mu_B B / hbar. The source
of the measured values fits S cos(omega t) D(t) to it, with the decay D of its convention: exp(-t/T2*) with
1/T2*(B) = 1/T2*(0) + dg mu_B B / hbar ("lorentzian"), or exp(-(t/T2*)^2) with squares that add ("gaussian"). All
products of such functions have closed integrals over t from 0 to infinity, so that least squares in several fields at
once, with amplitudes projected out, is a search for the two numbers g and dg.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bandg.base.units import HBAR, MU_B

Floats = NDArray[np.float64]

_TURN = 1e3 * MU_B / HBAR
"""mu_B / hbar in rad/ns/T."""

FIELDS_T = (0.09, 0.25, 0.42)
"""Fields that are fitted at once: the ends of the range of the shipped measurement, and its middle."""

_GRID, _WIDTHS, _ZOOM, _LEVELS = 13, 7, 5, 5


class SingleFit(NamedTuple):
    """g and spread dg of one cosine, and the rms of what it leaves as a share of the rms of the trace."""

    g: Floats
    dg: Floats
    left: Floats


def fit_one(
    g: ArrayLike, shares: ArrayLike, t2_zero_ps: ArrayLike, other: ArrayLike = 0.0, convention: str = "lorentzian"
) -> SingleFit:
    """Least-squares fit of one cosine to the trace of several kinds of nanocrystals.

    Parameters
    ----------
    g : array_like, shape (n_kinds, ...)
        g of each kind.
    shares : array_like, shape (n_kinds,)
        Share of each kind in the signal; they are normalized.
    t2_zero_ps : array_like
        T2* without field, of each kind and of the fit; shape of one kind's g, or a number.
    other : array_like
        Spread of g within each kind, as t2_zero_ps.
    convention : str
        "lorentzian" or "gaussian", of `other` and of the fit.

    Returns
    -------
    SingleFit
        Shape of one kind's g; NaN where a kind has none.

    Examples
    --------
    >>> one = fit_one([1.0, 1.5], [0.95, 0.05], 250.0)
    >>> round(float(one.g), 2), bool(one.dg < 0.01), bool(0.03 < one.left < 0.06)
    (1.0, True, True)
    """
    kinds = np.asarray(g, dtype=float)
    shape = kinds.shape[1:]
    kinds = kinds.reshape(len(kinds), -1).T  # (m, k)
    weight = np.asarray(shares, dtype=float) / np.sum(shares)
    zero, own = (np.broadcast_to(np.asarray(one, dtype=float), shape).reshape(-1, 1) for one in (t2_zero_ps, other))
    trace = _Traces(kinds, weight, zero, own, convention)
    low, span = kinds.min(axis=1, keepdims=True), np.ptp(kinds, axis=1)[:, None]
    at_g = low + span * np.linspace(0, 1, _GRID)
    at_dg = own + span * np.linspace(0, 1, _WIDTHS) ** 2
    best_g, best_dg, explained = trace.best(at_g, at_dg)
    step_g, step_dg = span / (_GRID - 1), span / 6
    near = np.linspace(-1, 1, _ZOOM)
    for _ in range(_LEVELS):
        best_g, best_dg, explained = trace.best(best_g + step_g * near, np.maximum(best_dg + step_dg * near, 0))
        step_g, step_dg = step_g / 2.5, step_dg / 2.5
    left = np.sqrt(np.maximum(0, 1 - explained))
    return SingleFit(*(one.reshape(shape) for one in (best_g[:, 0], best_dg[:, 0], left)))


class _Traces:
    """Traces of m ensembles in all fields; axes are trace, field, kind, g, dg.

    kinds: g (m, k). weight: (k,). zero, own: T2*(0) in ps and spread within each kind, (m, 1).
    """

    def __init__(self, kinds: Floats, weight: Floats, zero: Floats, own: Floats, convention: str) -> None:
        self._gaussian = convention == "gaussian"
        self._turn = (_TURN * np.array(FIELDS_T))[:, None, None, None]
        self._weight = weight
        self._zero = (1e3 / zero)[:, None, None, None]
        self._omega = self._turn * kinds[:, None, :, None, None]
        self._own = self._rate(own[:, None, None, None])
        each = self._product(self._omega, self._omega[:, :, None, :, 0], 2 * self._own)
        self._whole = np.einsum("mfkla,k,l->m", each, weight, weight)[:, None, None]

    def best(self, g: Floats, dg: Floats) -> tuple[Floats, Floats, Floats]:
        """The best pair of candidates g (m, a) and dg (m, b), each (m, 1), and the share of the signal in it, (m,)."""
        found = self.explained(g, dg).reshape(len(g), -1)
        at = found.argmax(axis=1)  # a row of NaN has no other values
        rows = np.arange(len(g))
        first, second = np.divmod(at, dg.shape[1])
        return g[rows, first][:, None], dg[rows, second][:, None], found[rows, at]

    def explained(self, g: Floats, dg: Floats) -> Floats:
        """Share of the squared signals that one cosine takes, shape (m, a, b)."""
        omega = self._turn * g[:, None, None, :, None]
        rate = self._rate(dg[:, None, None, None, :])
        overlap = np.einsum("k,mfkab->mfab", self._weight, self._product(omega, self._omega, rate + self._own))
        gained = np.square(overlap) / self._product(omega, omega, 2 * rate)[:, :, 0]
        return np.asarray(gained.sum(axis=1) / self._whole)

    def _rate(self, dg: Floats) -> Floats:
        """1/T2* in 1/ns, or its square."""
        if self._gaussian:
            return np.asarray(self._zero**2 + (dg * self._turn) ** 2 / 2)
        return np.asarray(self._zero + dg * self._turn)

    def _product(self, one: Floats, other: Floats, s: Floats) -> Floats:
        """Integral of cos(one t) cos(other t) exp(-s t), or exp(-s t^2), over t from 0 to infinity."""
        less, more = np.square(one - other), np.square(one + other)
        if self._gaussian:
            per = -1 / (4 * s)
            return np.asarray(np.sqrt(np.pi / s) / 4 * (np.exp(less * per) + np.exp(more * per)))
        square, half = np.square(s), s / 2
        return np.asarray(half / (square + less) + half / (square + more))
