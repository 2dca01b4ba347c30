"""Magnetic moments of symmetry-adapted levels, and the g-factors that follow.

First order in the field with Peierls phases on the bonds: L_ij = (m0 / hbar^2) i H_ij (r_i x r_j), in units of hbar.
H_Z = mu_B B . (L + (g0 / 2) sigma). Only the bonds of orbit representatives are visited; the group does the rest.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import permutations
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from bandg.base.units import G0, HBAR2_OVER_M0
from bandg.hamiltonian.groups import PAULI, spinor
from bandg.hamiltonian.sites import LinearMatrix

if TYPE_CHECKING:
    from bandg.hamiltonian.blocks import AdaptedBasis, Multiplet


@dataclass(frozen=True, eq=False)
class Moments:
    """Matrices of the moments between the d partners of a level, each of shape (3, d, d), in units of hbar.

    orbital: motion between atoms. sigma: Pauli matrices of the spin. atomic: angular momentum of the p shells.
    """

    orbital: NDArray[np.complex128]
    sigma: NDArray[np.complex128]
    atomic: NDArray[np.complex128]

    def total(self, intra_atomic: bool = False) -> NDArray[np.complex128]:
        """L + (g0 / 2) sigma, shape (3, d, d)."""
        return self.orbital + G0 / 2 * self.sigma + (self.atomic if intra_atomic else 0)


def moments(basis: AdaptedBasis, vector: NDArray[Any], parameters: NDArray[np.float64]) -> Moments:
    """Moments between the partners of one level (see `AdaptedBasis.multiplet`).

    vector: (size,) eigenvector in the basis. parameters: parameter vector in eV.
    """
    return moments_of(basis.multiplet(vector), parameters)


def moments_of(states: Multiplet, parameters: NDArray[np.float64]) -> Moments:
    """Moments between the states of a multiplet; parameters: parameter vector in eV."""
    orbits, model = states.orbits, states.orbits.system.model
    d = states.matrices.shape[1]
    hops = [terms.at(parameters) for terms in model.bond_terms]
    local = np.zeros((3, 3, d, d), dtype=complex)
    for number, (kind, psi) in enumerate(zip(orbits.kinds, states.home, strict=True)):
        weight = orbits.sizes[orbits.of_type(number)][:, None, None]
        density = np.tensordot(weight * psi.conj(), psi, axes=(0, 0))  # (i, u, j, v)
        for which, operator in ((1, model.spaces[kind].sigma), (2, model.spaces[kind].orbital_momentum())):
            local[which] += np.tensordot(operator, density, axes=((1, 2), (0, 2)))
    for bond, area in zip(orbits.bond_classes, orbits.areas, strict=True):
        psi = states.home[bond.first_type][bond.first]
        image = states.amplitudes(bond.second_type, bond.operation, bond.second)
        current = psi.conj().transpose(0, 2, 1) @ (hops[bond.bond] @ image)
        sizes = orbits.sizes[orbits.of_type(bond.first_type)][bond.first]
        local[0] += 1j / HBAR2_OVER_M0 * np.tensordot(sizes[:, None] * area, current, axes=(0, 0))
    return Moments(*_averaged(states, states, orbits.group.axial, local))


def dipole(first: Multiplet, second: Multiplet) -> NDArray[np.complex128]:
    """Matrix elements <first, u | r | second, v> in nm, shape (3, m, m'); an orbital has the place of its atom."""
    orbits = first.orbits
    positions = orbits.system.positions[orbits.representatives]
    local = np.zeros((3, first.matrices.shape[1], second.matrices.shape[1]), dtype=complex)
    for number, (left, right) in enumerate(zip(first.home, second.home, strict=True)):
        part = orbits.of_type(number)
        weight = orbits.sizes[part][:, None] * positions[part]
        local += np.einsum("na,niu,niv->auv", weight, left.conj(), right, optimize=True)
    return _averaged(first, second, orbits.group.rotations, local[None])[0]


def g_matrix(basis: AdaptedBasis, turn: NDArray[np.complex128] | None = None) -> LinearMatrix:
    """The g-factor of a doublet as a matrix on the reduced vectors, linear in the parameters: g = Re <v| G |v>.

    Shape (size, size); its parameter vector is that of H followed by the weights of the spin, G0 / 2, and of the p
    shells' own moment, 0 or 1. turn: (2, 2) unitary whose columns are the pseudospin states in the rows of the irrep,
    by default the rows themselves. Not Hermitian element by element: only its Hermitian part has a meaning.
    """
    orbits, model = basis.orbits, basis.orbits.system.model
    n_parameters, d = len(model.paths), basis.irrep.dimension
    weights = _pseudospin_weights(basis, np.eye(2) if turn is None else turn)
    rows: list[NDArray[Any]] = []
    columns: list[NDArray[Any]] = []
    parameters: list[NDArray[Any]] = []
    values: list[NDArray[Any]] = []

    def add(at: tuple[int, int], n: tuple[Any, Any], number: NDArray[np.int64], scale: Any, blocks: Any) -> None:
        """blocks: (axis, term, k, l) matrices; scale: (n, axis) factors for each pair of orbits."""
        if basis.is_real:
            blocks = np.real(blocks)
        term, k, l = np.nonzero(np.abs(blocks).max(axis=0) > 1e-13)
        shape = (len(n[0]), len(term))
        rows.append((basis.starts[at[0]] + n[0][:, None] * len(basis.local[at[0]]) + k).ravel())
        columns.append((basis.starts[at[1]] + n[1][:, None] * len(basis.local[at[1]]) + l).ravel())
        parameters.append(np.broadcast_to(number[term], shape).ravel())
        values.append((d * scale @ blocks[:, term, k, l]).ravel())

    for number, kind in enumerate(orbits.kinds):
        local, space = basis.local[number], model.spaces[kind]
        every = np.arange(orbits.starts[number + 1] - orbits.starts[number])
        for column, operator in ((n_parameters, space.sigma), (n_parameters + 1, space.orbital_momentum())):
            size = 2 * local.shape[1]
            weighted = np.einsum("aij,anm->imjn", operator, weights).reshape(size, size)
            flat = local.reshape(len(local), size)
            block = flat.conj() @ weighted @ flat.T
            one = np.ones((len(every), 1))
            add((number, number), (every, every), np.array([column]), one, block[None, None])
    for bond, area in zip(orbits.bond_classes, orbits.areas, strict=True):
        terms = model.bond_terms[bond.bond]
        left, right = basis.local[bond.first_type], basis.functions_at(bond.second_type, bond.operation)
        if not (len(left) and len(right) and len(terms.parameters)):
            continue
        blocks = np.einsum("kim,tij,ljn,anm->atkl", left.conj(), terms.matrices, right, weights, optimize=True)
        scale = bond.weight[:, None] * area / HBAR2_OVER_M0
        add((bond.first_type, bond.second_type), (bond.first, bond.second), terms.parameters, scale, 1j * blocks)
    return LinearMatrix.from_triples(basis.size, n_parameters + 2, rows, columns, parameters, values)


def _pseudospin_weights(basis: AdaptedBasis, turn: NDArray[Any]) -> NDArray[np.complex128]:
    """What a moment on the representatives gives to g: g = sum over a, m, n of K[a, n, m] local[a, m, n]; (3, 2, 2)."""
    group, matrices = basis.orbits.group, basis.irrep.matrices
    pauli = turn @ PAULI @ turn.conj().T
    turned = np.einsum("gum,avu,gvn->ganm", matrices, pauli, matrices.conj(), optimize=True)
    return np.einsum("gab,ganm->bnm", group.axial, turned) / group.order / 3


def _averaged(
    first: Multiplet, second: Multiplet, vectors: NDArray[Any], local: NDArray[np.complex128]
) -> NDArray[np.complex128]:
    """Sum over the orbits from the values (n, 3, m, m') at their representatives.

    vectors: action of the group on the components (order, 3, 3).
    """
    left, right = first.matrices, second.matrices
    at = left[:, None, None] @ local @ right.conj().transpose(0, 2, 1)[:, None, None]  # (g, n, 3, m, m')
    return np.asarray(np.einsum("gab,gwbuv->wauv", vectors, at) / first.orbits.group.order)


@dataclass(frozen=True, eq=False)
class GTensor:
    """g tensor of a Kramers doublet: H = mu_B / 2 sum_ba sigma_b g_ba B_a.

    matrix: (3, 3), rows pseudospin, columns field. principal: (3,) values, ordered by the cubic axis that each lies
    nearest to; g = U S V^T, values s_i with the sign of u_i . v_i. axes: (3, 3), rows v_i, unit vectors of the field.
    """

    matrix: NDArray[np.float64]
    principal: NDArray[np.float64]
    axes: NDArray[np.float64]

    @property
    def scalar(self) -> float:
        """Tr(g) / 3."""
        return float(np.trace(self.matrix) / 3)


_TIE = 1e-10
_NEAR = 1e-3


def g_tensor(moment: NDArray[np.complex128], turn: NDArray[np.complex128]) -> GTensor:
    """g tensor of a doublet from its moment (3, 2, 2) and the unitary (2, 2) whose columns are the pseudospin states.

    Axes of equal principal values are free: they are taken as near to the cubic axes as they can be.
    """
    turned = turn.conj().T @ moment @ turn
    matrix = np.real(np.einsum("auv,bvu->ba", turned, PAULI))
    axes = principal_axes(matrix.T @ matrix)
    images = axes @ matrix.T
    sign = np.where(np.einsum("ij,ij->i", images, axes) < 0, -1.0, 1.0)
    return GTensor(matrix, sign * np.linalg.norm(images, axis=1), axes)


def principal_axes(matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    """Eigenvectors of a symmetric (3, 3) matrix, rows (3, 3), ordered by the cubic axis that each lies nearest to."""
    scale = max(float(np.abs(np.trace(matrix))), 1.0)
    axes = np.linalg.eigh(matrix + _TIE * scale * np.diag([0.0, 1.0, 2.0]))[1].T
    # of two axes equally near, as [110] and [1-10] to x, the one with components of one sign comes first
    one_sign = axes[:, 0] * axes[:, 1] + axes[:, 1] * axes[:, 2] + axes[:, 2] * axes[:, 0]
    cost = _NEAR * np.outer(np.arange(3), one_sign) - np.abs(axes.T)
    axes = axes[list(min(permutations(range(3)), key=lambda order: cost[range(3), order].sum()))]
    return np.asarray(axes * np.where(np.diagonal(axes) < 0, -1.0, 1.0)[:, None])


def symmetric_turn(moment: NDArray[np.complex128]) -> NDArray[np.complex128]:
    """Pseudospin states (2, 2) of a doublet without a Bloch pair to align with: those that make g symmetric.

    All its principal values then have the sign of det g, the only one that needs no alignment.
    """
    matrix = np.real(np.einsum("auv,bvu->ba", moment, PAULI))
    left, _, right = np.linalg.svd(matrix)
    turn = left @ right
    return spinor(turn * np.sign(np.linalg.det(turn)))


def nearest_unitary(overlap: NDArray[np.complex128]) -> NDArray[np.complex128]:
    """The unitary next to a square matrix."""
    left, _, right = np.linalg.svd(overlap)
    return np.asarray(left @ right)


def g_of_doublet(moment: NDArray[np.complex128]) -> float:
    """Isotropic g of a moment (3, 2, 2) whose rows are the pseudospin |1/2, +-1/2> along z: Tr(g) / 3."""
    return float(np.real(np.einsum("auv,avu->", moment, PAULI)) / 3)


def g_of_quartet(moment: NDArray[np.complex128]) -> tuple[float, float]:
    """(g_1, g_2) of mu_B B (g_1 J_z + g_2 J_z^3) from a moment (3, 4, 4) with rows m = 3/2 ... -3/2 along z."""
    three_halves, one_half = np.real(np.diagonal(moment[2])[:2])
    g_1, g_2 = np.linalg.solve([[3 / 2, 27 / 8], [1 / 2, 1 / 8]], [three_halves, one_half])
    return float(g_1), float(g_2)
