"""Band-edge doublets with their wave functions, the input of observables of the tight-binding model."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bandg.hamiltonian.blocks import Multiplet
from bandg.models.etb.reduced import ReducedNanocrystal


@dataclass(frozen=True, eq=False)
class Doublet:
    """The band-edge doublet of one carrier in tight binding.

    Attributes
    ----------
    reduced : ReducedNanocrystal
        Geometry and symmetry; ``reduced.system`` has the sites, ``reduced.structure`` the atoms.
    parameters : array (n_parameters,)
        Values in eV, for which ``reduced.system.hamiltonian().at(parameters)`` is the Hamiltonian, without what
        ``reduced.potential(sign)`` adds to the onsite energies.
    label : str
        Irrep of the doublet.
    energy : float
        Energy in eV.
    vector : array (size,)
        The eigenvector in the block of the irrep.
    pseudospin : array (2, 2)
        Unitary whose columns are the pseudospin states, up first (see `bandg.hamiltonian.moments.g_tensor`).
    sign : int
        1 of the electron, -1 of the hole.
    """

    reduced: ReducedNanocrystal
    parameters: NDArray[np.float64]
    label: str
    energy: float
    vector: NDArray[Any]
    pseudospin: NDArray[np.complex128]
    sign: int

    @cached_property
    def multiplet(self) -> Multiplet:
        """Both states by their values on the representatives of the orbits."""
        return self.reduced.basis(self.label).multiplet(self.vector)

    @cached_property
    def amplitudes(self) -> NDArray[np.complex128]:
        """Both pseudospin states in the full basis, orthonormal, shape (n_orbitals, 2)."""
        return self.multiplet.expand() @ self.pseudospin

    @cached_property
    def density(self) -> NDArray[np.float64]:
        """Weight on each atom, mean over both states, shape (n_atoms,); the sum is 1."""
        weight = np.sum(np.abs(self.amplitudes) ** 2, axis=1) / 2
        return np.asarray(np.add.reduceat(weight, self.reduced.system.offsets[:-1]))

    @property
    def positions_nm(self) -> NDArray[np.float64]:
        """Positions of the atoms about the center, shape (n_atoms, 3)."""
        return self.reduced.system.positions
