"""The symbolic 8-band k.p Hamiltonian: `bandg.models.kp.matrices` over the symbols of the parameters."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import sympy as sp

from bandg.models.kp import matrices
from bandg.models.kp.matrices import PARAMETERS, Arithmetic

SYMBOLS = Arithmetic(sp.S.One, sp.I, sp.sqrt)

K = sp.symbols("k_x k_y k_z", commutative=False, hermitian=True)
"""Components of k, which do not commute in a magnetic field."""

FIELD = sp.symbols("B_x B_y B_z", real=True)
HBAR2_2M0, G_FREE = sp.symbols("c g_0", positive=True)


def symbol(name: str) -> sp.Symbol:
    """The symbol of a parameter."""
    return sp.Symbol(name, real=True)


def _expanded(matrix: matrices.Matrix) -> sp.Matrix:
    return sp.Matrix(matrix).applyfunc(sp.expand)


@lru_cache(maxsize=1)
def rows() -> sp.ImmutableMatrix:
    """The basis |j, m> of BANDS as columns over S, X, Y, Z with spin (spin fastest), shape (8, 8)."""
    return sp.ImmutableMatrix(SYMBOLS.basis())


@lru_cache(maxsize=1)
def reversal() -> sp.ImmutableMatrix:
    """Matrix of time reversal on |j, m>, which acts after complex conjugation: i sigma_y on the spin, shape (8, 8)."""
    basis = sp.Matrix(rows())
    turned = basis.H * sp.kronecker_product(sp.eye(4), sp.Matrix([[0, 1], [-1, 0]])) * basis.conjugate()
    return sp.ImmutableMatrix(turned.applyfunc(sp.simplify))


def order_by_order(values: dict[str, Any] | None = None) -> tuple[sp.Matrix, list[sp.Matrix], dict[Any, sp.Matrix]]:
    """H at k = 0, the matrices of k_a, and those of k_a k_b (a pair stands for {k_a, k_b} / 2), in the basis |j, m>.

    values: numbers or symbols for some parameters; the others are their symbols.
    """
    v = {name: symbol(name) for name in PARAMETERS} | _exact(values)
    constant, linear, quadratic = matrices.order_by_order(v, SYMBOLS)
    squares = {pair: _expanded(matrix) * HBAR2_2M0 for pair, matrix in quadratic.items()}
    return _expanded(constant), [_expanded(matrix) for matrix in linear], squares


def zeeman(values: dict[str, Any] | None = None) -> list[sp.Matrix]:
    """Spin and remote-band moment of the eight bands: H_Z = mu_B sum_a B_a zeeman[a], three 8 x 8 matrices."""
    v = {name: symbol(name) for name in PARAMETERS} | {"g_0": G_FREE} | _exact(values)
    return [_expanded(matrix) for matrix in matrices.zeeman(v, SYMBOLS)]


def _exact(values: dict[str, Any] | None) -> dict[str, Any]:
    """The values as sympy has them: a whole number stays exact when it is divided."""
    return {name: sp.sympify(value) for name, value in (values or {}).items()}


def hamiltonian(values: dict[str, Any] | None = None) -> sp.Matrix:
    """H(k) with non-commuting k, products symmetrized, without the Zeeman term; 8 x 8."""
    constant, linear, quadratic = order_by_order(values)
    result = constant
    for axis in range(3):
        result = result + linear[axis] * K[axis]
    for (a, b), matrix in quadratic.items():
        result = result + matrix * (K[a] ** 2 if a == b else (K[a] * K[b] + K[b] * K[a]) / 2)
    return result
