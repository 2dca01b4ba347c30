"""g tensors of the band edges in a tetragonal or orthorhombic crystal field, as formulas and as numbers.

The valence band feels the field through the energies of the conduction states. The conduction band's own state changes
too: a field mixes R6- with R8-, so that its share of Z is no longer one third.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import sympy as sp
from numpy.typing import NDArray

from bandg.base.errors import BandgError
from bandg.base.units import HBAR2_OVER_M0
from bandg.hamiltonian.groups import PAULI
from bandg.models.kp.derive import EDGES
from bandg.models.kp.hamiltonian import HBAR2_2M0, numeric, order_by_order, reversal, rows, symbol, zeeman
from bandg.models.kp.matrices import KpModel

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


@lru_cache(maxsize=2)
def hole() -> sp.ImmutableMatrix:
    """g tensor of R6+, second order, as an expression (3, 3) in the parameters of the 8-band Hamiltonian.

    The six conduction states enter through their resolvent at the valence-band top, so no mixing angle is needed.
    """
    constant, linear, _ = order_by_order(_QUIET)
    basis = sp.Matrix(rows())
    # in X, Y, Z with spin the matrix to invert falls into two 3 x 3 blocks
    order = [2, 4, 7, 3, 5, 6]
    turned = (basis * constant * basis.H).applyfunc(sp.simplify)
    block = -turned.extract(order, order)
    resolvent = sp.diag(block[:3, :3].inv(), block[3:, 3:].inv())
    vectors = [(matrix * basis.H).extract([0, 1], order).applyfunc(sp.simplify) for matrix in linear]
    moments = [_orbital(vectors, resolvent, axis) + zeeman(_QUIET)[axis][:2, :2] for axis in range(3)]
    return _tensor(moments)


@lru_cache(maxsize=2)
def electron() -> sp.ImmutableMatrix:
    """g tensor of the conduction-band edge, second order, (3, 3), in AMPLITUDES and E_C (see `mixing`)."""
    up = sp.zeros(8, 1)
    for row, amplitude in zip(_MIXED, AMPLITUDES, strict=True):
        up[row] = amplitude
    down = reversal() * up
    pair = sp.Matrix.hstack(up, down / down[EDGES["c"] + 1] * AMPLITUDES[0])
    _, linear, _ = order_by_order(_QUIET)
    vectors = [(pair.H * matrix)[:, :2] for matrix in linear]
    resolvent = sp.eye(2) / E_C
    moments = [_orbital(vectors, resolvent, axis) + pair.H * zeeman(_QUIET)[axis] * pair for axis in range(3)]
    return _tensor(moments)


def mixing() -> sp.ImmutableMatrix:
    """The matrix (3, 3), energies from R6+, whose eigenvector is AMPLITUDES and whose eigenvalue is E_C."""
    constant, _, _ = order_by_order(_QUIET)
    return sp.ImmutableMatrix(constant.extract(_MIXED, _MIXED).applyfunc(sp.factor))


def formula(edge: str, field: str) -> dict[str, sp.Expr]:
    """What `bandg kp formula --crystal-field` prints: g_x, g_y, g_z, and for the electron what its symbols mean.

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


def _edge(edge: str, model: KpModel) -> tuple[NDArray[np.float64], NDArray[np.complex128], NDArray[np.int64]]:
    """Energies (8,) at k = 0, states (8, 8), rows of the band edge (2,), which is aligned with the cubic pair."""
    energies, states = np.linalg.eigh(model.h0)
    start = EDGES[edge]
    number = int(np.argmax([np.sum(np.abs(states[start : start + 2, 2 * n : 2 * n + 2]) ** 2) for n in range(4)]))
    mine = np.arange(2 * number, 2 * number + 2, dtype=np.int64)
    left, _, right = np.linalg.svd(states[start : start + 2, mine])
    states[:, mine] = states[:, mine] @ (left @ right).conj().T
    return energies, states, mine


def principal_g(edge: str, values: dict[str, float]) -> NDArray[np.float64]:
    """Principal values g_x, g_y, g_z of a band edge, "v" or "c", by the sum over the eight bands; shape (3,).

    The doublet is that of the cubic crystal, followed by its character, and its pseudospin is aligned with the cubic
    one: each component has its own sign.
    """
    model = numeric(values)
    energies, states, mine = _edge(edge, model)
    other = np.setdiff1d(np.arange(8), mine)
    velocity = np.array([states.conj().T @ h @ states for h in model.h1])[:, mine][:, :, other]
    gap = energies[mine[0]] - energies[other]
    g = []
    for axis in range(3):
        a, b = velocity[(axis + 1) % 3], velocity[(axis + 2) % 3]
        orbital = -1j * ((a / gap) @ b.conj().T - (b / gap) @ a.conj().T) / HBAR2_OVER_M0
        remote = states[:, mine].conj().T @ model.zeeman[axis] @ states[:, mine]
        g.append(np.real(np.trace(PAULI[axis] @ (orbital + remote))))
    return np.array(g)


def principal_inverse_mass(edge: str, values: dict[str, float]) -> NDArray[np.float64]:
    """Inverse masses of a band edge along x, y, z in 1/m0, positive for the hole too; shape (3,)."""
    model = numeric(values)
    energies, states, mine = _edge(edge, model)
    other = np.setdiff1d(np.arange(8), mine)
    state = states[:, mine[0]]
    found = []
    for a in range(3):
        elements = states[:, other].conj().T @ model.h1[a] @ state
        second = np.sum(np.abs(elements) ** 2 / (energies[mine[0]] - energies[other]))
        found.append((second + np.real(state.conj() @ model.h2[a, a] @ state)) / (HBAR2_OVER_M0 / 2))
    return (-1 if edge == "v" else 1) * np.array(found)
