"""Bulk bands: H(k) of the cubic crystal and its derivatives, linear in the parameters."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import NDArray

from bandg.crystal.lattice import HIGH_SYMMETRY, Lattice
from bandg.hamiltonian.blocks import actions_of
from bandg.hamiltonian.groups import cubic_rotations, point_group
from bandg.hamiltonian.sites import LocalModel
from bandg.models.etb.local import local_model, resolve_neighbors
from bandg.parameters.sets import ParameterSet


@dataclass(frozen=True, eq=False)
class BlochHamiltonian:
    """H(k) in the gauge of the true positions, so that dH/dk is the velocity operator.

    lattice: the crystal. model: the local model. vector: parameter vector. a_nm: lattice constant.
    """

    lattice: Lattice
    model: LocalModel
    vector: NDArray[np.float64]
    a_nm: float

    @classmethod
    def of(cls, parameters: ParameterSet, neighbors: int | None = None) -> BlochHamiltonian:
        """H(k) of a parameter set; neighbors defaults to what the set has."""
        neighbors = resolve_neighbors(parameters, neighbors)
        return cls(parameters.lattice, local_model(parameters, neighbors), parameters.vector, parameters.a_nm)

    @cached_property
    def kinds(self) -> NDArray[np.int64]:
        """Kind of the atom on each sublattice, shape (n_sublattices,)."""
        return np.array([kind for kind, _ in self.lattice.sublattices])

    @cached_property
    def places(self) -> NDArray[np.int64]:
        """Place of each sublattice in the cell, in units of a/2, shape (n_sublattices, 3)."""
        return np.array([place for _, place in self.lattice.sublattices])

    def sublattice_of(self, on_frame: NDArray[np.int64]) -> NDArray[np.int64]:
        """Sublattice (n,) of sites at coordinates (n, 3) in units of a/2 that are even on the frame."""
        return np.argmax((on_frame[:, None, :] % 2 == self.places).all(axis=2), axis=1)

    def edge_phase(self, on_frame: NDArray[np.int64]) -> NDArray[np.complex128]:
        """exp(i k r) (n,) at the point of the band edges, for such sites."""
        return np.asarray(1j ** (on_frame @ np.array(self.lattice.edge_vector) % 4))

    @cached_property
    def offsets(self) -> NDArray[np.int64]:
        """First spin-orbital of each sublattice, with the total last, shape (n_sublattices + 1,)."""
        sizes = [self.model.spaces[kind].dimension for kind in self.kinds]
        return np.concatenate([[0], np.cumsum(sizes)])

    @property
    def dimension(self) -> int:
        """Number of spin-orbitals in the cell."""
        return int(self.offsets[-1])

    def block(self, sublattice: int) -> slice:
        """Positions of the spin-orbitals of a sublattice."""
        return slice(int(self.offsets[sublattice]), int(self.offsets[sublattice + 1]))

    @cached_property
    def _pieces(self) -> tuple[NDArray[np.complex128], NDArray[np.float64], NDArray[np.complex128]]:
        """Hopping matrices (n, dim, dim) by bond vector, the vectors in nm (n, 3), and the onsite matrix."""
        onsite = np.zeros((self.dimension, self.dimension), dtype=complex)
        for sublattice, kind in enumerate(self.kinds):
            part = self.block(sublattice)
            onsite[part, part] = self.model.onsite[kind].at(self.vector)
        vectors, where = np.unique(self.model.bond_vectors, axis=0, return_inverse=True)
        where = where.ravel()  # numpy 2.0 keeps the axis
        hops = np.zeros((len(vectors), self.dimension, self.dimension), dtype=complex)
        for number, pairs in enumerate(_bonds(self.lattice, self.model)):
            matrix = self.model.bond_terms[number].at(self.vector)
            for start, end in pairs:
                hops[where[number], self.block(start), self.block(end)] += matrix
        return hops, vectors * self.a_nm / 2, onsite

    def H(self, k: NDArray[np.float64]) -> NDArray[np.complex128]:
        """H(k) in eV for k in 1/nm, shape (3,) or (n, 3); shape (..., dim, dim)."""
        hops, vectors, onsite = self._pieces
        return onsite + np.tensordot(np.exp(1j * np.asarray(k) @ vectors.T), hops, axes=1)

    def dH(self, k: NDArray[np.float64]) -> NDArray[np.complex128]:
        """dH/dk in eV nm at one k (3,), shape (3, dim, dim)."""
        hops, vectors, _ = self._pieces
        return np.tensordot((1j * vectors * np.exp(1j * vectors @ k)[:, None]).T, hops, axes=1)

    def d2H(self, k: NDArray[np.float64]) -> NDArray[np.complex128]:
        """d2H/dk2 in eV nm^2 at one k (3,), shape (3, 3, dim, dim)."""
        hops, vectors, _ = self._pieces
        weights = -np.einsum("va,vb,v->abv", vectors, vectors, np.exp(1j * vectors @ k))
        return np.tensordot(weights, hops, axes=1)

    def point(self, name: str) -> NDArray[np.float64]:
        """A high-symmetry point, Gamma, X, M or R, in 1/nm, shape (3,)."""
        return np.array(HIGH_SYMMETRY[name]) * np.pi / self.a_nm

    def vector_operator(self, kind_operators: tuple[NDArray[np.complex128], ...]) -> NDArray[np.complex128]:
        """Onsite vector operators per kind (3, d, d) put on the cell, shape (3, dim, dim)."""
        result = np.zeros((3, self.dimension, self.dimension), dtype=complex)
        for sublattice, kind in enumerate(self.kinds):
            part = self.block(sublattice)
            result[:, part, part] = kind_operators[kind]
        return result

    def turned(
        self, states: NDArray[np.complex128], point: str, operations: NDArray[np.int64] | None = None
    ) -> NDArray[np.complex128]:
        """Bloch functions (dim, n) at Gamma or R under the 48 operations about the frame, shape (48, dim, n).

        operations: numbers of those that are wanted, by default all. An operation g takes sublattice t to t' = g t;
        as g k = k + G, the Bloch function gets the factor exp(i G t').
        """
        group = point_group(cubic_rotations())
        wanted = np.arange(group.order) if operations is None else operations
        actions = [actions_of(space, group)[wanted] for space in self.model.spaces]
        rotations, k = group.rotations[wanted], np.array(HIGH_SYMMETRY[point])
        result = np.zeros((len(wanted), *states.shape), dtype=complex)
        for start, kind in enumerate(self.kinds):
            end = self.sublattice_of(rotations @ self.places[start])
            half_turns = np.sum((rotations @ k - k) * self.places[end], axis=1) // 2
            signs = 1 - 2 * (half_turns % 2)
            rows = self.offsets[end][:, None] + np.arange(actions[kind].shape[1])
            result[np.arange(len(wanted))[:, None], rows] = (
                signs[:, None, None] * actions[kind] @ states[self.block(start)]
            )
        return result

    @cached_property
    def sigma(self) -> NDArray[np.complex128]:
        """Pauli matrices of the spin on the cell, shape (3, dim, dim)."""
        return self.vector_operator(tuple(space.sigma for space in self.model.spaces))

    @cached_property
    def atomic_momentum(self) -> NDArray[np.complex128]:
        """Intra-atomic angular momentum of the p shells (in hbar) on the cell, shape (3, dim, dim)."""
        return self.vector_operator(tuple(space.orbital_momentum() for space in self.model.spaces))


@lru_cache(maxsize=32)
def _bonds(lattice: Lattice, model: LocalModel) -> tuple[tuple[tuple[int, int], ...], ...]:
    """(first sublattice, second sublattice) of the directed bonds of each type that start in the cell."""
    places = np.array([place for _, place in lattice.sublattices])
    kinds = np.array([kind for kind, _ in lattice.sublattices])
    found = []
    for (first, second), vector in zip(model.bond_kinds, model.bond_vectors, strict=True):
        same = ((places[:, None] + vector - places) % 2 == 0).all(axis=2)
        starts, ends = np.nonzero(same & (first == kinds)[:, None] & (second == kinds))
        found.append(tuple(zip(starts.tolist(), ends.tolist(), strict=True)))
    return tuple(found)
