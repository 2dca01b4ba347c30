"""Ewald sums against published Madelung constants, direct sums and sums over planes."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from bandg.base.errors import BandgError
from bandg.base.units import E2_EV_NM
from bandg.crystal.electrostatics import CHARGES, bulk_potentials, site_potentials, surface_shifts
from bandg.crystal.lattice import PEROVSKITE

A_NM = 0.6289
UNIT = E2_EV_NM / A_NM
PLACES = {"Pb": [(0, 0, 0)], "X": [(1, 0, 0), (0, 1, 0), (0, 0, 1)], "Cs": [(1, 1, 1)]}

# OEIS A085469, A181152; energy of a charge in a cubic lattice of its likes and a uniform background, times -2
NACL, CSCL, WIGNER = 1.747564594633, 1.762674773071, 2.837297479481


def test_madelung_constants() -> None:
    face = np.array([[0, 0, 0], [0, 1, 1], [1, 0, 1], [1, 1, 0]]) / 2
    salt = site_potentials(np.eye(3), np.concatenate([face, face + np.array([0.5, 0, 0])]), [1] * 4 + [-1] * 4)
    assert salt == pytest.approx([-2 * NACL] * 4 + [2 * NACL] * 4, rel=1e-10)
    cesium = site_potentials(np.eye(3), [[0, 0, 0], [0.5, 0.5, 0.5]], [1, -1])
    assert cesium == pytest.approx(2 / np.sqrt(3) * np.array([-CSCL, CSCL]), rel=1e-10)


def test_any_cell_of_the_crystal_gives_the_same() -> None:
    """The primitive cell of NaCl, and one that is long and sheared."""
    primitive = np.array([[0, 1, 1], [1, 0, 1], [1, 1, 0]]) / 2
    assert site_potentials(primitive, [[0, 0, 0], [0.5, 0, 0]], [1, -1]) == pytest.approx([-2 * NACL, 2 * NACL])
    sheared = np.array([[1, 0, 0], [0, 1, 0], [1, 2, 3]])
    places = np.array([[0, 0, z] for z in range(3)])
    found = site_potentials(sheared, np.concatenate([places, places + 0.5]), [1] * 3 + [-1] * 3)
    assert found == pytest.approx(2 / np.sqrt(3) * CSCL * np.repeat([-1, 1], 3), rel=1e-9)


def test_perovskite_follows_from_published_constants() -> None:
    """Four sublattices of one cubic lattice; its potential at the other points follows from NaCl, CsCl and halving."""
    own = -WIGNER
    center = own + 2 / np.sqrt(3) * CSCL
    edge, face = (own + NACL - center) / 3, -NACL / 3
    wanted = {
        "Pb": 2 * own - 3 * edge + center,
        "X": 2 * edge - own - 2 * face + face,
        "Cs": own + 2 * center - 3 * face,
    }
    found = bulk_potentials(A_NM)
    assert found == pytest.approx({kind: UNIT * value for kind, value in wanted.items()}, rel=1e-9)
    assert (found["Pb"], found["X"]) == pytest.approx((-14.17, 7.39), abs=0.005)


def direct_sum(kind: str, reach: int) -> float:
    """Potential in V at an ion from whole cells about it, charges on their surface shared, within reach cells.

    The mean over the crystal is lifted from zero by <q r^2> of such a cell.
    """
    steps = np.array(list(product(range(-2 * reach, 2 * reach + 1), repeat=3)))
    parity = (steps + PLACES[kind][0]) % 2
    charge = np.zeros(len(steps))
    for one, places in PLACES.items():
        for place in places:
            charge[(parity == place).all(axis=1)] = CHARGES[one]
    distance = np.linalg.norm(steps, axis=1) / 2
    share = np.prod(np.select([np.abs(steps) < 2 * reach], [1.0], 0.5), axis=1)
    cell = np.prod(np.select([np.abs(steps) < 1, np.abs(steps) == 1], [1.0, 0.5], 0.0), axis=1)
    others = distance > 0
    return UNIT * (
        np.sum((charge * share)[others] / distance[others]) + 2 * np.pi / 3 * np.sum(charge * cell * distance**2)
    )


@pytest.mark.parametrize("kind", ["Pb", "Cs"])
def test_perovskite_against_a_direct_sum(kind: str) -> None:
    """Its error falls with the square of the radius, and so it is extrapolated."""
    near, far = (direct_sum(kind, reach) for reach in (5, 10))
    assert bulk_potentials(A_NM)[kind] == pytest.approx((4 * far - near) / 3, abs=1e-4)


def plane_potential(place: tuple[int, int], z: int, height: int) -> float:
    """Potential in V of one plane PbX2 (even z) or CsX at a place and a height above it in a/2: plane waves."""
    waves = 2 * np.pi * np.array([wave for wave in product(range(-8, 9), repeat=2) if any(wave)])
    size = np.linalg.norm(waves, axis=1)
    amplitude = np.zeros(len(waves))
    for kind, places in PLACES.items():
        for x, y, level in places:
            if (level - z) % 2 == 0:
                amplitude += CHARGES[kind] * np.cos(waves @ (np.subtract(place, (x, y)) / 2))
    return UNIT * 2 * np.pi * np.sum(amplitude * np.exp(-size * height / 2) / size)


@pytest.mark.parametrize("termination", ["halide", "lead"])
def test_shifts_are_the_potential_of_the_missing_planes(termination: str) -> None:
    first = 1 if termination == "halide" else 0
    found = surface_shifts(PEROVSKITE.termination(termination), A_NM, planes=4)
    assert len(found) == 8
    for (kind, plane), shift in found.items():
        x, y, _ = next(place for place in PLACES[kind] if (place[2] - first - plane) % 2 == 0)
        missing = [plane_potential((x, y), first - k, plane + k) for k in range(1, 12)]
        assert shift == pytest.approx(sum(missing), abs=1e-7), (kind, plane)


def test_deep_planes_are_the_bulk() -> None:
    found = surface_shifts(PEROVSKITE.termination("lead"), A_NM, planes=8)
    assert max(abs(shift) for (_, plane), shift in found.items() if plane == 7) < 1e-8


def test_printed_shifts() -> None:
    """An electron at the outermost halide of CsX is 1.08 eV higher, at the outermost lead of PbX2 0.77 eV lower."""
    halide, lead = (surface_shifts(one, A_NM) for one in PEROVSKITE.terminations)
    found = halide["X", 0], halide["Pb", 1], halide["X", 1], halide["X", 2], lead["Pb", 0], lead["X", 0]
    assert found == pytest.approx((1.08, 0.04, 0.0, 0.0, -0.77, 0.0), abs=0.005)
    screened = surface_shifts(PEROVSKITE.termination("halide"), A_NM, eps=4.4)
    assert screened["X", 0] == pytest.approx(halide["X", 0] / 4.4)


def test_charges_that_cannot_be() -> None:
    halide = PEROVSKITE.termination("halide")
    with pytest.raises(BandgError, match=r"plane PbX2 must add up to zero, not to -0\.5"):
        surface_shifts(halide, A_NM, charges={"Pb": 1.5, "X": -1.0, "Cs": 1.0})
    with pytest.raises(BandgError, match=r"plane CsX must add up to zero, not to 0\.5"):
        surface_shifts(halide, A_NM, charges={"Pb": 2.0, "X": -1.0, "Cs": 1.5})
    with pytest.raises(BandgError, match="charges of a cell must add up to zero, not to 1"):
        site_potentials(np.eye(3), [[0, 0, 0]], [1])
    with pytest.raises(BandgError, match="eps must be positive, not 0"):
        surface_shifts(halide, A_NM, eps=0.0)
