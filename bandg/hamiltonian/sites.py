"""A finite set of sites with orbitals and bonds, whose matrices are linear in the model's parameters."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from scipy import sparse


class SiteSpace(Hashable, Protocol):
    """Interface of the orbitals of one kind of site. Equal ones have equal hashes: what they share is computed once."""

    @property
    def dimension(self) -> int:
        """Number of spin-orbitals."""

    @property
    def time_reversal(self) -> NDArray[np.complex128]:
        """Matrix Theta of time reversal Theta K."""

    @property
    def sigma(self) -> NDArray[np.complex128]:
        """Pauli matrices of the spin, shape (3, dimension, dimension)."""

    def rotations(self, rotations: NDArray[np.float64], spinors: NDArray[np.complex128]) -> NDArray[np.complex128]:
        """Action of the operations on the spin-orbitals, shape (order, dimension, dimension)."""


@dataclass(frozen=True, eq=False)
class Terms:
    """A small matrix that is linear in the parameters: sum over n of p[parameters[n]] * matrices[n].

    parameters: (n,) indices into the parameter vector; matrices: (n, d, d').
    """

    parameters: NDArray[np.int64]
    matrices: NDArray[Any]

    @cached_property
    def by_rows(self) -> list[tuple[NDArray[np.bool_], list[int], NDArray[Any]]]:
        """Terms with the same rows, those of one shell: their rows as a mask, numbers (n,) and matrices (n, r, d')."""
        supports = np.asarray(self.matrices.any(axis=2))
        alike: dict[bytes, list[int]] = {}
        for number, rows in enumerate(supports):
            alike.setdefault(rows.tobytes(), []).append(number)
        return [(supports[own[0]], own, self.matrices[own][:, supports[own[0]]]) for own in alike.values()]

    def at(self, vector: NDArray[np.float64]) -> NDArray[Any]:
        """The matrix for a parameter vector, shape (d, d')."""
        return np.tensordot(vector[self.parameters], self.matrices, axes=1)


@dataclass(frozen=True, eq=False)
class LocalModel:
    """A model without geometry: kinds of sites, their orbitals, and the bonds between them.

    kinds: names of the kinds of sites. spaces: orbitals of each kind. onsite: onsite terms of each kind.
    bond_kinds: (n_types, 2) kind of the first and second site of each directed type of bond.
    bond_vectors: (n_types, 3) vectors from the first to the second site, in units of the system's unit_nm; integers
    on a grid. bond_terms: hopping terms <first | H | second> of each type. paths: names of the parameters, in order.
    """

    kinds: tuple[str, ...]
    spaces: tuple[Any, ...]
    onsite: tuple[Terms, ...]
    bond_kinds: NDArray[np.int64]
    bond_vectors: NDArray[Any]
    bond_terms: Sequence[Terms]
    paths: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class LinearMatrix:
    """A sparse matrix with a fixed pattern whose data are T @ p.

    shape: (n, n). indices, indptr: CSR pattern. coefficients: T, sparse, shape (nnz, n_parameters).
    """

    shape: tuple[int, int]
    indices: NDArray[np.int32]
    indptr: NDArray[np.int32]
    coefficients: sparse.csr_array

    def at(self, vector: NDArray[np.float64]) -> sparse.csr_array:
        """The matrix for a parameter vector of shape (n_parameters,)."""
        from scipy import sparse

        return sparse.csr_array((self.coefficients @ vector, self.indices, self.indptr), shape=self.shape)

    @property
    def nnz(self) -> int:
        """Number of stored elements."""
        return len(self.indices)

    @classmethod
    def from_triples(
        cls,
        size: int,
        n_parameters: int,
        rows: Sequence[NDArray[np.int64]],
        columns: Sequence[NDArray[np.int64]],
        parameters: Sequence[NDArray[np.int64]],
        values: Sequence[NDArray[Any]],
    ) -> LinearMatrix:
        """Collect (row, column, parameter, value) quadruples, given as lists of arrays; repeated ones add up."""
        from scipy import sparse

        key = np.concatenate(rows) * size + np.concatenate(columns)
        pattern, position = np.unique(key, return_inverse=True)
        table = sparse.coo_array(
            (np.concatenate(values), (position, np.concatenate(parameters))), shape=(len(pattern), n_parameters)
        ).tocsr()
        indptr = np.searchsorted(pattern, np.arange(size + 1) * size).astype(np.int32)
        return cls((size, size), (pattern % size).astype(np.int32), indptr, table)


@dataclass(frozen=True, eq=False)
class Bonds:
    """Directed bonds: first and second site and the type of each, three arrays of shape (n,)."""

    first: NDArray[np.int64]
    second: NDArray[np.int64]
    type: NDArray[np.int64]


def pack(coordinates: NDArray[np.int64]) -> NDArray[np.int64]:
    """One integer for each site, ordered like its coordinates, which are below 2^20; shape (..., 3) to (...)."""
    return (coordinates[..., 0] << 42) + (coordinates[..., 1] << 21) + coordinates[..., 2]


@dataclass(frozen=True, eq=False)
class SiteSystem:
    """Sites that carry a local model, on a grid or anywhere.

    coordinates: (n, 3) integers about the center of symmetry: in units of unit_nm or, where ticks_nm is given, sign
    and index of a distance from the center: x = sign(c) ticks_nm[|c|], so that turns of the cube act on integers
    everywhere. kind: (n,) index into model.kinds. links: the bonds; None finds them on the grid by the model's vectors.
    """

    model: LocalModel
    coordinates: NDArray[np.int64]
    kind: NDArray[np.int64]
    unit_nm: float
    ticks_nm: NDArray[np.float64] | None = None
    links: Bonds | None = None

    @property
    def n_sites(self) -> int:
        """Number of sites."""
        return len(self.kind)

    @cached_property
    def dimensions(self) -> NDArray[np.int64]:
        """Number of spin-orbitals on each kind of site, shape (n_kinds,)."""
        return np.array([space.dimension for space in self.model.spaces])

    @cached_property
    def offsets(self) -> NDArray[np.int64]:
        """Position of the first spin-orbital of each site in the full matrix, with the total last; shape (n + 1,)."""
        return np.concatenate([[0], np.cumsum(self.dimensions[self.kind])])

    @property
    def n_orbitals(self) -> int:
        """Number of spin-orbitals."""
        return int(np.bincount(self.kind, minlength=len(self.dimensions)) @ self.dimensions)

    @property
    def positions(self) -> NDArray[np.float64]:
        """Positions in nm about the center, shape (n, 3)."""
        if self.ticks_nm is not None:
            return np.asarray(np.sign(self.coordinates) * self.ticks_nm[np.abs(self.coordinates)])
        return np.asarray(self.coordinates * self.unit_nm, dtype=np.float64)

    @cached_property
    def _grid(self) -> tuple[NDArray[np.int32], int]:
        """Index of the site at each grid point, -1 where there is none, and the margin that makes look-ups safe."""
        reach = int(np.abs(self.model.bond_vectors).max(initial=0))
        extent = int(np.abs(self.coordinates).max(initial=0)) + reach
        grid = np.full((2 * extent + 1,) * 3, -1, dtype=np.int32)
        grid[tuple((self.coordinates + extent).T)] = np.arange(self.n_sites)
        return grid, extent

    @cached_property
    def _sorted(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Packed coordinates in order, and the site of each."""
        keys = pack(self.coordinates)
        order = np.argsort(keys)
        return keys[order], order

    def site_at(self, coordinates: NDArray[np.int64]) -> NDArray[np.int64]:
        """Index of the site at each grid point within one bond of the crystal, -1 for none; (..., 3) to (...)."""
        if self.links is not None:
            keys, order = self._sorted
            wanted = pack(coordinates)
            place = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
            return np.where(keys[place] == wanted, order[place], -1)
        grid, extent = self._grid
        return grid[tuple(np.moveaxis(coordinates + extent, -1, 0))].astype(np.int64)

    def bonds_of(self, sites: NDArray[np.int64]) -> Bonds:
        """All bonds that start at the given sites, ordered by type."""
        if self.links is not None:
            wanted = np.zeros(self.n_sites, dtype=bool)
            wanted[sites] = True
            chosen = wanted[self.links.first]
            return Bonds(self.links.first[chosen], self.links.second[chosen], self.links.type[chosen])
        first, second, types = [], [], []
        for number, ((kind, other), vector) in enumerate(
            zip(self.model.bond_kinds, self.model.bond_vectors, strict=True)
        ):
            start = sites[self.kind[sites] == kind]
            end = self.site_at(self.coordinates[start] + vector)
            there = (end >= 0) & (self.kind[end] == other)
            first.append(start[there])
            second.append(end[there])
            types.append(np.full(there.sum(), number))
        return Bonds(np.concatenate(first), np.concatenate(second), np.concatenate(types))

    def hamiltonian(self) -> LinearMatrix:
        """The full Hamiltonian, without symmetry; complex, shape (n_orbitals, n_orbitals)."""
        rows: list[NDArray[Any]] = []
        columns: list[NDArray[Any]] = []
        parameters: list[NDArray[Any]] = []
        values: list[NDArray[Any]] = []

        def add(start: NDArray[Any], end: NDArray[Any], terms: Terms) -> None:
            term, a, b = np.nonzero(terms.matrices)
            shape = (len(start), len(term))
            rows.append((start[:, None] + a).ravel())
            columns.append((end[:, None] + b).ravel())
            parameters.append(np.broadcast_to(terms.parameters[term], shape).ravel())
            values.append(np.broadcast_to(terms.matrices[term, a, b], shape).ravel())

        for kind, terms in enumerate(self.model.onsite):
            start = self.offsets[:-1][self.kind == kind]
            add(start, start, terms)
        bonds = self.bonds_of(np.arange(self.n_sites))  # ordered by type
        ends = np.cumsum(np.bincount(bonds.type, minlength=len(self.model.bond_terms)))
        for end, start, terms in zip(ends, [0, *ends[:-1]], self.model.bond_terms, strict=True):
            chosen = slice(int(start), int(end))
            add(self.offsets[bonds.first[chosen]], self.offsets[bonds.second[chosen]], terms)
        return LinearMatrix.from_triples(
            int(self.offsets[-1]), len(self.model.paths), rows, columns, parameters, values
        )
