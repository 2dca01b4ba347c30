"""Energies of pairs against direct sums, quadratures and closed forms of model densities."""

import weakref
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from bandg.base.units import E2_EV_NM
from bandg.crystal.distortion import distorted
from bandg.crystal.shapes import cube, sphere
from bandg.crystal.structure import structure_of
from bandg.models.dielectric import image_interaction, interface_nm, self_energy
from bandg.models.etb.job import Job
from bandg.models.etb.pairs import Coulomb, PairEnergy, Polarization, distances, exciton_observables
from bandg.models.exciton import COULOMB
from bandg.models.observable import Observable
from bandg.models.screening import PRESETS, Screening
from bandg.parameters.loader import load_set

A_NM = 0.6289
HAKEN = PRESETS["strong"]


@dataclass(eq=False)
class Carrier:
    """A density on the atoms, in place of a doublet."""

    reduced: Any
    density: Any
    energy: float = 0.0


def carriers(crystal, *densities):
    """Carriers with densities, which are functions of positions in nm."""
    structure = structure_of(crystal)
    reduced = SimpleNamespace(structure=structure, nanocrystal=crystal)
    weights = [density(structure.positions_nm) for density in densities]
    return [Carrier(reduced, one / one.sum()) for one in weights]


def in_box(edge):
    return lambda r: np.prod(np.cos(np.pi * r / edge) ** 2, axis=1) * (np.abs(r) < edge / 2).all(axis=1)


def in_ball(radius):
    def density(r):
        x = np.linalg.norm(r, axis=1) / radius
        return np.sinc(x) ** 2 * (x < 1)

    return density


def direct(electron, hole, screening):
    r = electron.reduced.structure.positions_nm
    return electron.density @ screening.energy(np.linalg.norm(r[:, None] - r, axis=-1)) @ hole.density


def doublets(crystal, name="nestoklon2023-standin", neighbors=1):
    found = []

    def keep(electron, hole):
        found.extend([electron, hole])
        return 0.0

    Job(load_set(name), crystal, neighbors, observables=(Observable("kept", "x", states=keep),)).run()
    return found


@pytest.mark.parametrize(
    "crystal",
    [cube(3, A_NM), cube(4, A_NM, "lead"), sphere(2.5, A_NM), distorted(cube(2, A_NM), strain="zz=0.02,xy=0.01")],
    ids=["halide", "lead", "sphere", "strained"],
)
def test_fourier_transform_is_the_direct_sum(crystal):
    generator = np.random.default_rng(1)
    electron, hole = carriers(crystal, lambda r: generator.random(len(r)), lambda r: generator.random(len(r)))
    r, weights = distances(electron, hole)
    assert weights.sum() == pytest.approx(1, rel=1e-12)
    assert (weights * r**2).sum() == pytest.approx(
        sum(
            electron.density @ (np.subtract.outer(x, x) ** 2) @ hole.density
            for x in electron.reduced.structure.positions_nm.T
        )
    )
    assert Coulomb(HAKEN)(electron, hole) == pytest.approx(direct(electron, hole, HAKEN), rel=1e-10)
    assert Coulomb(HAKEN, holes=True)(electron, hole) == pytest.approx(direct(hole, hole, HAKEN), rel=1e-10)


def test_what_is_known_of_a_pair_keeps_no_doublet_alive():
    pair = carriers(cube(2, A_NM), in_box(2 * A_NM), in_box(2 * A_NM))
    assert distances(*pair) is distances(*pair) is not distances(*pair[::-1])
    energies = [PairEnergy(Coulomb(HAKEN), Polarization(5.0, eps))(*pair) for eps in (2.25, 5.0)]
    assert energies[0] > energies[1]
    Coulomb(HAKEN, holes=True)(*pair)
    left = [weakref.ref(one) for one in pair]
    del pair
    assert [one() for one in left] == [None, None]


def test_tilt_counts_ideal_places_in_the_contracted_lattice():
    crystal = distorted(cube(3, A_NM), tilt="a0a0c+", angles="8")
    electron, hole = carriers(crystal, *[lambda r: np.ones(len(r))] * 2)
    assert Coulomb(HAKEN)(electron, hole) == pytest.approx(direct(electron, hole, HAKEN), rel=2e-3)
    r, _ = distances(electron, hole)
    frame = electron.reduced.structure.positions_nm[electron.reduced.structure.species == 0]
    assert np.abs(r - np.linalg.norm(frame[0] - frame[-1])).min() < 1e-12


def test_ground_state_of_a_cube_has_3_047_and_of_a_sphere_1_786():
    edge, constant = 16 * A_NM, Screening("constant", 5.0)
    electron, hole = carriers(cube(16, A_NM), in_box(edge), in_box(edge))
    assert Coulomb(constant)(electron, hole) * 5 * edge / E2_EV_NM == pytest.approx(3.0478, rel=2e-3)
    electron, hole = carriers(sphere(edge, A_NM), in_ball(edge / 2), in_ball(edge / 2))
    assert Coulomb(constant)(electron, hole) * 5 * edge / 2 / E2_EV_NM == pytest.approx(COULOMB, rel=2e-3)


def test_haken_integral_of_a_sphere_is_that_of_a_quadrature():
    """Over two radii; the angle between them is done in closed form: mean of exp(-d / l) / d over two shells."""
    radius = 8 * A_NM
    x, weight = np.polynomial.legendre.leggauss(200)
    r = (x + 1) / 2 * radius
    shells = weight * np.sin(np.pi * r / radius) ** 2
    shells /= shells.sum()
    r1, r2 = r[:, None], r[None, :]
    length = HAKEN.radius_e
    screened = length / (2 * r1 * r2) * (np.exp(-abs(r1 - r2) / length) - np.exp(-(r1 + r2) / length))
    kernel = 1 / 25 / np.maximum(r1, r2) + (1 / 5 - 1 / 25) * screened
    electron, hole = carriers(sphere(2 * radius, A_NM), in_ball(radius), in_ball(radius))
    assert Coulomb(HAKEN)(electron, hole) == pytest.approx(E2_EV_NM * shells @ kernel @ shells, rel=2e-3)


def test_haken_integral_of_a_cube_is_that_of_monte_carlo():
    edge, count = 16 * A_NM, 200_000
    generator = np.random.default_rng(3)
    x = np.linspace(-0.5, 0.5, 4001)
    quantiles = x + 0.5 + np.sin(2 * np.pi * x) / (2 * np.pi)
    points = np.interp(generator.random((2, count, 3)), quantiles, x) * edge
    samples = HAKEN.energy(np.linalg.norm(points[0] - points[1], axis=1))
    electron, hole = carriers(cube(16, A_NM), in_box(edge), in_box(edge))
    error = samples.std() / np.sqrt(count)
    assert error < 3e-3 * samples.mean()
    assert abs(Coulomb(HAKEN)(electron, hole) - samples.mean()) < 4 * error


def test_polarization_of_a_sphere_is_that_of_brus():
    """Its series over the moments of the density, which ends where there still are all atoms."""
    crystal = sphere(12 * A_NM, A_NM)
    radius = interface_nm(crystal)[0]
    electron, hole = carriers(crystal, in_ball(0.85 * radius), in_ball(0.85 * radius))
    x, weight = np.polynomial.legendre.leggauss(100)
    x = (x + 1) / 2
    density = weight * np.sin(np.pi * x) ** 2
    contrast, n = 5.0 / 2.25, np.arange(1, 60)
    moments = (0.85 * x[:, None]) ** (2 * n)
    brus = (n + 1) * (contrast - 1) / (5.0 * (n * contrast + n + 1)) @ moments.T @ density / density.sum()
    assert Polarization(5.0, 2.25)(electron, hole) == pytest.approx(brus * E2_EV_NM / radius, rel=5e-3)
    assert Polarization(5.0, None)(electron, hole) == 0.0
    assert Polarization(5.0, 5.0)(electron, hole) == pytest.approx(0.0, abs=1e-14)


def test_energy_of_the_pair_is_the_sum_of_its_parts():
    crystal = cube(2, A_NM)
    electron, hole = doublets(crystal)
    places = electron.reduced.structure.positions_nm
    own = (electron.density + hole.density) @ self_energy(crystal, places, HAKEN.eps_inf, 2.25)
    pair = image_interaction(crystal, places, electron.density, hole.density, HAKEN.eps_inf, 2.25)
    found = PairEnergy(Coulomb(HAKEN), Polarization(HAKEN.eps_inf, 2.25))(electron, hole)
    attraction = direct(electron, hole, HAKEN)
    assert found == pytest.approx(electron.energy - hole.energy - attraction + own - pair, abs=1e-12)
    assert 0 < own - pair < attraction


def test_observables_have_keys_that_depend_on_their_constants_alone():
    def keys(screening, outside):
        return [one.key() for one in exciton_observables(screening, outside)]

    assert keys(HAKEN, 2.25) == keys(Screening("haken", 5, 25, 3, 3), 2.25)
    assert keys(HAKEN, 2.25)[0] != keys(HAKEN, None)[0]
    assert keys(HAKEN, None)[0] != keys(PRESETS["weak"], None)[0]
