"""The symbolic 8-band k.p Hamiltonian {R6+, R6-, R8-} around R, with remote bands and crystal field as parameters.

It is built from the invariants of O_h on S and X, Y, Z with spin, and turned to |j, m>. The momentum element between
R6+ and each of R6-, R8- is a parameter of its own. PARAMETERS says what each one stands for and which bands it already
contains: the eight bands act explicitly, so a remote parameter holds the bands outside the eight and nothing else.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np
import sympy as sp
from sympy.physics.quantum import HermitianOperator

from bandg.base.units import G0, HBAR2_OVER_M0
from bandg.models.kp.matrices import KpModel

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
"""Values of what is not given: free-electron masses, no remote bands, no crystal field."""

K = tuple(HermitianOperator(name) for name in ("k_x", "k_y", "k_z"))
"""Components of k, which do not commute in a magnetic field."""

FIELD = sp.symbols("B_x B_y B_z", real=True)
HBAR2_2M0, G_FREE = sp.symbols("c g_0", positive=True)


def symbol(name: str) -> sp.Symbol:
    """The symbol of a parameter."""
    return sp.Symbol(name, real=True)


def _spin() -> list[sp.Matrix]:
    return [sp.Matrix([[0, 1], [1, 0]]), sp.Matrix([[0, -sp.I], [sp.I, 0]]), sp.Matrix([[1, 0], [0, -1]])]


def _kron(*factors: sp.Matrix) -> sp.Matrix:
    return sp.kronecker_product(*factors)


@lru_cache(maxsize=1)
def rows() -> sp.ImmutableMatrix:
    """The basis |j, m> of BANDS as columns over S, X, Y, Z with spin (spin fastest), shape (8, 8)."""
    r2, r3, r6 = sp.sqrt(2), sp.sqrt(3), sp.sqrt(6)
    i = sp.I
    # order of the lines: S+ S- X+ X- Y+ Y- Z+ Z-; Condon-Shortley phases
    columns = [
        [1, 0, 0, 0, 0, 0, 0, 0],
        [0, 1, 0, 0, 0, 0, 0, 0],
        [0, 0, 0, -1 / r3, 0, -i / r3, -1 / r3, 0],
        [0, 0, -1 / r3, 0, i / r3, 0, 0, 1 / r3],
        [0, 0, -1 / r2, 0, -i / r2, 0, 0, 0],
        [0, 0, 0, -1 / r6, 0, -i / r6, 2 / r6, 0],
        [0, 0, 1 / r6, 0, -i / r6, 0, 0, 2 / r6],
        [0, 0, 0, 1 / r2, 0, -i / r2, 0, 0],
    ]
    return sp.ImmutableMatrix(sp.Matrix(columns).T)


@lru_cache(maxsize=1)
def reversal() -> sp.ImmutableMatrix:
    """Matrix of time reversal on |j, m>, which acts after complex conjugation: i sigma_y on the spin, shape (8, 8)."""
    basis = sp.Matrix(rows())
    turned = basis.H * _kron(sp.eye(4), sp.Matrix([[0, 1], [-1, 0]])) * basis.conjugate()
    return sp.ImmutableMatrix(turned.applyfunc(sp.simplify))


def _orbital_momentum() -> list[sp.Matrix]:
    """L_a on X, Y, Z: (L_a)_bc = -i epsilon_abc."""
    return [sp.Matrix(3, 3, lambda b, c, a=a: -sp.I * sp.LeviCivita(a, b, c)) for a in range(3)]


def _p_shell() -> dict[str, Any]:
    """Operators on X, Y, Z with spin: projectors on R6- and R8-, L and sigma, quadrupoles."""
    one = sp.eye(2)
    orbital = _orbital_momentum()
    momentum = [_kron(component, one) for component in orbital]
    sigma = [_kron(sp.eye(3), component) for component in _spin()]
    coupling = sum((m * s for m, s in zip(momentum, sigma, strict=True)), sp.zeros(6))
    return {
        "six": (sp.eye(6) - coupling) / 3,
        "eight": (2 * sp.eye(6) + coupling) / 3,
        "L": momentum,
        "sigma": sigma,
        "coupling": coupling,
        "E": [_kron(sp.diag(*(int(b == a) for b in range(3))), one) - sp.eye(6) / 3 for a in range(3)],
        "T": {
            (a, b): _kron(sp.Matrix(3, 3, lambda i, j, a=a, b=b: int({i, j} == {a, b})), one)
            for a, b in ((0, 1), (1, 2), (0, 2))
        },
    }


def _on_p(block: sp.Matrix) -> sp.Matrix:
    return sp.diag(sp.zeros(2), block)


def _quadratic(coefficients: dict[str, Any]) -> dict[tuple[int, int], sp.Matrix]:
    """Matrices of k_a k_b (a <= b; a pair stands for {k_a, k_b} / 2) in units of hbar^2 / 2 m0."""
    p = _p_shell()
    six, eight = p["six"], p["eight"]

    def dressed(operator: sp.Matrix, kind: str) -> sp.Matrix:
        cross = six * operator * eight
        return coefficients[f"b_{kind}"] * eight * operator * eight + coefficients[f"d_{kind}"] * (cross + cross.H)

    isotropic = sp.diag(coefficients["a_v"] * sp.eye(2), coefficients["a_6"] * six + coefficients["a_8"] * eight)
    terms = {(a, a): isotropic + _on_p(dressed(p["E"][a], "E")) for a in range(3)}
    return terms | {pair: 2 * _on_p(dressed(operator, "T")) for pair, operator in p["T"].items()}


def _to_rows(matrix: sp.Matrix) -> sp.Matrix:
    basis = sp.Matrix(rows())
    return (basis.H * matrix * basis).applyfunc(sp.expand)


def order_by_order(values: dict[str, Any] | None = None) -> tuple[sp.Matrix, list[sp.Matrix], dict[Any, sp.Matrix]]:
    """H at k = 0, the matrices of k_a, and those of k_a k_b (see _quadratic; times hbar^2 / 2 m0), in the basis |j, m>.

    values: numbers or symbols for some parameters; the others are their symbols.
    """
    v = {name: symbol(name) for name in PARAMETERS} | (values or {})
    p = _p_shell()
    spin_orbit = (v["E_g"] + 2 * v["Delta"] / 3) * sp.eye(6) + v["Delta"] / 3 * p["coupling"]
    field = _kron(sp.diag(v["epsilon"], -v["epsilon"], v["delta"]), sp.eye(2))
    constant = v["E_v"] * sp.eye(8) + _on_p(spin_orbit + field)
    weight = v["P6"] * p["six"] + v["P8"] * p["eight"]
    linear = []
    for axis in range(3):
        row = _kron(sp.Matrix(1, 3, lambda _, b, a=axis: int(b == a)), sp.eye(2)) * weight
        matrix = sp.zeros(8)
        matrix[:2, 2:] = sp.I * row
        matrix[2:, :2] = (sp.I * row).H
        linear.append(_to_rows(matrix))
    quadratic = {pair: _to_rows(matrix) * HBAR2_2M0 for pair, matrix in _quadratic(v).items()}
    return _to_rows(constant), linear, quadratic


def zeeman(values: dict[str, Any] | None = None) -> list[sp.Matrix]:
    """Spin and remote-band moment of the eight bands: H_Z = mu_B sum_a B_a zeeman[a], three 8 x 8 matrices."""
    v = {name: symbol(name) for name in PARAMETERS} | {"g_0": G_FREE} | (values or {})
    p = _p_shell()
    six, eight = p["six"], p["eight"]
    result = []
    for pauli, sigma, momentum in zip(_spin(), p["sigma"], p["L"], strict=True):
        cross = six * momentum * eight
        remote = (
            -3 * v["dg_c"] / 2 * six * sigma * six  # sigma in R6- is -1/3 of the pseudospin
            + v["kappa"] * eight * momentum * eight
            + v["kappa_68"] * (cross + cross.H)
        )
        matrix = sp.diag((v["g_0"] + v["dg_v"]) / 2 * pauli, v["g_0"] / 2 * sigma + remote)
        result.append(_to_rows(matrix))
    return result


def hamiltonian(values: dict[str, Any] | None = None) -> sp.Matrix:
    """H(k) with non-commuting k, products symmetrized, without the Zeeman term; 8 x 8."""
    constant, linear, quadratic = order_by_order(values)
    result = constant
    for axis in range(3):
        result = result + linear[axis] * K[axis]
    for (a, b), matrix in quadratic.items():
        result = result + matrix * (K[a] ** 2 if a == b else (K[a] * K[b] + K[b] * K[a]) / 2)
    return result


def numeric(values: dict[str, float], name: str = "") -> KpModel:
    """The numeric model of a set of parameters; what is not given takes DEFAULTS.

    values: parameters by name, in the units of PARAMETERS. Raises KeyError for an unknown name.
    """
    unknown = set(values) - set(PARAMETERS)
    if unknown:
        raise KeyError(f"unknown k.p parameter {sorted(unknown)[0]!r}")
    exact = {name: float((DEFAULTS | values)[name]) for name in PARAMETERS}
    h0, h1, squares, moments = (np.array(part, dtype=np.complex128) for part in _numbers()(*exact.values()))
    h2 = np.zeros((3, 3, 8, 8), dtype=np.complex128)
    for (a, b), block in zip(_PAIRS, squares, strict=True):
        h2[a, b] += block / 2
        h2[b, a] += block / 2
    return KpModel(name, h0, h1, h2, moments)


_PAIRS = ((0, 0), (1, 1), (2, 2), (0, 1), (1, 2), (0, 2))


@lru_cache(maxsize=1)
def _numbers() -> Callable[..., Any]:
    """h0, h1, the matrices of k_a k_b by _PAIRS, and zeeman as functions of all parameters in their order."""
    constant, linear, quadratic = order_by_order()
    parts = [constant, linear, [quadratic[pair] for pair in _PAIRS], zeeman()]
    constants = {HBAR2_2M0: HBAR2_OVER_M0 / 2, G_FREE: G0}
    plain = [[m.subs(constants).tolist() for m in part] if isinstance(part, list) else part.tolist() for part in parts]
    return sp.lambdify([*map(symbol, PARAMETERS)], plain, "numpy")
