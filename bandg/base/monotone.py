"""Monotone cubics through the points of many curves at once."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]


def monotone_cubic(x: Array, y: Array, at: ArrayLike) -> Array:
    """Values of m curves through points x (m, n) or (n,), y (m, n), at places (k,), shape (m, k); NaN beyond a curve.

    n is 3 or more. The interpolation of scipy.interpolate.PchipInterpolator, which takes one x for all curves and
    a millisecond to make.
    """
    x, places = np.asarray(x, dtype=float), np.atleast_1d(np.asarray(at, dtype=float))
    own = np.broadcast_to(x, y.shape)
    slopes = _slopes(own, y)
    if x.ndim == 1 and len(y) > len(x) and np.isfinite(y).all():  # one combination of values and slopes for all curves
        unit, zero = np.eye(len(x)), np.zeros((len(x), len(x)))
        x = np.broadcast_to(x, unit.shape)
        return np.asarray(y @ _pieces(x, unit, zero, places) + slopes @ _pieces(x, zero, unit, places))
    return _pieces(own, y, slopes, places)


def _slopes(x: Array, y: Array) -> Array:
    """Slope of each curve at each of its points, (m, n)."""
    h = np.diff(x)
    m = np.diff(y) / h
    inner = np.zeros_like(m[:, 1:])
    same = m[:, :-1] * m[:, 1:] > 0
    left, right = h[:, 1:] * 2 + h[:, :-1], h[:, 1:] + 2 * h[:, :-1]
    np.divide((left + right) * m[:, :-1] * m[:, 1:], left * m[:, 1:] + right * m[:, :-1], out=inner, where=same)
    ends = [_end_slope(h[:, one], h[:, two], m[:, one], m[:, two]) for one, two in ((0, 1), (-1, -2))]
    return np.concatenate([ends[0][:, None], inner, ends[1][:, None]], axis=1)


def _pieces(x: Array, y: Array, slopes: Array, places: Array) -> Array:
    """The cubics between points with these slopes, at places (k,): (m, k)."""
    rows = np.arange(len(x))[:, None]
    k = ((x[:, 1:-1, None] <= places).sum(axis=1)).astype(int)
    width, t = np.diff(x)[rows, k], (places - x[rows, k]) / np.diff(x)[rows, k]
    start = (1 + 2 * t) * (1 - t) ** 2 * y[rows, k] + t * (1 - t) ** 2 * width * slopes[rows, k]
    end = t**2 * (3 - 2 * t) * y[rows, k + 1] + t**2 * (t - 1) * width * slopes[rows, k + 1]
    return np.where((places >= x[:, :1]) & (places <= x[:, -1:]), start + end, np.nan)


def _end_slope(h: Array, h_next: Array, m: Array, m_next: Array) -> Array:
    """Slope at an end from the two next intervals."""
    d = ((2 * h + h_next) * m - h * m_next) / (h + h_next)
    d = np.where(d * m <= 0, 0.0, d)
    return np.where((m * m_next <= 0) & (np.abs(d) > 3 * np.abs(m)), 3 * m, d)
