"""Relaxed surfaces: which atoms move, how far, and that the symmetry stays."""

from __future__ import annotations

import numpy as np
import pytest

from bandg.base.errors import BandgError
from bandg.crystal.atoms import Atoms
from bandg.crystal.distortion import describe, distorted
from bandg.crystal.from_atoms import explicit
from bandg.crystal.shapes import Nanocrystal, cube, cuboid, octahedron, sphere, truncated_cube
from bandg.crystal.sites import operations
from bandg.crystal.structure import structure_of

A = 0.6


def both(crystal: Nanocrystal, change: float):  # type: ignore[no-untyped-def]
    """The structures before and after."""
    return structure_of(crystal), structure_of(distorted(crystal, surface_bonds=change))


@pytest.mark.parametrize("crystal", [cube(3, A, "halide"), sphere(2.1, A, "halide"), cuboid((2, 3, 4), A, "halide")])
def test_a_halide_with_one_lead_moves_along_its_bond_and_nothing_else_moves(crystal: Nanocrystal) -> None:
    before, after = both(crystal, -0.05)
    lead, halide = before.bonds.T
    length = np.linalg.norm(after.positions_nm[lead] - after.positions_nm[halide], axis=1)
    single = before.neighbors[halide] == 1
    assert length[single] == pytest.approx(0.95 * A / 2) and length[~single] == pytest.approx(A / 2)
    moved = np.linalg.norm(after.positions_nm - before.positions_nm, axis=1)
    assert set(np.flatnonzero(moved > 1e-12)) == set(halide[single])


@pytest.mark.parametrize("crystal", [cube(4, A, "lead"), cuboid((2, 3, 4), A, "lead")])
def test_the_outermost_planes_of_lead_move_as_a_whole(crystal: Nanocrystal) -> None:
    before, after = both(crystal, 0.04)
    outer = before.positions_nm.max(axis=0)
    wanted = before.positions_nm + 0.04 * A / 2 * np.sign(before.positions_nm) * (
        np.abs(before.positions_nm) > outer - 1e-9
    )
    assert after.positions_nm == pytest.approx(wanted, abs=1e-12)


@pytest.mark.parametrize("end", ["halide", "lead"])
@pytest.mark.parametrize("make", [lambda e: sphere(2.6, A, e), lambda e: octahedron(3.1, A, e), truncated_cube])
def test_the_symmetry_stays(make, end) -> None:  # type: ignore[no-untyped-def]
    crystal = make(4, A, end) if make is truncated_cube else make(end)
    before, after = both(crystal, -0.08)
    assert np.abs(after.positions_nm - before.positions_nm).max() > 0.01
    assert len(operations(after.positions_nm, after.species)) == len(operations(before.positions_nm, before.species))


def test_a_tilted_surface_relaxes_along_its_own_bonds() -> None:
    tilted = distorted(cube(2, A, "halide"), tilt="a0a0c+", angles="8")
    after = structure_of(distorted(cube(2, A, "halide"), tilt="a0a0c+", angles="8", surface_bonds=-0.1))
    before = structure_of(tilted)
    lead, halide = before.bonds[before.neighbors[before.bonds[:, 1]] == 1].T
    found = after.positions_nm[halide] - after.positions_nm[lead]
    assert found == pytest.approx(0.9 * (before.positions_nm[halide] - before.positions_nm[lead]))


def test_what_is_said_and_refused() -> None:
    crystal = cube(2, A, "halide")
    assert describe(distorted(crystal, surface_bonds=-0.05)) == "surface bonds -5 %"
    assert distorted(crystal, surface_bonds=0.0) == crystal and crystal.is_ideal
    assert not distorted(crystal, surface_bonds=-0.05).is_ideal
    with pytest.raises(BandgError, match=r"`surface_bonds` must lie between -0\.2 and 0\.2, not 0\.3"):
        distorted(crystal, surface_bonds=0.3)
    with pytest.raises(BandgError, match="`surface_bonds` must lie between"):
        distorted(crystal, surface_bonds=float("nan"))
    structure = structure_of(crystal)
    atoms = Atoms(structure.positions_nm, np.array(["Pb", "I"])[structure.kind])
    with pytest.raises(BandgError, match="surface bonds do not apply to a structure file"):
        distorted(explicit(atoms, A), surface_bonds=0.01)
