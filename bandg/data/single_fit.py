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

FIELDS_T = (0.09, 0.25, 0.42)
"""Fields that are fitted at once: the ends of the range of the shipped measurement, and its middle."""

_TURN = 1e3 * MU_B / HBAR * np.array(FIELDS_T)[:, None]
"""mu_B B / hbar in rad/ns, shape (fields, 1)."""

_GRID, _WIDTHS, _ZOOM, _LEVELS = 13, 7, 5, 5
_FIRST_G = np.linspace(0, 1, _GRID)[:, None]
_FIRST_DG = np.linspace(0, 1, _WIDTHS)[:, None] ** 2
_NEAR = np.linspace(-1, 1, _ZOOM)[:, None]

REACH = 0.15
"""How far g of the fit may lie outside of all kinds, in units of their span: the sum of all steps."""


class SingleFit(NamedTuple):
    """g and spread dg of one cosine, and the rms of what it leaves as a share of the rms of the trace.

    A cosine has no sign: that of g is the sign of the mean g of the ensemble.
    """

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
    kinds = kinds.reshape(len(kinds), -1)  # (k, m)
    weight = np.asarray(shares, dtype=float) / np.sum(shares)
    zero, own = (np.broadcast_to(np.asarray(one, dtype=float), shape).ravel() for one in (t2_zero_ps, other))
    trace = _Traces(kinds, weight, zero, own, convention)
    low, span = kinds.min(axis=0), np.ptp(kinds, axis=0)
    best_g, best_dg, explained = trace.best(low + span * _FIRST_G, own + span * _FIRST_DG)
    step_g, step_dg = span / (_GRID - 1), span / (_WIDTHS - 1)
    for _ in range(_LEVELS):
        best_g, best_dg, explained = trace.best(best_g + step_g * _NEAR, np.maximum(best_dg + step_dg * _NEAR, 0))
        step_g, step_dg = step_g / 2.5, step_dg / 2.5
    best_g = np.copysign(best_g, weight @ kinds)  # a cosine has no sign
    left = np.sqrt(np.maximum(0, 1 - explained))
    return SingleFit(*(one.reshape(shape) for one in (best_g, best_dg, left)))


class _Traces:
    """Traces of m ensembles in all fields; axes are kind, g, dg, field, trace.

    kinds: g (k, m). weight: (k,). zero, own: T2*(0) in ps and spread within each kind, (m,).
    """

    def __init__(self, kinds: Floats, weight: Floats, zero: Floats, own: Floats, convention: str) -> None:
        self._gaussian = convention == "gaussian"
        self._weight = weight
        self._zero = 1e3 / zero
        self._omega = _TURN * kinds[:, None]
        self._own = self._rate(own)
        each = self._product(self._omega, self._omega[:, None], 2 * self._own)
        self._whole = np.einsum("klfx,k,l->x", each, weight, weight)

    def best(self, g: Floats, dg: Floats) -> tuple[Floats, Floats, Floats]:
        """The best pair of candidates g (a, m) and dg (b, m), and the share of the signal in it, each (m,)."""
        found = self.explained(g, dg).reshape(-1, g.shape[1])
        at = found.argmax(axis=0)  # a column of NaN has no other values
        columns = np.arange(g.shape[1])
        first, second = np.divmod(at, len(dg))
        return g[first, columns], dg[second, columns], found[at, columns]

    def explained(self, g: Floats, dg: Floats) -> Floats:
        """Share of the squared signals that one cosine takes, shape (a, b, m)."""
        omega = _TURN * g[:, None, None]
        rate = self._rate(dg)
        each = self._product(omega, self._omega[:, None, None], rate + self._own)
        overlap = (self._weight @ each.reshape(len(each), -1)).reshape(each.shape[1:])
        gained = np.square(overlap) / self._norm(omega, rate)
        return np.asarray(gained.sum(axis=2) / self._whole)

    def _rate(self, dg: Floats) -> Floats:
        """1/T2* in 1/ns, or its square, shape (..., fields, m)."""
        turned = _TURN * dg[..., None, :]
        if self._gaussian:
            return np.asarray(self._zero**2 + turned**2 / 2)
        return np.asarray(self._zero + turned)

    def _norm(self, omega: Floats, rate: Floats) -> Floats:
        """`_product` of a function with itself."""
        turned = np.square(omega)
        if self._gaussian:
            return np.asarray(np.sqrt(np.pi / 32 / rate) * (1 + np.exp(turned / (-2 * rate))))
        return np.asarray((1 / rate + rate / (np.square(rate) + turned)) / 4)

    def _product(self, one: Floats, other: Floats, s: Floats) -> Floats:
        """Integral of cos(one t) cos(other t) exp(-s t), or exp(-s t^2), over t from 0 to infinity."""
        less, more = np.square(one - other), np.square(one + other)
        if self._gaussian:
            per = -1 / (4 * s)
            return np.asarray(np.sqrt(np.pi / s) / 4 * (np.exp(less * per) + np.exp(more * per)))
        square, half = np.square(s), s / 2
        return np.asarray(half / (square + less) + half / (square + more))
