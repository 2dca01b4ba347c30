"""H(k) of a periodic cell, strained, tilted or mixed, and the unfolded spectral weights of its states."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bandg.base.errors import BandgError
from bandg.crystal.cell import Cell
from bandg.models.etb.bonds import ModelSpec, bond_types, onsite_of
from bandg.models.etb.local import resolve_neighbors
from bandg.models.etb.material import Material
from bandg.models.etb.orbitals import AtomSpace


@dataclass(frozen=True, eq=False)
class CellHamiltonian:
    """H(k) of a periodic cell in the gauge of the true positions, so that dH/dk is the velocity operator.

    Hopping goes with the length d of a bond as (d0 / d)^n. material: the set, or both sets of a mixed halide.
    """

    cell: Cell
    material: Material
    neighbors: int

    @classmethod
    def of(cls, cell: Cell, material: Material, neighbors: int | None = None) -> CellHamiltonian:
        """H(k) of a cell; neighbors defaults to what the set has. Raises BandgError for a set of another lattice."""
        one = material.parameters
        if one.lattice != cell.lattice:
            raise BandgError(f"the set {one.name} is of the lattice {one.lattice.name}, not of this cell")
        if material.second is None and cell.mixing.any():
            raise BandgError("the cell has two halides: add the parameter set of the second one by `second`")
        return cls(cell, material, resolve_neighbors(one, neighbors))

    @cached_property
    def spec(self) -> ModelSpec:
        """Data besides the parameter values on which H depends."""
        return self.material.spec(self.neighbors)

    @cached_property
    def vector(self) -> NDArray[np.float64]:
        """Parameter vector in eV."""
        return self.material.vector(self.neighbors)

    @cached_property
    def spaces(self) -> tuple[AtomSpace, ...]:
        """Orbitals of each kind of atom."""
        return tuple(AtomSpace(shells) for shells in self.spec.sets[0].orbitals)

    @cached_property
    def offsets(self) -> NDArray[np.int64]:
        """First spin-orbital of each atom, with the total last, shape (n + 1,)."""
        return np.concatenate([[0], np.cumsum([self.spaces[kind].dimension for kind in self.cell.kind])])

    def block(self, atom: int) -> slice:
        """Positions of the spin-orbitals of an atom."""
        return slice(int(self.offsets[atom]), int(self.offsets[atom + 1]))

    def onsite(self, operators: tuple[NDArray[Any], ...]) -> NDArray[np.complex128]:
        """Operators of each kind of atom (..., d, d) put on the cell, shape (..., dim, dim)."""
        dim = int(self.offsets[-1])
        result = np.zeros((*operators[0].shape[:-2], dim, dim), dtype=complex)
        for atom, kind in enumerate(self.cell.kind):
            result[..., self.block(atom), self.block(atom)] = operators[kind]
        return result

    @cached_property
    def bonds(self) -> tuple[NDArray[np.int64], NDArray[np.float64], list[NDArray[np.float64]]]:
        """Each bond once: atoms (m, 2), vectors in nm (m, 3), and the hopping of each."""
        found = [self.cell.pairs(self.cell.lattice.shell(name)) for name in self.spec.shells]
        pairs, vectors = (np.concatenate(parts) for parts in zip(*found, strict=True))
        shell = np.repeat(np.arange(len(found)), [len(part) for part, _ in found])
        kinds, kind = self._kinds
        which, _, terms, _ = bond_types(self.spec, shell, vectors, kind[pairs], kinds)
        values = [terms[number].at(self.vector) for number in range(which.max() + 1)]
        return pairs, vectors, [values[number] for number in which]

    @cached_property
    def _kinds(self) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """Kinds of atoms (n, 3), number in the lattice, share of the second halide and 1; and that of each atom."""
        table = np.column_stack([self.cell.kind, self.cell.mixing, np.ones(len(self.cell.kind))])
        kinds, kind = np.unique(table.round(12), axis=0, return_inverse=True)
        return kinds, kind.ravel()

    @cached_property
    def _onsite(self) -> NDArray[np.complex128]:
        """Onsite energies and spin-orbit coupling on the cell, shape (dim, dim)."""
        kinds, kind = self._kinds
        each = [onsite_of(self.spec, int(n), mix, self.spaces).at(self.vector) for n, mix, _ in kinds]
        result = np.zeros((int(self.offsets[-1]),) * 2, dtype=complex)
        for atom, number in enumerate(kind.tolist()):
            result[self.block(atom), self.block(atom)] = each[number]
        return result

    def H(self, k: NDArray[np.float64]) -> NDArray[np.complex128]:
        """H(k) in eV for k (3,) in 1/nm, shape (dim, dim)."""
        return self._onsite + self._hopping(k, np.ones((len(self.bonds[0]), 1)))[0]

    def dH(self, k: NDArray[np.float64]) -> NDArray[np.complex128]:
        """dH/dk in eV nm at one k (3,), shape (3, dim, dim)."""
        return self._hopping(k, 1j * self.bonds[1])

    def d2H(self, k: NDArray[np.float64]) -> NDArray[np.complex128]:
        """d2H/dk2 in eV nm^2 at one k (3,), shape (3, 3, dim, dim)."""
        products = -np.einsum("va,vb->vab", self.bonds[1], self.bonds[1]).reshape(-1, 9)
        found = self._hopping(k, products)
        return found.reshape(3, 3, *found.shape[1:])

    def spectral_weights(
        self, states: NDArray[np.complex128], k: NDArray[np.float64], q: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Unfolded spectral weights (n,) of states (dim, n) at k in 1/nm, at a k point q of the ideal crystal.

        q in units of pi/a; it must fold onto k (`Cell.folded`). The weight is the norm of the part of a state that is a
        Bloch sum of q over the ideal sites [popescu2012]; over all q that fold onto k the weights add up to 1.
        """
        cell = self.cell
        phases = np.exp(1j * (cell.positions_nm @ k - np.pi / 2 * (cell.on_frame @ q)))
        sites = np.column_stack([cell.kind, cell.on_frame % 2])
        total = np.zeros(states.shape[1])
        for site in np.unique(sites, axis=0):
            atoms = np.flatnonzero((sites == site).all(axis=1)).tolist()
            bloch_sum = np.sum([phases[atom] * states[self.block(atom)] for atom in atoms], axis=0)
            total += np.sum(np.abs(bloch_sum) ** 2, axis=0)
        return total / cell.n_formulas

    def _hopping(self, k: NDArray[np.float64], weights: NDArray[Any]) -> NDArray[np.complex128]:
        """Bloch sums of all bonds with weights (m, n), shape (n, dim, dim)."""
        dim = int(self.offsets[-1])
        result = np.zeros((weights.shape[1], dim, dim), dtype=complex)
        pairs, vectors, hops = self.bonds
        factors = weights * np.exp(1j * vectors @ k)[:, None]
        for (first, second), factor, hop in zip(pairs.tolist(), factors, hops, strict=True):
            result[:, self.block(first), self.block(second)] += factor[:, None, None] * hop
        return result + result.conj().swapaxes(1, 2)
