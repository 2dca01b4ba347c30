"""Functions of one coordinate in which envelopes are expanded: on an interval (cube) and along the radius (sphere).

They are polynomials on the crystal and, with a finite barrier, on the glass beside it, continuous and zero at the outer
end. A hard wall in a multi-band model makes boundary layers of about ħ²a/2m0P = 0.2 nm, which polynomials resolve with
a number of functions that grows with the root of the size; sines need one for each 0.2 nm.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import eigh
from scipy.special import eval_jacobi

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Interval:
    """Orthonormal functions on -reach <= x <= reach, lengths in nm, even and odd in turn.

    k: (n, n) matrix of -i d/dx divided by -i, real antisymmetric. k2: (n, n) of -d^2/dx^2. x: (n, n).
    inside: (n, n) of the function that is 1 on the crystal and 0 on the glass.
    """

    k: Array
    k2: Array
    x: Array
    inside: Array

    @property
    def size(self) -> int:
        """Number of functions."""
        return len(self.k)


def interval(count: int, length: float, glass: float = 0.0, in_glass: int = 3) -> Interval:
    """Functions on a crystal of that length (nm) between two layers of glass, `count` (even) on the crystal.

    glass: thickness in nm beyond which the functions vanish, 0 for a hard wall. in_glass: functions on each layer.
    The first is the cosine of the hard-wall ground state. All but two live on one side of the interface, and those two
    are orthogonal to the others, so that `inside` is diagonal.
    """
    edges = [-length / 2 - glass, -length / 2, length / 2, length / 2 + glass]
    pieces = list(itertools.pairwise(edges if glass else edges[1:3]))
    t, weight = np.polynomial.legendre.leggauss(count + in_glass + 8)
    x = np.concatenate([(a + b) / 2 + (b - a) / 2 * t for a, b in pieces])
    w = np.concatenate([(b - a) / 2 * weight for a, b in pieces])
    crystal = np.abs(x) < length / 2
    bubbles = _bubbles(2 * x / length, count, crystal) * _slope(2 / length)
    groups = [bubbles[:, 0::2], bubbles[:, 1::2]]
    if glass:
        sign = np.sign(x)
        u = 1 - 2 * (np.abs(x) - length / 2) / glass  # +1 at the crystal, -1 at the outer end
        outer = _bubbles(u, in_glass, ~crystal) * _slope(-2 / glass)
        outer[1] *= sign
        fall = np.where(crystal, 1.0, (1 + u) / 2), np.where(crystal, 0.0, -sign / glass)
        hat = np.array(fall)[:, None]
        tilt = np.where(crystal, [2 * x / length, np.full_like(x, 2 / length)], sign * hat[:, 0])[:, None]
        groups += [outer, sign * outer, hat, tilt]
    value, slope = _orthonormal(groups, w)
    return Interval(
        _clean((value * w) @ slope.T),
        _clean((slope * w) @ slope.T),
        _clean((value * w * x) @ value.T),
        _clean((value * w * crystal) @ value.T),
    )


def _slope(factor: float) -> Array:
    """Multiplies the second of (value, slope) by du/dx."""
    return np.array([1.0, factor])[:, None, None]


def _bubbles(t: Array, count: int, where: NDArray[np.bool_]) -> Array:
    """(1 - t^2) P_m^(2,2)(t) and its derivative for m < count, zero elsewhere; shape (2, count, points)."""
    found = np.zeros((2, count, len(t)))
    s = t[where]
    for m in range(count):
        found[0, m, where] = (1 - s * s) * eval_jacobi(m, 2, 2, s)
        steep = (m + 5) / 2 * eval_jacobi(m - 1, 3, 3, s) if m else 0.0
        found[1, m, where] = -2 * s * eval_jacobi(m, 2, 2, s) + (1 - s * s) * steep
    return found


def _orthonormal(groups: list[Array], weight: Array) -> tuple[Array, Array]:
    """Orthonormal functions from groups (value, slope) of even and odd functions in turn; even and odd in turn.

    Within a group they are ordered by kinetic energy; the last pair of groups is made orthogonal to those before it.
    """
    parities: tuple[list[Array], list[Array]] = ([], [])
    for number, group in enumerate(groups):
        chosen, current = parities[number % 2], group
        for other in chosen:
            current = current - ((current[0] * weight) @ other[0].T) @ other
        overlap, stiffness = ((part * weight) @ part.T for part in current)
        _, vectors = eigh(stiffness, overlap)
        chosen.append(vectors.T @ current)
    even, odd = (np.concatenate(parts, axis=1) for parts in parities)
    stacked = np.stack([even, odd], axis=2).reshape(2, -1, len(weight))
    return stacked[0], stacked[1]


def _clean(matrix: Array) -> Array:
    """Exact zeros where parity demands them."""
    return np.where(np.abs(matrix) < 1e-12 * np.abs(matrix).max(), 0.0, matrix)
