"""Effective Hamiltonians of the band edges by quasi-degenerate perturbation theory with non-commuting k.

pymablock eliminates the other bands. In a magnetic field [k_x, k_y] = -i (e / hbar) B_z, with e / hbar = mu_B / c and
c = hbar^2 / 2 m0, so the order of the k in each product tells the g-factor. The field counts as second order in k.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import sympy as sp
from sympy.polys.rings import PolyElement

from bandg.models.kp.hamiltonian import FIELD, G_FREE, HBAR2_2M0, K, order_by_order, symbol, zeeman
from bandg.models.kp.matrices import EDGES, PARAMETERS
from bandg.models.kp.words import Words

MU_B = sp.Symbol("mu_B", positive=True)
"""Bohr magneton as a symbol; it drops out of g."""

Matrix2 = dict[tuple[int, int], PolyElement]
"""A 2 x 2 matrix of polynomials by row and column; what is absent is zero."""

Sorted = tuple[int, ...]
"""k indices of a symmetrized product."""


@dataclass(frozen=True)
class Effective:
    """Energy and g of a band edge as a series in k; every entry a sympy expression.

    edge: "v" (R6+) or "c" (R6-). energy: value at k = 0 in eV. inverse_mass: (3, 3), E = c k.(inverse_mass) k.
    g: (3, 3) tensor. invariants: coefficients of the invariants of O_h at fourth order, empty at second:
    E_4 = k4 k^4 + k4_cubic (k_x^2 k_y^2 + k_y^2 k_z^2 + k_z^2 k_x^2) in eV nm^4, and with H = mu_B / 2 sigma.g.B
    sigma.g_4.B = g_k2 k^2 sigma.B + g_kk (k.sigma)(k.B) + g_cubic sum_a k_a^2 sigma_a B_a in nm^2.
    """

    edge: str
    energy: sp.Expr
    inverse_mass: sp.ImmutableMatrix
    g: sp.ImmutableMatrix
    invariants: dict[str, sp.Expr]


def effective(edge: str, order: int = 2, **values: Any) -> Effective:
    """The effective Hamiltonian of a band edge of the cubic crystal, to order 2 or 4 in k.

    values: numbers or expressions for some parameters; the others stay symbols. Raises ValueError for another order,
    edge, or a crystal field (see `bandg.models.kp.crystal_field`).
    """
    if edge not in EDGES or order not in (2, 4):
        raise ValueError(f"edge must be 'v' or 'c' and order 2 or 4, not {edge!r}, {order}")
    if any(values.get(name) for name in ("delta", "epsilon")):
        raise ValueError(
            "the expansion is that of the cubic crystal; see bandg.models.kp.crystal_field for a crystal field"
        )
    found = _effective(edge, order)
    if not values:
        return found
    put = {symbol(name): sp.sympify(value) for name, value in values.items()}
    return Effective(
        edge,
        found.energy.subs(put),
        found.inverse_mass.subs(put),
        found.g.subs(put),
        {name: _tidy(value.subs(put)) for name, value in found.invariants.items()},
    )


@lru_cache(maxsize=4)
def _effective(edge: str, order: int) -> Effective:
    words = algebra(edge)
    second = transformed(edge, 2)
    energies, moments = symmetric(words, second, 2), g_tensors(words, second, 0).get((), {})
    zero = words.ring.zero

    def inverse_mass(a: int, b: int) -> sp.Expr:
        value = sp.expand_mul(words.terms(energies.get((min(a, b), max(a, b)), zero)) / HBAR2_2M0)
        return value if a == b else value / 2

    constant, _, _ = order_by_order({"delta": 0, "epsilon": 0})
    return Effective(
        edge,
        constant[EDGES[edge], EDGES[edge]],
        sp.ImmutableMatrix(3, 3, inverse_mass),
        sp.ImmutableMatrix(3, 3, lambda s, b: words.terms(moments.get((s, b), zero))),
        _invariants(edge) if order == 4 else {},
    )


def _invariants(edge: str) -> dict[str, sp.Expr]:
    words, fourth = algebra(edge), transformed(edge, 4)
    energies, g = symmetric(words, fourth, 4), g_tensors(words, fourth, 2)
    k4 = energies[0, 0, 0, 0]
    g_k2, g_kk = g[1, 1][2, 2], g[0, 1][0, 1]
    found = {
        "k4": k4,
        "k4_cubic": energies[0, 0, 1, 1] - 2 * k4,
        "g_k2": g_k2,
        "g_kk": g_kk,
        "g_cubic": g[2, 2][2, 2] - g_k2 - g_kk,
    }
    return {name: words.terms(value) for name, value in found.items()}


@lru_cache(maxsize=2)
def algebra(edge: str) -> Words:
    """Polynomials in the parameters, with the energies from a band edge to the other levels as denominators."""
    gap, split = symbol("E_g"), symbol("Delta")
    denominators = (gap, gap + split) if edge == "v" else (gap, split)
    letters = (*map(symbol, PARAMETERS), MU_B, G_FREE, HBAR2_2M0)
    return Words(letters, (*denominators, HBAR2_2M0), K, FIELD)


Products = dict[tuple[tuple[int, ...], tuple[int, ...]], Matrix2]
"""2 x 2 matrices by (k indices in their order, field indices)."""


@lru_cache(maxsize=2)
def _series(edge: str) -> Any:
    from pymablock import block_diagonalize

    chosen = {"E_v": 0, "delta": 0, "epsilon": 0}
    constant, linear, quadratic = order_by_order(chosen)
    first = sum((matrix * K[a] for a, matrix in enumerate(linear)), sp.zeros(8))
    second = sum((matrix * FIELD[a] * MU_B for a, matrix in enumerate(zeeman(chosen))), sp.zeros(8))
    for (a, b), matrix in quadratic.items():
        second = second + matrix * (K[a] ** 2 if a == b else (K[a] * K[b] + K[b] * K[a]) / 2)
    start = EDGES[edge]
    inside = [0 if start <= row < start + 2 else 1 for row in range(8)]
    small = sp.Symbol("lambda", real=True)
    return block_diagonalize(
        {sp.S.One: constant.applyfunc(sp.simplify), small: first, small**2: second},
        subspace_indices=inside,
        symbols=[small],
    )[0]


def transformed(edge: str, order: int) -> Products:
    """One order in k of the effective Hamiltonian, products of k in their order, to first order in B."""
    matrix, words = _series(edge)[0, 0, order], algebra(edge)
    found: Products = {}
    for row, column in itertools.product(range(2), repeat=2):
        for word, value in words.split(matrix[row, column]).items():
            found.setdefault(word, {})[row, column] = value
    return found


def _commutator(words: Words, a: int, b: int) -> tuple[int, PolyElement] | None:
    """[k_a, k_b] as (axis of the field, factor): -i (mu_B / c) epsilon_abc B_c; None where it vanishes."""
    if a == b:
        return None
    axis = 3 - a - b
    return axis, words.polynomial(-sp.I * sp.LeviCivita(a, b, axis) * MU_B / HBAR2_2M0)


def symmetric(words: Words, products: Products, degree: int) -> dict[Sorted, PolyElement]:
    """Energy without a field: coefficients of the symmetrized products of `degree` k, by sorted k indices."""
    found: dict[Sorted, PolyElement] = {}
    for (letters, fields), matrix in products.items():
        if not fields and len(letters) == degree:
            trace = sum((matrix.get((n, n), words.ring.zero) for n in range(2)), words.ring.zero)
            key = tuple(sorted(letters))
            found[key] = found.get(key, words.ring.zero) + trace * sp.QQ(1, 2)
    return found


def g_tensors(words: Words, products: Products, degree: int) -> dict[Sorted, Matrix2]:
    """g before the symmetrized products of `degree` k: by sorted k indices, then by (pseudospin, field) axis.

    H = mu_B / 2 sigma.g.B. An ordered product is its symmetrized form plus, for each pair, half the commutator times
    the rest (Weyl order).
    """
    found: dict[Sorted, Matrix2] = {}

    def add(letters: tuple[int, ...], axis: int, matrix: Matrix2, factor: PolyElement) -> None:
        tensor = found.setdefault(tuple(sorted(letters)), {})
        for spin, trace in enumerate(_pauli_traces(words, matrix)):
            share = words.reduced(trace * factor)
            tensor[spin, axis] = tensor.get((spin, axis), words.ring.zero) + share

    for (letters, fields), matrix in products.items():
        if len(fields) == 1 and len(letters) == degree:
            add(letters, fields[0], matrix, words.ring.one)
        if not fields and len(letters) == degree + 2:
            for i, j in itertools.combinations(range(len(letters)), 2):
                swap = _commutator(words, letters[i], letters[j])
                if swap is not None:
                    rest = tuple(letter for n, letter in enumerate(letters) if n not in (i, j))
                    add(rest, swap[0], matrix, swap[1] * sp.QQ(1, 2))
    mu_b = words.polynomial(MU_B)
    return {key: {place: p.exquo(mu_b) for place, p in tensor.items()} for key, tensor in found.items()}


def _pauli_traces(words: Words, matrix: Matrix2) -> tuple[PolyElement, PolyElement, PolyElement]:
    """Traces of sigma_x, sigma_y, sigma_z times a matrix."""
    (up, right), (left, down) = ([matrix.get((a, b), words.ring.zero) for b in range(2)] for a in range(2))
    return right + left, words.reduced((right - left) * words.polynomial(sp.I)), up - down


def _tidy(expression: sp.Expr) -> sp.Expr:
    """One fraction, which is zero where the expression vanishes; an expression with floats is only expanded."""
    return sp.expand(expression) if expression.has(sp.Float) else sp.factor(expression)
