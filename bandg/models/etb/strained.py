"""Band edges of the strained bulk crystal: its gap and its g-factors."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from bandg.base.errors import BandgError
from bandg.base.units import G0, HBAR2_OVER_M0
from bandg.crystal.distortion import strain_matrix
from bandg.crystal.shapes import Nanocrystal
from bandg.crystal.structure import structure_of
from bandg.hamiltonian.moments import g_tensor, nearest_unitary
from bandg.hamiltonian.sites import LocalModel
from bandg.models.etb.bloch import BlochHamiltonian
from bandg.models.etb.bonds import site_system
from bandg.models.etb.bulk import bulk, edge_point, occupied_bands
from bandg.models.etb.material import Material
from bandg.parameters.sets import ParameterSet

_CELLS = 3
"""A cube of so many cells has every bond of the crystal."""


@dataclass(frozen=True)
class StrainedBulk:
    """Gap in eV, and Tr(g) / 3 of electron and hole without and with the p shells' own moment."""

    E_g: float
    g: tuple[float, float]
    g_with_atomic: tuple[float, float]

    def g_factors(self, intra_atomic: bool = False) -> tuple[float, float]:
        """g of the conduction and of the valence doublet."""
        return self.g_with_atomic if intra_atomic else self.g


def strained_bulk(parameters: ParameterSet, neighbors: int, strain: tuple[float, ...]) -> StrainedBulk:
    """The bulk crystal that strained nanocrystals are cut from; strain: xx, yy, zz, yz, xz, xy.

    Bonds turn and their hopping goes with their length, as in a nanocrystal. The wave vector of the edges moves with
    the reciprocal lattice, so that the phases k d stay and dH/dk goes with d. Raises BandgError without a gap.
    """
    ideal = bulk(parameters, neighbors)
    deformation = np.eye(3) + strain_matrix(strain)
    model = _strained_model(parameters, neighbors, strain, deformation)
    hamiltonian = BlochHamiltonian(parameters.lattice, model, parameters.vector, parameters.a_nm)
    k = edge_point(hamiltonian)
    energies, states = np.linalg.eigh(hamiltonian.H(k))
    velocity = np.einsum("ab,bij->aij", deformation, hamiltonian.dH(k))
    occupied = occupied_bands(hamiltonian)
    if energies[occupied] - energies[occupied - 1] <= 0:
        raise BandgError(f"the set {parameters.name} has no gap under this strain")
    found = []
    for edge, first in ((ideal.conduction, occupied), (ideal.valence, occupied - 2)):
        doublet = slice(first, first + 2)
        moment = _moment(hamiltonian, velocity, energies, states, doublet)
        own = states[:, doublet]
        atomic = np.einsum("is,aij,jt->ast", own.conj(), hamiltonian.atomic_momentum, own)
        turn = nearest_unitary(own.conj().T @ edge.states)
        found.append((g_tensor(moment, turn).scalar, g_tensor(moment + atomic, turn).scalar))
    (g_e, g_e_atomic), (g_h, g_h_atomic) = found
    E_g = float(energies[occupied] - energies[occupied - 1])
    return StrainedBulk(E_g, (g_e, g_h), (g_e_atomic, g_h_atomic))


def _strained_model(
    parameters: ParameterSet, neighbors: int, strain: tuple[float, ...], deformation: NDArray[np.float64]
) -> LocalModel:
    """The local model of strained nanocrystals, each bond once, its vectors those of the ideal crystal."""
    lattice, a_nm = parameters.lattice, parameters.a_nm
    cube = Nanocrystal(
        "cube", a_nm, lattice.terminations[0].name, lattice.centers[0], _CELLS, strain=strain, lattice=lattice
    )
    model = site_system(structure_of(cube), Material(parameters).spec(neighbors)).model
    vectors = np.rint(model.bond_vectors @ np.linalg.inv(deformation) * 2 / a_nm).astype(np.int64)
    _, once = np.unique(np.column_stack([model.bond_kinds, vectors]), axis=0, return_index=True)
    terms = tuple(model.bond_terms[number] for number in once.tolist())
    return replace(model, bond_kinds=model.bond_kinds[once], bond_vectors=vectors[once], bond_terms=terms)


def _moment(
    hamiltonian: BlochHamiltonian,
    velocity: NDArray[np.complex128],
    energies: NDArray[np.float64],
    states: NDArray[np.complex128],
    doublet: slice,
) -> NDArray[np.complex128]:
    """Moment (3, 2, 2) of a doublet from its spin and from all other levels."""
    own, others = states[:, doublet], np.delete(states, doublet, axis=1)
    gaps = energies[doublet].mean() - np.delete(energies, doublet)
    elements = np.einsum("is,aij,jm->asm", own.conj(), velocity, others)
    products = np.einsum("asm,btm->abst", elements / gaps, elements.conj())
    pairs = ((1, 2), (2, 0), (0, 1))
    orbital = np.array([-1j * (products[a, b] - products[b, a]) for a, b in pairs]) / HBAR2_OVER_M0
    return G0 / 2 * np.einsum("is,aij,jt->ast", own.conj(), hamiltonian.sigma, own) + orbital
