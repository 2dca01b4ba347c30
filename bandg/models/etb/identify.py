"""Identification of the band-edge state by its overlap with bulk Bloch function x smooth envelope."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array, csr_array
from scipy.sparse.linalg import eigsh

from bandg.base.units import HBAR2_OVER_M0
from bandg.crystal.shapes import Nanocrystal
from bandg.crystal.sites import Structure
from bandg.hamiltonian.blocks import AdaptedBasis, Multiplet, multiplet_of
from bandg.hamiltonian.moments import nearest_unitary
from bandg.hamiltonian.orbits import Orbits
from bandg.models.etb.bulk import BandEdge, Bulk
from bandg.models.etb.reduced import ReducedNanocrystal


def envelope(nanocrystal: Nanocrystal, positions: NDArray[np.float64]) -> NDArray[np.float64]:
    """Ground state of a hard-wall box or ball, a cell wider than the outermost Pb; not normalized; (n, 3) to (n,)."""
    if nanocrystal.shape == "cube":
        width = (nanocrystal.cells + 1) * nanocrystal.a_nm
        return np.prod(np.cos(np.pi * positions / width), axis=1)
    radius = np.linalg.norm(positions, axis=1)
    return np.sinc(radius / (nanocrystal.diameter_nm / 2 + nanocrystal.a_nm))


def bloch_partners(
    edge: BandEdge, bulk: Bulk, orbits: Orbits, offset: NDArray[np.int64]
) -> list[NDArray[np.complex128]]:
    """Partner functions exp(i k r) u of a band edge on the representatives, for each type (n_orbits, dim, 2).

    offset: what makes the coordinates of the frame even, shape (3,).
    """
    hamiltonian = bulk.hamiltonian
    parts = []
    for number in range(orbits.n_types):
        on_frame = orbits.system.coordinates[orbits.representatives[orbits.of_type(number)]] + offset
        sublattice, phase = hamiltonian.sublattice_of(on_frame), hamiltonian.edge_phase(on_frame)
        values = np.array([edge.states[hamiltonian.block(s)] for s in np.unique(sublattice)])
        parts.append(phase[:, None, None] * values[np.searchsorted(np.unique(sublattice), sublattice)])
    return parts


def trial_state(nanocrystal: Nanocrystal, bulk: Bulk, edge: BandEdge, basis: AdaptedBasis) -> NDArray[np.complex128]:
    """Normalized band-edge state in the envelope approximation, in the adapted basis, shape (size,)."""
    orbits = basis.orbits
    positions = orbits.system.positions[orbits.representatives]
    weight = envelope(nanocrystal, positions)
    values = bloch_partners(edge, bulk, orbits, nanocrystal.grid_offset)
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
        crystal = self.reduced.nanocrystal
        return crystal.lattice.confined("valence" if self.edge is self.bulk.valence else "conduction", crystal.center)

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
        turned = multiplet_of(self.states, self.reduced.orbits)
        bases = {label: self.reduced.basis(label) for label in self.reduced.labels}
        if turned is None:  # separate pieces of a crystal may have an envelope without its symmetry
            return {label: basis.project_full(self.states) for label, basis in bases.items()}
        return {label: basis.project_multiplet(turned) for label, basis in bases.items()}

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
        overlap = np.zeros((2, 2), dtype=complex)
        for number, g, sites, orbit in self.reduced.orbits.places():
            psi = states.amplitudes(number, g, orbit)
            rows = self.reduced.system.offsets[sites][:, None] + np.arange(psi.shape[1])
            overlap += np.einsum("niu,nis->us", psi.conj(), self.states[rows])
        return nearest_unitary(overlap)


def trial_of(reduced: ReducedNanocrystal, bulk: Bulk, edge: BandEdge) -> CubicTrial | FullTrial:
    """What tells the band edge from other states."""
    return (CubicTrial if reduced.is_simple else FullTrial)(reduced, bulk, edge)


def full_trial(reduced: ReducedNanocrystal, bulk: Bulk, edge: BandEdge) -> NDArray[np.complex128]:
    """Normalized partner functions exp(i k r) u x envelope of a band edge on all atoms, shape (n_orbitals, 2)."""
    structure, system, hamiltonian = reduced.structure, reduced.system, bulk.hamiltonian
    values = network_envelope(structure)[0]
    sublattice, phase = hamiltonian.sublattice_of(structure.on_frame), hamiltonian.edge_phase(structure.on_frame)
    psi = np.zeros((int(system.offsets[-1]), 2), dtype=complex)
    for number in range(len(hamiltonian.places)):
        sites = np.flatnonzero(sublattice == number)
        part = edge.states[hamiltonian.block(number)]
        rows = system.offsets[sites][:, None] + np.arange(len(part))
        psi[rows] = (phase * values)[sites, None, None] * part
    return psi / np.linalg.norm(psi) * np.sqrt(2)


@lru_cache(maxsize=4)
def network_envelope(structure: Structure) -> tuple[NDArray[np.float64], float]:
    """Smooth envelope on all atoms (n,), and its squared wave number times a^2.

    On the frame it is the positive eigenvector of the network of atoms that are bonded or share a ligand: the ground
    state of a hard wall in a discrete space, cos(pi x / (N + 1) a) of a cube. On a ligand it is the sum over its
    neighbors of the frame, divided by their number in the bulk.
    """
    size, lattice = len(structure), structure.lattice
    first, second = structure.bonds.T
    direct, incidence = (
        csr_array(coo_array((np.ones(len(first))[chosen], (second[chosen], first[chosen])), shape=(size, size)))
        for chosen in (structure.species[second] == 0, structure.species[second] > 0)
    )
    frame = np.flatnonzero(structure.species == 0)
    network = csr_array(incidence.T @ incidence + direct + direct.T)[frame][:, frame]
    network.setdiag(0)
    if len(frame) < 50:
        values, vectors = np.linalg.eigh(network.toarray())
    else:
        values, vectors = eigsh(network.astype(float), k=1, which="LA", v0=np.ones(len(frame)))
    result = np.zeros(size)
    result[frame] = np.abs(vectors[:, -1])
    result += incidence @ result / np.array(lattice.coordination)[structure.kind]
    steps = np.array(lattice.frame_steps)  # the bulk has the eigenvalue n_steps - stiffness (k a)^2
    stiffness = np.sum((steps[:, 0] / 2) ** 2) / 2
    return result, max(len(steps) - float(values[-1]), 1e-3) / float(stiffness)


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
