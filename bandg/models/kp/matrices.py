"""The 8-band k.p Hamiltonian {R6+, R6-, R8-} around R, with remote bands and crystal field as parameters.

It is built from the invariants of O_h on S and X, Y, Z with spin, and turned to |j, m>. The momentum element between
R6+ and each of R6-, R8- is a parameter of its own. PARAMETERS says what each one stands for and which bands it already
contains: the eight bands act explicitly, so a remote parameter holds the bands outside the eight and nothing else.
One construction serves numbers, here, and symbols, in `bandg.models.kp.hamiltonian`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bandg.base.units import G0, HBAR2_OVER_M0

PARAMETERS = {
    "E_v": ("eV", "energy of R6+"),
    "E_g": ("eV", "gap, R6- minus R6+"),
    "Delta": ("eV", "spin-orbit splitting, R8- minus R6-"),
    "P6": ("eV nm", "momentum element between R6+ and R6-, hbar p / m0"),
    "P8": ("eV nm", "momentum element between R6+ and R8-, hbar p / m0"),
    "a_v": ("1", "inverse mass of R6+: free electron and remote bands, without R6- and R8-"),
    "a_6": ("1", "inverse mass of R6-: free electron and remote bands, without R6+"),
    "a_8": ("1", "mean inverse mass of R8-: free electron and remote bands, without R6+"),
    "b_E": ("1", "anisotropic inverse mass of R8-, invariant of k_x^2 - k_y^2, without R6+"),
    "b_T": ("1", "anisotropic inverse mass of R8-, invariant of k_x k_y, without R6+"),
    "d_E": ("1", "inverse mass between R6- and R8-, invariant of k_x^2 - k_y^2, without R6+"),
    "d_T": ("1", "inverse mass between R6- and R8-, invariant of k_x k_y, without R6+"),
    "dg_v": ("1", "g of R6+ from remote bands and from the composition of its spin, without R6- and R8-"),
    "dg_c": ("1", "g of R6- from remote bands, without R6+"),
    "kappa": ("1", "orbital moment of R8- from remote bands, without R6+"),
    "kappa_68": ("1", "orbital moment between R6- and R8- from remote bands, without R6+"),
    "delta": ("eV", "tetragonal crystal field: energy of Z relative to X and Y, before spin-orbit coupling"),
    "epsilon": ("eV", "orthorhombic crystal field: half the energy of X relative to Y"),
}
"""Unit and meaning of every parameter of the 8-band Hamiltonian."""

DEFAULTS = dict.fromkeys(PARAMETERS, 0.0) | {"a_v": 1.0, "a_6": 1.0, "a_8": 1.0}
"""Values of parameters that are not given: free-electron masses, no remote bands, no crystal field."""

BANDS = ("R6+ +1/2", "R6+ -1/2", "R6- +1/2", "R6- -1/2", "R8- +3/2", "R8- +1/2", "R8- -1/2", "R8- -3/2")
"""The Bloch functions at R, in the order of every 8 x 8 matrix; rows are |j, m> along z about a Pb site."""

EDGES = {"v": 0, "c": 2}
"""First row of each band-edge doublet in the order of the eight bands: R6+ and R6-."""

Matrix = NDArray[Any]
Pair = tuple[int, int]

PAIRS: tuple[Pair, ...] = ((0, 0), (1, 1), (2, 2), (0, 1), (1, 2), (0, 2))
"""Components of k in the products; a pair of two stands for {k_a, k_b} / 2."""


@dataclass(frozen=True, eq=False)
class KpModel:
    """H(k) = h0 + sum_a k_a h1[a] + sum_ab k_a k_b h2[a, b], k in 1/nm measured from R; H_Z = mu_B sum_a B_a zeeman[a].

    h0: (8, 8) in eV. h1: (3, 8, 8) in eV nm. h2: (3, 3, 8, 8) in eV nm^2, symmetric in a and b.
    zeeman: (3, 8, 8) dimensionless: spin (g0 / 2) sigma and the orbital moment of the bands outside the eight. The
    moment of the eight bands themselves is not in it: it comes from h1 and h2 with [k_x, k_y] = -i e B_z / hbar.
    """

    name: str
    h0: NDArray[np.complex128]
    h1: NDArray[np.complex128]
    h2: NDArray[np.complex128]
    zeeman: NDArray[np.complex128]

    def H(self, k: NDArray[np.float64]) -> NDArray[np.complex128]:
        """H(k) in eV for k in 1/nm, shape (3,) or (n, 3); shape (..., 8, 8)."""
        k = np.asarray(k)
        linear = np.tensordot(k, self.h1, axes=1)
        return self.h0 + linear + np.einsum("...a,...b,abij->...ij", k, k, self.h2)


@dataclass(frozen=True)
class Arithmetic:
    """The numbers that a matrix is made of: one, the imaginary unit and the square root, floating or symbolic."""

    one: Any
    i: Any
    sqrt: Callable[[int], Any]

    def array(self, rows: Any) -> Matrix:
        """An array of these numbers from one of integers."""
        return np.asarray(np.array(rows) * np.array(self.one))

    def eye(self, size: int) -> Matrix:
        """Identity matrix."""
        return self.array(np.eye(size, dtype=int))

    def pauli(self) -> list[Matrix]:
        """Pauli matrices of the spin."""
        return [self.array([[0, 1], [1, 0]]), self.i * self.array([[0, -1], [1, 0]]), self.array([[1, 0], [0, -1]])]

    def basis(self) -> Matrix:
        """The basis |j, m> of BANDS as columns over S, X, Y, Z with spin (spin fastest), shape (8, 8)."""
        r2, r3, r6, i, zero = self.sqrt(2), self.sqrt(3), self.sqrt(6), self.i, 0 * self.one
        # order of the lines: S+ S- X+ X- Y+ Y- Z+ Z-; Condon-Shortley phases
        columns = [
            [self.one, 0, 0, 0, 0, 0, 0, 0],
            [0, self.one, 0, 0, 0, 0, 0, 0],
            [0, 0, 0, -1 / r3, 0, -i / r3, -1 / r3, 0],
            [0, 0, -1 / r3, 0, i / r3, 0, 0, 1 / r3],
            [0, 0, -1 / r2, 0, -i / r2, 0, 0, 0],
            [0, 0, 0, -1 / r6, 0, -i / r6, 2 / r6, 0],
            [0, 0, 1 / r6, 0, -i / r6, 0, 0, 2 / r6],
            [0, 0, 0, 1 / r2, 0, -i / r2, 0, 0],
        ]
        return np.array([[zero + entry for entry in column] for column in columns]).T


NUMBERS = Arithmetic(1.0 + 0.0j, 1.0j, math.sqrt)


def _dagger(matrix: Matrix) -> Matrix:
    return matrix.conj().T


@dataclass(frozen=True, eq=False)
class _PShell:
    """Operators on X, Y, Z with spin, all (6, 6): projectors on R6- and R8-, L, sigma, L.sigma, quadrupoles."""

    six: Matrix
    eight: Matrix
    momentum: list[Matrix]
    sigma: list[Matrix]
    coupling: Matrix
    quadrupoles: dict[Pair, Matrix]


@lru_cache
def _p_shell(of: Arithmetic) -> _PShell:
    one, six = of.eye(2), of.eye(6)
    axes = range(3)
    # (L_a)_bc = -i epsilon_abc
    epsilon = [[[(a - b) * (b - c) * (c - a) // 2 for c in axes] for b in axes] for a in axes]
    momentum = [np.kron(-of.i * of.array(component), one) for component in epsilon]
    sigma = [np.kron(of.eye(3), component) for component in of.pauli()]
    coupling = sum((m @ s for m, s in zip(momentum, sigma, strict=True)), 0 * six)
    quadrupoles = {}
    for a, b in PAIRS:
        pair = np.zeros((3, 3), dtype=int)
        pair[a, b] = pair[b, a] = 1
        quadrupoles[a, b] = np.kron(of.array(pair), one) - (six / 3 if a == b else 0 * six)
    return _PShell((six - coupling) / 3, (2 * six + coupling) / 3, momentum, sigma, coupling, quadrupoles)


def _joined(s: Matrix, p: Matrix) -> Matrix:
    """The matrix on S (2, 2) and on X, Y, Z (6, 6)."""
    none = np.outer(s[:, 0], p[0]) * 0
    return np.block([[s, none], [none.T, p]])


def order_by_order(v: Mapping[str, Any], of: Arithmetic) -> tuple[Matrix, list[Matrix], dict[Pair, Matrix]]:
    """H at k = 0, the matrices of k_a, and those of k_a k_b by PAIRS in units of hbar^2 / 2 m0, in the basis |j, m>.

    v: all parameters by name.
    """
    p, basis, none = _p_shell(of), of.basis(), 0 * of.eye(2)
    six, eight = p.six, p.eight
    spin_orbit = (v["E_g"] + 2 * v["Delta"] / 3) * of.eye(6) + v["Delta"] / 3 * p.coupling
    x, y, z = (np.kron(of.array(np.diag([int(b == a) for b in range(3)])), of.eye(2)) for a in range(3))
    field = v["epsilon"] * (x - y) + v["delta"] * z
    constant = v["E_v"] * of.eye(8) + _joined(none, spin_orbit + field)
    linear = []
    for axis in range(3):
        row = (
            of.i
            * np.kron(of.array([[int(b == axis) for b in range(3)]]), of.eye(2))
            @ (v["P6"] * six + v["P8"] * eight)
        )
        linear.append(np.block([[none, row], [_dagger(row), 0 * of.eye(6)]]))
    isotropic = _joined(v["a_v"] * of.eye(2), v["a_6"] * six + v["a_8"] * eight)
    quadratic = {}
    for (a, b), operator in p.quadrupoles.items():
        kind = "E" if a == b else "T"
        cross = six @ operator @ eight
        dressed = v[f"b_{kind}"] * (eight @ operator @ eight) + v[f"d_{kind}"] * (cross + _dagger(cross))
        quadratic[a, b] = isotropic + _joined(none, dressed) if a == b else 2 * _joined(none, dressed)

    def turned(matrix: Matrix) -> Matrix:
        return np.asarray(_dagger(basis) @ matrix @ basis)

    return turned(constant), [turned(one) for one in linear], {pair: turned(one) for pair, one in quadratic.items()}


def zeeman(v: Mapping[str, Any], of: Arithmetic) -> list[Matrix]:
    """Spin and remote-band moment of the eight bands: H_Z = mu_B sum_a B_a zeeman[a]; v holds g_0 too."""
    p, basis = _p_shell(of), of.basis()
    result = []
    for pauli, sigma, momentum in zip(of.pauli(), p.sigma, p.momentum, strict=True):
        cross = p.six @ momentum @ p.eight
        remote = (
            -3 * v["dg_c"] / 2 * (p.six @ sigma @ p.six)  # sigma in R6- is -1/3 of the pseudospin
            + v["kappa"] * (p.eight @ momentum @ p.eight)
            + v["kappa_68"] * (cross + _dagger(cross))
        )
        matrix = _joined((v["g_0"] + v["dg_v"]) / 2 * pauli, v["g_0"] / 2 * sigma + remote)
        result.append(np.asarray(_dagger(basis) @ matrix @ basis))
    return result


@lru_cache(maxsize=1)
def _coefficients() -> tuple[NDArray[np.complex128], ...]:
    """h0, h1, the matrices of k_a k_b by PAIRS, and zeeman for each parameter alone, g_0 the last: H is linear in them.

    Exact zeros where rounding leaves less.
    """
    names = [*PARAMETERS, "g_0"]
    parts: list[list[Any]] = [[], [], [], []]
    for name in names:
        v = dict.fromkeys(names, 0.0) | {name: 1.0}
        constant, linear, quadratic = order_by_order(v, NUMBERS)
        for part, found in zip(parts, (constant, linear, list(quadratic.values()), zeeman(v, NUMBERS)), strict=True):
            part.append(found)
    arrays = [np.array(part, dtype=np.complex128) for part in parts]
    for array in arrays:
        for half in (array.real, array.imag):
            half[np.abs(half) < 1e-14] = 0.0
    return tuple(arrays)


def numeric(values: dict[str, float], name: str = "") -> KpModel:
    """The numeric model of a set of parameters; missing ones take DEFAULTS.

    values: parameters by name, in the units of PARAMETERS. Raises KeyError for an unknown name.
    """
    unknown = set(values) - set(PARAMETERS)
    if unknown:
        raise KeyError(f"unknown k.p parameter {sorted(unknown)[0]!r}")
    exact = np.array([*(float((DEFAULTS | values)[name]) for name in PARAMETERS), G0])
    h0, h1, squares, moments = (np.tensordot(exact, part, axes=1) for part in _coefficients())
    h2 = np.zeros((3, 3, 8, 8), dtype=np.complex128)
    for (a, b), block in zip(PAIRS, squares * (HBAR2_OVER_M0 / 2), strict=True):
        h2[a, b] += block / 2
        h2[b, a] += block / 2
    return KpModel(name, h0, h1, h2, moments)
