"""Atoms with their neighbors, and the symmetry operations that map them onto each other."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from bandg.base.errors import BandgError
from bandg.crystal.lattice import Lattice, Shell
from bandg.crystal.shapes import Nanocrystal
from bandg.hamiltonian.groups import cubic_rotations
from bandg.hamiltonian.sites import pack

SYMMETRY_TOLERANCE_NM = 1e-6
"""Distances from the center that differ by less are equal; a displacement of 1 pm is a thousand times larger."""


@dataclass(frozen=True, eq=False)
class Structure:
    """Atoms with their neighbors.

    positions_nm: (n, 3) about the center. on_frame: (n, 3) ideal coordinates in units of a/2, even on the frame.
    species: (n,) index into the lattice's kinds, and beyond them for the second halide: 0 Pb, 1 X, 2 the second one.
    amplitude: (n,) factor of all hoppings of the atom. pairs: for each shell (m, 2) neighbors, first species first,
    each pair once.
    """

    lattice: Lattice
    positions_nm: NDArray[np.float64]
    on_frame: NDArray[np.int64]
    species: NDArray[np.int64]
    amplitude: NDArray[np.float64]
    pairs: dict[str, NDArray[np.int64]]

    def __len__(self) -> int:
        return len(self.species)

    @cached_property
    def kind(self) -> NDArray[np.int64]:
        """Index of each atom into the lattice's kinds, shape (n,); both halides are one kind."""
        return np.minimum(self.species, len(self.lattice.kinds) - 1)

    @cached_property
    def bonds(self) -> NDArray[np.int64]:
        """Nearest neighbors, shape (m, 2), the frame first."""
        return np.concatenate([self.pairs[shell.name] for shell in self.lattice.bonds])

    @cached_property
    def neighbors(self) -> NDArray[np.int64]:
        """Number of nearest neighbors of each atom, shape (n,)."""
        return np.bincount(self.bonds.ravel(), minlength=len(self))

    @cached_property
    def surface(self) -> NDArray[np.bool_]:
        """Atoms with fewer nearest neighbors than in the bulk, shape (n,)."""
        return self.neighbors < np.array(self.lattice.coordination)[self.kind]

    @cached_property
    def mixing(self) -> NDArray[np.float64]:
        """Share of the second halide: 0 or 1 on X, that of its X neighbors on Pb, shape (n,)."""
        is_second = self.species != self.kind
        frame, ligand = self.bonds.T
        second = np.bincount(frame, is_second[ligand], minlength=len(self))
        return np.where(self.species == 0, second / np.maximum(self.neighbors, 1), is_second)

    @cached_property
    def ticks(self) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """`symmetric_ticks` of its positions."""
        return symmetric_ticks(self.positions_nm)


def symmetric_ticks(positions_nm: NDArray[np.float64]) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Coordinates (n, 3) as sign and index of a distance from the center, and the distances in nm.

    Distances within SYMMETRY_TOLERANCE_NM are made equal, so that a symmetry within it becomes exact.
    Raises BandgError for more than 2^20 different distances.
    """
    flat = np.abs(positions_nm).ravel()
    order = np.argsort(flat, kind="stable")
    first = flat[order[0]] > SYMMETRY_TOLERANCE_NM
    label = np.cumsum(np.concatenate([[first], np.diff(flat[order]) > SYMMETRY_TOLERANCE_NM]))
    count = np.bincount(label)
    distances = np.bincount(label, flat[order]) / np.maximum(count, 1)
    distances[0] = 0.0
    if len(distances) >= 1 << 20:
        raise BandgError(f"{len(positions_nm)} atoms without order are too many: fewer than about 350000 fit")
    index = np.empty(len(flat), dtype=np.int64)
    index[order] = label
    return np.sign(positions_nm).astype(np.int64) * index.reshape(-1, 3), distances


def operations(positions_nm: NDArray[np.float64], species: NDArray[np.int64]) -> NDArray[np.int64]:
    """The turns of the cube about the origin that map the atoms on atoms of their species, shape (order, 3, 3)."""
    coordinates = symmetric_ticks(positions_nm)[0]
    keys = pack(coordinates)
    order = np.argsort(keys)
    kept = []
    for rotation in cubic_rotations():
        image = pack(coordinates @ rotation.T)
        target = order[np.minimum(np.searchsorted(keys, image, sorter=order), len(keys) - 1)]
        if (keys[target] == image).all() and (species[target] == species).all():
            kept.append(rotation)
    return np.array(kept)


def amplitudes(species: NDArray[np.int64], bonds: NDArray[np.int64], occupancy: float) -> NDArray[np.float64]:
    """Factor of the hoppings of each atom (n,): the root of the occupancy on X with a single Pb, else 1."""
    neighbors = np.bincount(bonds.ravel(), minlength=len(species))
    return np.where((species > 0) & (neighbors == 1), np.sqrt(occupancy), 1.0)


def grid_pairs(
    coordinates: NDArray[np.int64], species: NDArray[np.int64], shell: Shell, lattice: Lattice
) -> NDArray[np.int64]:
    """Neighbors (m, 2) of a shell among sites on the ideal grid; species: (n,) as in `Structure`."""
    kind = np.minimum(species, len(lattice.kinds) - 1)
    extent = int(np.abs(coordinates).max()) + int(np.abs(shell.vector).max())
    grid = np.full((2 * extent + 1,) * 3, -1, dtype=np.int32)
    grid[tuple((coordinates + extent).T)] = np.arange(len(coordinates))
    first, second = lattice.kinds.index(shell.first), lattice.kinds.index(shell.second)
    start = np.flatnonzero(kind == first)
    found = []
    for vector in shell.pair_vectors:
        end = grid[tuple((coordinates[start] + np.array(vector) + extent).T)]
        there = (end >= 0) & (kind[end] == second)
        found.append(np.stack([start[there], end[there]], axis=1))
    return np.concatenate(found).astype(np.int64)


def all_pairs(
    coordinates: NDArray[np.int64], species: NDArray[np.int64], lattice: Lattice
) -> dict[str, NDArray[np.int64]]:
    """Neighbors (m, 2) of every shell of the lattice."""
    return {shell.name: grid_pairs(coordinates, species, shell, lattice) for shell in lattice.shells}


def _chosen(sites: NDArray[np.int64], share: float, seed: int | None, stream: int) -> NDArray[np.int64]:
    """A random share of the sites, the same for the same seed, rounded to whole atoms."""
    count = round(share * len(sites))
    if count in (0, len(sites)):
        return sites[:count]
    return np.random.default_rng([seed or 0, stream]).permutation(sites)[:count]


def kept_sites(
    coordinates: NDArray[np.int64], species: NDArray[np.int64], nanocrystal: Nanocrystal
) -> NDArray[np.bool_]:
    """Which sites (n,) on the ideal grid are left by the vacancies: neither missing nor hanging on nothing.

    Raises BandgError where no X is left, and for an explicit structure without any surface X to be thinned out.
    """
    kept = np.ones(len(species), dtype=bool)
    if not (nanocrystal.x_vacancies or nanocrystal.pb_vacancies or nanocrystal.occupancy != 1):
        return kept
    lattice = nanocrystal.lattice
    bonds, lead_bonds = (grid_pairs(coordinates, species, lattice.shell(name), lattice) for name in ("Pb-X", "Pb-Pb"))
    surface_x = np.flatnonzero((species > 0) & (np.bincount(bonds.ravel(), minlength=len(species)) == 1))
    surface_pb = np.flatnonzero((species == 0) & (np.bincount(lead_bonds.ravel(), minlength=len(species)) < 6))
    if not len(surface_x) and (nanocrystal.x_vacancies or nanocrystal.occupancy != 1) and nanocrystal.atoms:
        raise BandgError("the structure has no surface X (with one Pb neighbor) that could be missing")
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    gone = np.concatenate(
        [
            _chosen(surface_x, nanocrystal.x_vacancies, nanocrystal.seed, 1),
            _chosen(surface_pb, nanocrystal.pb_vacancies, nanocrystal.seed, 2),
        ]
    )
    kept[gone] = False
    bonds = bonds[kept[bonds].all(axis=1)]
    _, part = connected_components(
        coo_array((np.ones(len(bonds)), (bonds[:, 0], bonds[:, 1])), shape=(len(species),) * 2), directed=False
    )
    if kept.any():
        kept &= part == np.bincount(part[kept]).argmax()
    if nanocrystal.occupancy == 0:
        bonds = bonds[kept[bonds].all(axis=1)]
        kept &= (species == 0) | (np.bincount(bonds.ravel(), minlength=len(species)) == 2)
    if not species[kept].any():
        raise BandgError("the vacancies leave no X at all: choose a larger nanocrystal or a smaller share")
    return kept
