"""Lattices as data: what follows from them, and what is refused."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import bandg
from bandg.crystal.lattice import PEROVSKITE, BandEdges, Lattice, Shell, Species, Termination, lattice_named, register
from bandg.crystal.shapes import cube, cuboid
from bandg.crystal.structure import structure_of

CSCL = Lattice(
    name="cesium-chloride",
    species=(Species("Na", (0, 0, 0)), Species("Cl", (1, 1, 1))),
    shells=(Shell("Na", "Cl", (1, 1, 1)), Shell("Na", "Na", (2, 0, 0), order=2)),
    terminations=(Termination("anion"), Termination("cation", needs=8)),
    edges=BandEdges("Gamma", "6+", "6+", filled=(("Cl", "s"),)),
    centers=("Na", "edge", "face", "Cl"),
)
"""A ligand in the middle of the cell."""


def test_perovskite() -> None:
    assert PEROVSKITE.sublattices == ((0, (0, 0, 0)), (1, (1, 0, 0)), (1, (0, 1, 0)), (1, (0, 0, 1)))
    assert PEROVSKITE.coordination == (6, 2)
    assert {shell.name: (len(shell.vectors), shell.length) for shell in PEROVSKITE.shells} == {
        "Pb-X": (6, 0.5),
        "X-X": (12, pytest.approx(np.sqrt(0.5))),
        "Pb-Pb": (6, 1.0),
    }
    for shell in PEROVSKITE.shells:
        assert len(set(shell.vectors)) == len(shell.vectors)
        backward = {tuple(-x for x in vector) for vector in shell.pair_vectors}
        assert backward.isdisjoint(shell.pair_vectors) == shell.is_equal
    axes = ((1, 0, 0), (0, 1, 0), (0, 0, 1), (-1, 0, 0), (0, -1, 0), (0, 0, -1))  # the order sets the last digits
    diagonals = tuple(v for v in itertools.product((-1, 0, 1), repeat=3) if np.dot(v, v) == 2)
    double = tuple((2 * x, 2 * y, 2 * z) for x, y, z in axes)
    assert [shell.vectors for shell in PEROVSKITE.shells] == [axes, diagonals, double]
    half = ((1, 1, 0), (1, -1, 0), (0, 1, 1), (0, 1, -1), (1, 0, 1), (1, 0, -1))
    assert [shell.pair_vectors for shell in PEROVSKITE.shells] == [axes, half, double[:3]]
    confined = {(edge, c): PEROVSKITE.confined(edge, c) for edge in ("valence", "conduction") for c in ("Pb", "Cs")}
    assert list(confined.values()) == ["6+", "7-", "6-", "7+"]  # about Cs 6+ becomes 7- and 6- becomes 7+


@pytest.mark.parametrize("edges", [(2, 2, 2), (2, 3, 4)])
def test_ligand_in_the_middle_of_the_cell(edges: tuple[int, int, int]) -> None:
    """Counts and neighbors of a box of N1 x N2 x N3 cells whose ligands lie on the corners of the cells, or inside."""
    n = np.array(edges)
    assert CSCL.coordination == (8, 8)
    for end, ligands, whole in (("anion", n + 1, n), ("cation", n - 1, n - 1)):
        found = structure_of(cuboid(edges, 0.4, end, lattice=CSCL))
        assert np.bincount(found.kind).tolist() == [n.prod(), ligands.prod()]
        assert len(found.bonds) == 8 * whole.prod()  # those of the whole ions: every Na or every Cl has its eight
        assert len(found.pairs["Na-Na"]) == sum(n.prod() // m * (m - 1) for m in edges)
        inner = (n - 1).prod()  # Cl with eight Na
        assert (~found.surface[found.kind == 1]).sum() == inner
        assert (~found.surface[found.kind == 0]).sum() == (n.prod() if end == "anion" else (n - 2).clip(0).prod())


def test_network_of_shared_ligands_has_the_stiffness_of_its_steps() -> None:
    """n_steps - sum of cos(k d) over the steps is stiffness (k a)^2 for small k, and the same along every axis."""
    for lattice, stiffness in ((PEROVSKITE, 1.0), (CSCL, 16.0)):
        steps = np.array(lattice.frame_steps) / 2  # in lattice constants
        for axis, small in itertools.product(range(3), (1e-3,)):
            sum_ = np.cos(small * steps[:, axis]).sum()
            assert (len(steps) - sum_) / small**2 == pytest.approx(stiffness, rel=1e-4)


def test_terminations_have_two_names() -> None:
    assert cube(3, 0.6, "CsX") == cube(3, 0.6, "halide") == cube(3, 0.6)
    assert cube(3, 0.6, "PbX2").termination == "lead"
    assert [one.label for one in PEROVSKITE.terminations] == ["halide (CsX-terminated)", "lead (PbX2-terminated)"]
    with pytest.raises(bandg.BandgError, match=r"choose halide or lead \(CsX-terminated, PbX2-terminated\)"):
        cube(3, 0.6, "oxide")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"species": (Species("Na", (1, 0, 0)), Species("Cl", (1, 1, 1)))}, "must sit at"),
        ({"species": (Species("Na", (0, 0, 0)), Species("Na", (1, 1, 1)))}, "share a name or a place"),
        ({"species": (Species("Na", (0, 0, 0)), Species("Cl-", (1, 1, 1)))}, "needs a name of letters"),
        ({"shells": (Shell("Na", "Cl", (1, 0, 0)),)}, "joins no atoms"),
        ({"shells": (Shell("Na", "Cl", (0, 0, 0)),)}, "joins no atoms"),
        ({"shells": (Shell("Na", "Na", (2, 0, 0)),)}, "Na-Cl must stand once"),
        ({"terminations": ()}, "needs a termination"),
        ({"edges": replace(CSCL.edges, point="X")}, "band edges at Gamma or R"),
        ({"edges": replace(CSCL.edges, valence="8+")}, "doublets"),
        ({"edges": replace(CSCL.edges, filled=(("K", "s"),))}, "filled shells"),
    ],
)
def test_contradictions_are_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(bandg.BandgError, match=message):
        replace(CSCL, **changes)


def test_registry() -> None:
    mine = replace(CSCL, name="mine-to-register")
    assert register(mine) is register(mine) is lattice_named("mine-to-register")
    with pytest.raises(bandg.BandgError, match="choose another name"):
        register(replace(mine, characters=(("Na", "s"),)))
    with pytest.raises(bandg.BandgError, match="did you mean 'perovskite'"):
        lattice_named("perowskite")
