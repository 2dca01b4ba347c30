"""The point group of a system of sites, and the orbits of the sites under a group."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from bandg.base.errors import BandgError
from bandg.hamiltonian.groups import PointGroup, cubic_rotations, point_group
from bandg.hamiltonian.sites import SiteSystem, pack


def find_point_group(system: SiteSystem) -> PointGroup:
    """The operations of O_h about the origin that map the sites onto sites of their kind."""
    kept = []
    for rotation in cubic_rotations():
        image = system.site_at(system.coordinates @ rotation.T)
        if (image >= 0).all() and (system.kind[image] == system.kind).all():
            kept.append(rotation)
    return point_group(np.array(kept))


@dataclass(frozen=True, eq=False)
class BondClass:
    """Bonds of representatives that share everything but the place: one small block serves them all.

    first_type, second_type: orbit types; bond: type of the bond; operation: takes the second orbit's representative
    to the site at the end of the bond. first, second: (n,) orbits within their type; weight: sqrt(n_A / n_B) (n,).
    """

    first_type: int
    second_type: int
    bond: int
    operation: int
    first: NDArray[np.int64]
    second: NDArray[np.int64]
    weight: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Orbits:
    """Orbits of sites under a point group, sorted by type (kind of site and stabilizer of the representative).

    representatives: (n_orbits,) site indices. sizes: (n_orbits,) number of sites of each.
    type_of: (n_orbits,) type. starts: (n_types + 1,) first orbit of each type.
    kinds: (n_types,) kind of site. stabilizers: operations that fix the representative, for each type.
    """

    system: SiteSystem
    group: PointGroup
    representatives: NDArray[np.int64]
    sizes: NDArray[np.int64]
    type_of: NDArray[np.int64]
    starts: NDArray[np.int64]
    kinds: NDArray[np.int64]
    stabilizers: tuple[NDArray[np.int64], ...]

    @property
    def n_types(self) -> int:
        """Number of orbit types."""
        return len(self.kinds)

    def of_type(self, number: int) -> slice:
        """The orbits of a type."""
        return slice(int(self.starts[number]), int(self.starts[number + 1]))

    def locate(self, sites: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Orbit of each site and an operation that takes the orbit's representative to it; two arrays (n,)."""
        coordinates = self.system.coordinates[sites]
        best = np.full(len(sites), np.iinfo(np.int64).max)
        operation = np.zeros(len(sites), dtype=np.int64)
        for number, rotation in enumerate(self.group.rotations):
            key = pack(coordinates @ rotation.T)
            smaller = key < best
            best[smaller] = key[smaller]
            operation[smaller] = number
        keys = pack(self.system.coordinates[self.representatives])
        order = np.argsort(keys)
        return order[np.searchsorted(keys, best, sorter=order)], self.group.inverse[operation]

    @cached_property
    def placed(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """`locate` for every site."""
        return self.locate(np.arange(self.system.n_sites))

    def places(self) -> Iterator[tuple[int, int, NDArray[np.int64], NDArray[np.int64]]]:
        """Type, operation, sites that it makes of representatives of that type, and their orbits within the type."""
        orbit, operation = self.placed
        for type_number in range(self.n_types):
            mine = self.type_of[orbit] == type_number
            for g in np.unique(operation[mine]).tolist():
                sites = np.flatnonzero(mine & (operation == g))
                yield type_number, g, sites, orbit[sites] - self.starts[type_number]

    @cached_property
    def bond_classes(self) -> tuple[BondClass, ...]:
        """All bonds of the representatives, by class."""
        bonds = self.system.bonds_of(self.representatives)
        index = np.full(self.system.n_sites, -1)
        index[self.representatives] = np.arange(len(self.representatives))
        first = index[bonds.first]
        second, operation = self.locate(bonds.second)
        table = np.stack([self.type_of[first], self.type_of[second], bonds.type, operation], axis=1)
        classes, which = np.unique(table, axis=0, return_inverse=True)
        which = which.ravel()  # numpy 2.0 keeps the axis
        order = np.argsort(which, kind="stable")
        chunks = np.split(order, np.cumsum(np.bincount(which))[:-1])
        weight = np.sqrt(self.sizes[first] / self.sizes[second])
        found = []
        for (first_type, second_type, bond, g), chunk in zip(classes.tolist(), chunks, strict=True):
            starts = first[chunk] - self.starts[first_type], second[chunk] - self.starts[second_type]
            found.append(BondClass(first_type, second_type, bond, g, *starts, weight[chunk]))
        return tuple(found)

    @cached_property
    def areas(self) -> tuple[NDArray[np.float64], ...]:
        """r x r' in nm^2 between the ends of the bonds of each class, shape (n, 3)."""
        positions = self.system.positions[self.representatives]
        vectors = self.system.unit_nm * self.system.model.bond_vectors
        return tuple(  # r x r' = r x (r' - r)
            np.cross(positions[self.of_type(bond.first_type)][bond.first], vectors[bond.bond])
            for bond in self.bond_classes
        )


def find_orbits(system: SiteSystem, group: PointGroup | None = None) -> Orbits:
    """The orbits of a system's sites under a group, by default the whole point group of the system.

    Raises BandgError if the group is not a symmetry of the system.
    """
    if group is None:
        group = find_point_group(system)
    sites = np.arange(system.n_sites)
    for rotation in group.rotations:  # each round keeps the sites that no operation takes to a smaller key
        image = system.coordinates[sites] @ rotation.T
        sites = sites[pack(image) >= pack(system.coordinates[sites])]
    coordinates = system.coordinates[sites]
    fixed = np.array([(coordinates @ rotation.T == coordinates).all(axis=1) for rotation in group.rotations]).T
    signature, which = np.unique(np.column_stack([system.kind[sites], fixed]), axis=0, return_inverse=True)
    which = which.ravel()  # numpy 2.0 keeps the axis
    order = np.lexsort((sites, which))
    sizes = group.order // fixed.sum(axis=1)
    if sizes.sum() != system.n_sites:
        raise BandgError("the given point group is not a symmetry of these sites")
    return Orbits(
        system,
        group,
        sites[order],
        sizes[order],
        which[order],
        np.concatenate([[0], np.cumsum(np.bincount(which))]),
        signature[:, 0].astype(np.int64),
        tuple(np.flatnonzero(row[1:]) for row in signature),
    )
