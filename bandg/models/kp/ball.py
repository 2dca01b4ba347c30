"""Envelope states of the 8-band model in a sphere, by total angular momentum F = 1/2.

Each band j couples with an envelope l to F = 1/2; for a given parity that leaves three channels, so the problem is one
of radial functions. Projection on F = 1/2 keeps the scalar part of the Hamiltonian: the cubic part couples to F = 7/2
only, and enters at second order.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import eval_jacobi

from bandg.base.units import HBAR2_OVER_M0
from bandg.models.kp.matrices import KpModel

_L_MAX = 3
_SPINS = ((1, 0), (1, 2), (3, 4))
"""2 j and first row of R6+, R6-, R8- among the eight bands; rows go from m = j down to -j."""

CHANNELS = {"6+": ((0, 0), (1, 1), (2, 1)), "6-": ((0, 1), (1, 0), (2, 2))}
"""(band, l) that couple to F = 1/2, by parity of the state about a Pb site."""


def _start(l: int) -> int:
    return l * l


@lru_cache(maxsize=1)
def direction() -> NDArray[np.complex128]:
    """Matrices of x/r, y/r, z/r between spherical harmonics Y_lm, l <= 3, m from -l to l; shape (3, 16, 16)."""
    size = (_L_MAX + 1) ** 2
    momentum = np.zeros((3, size, size), dtype=complex)
    z = np.zeros((size, size))
    for l in range(_L_MAX + 1):
        m = np.arange(-l, l + 1)
        block = slice(_start(l), _start(l) + 2 * l + 1)
        raising = np.diag(np.sqrt(l * (l + 1) - m[:-1] * (m[:-1] + 1)), -1)
        momentum[0, block, block] = (raising + raising.T) / 2
        momentum[1, block, block] = (raising - raising.T) / 2j
        if l < _L_MAX:
            line = _start(l + 1) + 1 + m + l
            z[line, _start(l) + m + l] = np.sqrt(((l + 1) ** 2 - m**2) / ((2 * l + 1) * (2 * l + 3)))
    z = z + z.T
    x = 1j * (z @ momentum[1] - momentum[1] @ z)  # [L_y, z] = i x
    y = 1j * (momentum[0] @ z - z @ momentum[0])  # [L_x, z] = -i y
    return np.array([x, y, z])


def _channel(band: int, l: int) -> NDArray[np.complex128]:
    """F = 1/2, m_F = 1/2 of a band and an envelope l over Y_lm x 8 bands, shape (16, 8).

    Clebsch-Gordan coefficients (l m, j m_j | 1/2 1/2) = (-1)^(l-m) [2/(2j+1)]^(1/2) (l m, 1/2 -1/2 | j -m_j).
    """
    twice_j, first = _SPINS[band]
    vector = np.zeros(((_L_MAX + 1) ** 2, 8), dtype=complex)
    for row in range(twice_j + 1):
        m = row - (twice_j - 1) // 2
        if abs(m) <= l:
            square = (l - m + 1 if twice_j > 2 * l else l + m) / (2 * l + 1)
            vector[_start(l) + m + l, first + row] = (-1) ** (l - m) * np.sqrt(2 / (twice_j + 1) * square)
    return vector


@dataclass(frozen=True, eq=False)
class Radial:
    """Functions of the radius for one l at quadrature points: value and slope (n, points); weight holds r^2."""

    r: NDArray[np.float64]
    weight: NDArray[np.float64]
    value: NDArray[np.float64]
    slope: NDArray[np.float64]


def radial(l: int, count: int, radius: float, glass: float = 0.0, in_glass: int = 6) -> Radial:
    """Orthonormal radial functions r^l times polynomials within the radius (nm), and on a shell of glass around it."""
    t, w = np.polynomial.legendre.leggauss(2 * count + 16)
    pieces = [(0.0, radius)] + ([(radius, radius + glass)] if glass else [])
    r = np.concatenate([(a + b) / 2 + (b - a) / 2 * t for a, b in pieces])
    weight = np.concatenate([(b - a) / 2 * w for a, b in pieces]) * r**2
    crystal = r < radius
    s = np.where(crystal, r / radius, 0.0)
    rows, slopes = [], []
    for m in range(count):
        u, du = 2 * s * s - 1, 4 * s / radius
        p = eval_jacobi(m, 2, l + 0.5, u)
        dp = (m + l + 3.5) / 2 * eval_jacobi(m - 1, 3, l + 1.5, u) * du if m else 0.0
        shape, dshape = s**l * (1 - s * s), (l * s ** max(l - 1, 0) * (1 - s * s) - 2 * s ** (l + 1)) / radius
        rows.append(np.where(crystal, shape * p, 0.0))
        slopes.append(np.where(crystal, dshape * p + shape * dp, 0.0))
    if glass:
        v = np.where(crystal, 0.0, (r - radius) / glass)
        for m in range(in_glass):
            p = eval_jacobi(m, 0, 0, 2 * v - 1)
            dp = (m + 1) / 2 * eval_jacobi(m - 1, 1, 1, 2 * v - 1) * 2 / glass if m else 0.0
            start = float(eval_jacobi(m, 0, 0, -1.0))
            rows.append(np.where(crystal, start * s**l, (1 - v) * p))
            slopes.append(np.where(crystal, start * l * s ** max(l - 1, 0) / radius, -p / glass + (1 - v) * dp))
    value, slope = np.array(rows), np.array(slopes)
    scale = np.sqrt((value * value) @ weight)
    value, slope = value / scale[:, None], slope / scale[:, None]
    factor = np.linalg.cholesky((value * weight) @ value.T)
    return Radial(r, weight, np.linalg.solve(factor, value), np.linalg.solve(factor, slope))


@dataclass(frozen=True, eq=False)
class BallBlock:
    """The matrix of one parity in a sphere and what its moment needs.

    matrix: (3 n, 3 n) Hermitian, eV, channel after channel. orbital, zeeman: of L_z and zeeman_z, same shape.
    outside: of the weight in the glass. channels: (3 n,) the band of each function, 0 R6+, 1 R6-, 2 R8-.
    ground: (n,) the function sin(pi r / R) / r of an empty ball in the radial functions of l = 0.
    """

    matrix: NDArray[np.complex128]
    orbital: NDArray[np.complex128]
    zeeman: NDArray[np.complex128]
    outside: NDArray[np.complex128]
    channels: NDArray[np.int64]
    ground: NDArray[np.float64]


Piece = tuple[NDArray[np.complex128], NDArray[np.float64]]
"""Angular and band part (16, 8) and radial functions (n, points): their product summed is a set of n functions."""


def _inner(first: Piece, operator: NDArray[Any] | None, second: Piece, weight: NDArray[np.float64]) -> NDArray[Any]:
    """<first| operator on bands |second> for all radial functions, shape (n, n)."""
    angular = second[0] if operator is None else second[0] @ operator.T
    return np.asarray(np.vdot(first[0], angular) * ((first[1] * weight) @ second[1].T))


def _waves(vector: NDArray[np.complex128], l: int, functions: Radial) -> list[list[Piece]]:
    """k_a of each function, a = x, y, z, by the gradient formula; two pieces each (l + 1 and l - 1)."""
    up = functions.slope - l * functions.value / functions.r
    down = functions.slope + (l + 1) * functions.value / functions.r
    pieces = []
    for matrix in direction():
        turned = -1j * matrix @ vector
        higher = np.zeros_like(turned)
        higher[_start(l + 1) :] = turned[_start(l + 1) :]
        pieces.append([(higher, up), (turned - higher, down)])
    return pieces


def ball_block(
    model: KpModel,
    parity: str,
    radius: float,
    count: int,
    barrier: NDArray[np.float64] | None = None,
    glass: float = 0.0,
    in_glass: int = 6,
) -> BallBlock:
    """The F = 1/2, m = 1/2 matrix of a sphere of that radius (nm); parity "6+" or "6-", count radial functions.

    barrier: (8,) energies in eV that the glass, `glass` nm thick, adds to each band; None for a hard wall.
    """
    channels = CHANNELS[parity]
    functions = [radial(l, count, radius, glass, in_glass) for _, l in channels]
    r, weight = functions[0].r, functions[0].weight
    vectors = [_channel(band, l) for band, l in channels]
    waves = [_waves(v, l, f) for v, (_, l), f in zip(vectors, channels, functions, strict=True)]
    n = len(functions[0].value)
    matrix, orbital, zeeman, glassy = np.zeros((4, 3, 3, n, n), dtype=complex)
    outside = np.where(r < radius, 0.0, 1.0)
    for i, (vi, fi) in enumerate(zip(vectors, functions, strict=True)):
        place: Piece = (vi, fi.value)
        for j, (vj, fj) in enumerate(zip(vectors, functions, strict=True)):
            home: Piece = (vj, fj.value)
            matrix[i, j] = _inner(place, model.h0, home, weight)
            zeeman[i, j] = _inner(place, model.zeeman[2], home, weight)
            glassy[i, j] = _inner(place, None, home, weight * outside)
            if barrier is not None:
                matrix[i, j] += _inner(place, np.diag(barrier), home, weight * outside)
            for a in range(3):
                for piece in waves[j][a]:
                    matrix[i, j] += _inner(place, model.h1[a], piece, weight) / 2
                for piece in waves[i][a]:
                    matrix[i, j] += _inner(piece, model.h1[a], home, weight) / 2
                for b in range(3):
                    for bra in waves[i][a]:
                        for ket in waves[j][b]:
                            matrix[i, j] += _inner(bra, model.h2[a, b], ket, weight)
            orbital[i, j] = _turning(model, place, home, waves[j], r, weight)
    full: list[NDArray[np.complex128]] = [
        part.transpose(0, 2, 1, 3).reshape(3 * n, 3 * n) for part in (matrix, orbital, zeeman, glassy)
    ]
    bands = np.repeat([band for band, _ in channels], n)
    center = functions[[l for _, l in channels].index(0)]
    ground = (center.value * weight) @ np.sinc(np.minimum(r / radius, 1.0))
    turned = (full[1] + full[1].conj().T) / 2
    return BallBlock(full[0], turned, full[2], full[3], bands, ground / np.linalg.norm(ground))


def _turning(
    model: KpModel,
    place: Piece,
    home: Piece,
    waves: list[list[Piece]],
    r: NDArray[np.float64],
    weight: NDArray[np.float64],
) -> NDArray[Any]:
    """(m0 / hbar^2) (x v_y - y v_x), not yet made Hermitian."""
    total = np.zeros((len(place[1]), len(home[1])), dtype=complex)
    for sign, a, b in ((1, 0, 1), (-1, 1, 0)):
        lever: Piece = (direction()[a] @ place[0], place[1] * r)
        velocity = _inner(lever, model.h1[b], home, weight)
        for c in range(3):
            for piece in waves[c]:
                velocity = velocity + _inner(lever, 2 * model.h2[b, c], piece, weight)
        total += sign * velocity / HBAR2_OVER_M0
    return total
