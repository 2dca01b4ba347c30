"""Which confined state is the band edge: overlap with (bulk Bloch function x smooth envelope)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array, csr_array
from scipy.sparse.linalg import eigsh

from bandg.base.units import HBAR2_OVER_M0
from bandg.crystal.shapes import Nanocrystal
from bandg.crystal.sites import Structure
from bandg.hamiltonian.blocks import AdaptedBasis, Multiplet, Orbits
from bandg.hamiltonian.moments import nearest_unitary
from bandg.models.etb.bulk import BandEdge, Bulk
from bandg.models.etb.reduced import ReducedNanocrystal

EDGE_IRREPS = {("R6+", "Pb"): "6+", ("R6-", "Pb"): "6-", ("R6+", "Cs"): "7-", ("R6-", "Cs"): "7+"}
"""Irrep of a band-edge state with an s-like envelope about the center of the nanocrystal: about Cs the Bloch factor
exp(i R r) turns like A2u."""


def envelope(nanocrystal: Nanocrystal, positions: NDArray[np.float64]) -> NDArray[np.float64]:
    """Ground state of a hard-wall box or ball, a cell wider than the outermost Pb; not normalized; (n, 3) to (n,)."""
    if nanocrystal.shape == "cube":
        width = (nanocrystal.cells + 1) * nanocrystal.a_nm
        return np.prod(np.cos(np.pi * positions / width), axis=1)
    radius = np.linalg.norm(positions, axis=1)
    return np.sinc(radius / (nanocrystal.diameter_nm / 2 + nanocrystal.a_nm))


def bloch_partners(edge: BandEdge, bulk: Bulk, orbits: Orbits, center: str) -> list[NDArray[np.complex128]]:
    """Partner functions exp(i R r) u of a band edge on the representatives, for each type (n_orbits, dim, 2)."""
    hamiltonian = bulk.hamiltonian
    parts = []
    for number, kind in enumerate(orbits.kinds):
        coordinates = orbits.system.coordinates[orbits.representatives[orbits.of_type(number)]]
        on_lead = coordinates + (0 if center == "Pb" else 1)  # even on Pb, with one odd number on X
        sublattice = np.where(kind == 0, 0, 1 + np.argmax(on_lead % 2, axis=1))
        phase = 1j ** (on_lead.sum(axis=1) % 4)  # exp(i R r) at the true position
        values = np.array([edge.states[hamiltonian.block(s)] for s in np.unique(sublattice)])
        parts.append(phase[:, None, None] * values[np.searchsorted(np.unique(sublattice), sublattice)])
    return parts


def trial_state(nanocrystal: Nanocrystal, bulk: Bulk, edge: BandEdge, basis: AdaptedBasis) -> NDArray[np.complex128]:
    """Normalized band-edge state in the envelope approximation, in the adapted basis, shape (size,)."""
    orbits = basis.orbits
    positions = orbits.system.positions[orbits.representatives]
    weight = envelope(nanocrystal, positions)
    values = bloch_partners(edge, bulk, orbits, nanocrystal.center)
    for number, part in enumerate(values):
        part *= weight[orbits.of_type(number)][:, None, None]
    trial = basis.project(values)
    return trial / np.linalg.norm(trial)


@dataclass(frozen=True, eq=False)
class CubicTrial:
    """Band edge of a cube or sphere of the ideal crystal, which lies in one known irrep of O_h."""

    reduced: ReducedNanocrystal
    bulk: Bulk
    edge: BandEdge

    @cached_property
    def label(self) -> str:
        """Irrep of the band edge."""
        return EDGE_IRREPS[self.edge.irrep, self.reduced.nanocrystal.center]

    @cached_property
    def _trial(self) -> NDArray[np.complex128]:
        return trial_state(self.reduced.nanocrystal, self.bulk, self.edge, self.reduced.block(self.label)[0])

    def overlaps(self, label: str, states: NDArray[Any]) -> NDArray[np.float64]:
        """Weight of the trial doublet in each level (columns of states) of an irrep, shape (n,)."""
        if label != self.label:
            return np.zeros(states.shape[1])
        return np.abs(self._trial.conj() @ states) ** 2

    def pseudospin(self, states: Multiplet) -> NDArray[np.complex128]:
        """The unitary (2, 2) whose columns are the pseudospin states: the rows of the irrep are."""
        return np.eye(2, dtype=complex)


@dataclass(frozen=True, eq=False)
class FullTrial:
    """Band edge in any symmetry: Bloch function x envelope on all atoms, projected on each irrep."""

    reduced: ReducedNanocrystal
    bulk: Bulk
    edge: BandEdge

    @cached_property
    def states(self) -> NDArray[np.complex128]:
        """The two trial states, pseudospin up first, normalized, shape (n_orbitals, 2)."""
        return full_trial(self.reduced, self.bulk, self.edge)

    @cached_property
    def _parts(self) -> dict[str, NDArray[np.complex128]]:
        """Projections (size, d, 2) on the irreps that are solved."""
        return {label: self.reduced.basis(label).project_full(self.states) for label in self.reduced.labels}

    @cached_property
    def label(self) -> str:
        """Irrep that holds most of the trial states; of two conjugate ones the first."""
        return max(self._parts, key=lambda label: round(float(np.sum(np.abs(self._parts[label]) ** 2)), 9))

    def start(self, dtype: Any) -> NDArray[Any]:
        """A state (size,) of the block of its irrep that overlaps with the band edge; real where the block is."""
        part = self._parts[self.label]
        columns = part.reshape(len(part), -1)
        state = columns[:, np.argmax(np.linalg.norm(columns, axis=0))]
        if np.issubdtype(dtype, np.complexfloating):
            return state
        return np.real(state * np.exp(-0.5j * np.angle(np.sum(state**2))))

    def overlaps(self, label: str, states: NDArray[Any]) -> NDArray[np.float64]:
        """Weight of the trial doublet in each level (columns of states) of an irrep, shape (n,).

        A level of a one-dimensional irrep counts with its time reversal, in the same or in the conjugate irrep.
        """
        part = self._parts[label]
        found = states.conj().T @ part.reshape(len(part), -1)
        return np.sum(np.abs(found) ** 2, axis=1) / part.shape[1]

    def pseudospin(self, states: Multiplet) -> NDArray[np.complex128]:
        """The unitary (2, 2) whose columns are the doublet's states that are nearest to the trial ones."""
        orbits, system = self.reduced.orbits, self.reduced.system
        orbit, operation = orbits.placed
        overlap = np.zeros((2, 2), dtype=complex)
        for number in range(orbits.n_types):
            mine = orbits.type_of[orbit] == number
            for g in np.unique(operation[mine]).tolist():
                sites = np.flatnonzero(mine & (operation == g))
                psi = states.amplitudes(number, g, orbit[sites] - orbits.starts[number])
                rows = system.offsets[sites][:, None] + np.arange(psi.shape[1])
                overlap += np.einsum("niu,nis->us", psi.conj(), self.states[rows])
        return nearest_unitary(overlap)


def trial_of(reduced: ReducedNanocrystal, bulk: Bulk, edge: BandEdge) -> CubicTrial | FullTrial:
    """What tells the band edge from other states."""
    return (CubicTrial if reduced.is_simple else FullTrial)(reduced, bulk, edge)


def full_trial(reduced: ReducedNanocrystal, bulk: Bulk, edge: BandEdge) -> NDArray[np.complex128]:
    """Normalized partner functions exp(i R r) u x envelope of a band edge on all atoms, shape (n_orbitals, 2)."""
    structure, system = reduced.structure, reduced.system
    values = network_envelope(structure)[0]
    sublattice = np.where(structure.species == 0, 0, 1 + np.argmax(structure.on_lead % 2, axis=1))
    phase = 1j ** (structure.on_lead.sum(axis=1) % 4)  # exp(i R r) at the place in the ideal crystal
    psi = np.zeros((int(system.offsets[-1]), 2), dtype=complex)
    for number in range(4):
        sites = np.flatnonzero(sublattice == number)
        part = edge.states[bulk.hamiltonian.block(number)]
        rows = system.offsets[sites][:, None] + np.arange(len(part))
        psi[rows] = (phase * values)[sites, None, None] * part
    return psi / np.linalg.norm(psi) * np.sqrt(2)


def network_envelope(structure: Structure) -> tuple[NDArray[np.float64], float]:
    """Smooth envelope on all atoms (n,), and its squared wave number times a^2.

    On the Pb it is the positive eigenvector of the network of Pb that share X: the ground state of a hard wall in a
    discrete space, cos(pi x / (N + 1) a) of a cube. On X it is the sum over its Pb, halved.
    """
    lead, halide = structure.pairs["Pb-X"].T
    size = len(structure)
    incidence = csr_array(coo_array((np.ones(len(lead)), (halide, lead)), shape=(size, size)))
    network = incidence.T @ incidence
    network.setdiag(0)
    on_lead = np.flatnonzero(structure.species == 0)
    network = csr_array(network)[on_lead][:, on_lead]
    if len(on_lead) < 50:
        values, vectors = np.linalg.eigh(network.toarray())
    else:
        values, vectors = eigsh(network.astype(float), k=1, which="LA", v0=np.ones(len(on_lead)))
    result = np.zeros(size)
    result[on_lead] = np.abs(vectors[:, -1])
    result += incidence @ result / 2
    return result, max(6 - float(values[-1]), 1e-3)


def confinement_energy(reduced: ReducedNanocrystal, edge: BandEdge, gap: float) -> float:
    """Rough confinement energy in eV of the ground state: hard wall, with two-band (Kane) non-parabolicity."""
    nanocrystal = reduced.nanocrystal
    if not reduced.is_simple:
        wave_squared = network_envelope(reduced.structure)[1] / nanocrystal.a_nm**2
    elif nanocrystal.shape == "cube":
        wave_squared = 3 * (np.pi / nanocrystal.size_nm) ** 2
    else:
        wave_squared = (2 * np.pi / (nanocrystal.size_nm + nanocrystal.a_nm)) ** 2
    parabolic = HBAR2_OVER_M0 / 2 / edge.mass * wave_squared
    return float(gap / 2 * (np.sqrt(1 + 4 * parabolic / gap) - 1))
