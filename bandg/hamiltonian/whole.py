"""The Hamiltonian of all sites as an operator: hoppings without spin, and one small matrix for each kind of site.

The matrix in the basis of spin-orbitals has four times the elements, complex ones, and its triples take ten times the
memory of what is kept here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bandg.base.errors import BandgError
from bandg.hamiltonian.inversion import Half
from bandg.hamiltonian.sites import SiteSystem

if TYPE_CHECKING:
    from scipy import sparse


class WholeHamiltonian:
    """H of a system whose hoppings do not touch the spin, in eV.

    vector: parameters in eV. potential: what is added to the onsite energies, (n_sites,) in eV; None for nothing.
    half: the sites on which its states are given, where they have a parity; default all.
    Raises BandgError for a hopping that turns the spin.
    """

    def __init__(
        self,
        system: SiteSystem,
        vector: NDArray[np.float64],
        potential: NDArray[np.float64] | None = None,
        half: Half | None = None,
    ) -> None:
        half = half or Half.whole(system)
        self.size = int(half.offsets[-1])
        self._hopping = _hopping(half, spatial_blocks(system, vector))
        self._onsite = [terms.at(vector) for terms in system.model.onsite]
        self._potential = None if potential is None else np.repeat(potential[half.kept], np.diff(half.offsets))
        self._rows = [
            half.offsets[:-1][half.kind == kind][:, None] + np.arange(dimension)
            for kind, dimension in enumerate(system.dimensions)
        ]
        reversal = system.model.spaces[0].time_reversal
        if any((space.time_reversal[:2, :2] != reversal[:2, :2]).any() for space in system.model.spaces):
            raise BandgError("the sites of this model differ in what time reversal does to their spin")
        self._flip = np.real(reversal[:2, :2])

    def apply(self, psi: NDArray[np.complex128]) -> NDArray[np.complex128]:
        """H psi of a state (size,)."""
        orbitals = np.ascontiguousarray(psi).view(np.float64).reshape(-1, 4)  # both spins, real and imaginary part
        result = np.ascontiguousarray(self._hopping @ orbitals).view(np.complex128).reshape(-1)
        for rows, block in zip(self._rows, self._onsite, strict=True):
            result[rows] += psi[rows] @ block.T
        if self._potential is not None:
            result += self._potential * psi
        return result

    def reversed(self, psi: NDArray[np.complex128]) -> NDArray[np.complex128]:
        """The time reversal of a state (size,), or of some (n, size)."""
        result = np.empty_like(psi)
        up, down = (np.conj(part) for part in (psi[..., ::2], psi[..., 1::2]))
        np.multiply(self._flip[0, 1], down, out=result[..., ::2])
        np.multiply(self._flip[1, 0], up, out=result[..., 1::2])
        return result


def spatial_blocks(system: SiteSystem, vector: NDArray[np.float64]) -> NDArray[np.float64]:
    """Hopping of each type of bond without spin, real, padded with zeros to one shape: (n_types, m, m).

    Raises BandgError for a hopping that turns the spin.
    """
    most = int(system.dimensions.max()) // 2
    found = np.zeros((len(system.model.bond_terms), most, most))
    for number, terms in enumerate(system.model.bond_terms):
        block = terms.at(vector)
        up = block[::2, ::2]
        if np.abs(block - np.kron(up, np.eye(2))).max(initial=0) > 0 or np.abs(np.imag(up)).max(initial=0) > 0:
            raise BandgError("the hoppings of this model turn the spin: choose the solver superlu")
        found[number, : up.shape[0], : up.shape[1]] = np.real(up)
    return found


def _hopping(half: Half, blocks: NDArray[np.float64]) -> sparse.bsr_array | sparse.csr_array:
    """All hoppings without spin, (size / 2, size / 2)."""
    from scipy import sparse

    system, bonds = half.system, half.system.bonds_of(half.kept)
    order = np.argsort(bonds.first, kind="stable")
    first, second = bonds.first[order], bonds.second[order]
    starts = np.searchsorted(first, np.append(half.kept, system.n_sites)).astype(np.int32)
    most = blocks.shape[1]
    data = blocks[bonds.type[order]]
    away = np.flatnonzero(half.kept[half.home[second]] != second)  # bonds to the image of a kept site
    data[away] *= half.signs[system.kind[second[away]], None, : 2 * most : 2]
    alone = np.flatnonzero(half.count[first] != half.count[second])
    data[alone] *= np.sqrt(half.count[first[alone]] / half.count[second[alone]])[:, None, None]
    shape = (len(half.kept) * most,) * 2
    matrix = sparse.bsr_array((data, half.home[second].astype(np.int32), starts), shape=shape)
    if (system.dimensions == 2 * most).all():
        return matrix
    there = np.arange(most) < (system.dimensions // 2)[half.kind][:, None]
    kept = np.flatnonzero(there.ravel())
    return sparse.csr_array(matrix.tocsr()[kept][:, kept])
