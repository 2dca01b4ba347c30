"""Effective Hamiltonians of the band edges by quasi-degenerate perturbation theory with non-commuting k.

pymablock eliminates the other bands. In a magnetic field [k_x, k_y] = -i (e / hbar) B_z, with e / hbar = mu_B / c and
c = hbar^2 / 2 m0, so the order of the k in each product tells the g-factor. The field counts as second order in k.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

import sympy as sp

from bandg.kp.hamiltonian import FIELD, HBAR2_2M0, K, order_by_order, zeeman

EDGES = {"v": 0, "c": 2}
"""First row of each band-edge doublet in the order of the eight bands: R6+ and R6-."""

_PAULI = (sp.Matrix([[0, 1], [1, 0]]), sp.Matrix([[0, -sp.I], [sp.I, 0]]), sp.Matrix([[1, 0], [0, -1]]))


@dataclass(frozen=True)
class Effective:
    """Energy and g of a band edge as a series in k; every entry a sympy expression.

    edge: "v" (R6+) or "c" (R6-). energy: value at k = 0 in eV. inverse_mass: (3, 3), E = c k.(inverse_mass) k.
    g: (3, 3) tensor. quartic: {(a, b, c, d) sorted: coefficient of the symmetrized product} in eV nm^4.
    g_quadratic: {(a, b): (3, 3) tensor} coefficient of k_a k_b (a <= b, symmetrized) in g, nm^2.
    The last two are empty at second order, and not simplified: `invariants` holds the same in five terms that are.
    """

    edge: str
    energy: sp.Expr
    inverse_mass: sp.ImmutableMatrix
    g: sp.ImmutableMatrix
    quartic: dict[tuple[int, ...], sp.Expr]
    g_quadratic: dict[tuple[int, ...], sp.ImmutableMatrix]

    @cached_property
    def invariants(self) -> dict[str, sp.Expr]:
        """Coefficients of the invariants of O_h at fourth order; empty at second.

        E_4 = k4 k^4 + k4_cubic (k_x^2 k_y^2 + k_y^2 k_z^2 + k_z^2 k_x^2) in eV nm^4, and with H = mu_B / 2 sigma.g.B
        sigma.g_4.B = g_k2 k^2 sigma.B + g_kk (k.sigma)(k.B) + g_cubic sum_a k_a^2 sigma_a B_a in nm^2.
        """
        if not self.quartic:
            return {}
        k4 = self.quartic[0, 0, 0, 0]
        g_k2, g_kk = self.g_quadratic[1, 1][2, 2], self.g_quadratic[0, 1][0, 1]
        raw = {
            "k4": k4,
            "k4_cubic": self.quartic[0, 0, 1, 1] - 2 * k4,
            "g_k2": g_k2,
            "g_kk": g_kk,
            "g_cubic": self.g_quadratic[2, 2][2, 2] - g_k2 - g_kk,
        }
        return {name: _tidy(value) for name, value in raw.items()}


def effective(edge: str, order: int = 2, **values: Any) -> Effective:
    """The effective Hamiltonian of a band edge of the cubic crystal, to order 2 or 4 in k.

    values: numbers or expressions for some parameters; the others stay symbols. Raises ValueError for another order,
    edge, or a crystal field (see `bandg.kp.crystal_field`).
    """
    if edge not in EDGES or order not in (2, 4):
        raise ValueError(f"edge must be 'v' or 'c' and order 2 or 4, not {edge!r}, {order}")
    if any(values.get(name) for name in ("delta", "epsilon")):
        raise ValueError("the expansion is that of the cubic crystal; bandg.kp.crystal_field takes a crystal field")
    exact = {name: sp.Integer(value) if isinstance(value, int) else value for name, value in values.items()}
    return _effective(edge, order, tuple(sorted(exact.items())))


@lru_cache(maxsize=32)
def _effective(edge: str, order: int, values: tuple[tuple[str, Any], ...]) -> Effective:
    from pymablock import block_diagonalize

    chosen = {"delta": 0, "epsilon": 0} | dict(values)
    constant, linear, quadratic = order_by_order(chosen)
    first = sum((matrix * K[a] for a, matrix in enumerate(linear)), sp.zeros(8))
    second = sum((matrix * FIELD[a] * _mu_b() for a, matrix in enumerate(zeeman(chosen))), sp.zeros(8))
    for (a, b), matrix in quadratic.items():
        second = second + matrix * (K[a] ** 2 if a == b else (K[a] * K[b] + K[b] * K[a]) / 2)
    start = EDGES[edge]
    inside = [0 if start <= row < start + 2 else 1 for row in range(8)]
    small = sp.Symbol("lambda", real=True)
    transformed, *_ = block_diagonalize(
        {sp.S.One: constant.applyfunc(sp.simplify), small: first, small**2: second},
        subspace_indices=inside,
        symbols=[small],
    )
    energy = constant[start, start]
    inverse_mass, g = _second_order(_words(transformed[0, 0, 2]))
    quartic, g_quadratic = _fourth_order(_words(transformed[0, 0, 4])) if order == 4 else ({}, {})
    return Effective(edge, energy, inverse_mass, g, quartic, g_quadratic)


def _mu_b() -> sp.Symbol:
    """Bohr magneton as a symbol; it drops out of g."""
    return sp.Symbol("mu_B", positive=True)


Words = dict[tuple[tuple[int, ...], tuple[int, ...]], sp.Matrix]
"""2 x 2 matrices by (k indices in their order, field indices)."""


def _words(matrix: sp.Matrix) -> Words:
    """Split a 2 x 2 effective Hamiltonian into ordered products of k and powers of the field."""
    words: Words = {}
    for row, column in itertools.product(range(2), repeat=2):
        for term in sp.Add.make_args(sp.expand(matrix[row, column])):
            commuting, ordered = term.args_cnc()
            letters = tuple(index for factor in ordered for index in _letters(factor))
            coefficient = sp.Mul(*commuting)
            powers = sp.Poly(coefficient, *FIELD).terms() if coefficient.has(*FIELD) else [((0, 0, 0), coefficient)]
            for exponents, value in powers:
                fields = tuple(axis for axis, power in enumerate(exponents) for _ in range(power))
                words.setdefault((letters, fields), sp.zeros(2))[row, column] += value
    return words


def _letters(factor: sp.Expr) -> Iterator[int]:
    base, power = factor.as_base_exp()
    return itertools.repeat(K.index(base), int(power))


def _commutator(a: int, b: int) -> tuple[int, sp.Expr] | None:
    """[k_a, k_b] as (axis of the field, factor): -i (mu_B / c) epsilon_abc B_c; None where it vanishes."""
    axis = 3 - a - b
    sign = sp.LeviCivita(a, b, axis) if a != b else 0
    return None if sign == 0 else (axis, -sp.I * sign * _mu_b() / HBAR2_2M0)


def _moment(words: Words, degree: int) -> dict[tuple[int, ...], list[sp.Matrix]]:
    """Matrices in front of B_a times the symmetrized product of `degree` k: by sorted k indices, three matrices each.

    An ordered product is its symmetrized form plus, for each pair, half the commutator times the rest (Weyl order).
    """
    found: dict[tuple[int, ...], list[sp.Matrix]] = {}

    def add(letters: tuple[int, ...], axis: int, matrix: sp.Matrix) -> None:
        found.setdefault(tuple(sorted(letters)), [sp.zeros(2) for _ in range(3)])[axis] += matrix

    for (letters, fields), matrix in words.items():
        if len(fields) == 1 and len(letters) == degree:
            add(letters, fields[0], matrix)
        if not fields and len(letters) == degree + 2:
            for i, j in itertools.combinations(range(len(letters)), 2):
                swap = _commutator(letters[i], letters[j])
                if swap is not None:
                    rest = tuple(letter for n, letter in enumerate(letters) if n not in (i, j))
                    add(rest, swap[0], matrix * swap[1] / 2)
    return found


def _g_tensor(moments: list[sp.Matrix]) -> sp.ImmutableMatrix:
    """g from the matrices in front of B: rows pseudospin, columns field; H = mu_B / 2 sigma.g.B."""
    return sp.ImmutableMatrix(3, 3, lambda s, b: sp.expand((_PAULI[s] * moments[b]).trace() / _mu_b()))


def _tidy(expression: sp.Expr) -> sp.Expr:
    """One fraction, which is zero where the expression vanishes; an expression with floats is only expanded."""
    return sp.expand(expression) if expression.has(sp.Float) else sp.factor(expression)


def _symmetric(words: Words, degree: int) -> dict[tuple[int, ...], sp.Expr]:
    found: dict[tuple[int, ...], sp.Expr] = {}
    for (letters, fields), matrix in words.items():
        if not fields and len(letters) == degree:
            key = tuple(sorted(letters))
            found[key] = found.get(key, sp.S.Zero) + matrix.trace() / 2
    return {key: value for key, raw in found.items() if (value := sp.expand(raw)) != 0}


def _second_order(words: Words) -> tuple[sp.ImmutableMatrix, sp.ImmutableMatrix]:
    energy = _symmetric(words, 2)

    def entry(a: int, b: int) -> sp.Expr:
        value = energy.get((min(a, b), max(a, b)), sp.S.Zero)
        return _tidy(value / HBAR2_2M0 / (1 if a == b else 2))

    moments = _moment(words, 0).get((), [sp.zeros(2)] * 3)
    return sp.ImmutableMatrix(3, 3, entry), _g_tensor(moments).applyfunc(_tidy)


def _fourth_order(words: Words) -> tuple[dict[tuple[int, ...], sp.Expr], dict[tuple[int, ...], sp.ImmutableMatrix]]:
    return _symmetric(words, 4), {key: _g_tensor(moments) for key, moments in _moment(words, 2).items()}
