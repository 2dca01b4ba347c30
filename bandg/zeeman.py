"""Magnetic moments of symmetry-adapted levels, and the g-factors that follow.

First order in the field with Peierls phases on the bonds: L_ij = (m0 / hbar^2) i H_ij (r_i x r_j), in units of hbar.
H_Z = mu_B B . (L + (g0 / 2) sigma). Only the bonds of orbit representatives are visited; the group does the rest.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bandg.pointgroup import PAULI
from bandg.symmetry import AdaptedBasis
from bandg.units import G0, HBAR2_OVER_M0


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
    """Moments of one level.

    basis: adapted basis with rows along z. vector: (size,) eigenvector in it. parameters: parameter vector in eV.
    """
    orbits, model = basis.orbits, basis.orbits.system.model
    d = basis.irrep.dimension
    at_home = [basis.amplitudes(vector, number, basis.identity) for number in range(orbits.n_types)]
    positions = orbits.system.positions[orbits.representatives]
    unit = orbits.system.unit_nm
    local = np.zeros((3, 3, d, d), dtype=complex)
    for number, (kind, psi) in enumerate(zip(orbits.kinds, at_home, strict=True)):
        weight = orbits.sizes[orbits.of_type(number)]
        for which, operator in ((1, model.spaces[kind].sigma), (2, model.spaces[kind].orbital_momentum())):
            local[which] += np.einsum("n,niu,aij,njv->auv", weight, psi.conj(), operator, psi, optimize=True)
    for bond in orbits.bond_classes:
        hop = model.bond_terms[bond.bond].at(parameters)
        first = orbits.of_type(bond.first_type).start + bond.first
        psi = at_home[bond.first_type][bond.first]
        image = basis.amplitudes(vector, bond.second_type, bond.operation)[bond.second]
        turned = np.cross(positions[first], unit * model.bond_vectors[bond.bond])  # r x r' = r x (r' - r)
        current = np.einsum("niu,niv->nuv", psi.conj(), np.matmul(hop, image))
        weight = orbits.sizes[first][:, None] * turned
        local[0] += 1j / HBAR2_OVER_M0 * np.tensordot(weight, current, axes=(0, 0))
    return Moments(*_averaged(basis, local))


def _averaged(basis: AdaptedBasis, local: NDArray[np.complex128]) -> NDArray[np.complex128]:
    """Sum over the orbits from the values at their representatives, by the action of the group."""
    group, matrices = basis.orbits.group, basis.irrep.matrices
    carried = np.einsum("gab,gum,wbmn,gvn->wauv", group.axial, matrices, local, matrices.conj(), optimize=True)
    return carried / group.order


def g_of_doublet(moment: NDArray[np.complex128]) -> float:
    """Isotropic g of a moment (3, 2, 2) whose rows are the pseudospin |1/2, +-1/2> along z: Tr(g) / 3."""
    return float(np.real(np.einsum("auv,avu->", moment, PAULI)) / 3)


def g_of_quartet(moment: NDArray[np.complex128]) -> tuple[float, float]:
    """(g_1, g_2) of mu_B B (g_1 J_z + g_2 J_z^3) from a moment (3, 4, 4) with rows m = 3/2 ... -3/2 along z."""
    three_halves, one_half = np.real(np.diagonal(moment[2])[:2])
    g_1, g_2 = np.linalg.solve([[3 / 2, 27 / 8], [1 / 2, 1 / 8]], [three_halves, one_half])
    return float(g_1), float(g_2)
