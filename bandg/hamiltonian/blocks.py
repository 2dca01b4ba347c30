"""Exact symmetry reduction: the Hamiltonian on one row of one representation.

A function of row mu is fixed by its values on one representative atom of each orbit, and those are intertwiners W of
the atom's stabilizer S: U(s) W = W D(s). On the atom g r it is then U(g) W D(g)^+. A matrix element of an invariant
operator needs only the bonds of the representatives, so neither the full Hamiltonian nor the full basis is formed.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bandg.hamiltonian.groups import Irrep, PointGroup
from bandg.hamiltonian.orbits import BondClass, Orbits
from bandg.hamiltonian.sites import LinearMatrix, SiteSpace

_NONZERO = 1e-13
"""Coefficients below this are rounding; true ones are of the order of one."""

_LEADS_OUT = 1e-11
"""Part of the turned states that may lie outside of the states, squared."""


def local_intertwiners(
    actions: NDArray[np.complex128], reversal: NDArray[np.complex128], irrep: Irrep, stabilizer: NDArray[np.int64]
) -> NDArray[np.complex128]:
    """Orthonormal W with U(s) W = W D(s) for all s of the stabilizer, each on as few orbitals as can be.

    actions: (order, dim, dim) U(g). reversal: (dim, dim) Theta of time reversal.
    Returns shape (m, dim, d). Where the irrep's indicator is +1 every W is a fixed point of the antiunitary
    W -> Theta conj(W) J^+, which makes the matrix of any invariant Hamiltonian real.
    """
    dim, d = actions.shape[1], irrep.dimension
    pairs = actions[stabilizer].reshape(-1, dim * dim).T @ irrep.matrices[stabilizer].conj().reshape(-1, d * d)
    projector = pairs.reshape(dim, dim, d, d).transpose(0, 2, 1, 3).reshape(dim * d, dim * d) / len(stabilizer)
    frame = np.eye(dim * d, dtype=complex)
    if irrep.indicator == 1:
        assert irrep.reversal is not None
        frame = _real_frame(np.asarray(np.kron(reversal, irrep.reversal.conj()), dtype=complex))
        projector = np.real(frame.conj().T @ projector @ frame)
    component = _components(projector)
    columns = []
    for number in range(component.max() + 1):
        chosen = np.flatnonzero(component == number)
        values, vectors = np.linalg.eigh(projector[np.ix_(chosen, chosen)])
        for vector in vectors[:, values > 0.5].T:
            columns.append(frame[:, chosen] @ vector)
    return np.array(columns).reshape(-1, dim, d)


@lru_cache(maxsize=64)
def actions_of(space: SiteSpace, group: PointGroup) -> NDArray[np.complex128]:
    """Action of the operations of a group on the orbitals of a site, shape (order, dimension, dimension)."""
    return space.rotations(group.rotations.astype(float), group.spinors)


@lru_cache(maxsize=1024)
def _functions(
    space: SiteSpace, group: PointGroup, irrep: Irrep, stabilizer: tuple[int, ...]
) -> NDArray[np.complex128]:
    return local_intertwiners(actions_of(space, group), space.time_reversal, irrep, np.array(stabilizer))


def _components(matrix: NDArray[Any]) -> NDArray[np.int32]:
    """Numbers (n,) of the blocks of a matrix (n, n): rows that elements connect have the same."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    found: NDArray[np.int32] = connected_components(coo_array(np.abs(matrix) > _NONZERO), directed=False)[1]
    return found


def _real_frame(matrix: NDArray[np.complex128]) -> NDArray[np.complex128]:
    """Orthonormal fixed points of the antiunitary w -> matrix conj(w), sparse where the matrix is; (n, n) columns."""
    size = len(matrix)
    component = _components(matrix)
    columns: list[NDArray[np.complex128]] = []
    for number in range(component.max() + 1):
        chosen = np.flatnonzero(component == number)
        basis: list[NDArray[np.complex128]] = []
        for unit in np.eye(size, dtype=complex)[chosen]:
            image = matrix @ unit.conj()
            for candidate in (unit + image, 1j * (unit - image)):
                for other in basis:  # real combinations of fixed points are fixed points
                    candidate = candidate - np.real(np.vdot(other, candidate)) * other
                norm = np.linalg.norm(candidate)
                if norm > 1e-8:
                    basis.append(candidate / norm)
        columns += basis
    return np.array(columns).T


@dataclass(frozen=True, eq=False)
class Multiplet:
    """Orthonormal states that an operation takes into one another, by their values on the representatives.

    actions: for each kind of site U(g), (order, dim, dim). home: for each orbit type (n_orbits, dim, m), the m states
    on the representatives. matrices: (order, m, m) unitary D(g): the states on g r are U(g) home D(g)^+.
    """

    orbits: Orbits
    actions: list[NDArray[np.complex128]]
    home: tuple[NDArray[np.complex128], ...]
    matrices: NDArray[np.complex128]

    def amplitudes(self, type_number: int, operation: int, orbits: NDArray[np.int64]) -> NDArray[np.complex128]:
        """Values on atom g r of some orbits of a type, shape (n, dim, m)."""
        action = self.actions[self.orbits.kinds[type_number]][operation]
        return action @ self.home[type_number][orbits] @ self.matrices[operation].conj().T

    def expand(self) -> NDArray[np.complex128]:
        """The states in the full basis, shape (n_orbitals, m)."""
        system = self.orbits.system
        result = np.zeros((int(system.offsets[-1]), self.matrices.shape[1]), dtype=complex)
        for type_number, g, sites, orbit in self.orbits.places():
            local = self.amplitudes(type_number, g, orbit)
            result[system.offsets[sites][:, None] + np.arange(local.shape[1])] = local
        return result


def multiplet_of(psi: NDArray[np.complex128], orbits: Orbits) -> Multiplet | None:
    """The multiplet of a Kramers doublet (n_orbitals, 2), None where operations lead out of it."""
    system, model = orbits.system, orbits.system.model
    rotations = orbits.group.rotations
    actions = [actions_of(space, orbits.group) for space in model.spaces]
    image = system.site_at(system.coordinates[orbits.representatives] @ rotations.transpose(0, 2, 1))
    overlap = np.zeros((orbits.group.order, 2, 2), dtype=complex)
    home = []
    for number, kind in enumerate(orbits.kinds):
        part, inside = orbits.of_type(number), np.arange(system.dimensions[kind])
        home.append(psi[system.offsets[orbits.representatives[part]][:, None] + inside])
        for g, sites in enumerate(image[:, part]):
            turned = orbits.sizes[part][:, None, None] * (actions[kind][g] @ home[-1])
            there = psi[system.offsets[sites][:, None] + inside]
            overlap[g] += turned.reshape(-1, 2).conj().T @ there.reshape(-1, 2)
    # unitary only where none leads out: the two states are orthogonal and have one norm on each atom
    matrices = overlap.conj().transpose(0, 2, 1)
    if np.abs(matrices @ overlap - np.eye(2)).max() > _LEADS_OUT:
        return None
    return Multiplet(orbits, actions, tuple(home), matrices)


class AdaptedBasis:
    """The symmetry-adapted basis of one row of one representation, over all orbits.

    The functions of an orbit stand together, orbits in their order; `size` functions in all.
    """

    def __init__(self, orbits: Orbits, irrep: Irrep) -> None:
        self.orbits, self.irrep = orbits, irrep
        spaces = orbits.system.model.spaces
        self.actions = [actions_of(space, orbits.group) for space in spaces]
        self.local = tuple(
            _functions(spaces[kind], orbits.group, irrep, tuple(stabilizer.tolist()))
            for kind, stabilizer in zip(orbits.kinds, orbits.stabilizers, strict=True)
        )
        counts = np.diff(orbits.starts)
        self.starts = np.concatenate([[0], np.cumsum([n * len(w) for n, w in zip(counts, self.local, strict=True)])])

    @property
    def size(self) -> int:
        """Dimension of the reduced block."""
        return int(self.starts[-1])

    @property
    def is_real(self) -> bool:
        """Whether the reduced block is real symmetric."""
        return self.irrep.indicator == 1

    def functions_at(self, type_number: int, operation: int) -> NDArray[np.complex128]:
        """The local functions carried to another atom of the orbit: U(g) W D(g)^+, shape (m, dim, d)."""
        action = self.actions[self.orbits.kinds[type_number]][operation]
        return action @ self.local[type_number] @ self.irrep.matrices[operation].conj().T

    def coefficients(self, vector: NDArray[Any], type_number: int) -> NDArray[Any]:
        """The part of a reduced vector on the orbits of a type, times the norm sqrt(d / n), shape (n_orbits, m)."""
        part = self.orbits.of_type(type_number)
        values = vector[self.starts[type_number] : self.starts[type_number + 1]]
        shape = (part.stop - part.start, len(self.local[type_number]))
        return values.reshape(shape) * np.sqrt(self.irrep.dimension / self.orbits.sizes[part])[:, None]

    def amplitudes(self, vector: NDArray[Any], type_number: int, operation: int) -> NDArray[np.complex128]:
        """Values of all d rows on atom g r of every orbit of a type, shape (n_orbits, dim, d)."""
        functions = self.functions_at(type_number, operation)
        width = functions.shape[1] * functions.shape[2]  # an orbit may hold no function of this irrep
        values = self.coefficients(vector, type_number) @ functions.reshape(-1, width)
        return values.reshape(-1, *functions.shape[1:])

    def expand(self, vector: NDArray[Any]) -> NDArray[np.complex128]:
        """The d partner states in the full basis, shape (n_orbitals, d)."""
        return self.multiplet(vector).expand()[:, : self.irrep.dimension]

    def project_full(self, psi: NDArray[np.complex128]) -> NDArray[np.complex128]:
        """Overlaps <function, row | psi> with states in the full basis (n_orbitals, m), shape (size, d, m)."""
        result = np.zeros((self.size, self.irrep.dimension, psi.shape[1]), dtype=complex)
        for type_number, g, sites, orbit in self.orbits.places():
            functions = self.functions_at(type_number, g)
            if not len(functions):
                continue
            rows = self.orbits.system.offsets[sites][:, None] + np.arange(functions.shape[1])
            overlap = functions.conj().transpose(0, 2, 1) @ psi[rows][:, None]
            sizes = self.orbits.sizes[self.orbits.of_type(type_number)][orbit]
            overlap *= np.sqrt(self.irrep.dimension / sizes)[:, None, None, None]
            at = self.starts[type_number] + orbit[:, None] * len(functions) + np.arange(len(functions))
            result[at.ravel()] += overlap.reshape(-1, *overlap.shape[2:])  # an operation meets each orbit once
        return result

    def project_multiplet(self, states: Multiplet) -> NDArray[np.complex128]:
        """As `project_full`, of states that operations take into one another: from one atom of each orbit."""
        order, d = self.orbits.group.order, self.irrep.dimension
        mean = np.einsum("guv,gst->vtus", self.irrep.matrices, states.matrices.conj()) / order
        parts = []
        for type_number, functions in enumerate(self.local):
            sizes = self.orbits.sizes[self.orbits.of_type(type_number)]
            overlap = np.einsum("kiv,nit->nkvt", functions.conj(), states.home[type_number], optimize=True)
            overlap *= np.sqrt(d * sizes)[:, None, None, None]
            parts.append(np.tensordot(overlap, mean, axes=2).reshape(-1, d, mean.shape[-1]))
        return np.concatenate(parts)

    def multiplet(self, vector: NDArray[Any]) -> Multiplet:
        """The d partners of a reduced vector; those of a one-dimensional irrep are a state and its time reversal."""
        matrices = self.irrep.matrices
        home = tuple(self.amplitudes(vector, number, self.identity) for number in range(self.orbits.n_types))
        if self.irrep.dimension == 1:
            spaces = self.orbits.system.model.spaces
            home = tuple(
                np.concatenate([psi, spaces[kind].time_reversal @ psi.conj()], axis=2)
                for kind, psi in zip(self.orbits.kinds, home, strict=True)
            )
            matrices = np.asarray(np.concatenate([matrices, matrices.conj()], axis=2) * np.eye(2), dtype=complex)
        return Multiplet(self.orbits, self.actions, home, matrices)

    def project(self, values: list[NDArray[np.complex128]]) -> NDArray[np.complex128]:
        """Overlaps of every basis function with a set of partners, given on the representatives by type.

        values: for each type (n_orbits, dim, d), the d partners on the representatives. Returns shape (size,).
        """
        parts = []
        for type_number, functions in enumerate(self.local):
            sizes = self.orbits.sizes[self.orbits.of_type(type_number)]
            overlap = np.einsum("kiu,niu->nk", functions.conj(), values[type_number])
            parts.append((overlap * np.sqrt(sizes / self.irrep.dimension)[:, None]).ravel())
        return np.concatenate(parts)

    def hamiltonian(self) -> LinearMatrix:
        """The reduced Hamiltonian, linear in the parameters, shape (size, size)."""
        rows: list[NDArray[Any]] = []
        columns: list[NDArray[Any]] = []
        parameters: list[NDArray[Any]] = []
        values: list[NDArray[Any]] = []
        model, orbits = self.orbits.system.model, self.orbits

        def add(bond: BondClass, terms: Any) -> None:
            left, right = self.local[bond.first_type], self.functions_at(bond.second_type, bond.operation)
            if not (len(left) and len(right)):
                return
            flat = right.transpose(1, 2, 0).reshape(right.shape[1], -1)
            blocks = np.empty((len(terms.parameters), len(left), len(right)), dtype=complex)
            whole = [(slice(None), slice(None), terms.matrices)]
            for rows_here, numbers, matrices in terms.by_rows if self.irrep.dimension > 1 else whole:
                width = matrices.shape[1] * self.irrep.dimension
                image = (matrices @ flat).reshape(len(matrices), width, len(right))
                blocks[numbers] = left[:, rows_here].reshape(len(left), width).conj() @ image
            if self.is_real:
                blocks = np.real(blocks)
            term, a, b = np.nonzero(np.abs(blocks) > _NONZERO)
            shape = (len(bond.first), len(term))
            rows.append((self.starts[bond.first_type] + bond.first[:, None] * len(left) + a).ravel())
            columns.append((self.starts[bond.second_type] + bond.second[:, None] * len(right) + b).ravel())
            parameters.append(np.broadcast_to(terms.parameters[term], shape).ravel())
            values.append((bond.weight[:, None] * blocks[term, a, b]).ravel())

        for type_number, kind in enumerate(orbits.kinds):
            every = np.arange(orbits.starts[type_number + 1] - orbits.starts[type_number])
            itself = BondClass(type_number, type_number, -1, self.identity, every, every, np.ones(len(every)))
            add(itself, model.onsite[kind])
        for bond in orbits.bond_classes:
            add(bond, model.bond_terms[bond.bond])
        return LinearMatrix.from_triples(self.size, len(model.paths), rows, columns, parameters, values)

    def diagonal(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """The reduced matrix of an invariant potential with the values (n_sites,): its diagonal, shape (size,)."""
        own = values[self.orbits.representatives]
        parts = [np.repeat(own[self.orbits.of_type(n)], len(local)) for n, local in enumerate(self.local)]
        return np.concatenate(parts)

    @cached_property
    def identity(self) -> int:
        """Index of the identity operation."""
        same = (self.orbits.group.rotations == np.eye(3, dtype=np.int64)).all(axis=(1, 2))
        return int(np.flatnonzero(same)[0])
