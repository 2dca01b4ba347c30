"""The atoms of a nanocrystal: positions, species and neighbors.

Made nanocrystals take their neighbors from the ideal crystal, so a distortion breaks no bond. An explicit structure
finds them by distance, and its place in the ideal crystal by walking from Pb to Pb.
"""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

import numpy as np

from bandg.crystal.distortion import deformation, displacements, outermost_bonds
from bandg.crystal.shapes import Nanocrystal
from bandg.crystal.sites import Structure, _chosen, all_pairs, amplitudes, kept_sites, operations
from bandg.hamiltonian.groups import PointGroup, point_group


@lru_cache(maxsize=64)
def expected_group(nanocrystal: Nanocrystal) -> PointGroup:
    """The point group of a nanocrystal, for made ones from a small one of the same kind: costs next to nothing."""
    if nanocrystal.is_random and not nanocrystal.atoms:
        return point_group(np.eye(3, dtype=np.int64)[None])
    small = nanocrystal
    if nanocrystal.edges:
        ranks = {n: 2 * k + 2 + n % 2 for k, n in enumerate(sorted(set(nanocrystal.edges)))}
        small = replace(nanocrystal, edges=tuple(ranks[n] for n in nanocrystal.edges))
    elif not nanocrystal.atoms:
        cells = 3 if nanocrystal.center == nanocrystal.lattice.centers[0] else 2
        small = replace(nanocrystal, shape="cube", cells=cells, diameter_nm=0.0, truncation=0.0)
    structure = structure_of(small)
    return point_group(operations(structure.positions_nm, structure.species))


@lru_cache(maxsize=4)
def structure_of(nanocrystal: Nanocrystal) -> Structure:
    """The atoms of a nanocrystal. Raises BandgError for an invalid explicit structure."""
    if nanocrystal.atoms:
        from bandg.crystal.from_atoms import structure_of_atoms

        return structure_of_atoms(nanocrystal)
    coordinates, species = nanocrystal.sites()
    offset = nanocrystal.grid_offset
    kept = kept_sites(coordinates, species, nanocrystal)
    coordinates, species = coordinates[kept], species[kept]
    pairs = all_pairs(coordinates, species, nanocrystal.lattice)
    on_frame = coordinates + offset
    moved = coordinates.astype(float)
    if nanocrystal.tilt:
        moved = moved + displacements(on_frame, nanocrystal.tilt, nanocrystal.tilt_deg)
    if nanocrystal.strain or nanocrystal.tilt:
        moved = moved @ deformation(nanocrystal.strain, nanocrystal.tilt_deg, nanocrystal.keep)
    bonds = pairs[nanocrystal.lattice.bonds[0].name]
    if nanocrystal.surface_bonds:
        change = nanocrystal.surface_bonds
        moved = moved + outermost_bonds(moved, coordinates, bonds, nanocrystal.has_skin, change)
    halide = np.flatnonzero(species)
    second = _chosen(halide, nanocrystal.fraction, nanocrystal.seed, 0)
    species = species.copy()
    species[second] = len(nanocrystal.lattice.kinds)
    amplitude = amplitudes(species, bonds, nanocrystal.occupancy)
    return Structure(nanocrystal.lattice, moved * nanocrystal.a_nm / 2, on_frame, species, amplitude, pairs)
