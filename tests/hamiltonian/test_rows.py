"""The transformation to the adapted bases of all irreps at once, against the projection irrep by irrep."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from bandg.crystal.shapes import cube
from bandg.hamiltonian.blocks import AdaptedBasis
from bandg.hamiltonian.groups import cubic_rotations, point_group
from bandg.hamiltonian.orbits import find_orbits
from bandg.hamiltonian.rows import RowTransform, rows_of
from bandg.models.etb.reduced import ReducedNanocrystal, local_model
from bandg.parameters.loader import load_set

SET = load_set("kashikar2021")


@cache
def reduced() -> ReducedNanocrystal:
    return ReducedNanocrystal(cube(4, SET.a_nm), local_model(SET, 1))


@cache
def bases() -> dict[str, AdaptedBasis]:
    return {label: reduced().basis(label) for label in reduced().labels}


def states(count: int) -> np.ndarray:
    random = np.random.default_rng(0).standard_normal((2, reduced().system.n_orbitals, count))
    return np.asarray(random[0] + 1j * random[1])


def test_overlaps_with_all_rows() -> None:
    rows = {label: np.eye(basis.irrep.dimension, dtype=complex) for label, basis in bases().items()}
    transform = RowTransform(bases(), rows, reduced().system.offsets)
    psi = states(1)
    found = transform.project(psi[:, 0])
    for label, basis in bases().items():
        np.testing.assert_allclose(found[label], basis.project_full(psi)[:, :, 0], atol=1e-12)
    np.testing.assert_allclose(transform.expand(found), psi[:, 0], atol=1e-12)


TURNS = {
    "Ci": lambda r: (np.abs(r) == np.eye(3)).all() and abs(np.trace(r)) == 3,
    "D2h": lambda r: (np.abs(r) == np.eye(3)).all(),
    "C4v": lambda r: r[2, 2] == 1,
    "C3": lambda r: np.linalg.det(r) > 0 and (r @ np.ones(3) == np.ones(3)).all(),
}


@pytest.mark.parametrize("name", TURNS)
def test_rows_of_a_subgroup_hold_its_states(name: str) -> None:
    """A state in the first row of an irrep of the subgroup has no overlap with other rows, and comes back whole."""
    group = point_group(np.array([r for r in cubic_rotations() if TURNS[name](r)]))
    assert group.name == name
    orbits = find_orbits(reduced().system, group)
    total = 0
    for irrep in group.irreps:
        basis = AdaptedBasis(orbits, irrep)
        vector = states(1)[: basis.size, 0]
        psi = basis.expand(vector)[:, 0]
        rows = {label: rows_of(group, irrep, reduced().orbits.group, one.irrep) for label, one in bases().items()}
        transform = RowTransform(bases(), rows, reduced().system.offsets)
        np.testing.assert_allclose(transform.expand(transform.project(psi)), psi, atol=1e-12)
        total += irrep.dimension * sum(rows[label].shape[1] * one.size for label, one in bases().items())
    assert total == reduced().system.n_orbitals  # no row is missing, and none stands in two
