"""Geometry and symmetry of one nanocrystal in tight binding, independent of the parameter values."""

from __future__ import annotations

from functools import cached_property, lru_cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bandg.crystal.planes import shifts_at
from bandg.crystal.shapes import Nanocrystal
from bandg.crystal.sites import Structure
from bandg.crystal.structure import structure_of
from bandg.hamiltonian.blocks import AdaptedBasis
from bandg.hamiltonian.moments import g_matrix
from bandg.hamiltonian.orbits import Orbits, find_orbits
from bandg.hamiltonian.sites import LinearMatrix, LocalModel, SiteSystem
from bandg.models.dielectric import self_energy
from bandg.models.etb.bonds import ModelSpec, site_system
from bandg.models.etb.local import local_model
from bandg.parameters.sets import ParameterSet

if TYPE_CHECKING:
    from scipy.sparse import csr_array


class ReducedNanocrystal:
    """Geometry, symmetry and blocks of one nanocrystal, independent of the parameter values.

    model: for atoms on the ideal grid; a ModelSpec for any.
    """

    def __init__(self, nanocrystal: Nanocrystal, model: LocalModel | ModelSpec) -> None:
        self.nanocrystal = nanocrystal
        if isinstance(model, LocalModel):
            self.system = SiteSystem(model, *nanocrystal.sites(), nanocrystal.a_nm / 2)
        else:
            self.system = site_system(self.structure, model)
        self.orbits: Orbits = find_orbits(self.system)
        self._bases: dict[str, AdaptedBasis] = {}
        self._hamiltonians: dict[str, LinearMatrix] = {}
        self._g_matrices: dict[str, LinearMatrix] = {}

    @property
    def is_simple(self) -> bool:
        """Whether it is a cube or sphere of the ideal crystal, whose band edges lie in known irreps of O_h."""
        return self.nanocrystal.shape in ("cube", "sphere") and self.nanocrystal.is_ideal

    @cached_property
    def structure(self) -> Structure:
        """The atoms, in the order of the system's sites."""
        return structure_of(self.nanocrystal)

    @property
    def n_pb(self) -> int:
        """Number of atoms of the frame (Pb)."""
        is_frame = np.array(self.system.model.kinds) == self.nanocrystal.lattice.frame
        return int(is_frame[self.system.kind].sum())

    @property
    def labels(self) -> tuple[str, ...]:
        """Irreps whose levels are all levels: of two conjugate ones the first."""
        return tuple(irrep.label for irrep in self.orbits.group.independent)

    def basis(self, label: str) -> AdaptedBasis:
        """Adapted basis of an irrep, built at the first call."""
        if label not in self._bases:
            self._bases[label] = AdaptedBasis(self.orbits, self.orbits.group.irrep(label))
        return self._bases[label]

    def block(self, label: str) -> tuple[AdaptedBasis, LinearMatrix]:
        """Adapted basis and reduced Hamiltonian of an irrep, built at the first call."""
        if label not in self._hamiltonians:
            self._hamiltonians[label] = self.basis(label).hamiltonian()
        return self.basis(label), self._hamiltonians[label]

    def filled(self, label: str) -> int:
        """Number of functions of an irrep on the filled shells: of its levels below the gap, if none crosses it."""
        basis, model, count = self.basis(label), self.system.model, 0.0
        for number, (kind, local) in enumerate(zip(self.orbits.kinds, basis.local, strict=True)):
            part, space = self.orbits.of_type(number), model.spaces[kind]
            weight = np.sum(np.abs(local) ** 2, axis=(0, 2)).reshape(-1, 2).sum(axis=1)  # of each orbital
            for species, shell in self.nanocrystal.lattice.edges.filled:
                if species == model.kinds[kind] and shell in space.shells:
                    count += (part.stop - part.start) * float(weight[space.shell_slice(shell)].sum())
        return round(count)

    def hamiltonian(self, label: str, vector: NDArray[np.float64], sign: int) -> csr_array:
        """The reduced Hamiltonian of an irrep for a parameter vector in eV; sign: 1 of the electron, -1 of the hole."""
        from scipy import sparse

        basis, linear = self.block(label)
        if not self.has_potential:
            return linear.at(vector)
        return sparse.csr_array(linear.at(vector) + sparse.diags_array(basis.diagonal(self.potential(sign))))

    @property
    def has_potential(self) -> bool:
        """Whether the onsite energies are shifted."""
        return bool(self.nanocrystal.surface or self.nanocrystal.image)

    def potential(self, sign: int) -> NDArray[np.float64]:
        """What is added to the onsite energies in eV, shape (n_sites,); sign: 1 of the electron, -1 of the hole."""
        shifts, self_energy = self._potentials
        return shifts + sign * self_energy

    @cached_property
    def _potentials(self) -> NDArray[np.float64]:
        """Surface shifts and image self-energy in eV on all sites, shape (2, n_sites)."""
        crystal, found = self.nanocrystal, np.zeros((2, self.system.n_sites))
        ideal = self.system.coordinates if self.system.links is None else self.structure.on_frame - crystal.grid_offset
        kind = np.array([crystal.lattice.kinds.index(name) for name in self.system.model.kinds])[self.system.kind]
        if crystal.surface:
            found[0] = shifts_at(ideal, kind, crystal.surface, crystal.lattice)
        if crystal.image:
            found[1] = self_energy(crystal, ideal * crystal.a_nm / 2, *crystal.image)
        return found

    def g_matrix(self, label: str, turn: NDArray[np.complex128] | None = None) -> LinearMatrix:
        """The g-factor as a matrix on the block of an irrep of doublets, built at the first call.

        turn: pseudospin states in the rows of the irrep, the same at every call: symmetry fixes it.
        """
        if label not in self._g_matrices:
            self._g_matrices[label] = g_matrix(self.basis(label), turn)
        return self._g_matrices[label]

    @cached_property
    def surface(self) -> NDArray[np.bool_]:
        """Representatives with fewer nearest neighbors than in the bulk."""
        representatives, lattice = self.orbits.representatives, self.nanocrystal.lattice
        if self.system.links is not None:
            return self.structure.surface[representatives]
        kind, places = self.system.kind[representatives], self.system.coordinates[representatives][:, None, :]
        count = np.zeros(len(kind), dtype=np.int64)
        for shell in lattice.bonds:
            ends = lattice.kinds.index(shell.first), lattice.kinds.index(shell.second)
            for here, other in {ends, ends[::-1]}:
                near = self.system.site_at(places + np.array(shell.vectors))
                found = (near >= 0) & (self.system.kind[near] == other)
                count += np.where(kind == here, found.sum(axis=1), 0)
        return count < np.array(lattice.coordination)[kind]


@lru_cache(maxsize=4)
def reduced_nanocrystal(nanocrystal: Nanocrystal, model: LocalModel | ModelSpec) -> ReducedNanocrystal:
    """The reduced nanocrystal of a geometry and a model's structure, kept for the next parameter vector."""
    return ReducedNanocrystal(nanocrystal, model)


def reduced_of(nanocrystal: Nanocrystal, parameters: ParameterSet, spec: ModelSpec) -> ReducedNanocrystal:
    """The reduced nanocrystal for a set: on the grid where its atoms sit there, at true positions where they do not."""
    on_grid = nanocrystal.is_ideal and len(spec.sets) == 1 and nanocrystal.a_nm == parameters.a_nm
    neighbors = max(spec.lattice.shell(name).order for name in spec.shells)
    return reduced_nanocrystal(nanocrystal, local_model(parameters, neighbors) if on_grid else spec)
