"""g tensors of the band edges in a tetragonal or orthorhombic crystal field, as formulas.

The valence band feels the field through the energies of the conduction states. The conduction band's own state changes
too: a field mixes R6- with R8-, so that its share of Z is no longer one third.
"""

from __future__ import annotations

from functools import lru_cache

import sympy as sp

from bandg.base.errors import BandgError
from bandg.models.kp.hamiltonian import HBAR2_2M0, order_by_order, reversal, rows, symbol, zeeman
from bandg.models.kp.matrices import EDGES

FIELDS = ("tetragonal", "orthorhombic")

AMPLITUDES = sp.symbols("u_6 u_1 u_3", real=True)
"""Amplitudes of |R6- +1/2>, |R8- +1/2>, |R8- -3/2> in the conduction-band edge; 1, 0, 0 in the cubic crystal."""

THETA = sp.Symbol("theta", real=True)
"""Mixing angle of R6- and R8- in a tetragonal field: u_6 = cos, u_1 = sin."""

E_C = symbol("E_c")
"""Energy of the conduction-band edge above R6+, with the field."""

_MIXED = [2, 5, 7]
"""Rows of AMPLITUDES among the eight bands."""

_QUIET = dict.fromkeys(("E_v", "b_E", "b_T", "d_E", "d_T"), 0)
_SIGMA = [sp.Matrix(p) for p in ([[0, 1], [1, 0]], [[0, -sp.I], [sp.I, 0]], [[1, 0], [0, -1]])]


@lru_cache(maxsize=1)
def _parts() -> tuple[sp.Matrix, list[sp.Matrix], list[sp.Matrix]]:
    """H at k = 0, the matrices of k_a, and the moments."""
    constant, linear, _ = order_by_order(_QUIET)
    return constant, linear, zeeman(_QUIET)


@lru_cache(maxsize=1)
def hole() -> sp.ImmutableMatrix:
    """g tensor of R6+, second order, as an expression (3, 3) in the parameters of the 8-band Hamiltonian.

    The six conduction states enter through their resolvent at the valence-band top, so no mixing angle is needed.
    """
    constant, linear, magnetic = _parts()
    basis = sp.Matrix(rows())
    # in X, Y, Z with spin the matrix to invert falls into two 3 x 3 blocks
    order = [2, 4, 7, 3, 5, 6]
    turned = (basis * constant * basis.H).applyfunc(sp.expand)
    block = -turned.extract(order, order)
    resolvent = sp.diag(*(half.adjugate() / sp.expand(half.det()) for half in (block[:3, :3], block[3:, 3:])))
    vectors = [(matrix * basis.H).extract([0, 1], order).applyfunc(sp.expand) for matrix in linear]
    moments = [_orbital(vectors, resolvent, axis) + magnetic[axis][:2, :2] for axis in range(3)]
    return _tensor(moments)


@lru_cache(maxsize=1)
def electron() -> sp.ImmutableMatrix:
    """g tensor of the conduction-band edge, second order, (3, 3), in AMPLITUDES and E_C (see `mixing`)."""
    up = sp.zeros(8, 1)
    for row, amplitude in zip(_MIXED, AMPLITUDES, strict=True):
        up[row] = amplitude
    down = reversal() * up
    pair = sp.Matrix.hstack(up, down / down[EDGES["c"] + 1] * AMPLITUDES[0])
    _, linear, magnetic = _parts()
    vectors = [(pair.H * matrix)[:, :2] for matrix in linear]
    resolvent = sp.eye(2) / E_C
    moments = [_orbital(vectors, resolvent, axis) + pair.H * magnetic[axis] * pair for axis in range(3)]
    return _tensor(moments)


@lru_cache(maxsize=1)
def mixing() -> sp.ImmutableMatrix:
    """The matrix (3, 3), energies from R6+, whose eigenvector is AMPLITUDES and whose eigenvalue is E_C."""
    constant, _, _ = _parts()
    return sp.ImmutableMatrix(constant.extract(_MIXED, _MIXED).applyfunc(sp.factor))


def formula(edge: str, field: str) -> dict[str, sp.Expr]:
    """Formulas of `bandg kp formula --crystal-field`: g_x, g_y, g_z, and for the electron the meaning of its symbols.

    Raises BandgError for a field that is not one of FIELDS.
    """
    if field not in FIELDS:
        raise BandgError(f"crystal field {field!r} is unknown; choose {' or '.join(FIELDS)}")
    tensor = hole() if edge == "v" else electron()
    no_more = {symbol("epsilon"): 0} if field == "tetragonal" else {}
    if edge == "c" and field == "tetragonal":
        no_more |= dict(zip(AMPLITUDES, (sp.cos(THETA), sp.sin(THETA), 0), strict=True))
    found = {f"g_{axis}": sp.factor(tensor[a, a].subs(no_more)) for a, axis in enumerate("xyz")}
    if edge == "v":
        return found
    matrix = mixing().subs(no_more)
    if field == "orthorhombic":
        return found | {"H of u_6, u_1, u_3, eigenvalue E_c": matrix}
    tangent = sp.factor(2 * matrix[0, 1] / (matrix[0, 0] - matrix[1, 1]))
    level = matrix[0, 0] * sp.cos(THETA) ** 2 + matrix[1, 1] * sp.sin(THETA) ** 2 + matrix[0, 1] * sp.sin(2 * THETA)
    return found | {"tan(2 theta)": tangent, "E_c": level}


def _orbital(vectors: list[sp.Matrix], resolvent: sp.Matrix, axis: int) -> sp.Matrix:
    a, b = (axis + 1) % 3, (axis + 2) % 3
    product = vectors[a] * resolvent * vectors[b].H - vectors[b] * resolvent * vectors[a].H
    return -sp.I * product / (2 * HBAR2_2M0)


def _tensor(moments: list[sp.Matrix]) -> sp.ImmutableMatrix:
    return sp.ImmutableMatrix(3, 3, lambda s, axis: sp.factor(sp.expand((_SIGMA[s] * moments[axis]).trace())))
