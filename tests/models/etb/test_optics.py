"""The optical matrix element between the band edges: against the whole Hamiltonian, and by symmetry."""

from dataclasses import replace

import numpy as np
import pytest

from bandg.base.units import HBAR2_OVER_M0
from bandg.crystal.distortion import distorted
from bandg.crystal.shapes import cube, cuboid
from bandg.models.etb.bulk import bulk
from bandg.models.etb.nanocrystal import band_edges
from bandg.models.etb.optics import kane_energy, momentum, oscillator_strength
from bandg.parameters.loader import load_set

SET = load_set("kashikar2021")
A = SET.a_nm
CRYSTALS = {
    "cube": cube(2, A),
    "cuboid": cuboid((1, 1, 2), A),
    "no symmetry": distorted(cube(2, A), x_vacancies=0.3, seed=1),
}


@pytest.fixture(scope="module", params=CRYSTALS)
def pair(request):
    return request.param, *band_edges(SET, CRYSTALS[request.param])


def test_it_is_the_commutator_with_the_whole_hamiltonian(pair):
    _, electron, hole = pair
    system = electron.reduced.system
    matrix = system.hamiltonian().at(electron.parameters).toarray()
    places = np.repeat(system.positions, system.dimensions[system.kind], axis=0)
    for found, x in zip(momentum(electron, hole), places.T, strict=True):
        commutator = 1j * matrix * (x[None, :] - x[:, None]) / HBAR2_OVER_M0
        np.testing.assert_allclose(found, electron.amplitudes.conj().T @ commutator @ hole.amplitudes, atol=1e-9)


def test_oscillator_strength_in_its_length_form(pair):
    """f = 2 m0 E / hbar^2 sum abs(<e| x |h>)^2, from the positions of the atoms alone."""
    _, electron, hole = pair
    places = np.repeat(electron.positions_nm, np.diff(electron.reduced.system.offsets), axis=0)
    elements = [electron.amplitudes.conj().T @ (x[:, None] * hole.amplitudes) for x in places.T]
    exact = 2 * (electron.energy - hole.energy) / HBAR2_OVER_M0 * np.sum(np.abs(elements) ** 2, axis=(1, 2))
    np.testing.assert_allclose(oscillator_strength(electron, hole), exact, rtol=1e-9)


def test_polarization_follows_the_shape(pair):
    name, electron, hole = pair
    x, y, z = kane_energy(electron, hole)
    if name == "cube":
        assert x == pytest.approx(z, rel=1e-9)
    else:
        assert abs(x / z - 1) > 0.1
    assert (x == pytest.approx(y, rel=1e-9)) == (name != "no symmetry")


def test_the_choice_of_states_does_not_matter(pair):
    _, electron, hole = pair
    turn = np.linalg.qr(np.random.default_rng(1).normal(size=(2, 2, 2)) @ [1, 1j])[0]
    other = replace(electron, pseudospin=electron.pseudospin @ turn)
    assert np.abs(momentum(other, hole) - momentum(electron, hole)).max() > 0.1
    np.testing.assert_allclose(kane_energy(other, hole), kane_energy(electron, hole), rtol=1e-12)


def test_states_are_orthonormal_eigenstates(pair):
    _, *edges = pair
    for state in edges:
        matrix = state.reduced.system.hamiltonian().at(state.parameters)
        np.testing.assert_allclose(state.amplitudes.conj().T @ state.amplitudes, np.eye(2), atol=1e-12)
        np.testing.assert_allclose(matrix @ state.amplitudes, state.energy * state.amplitudes, atol=1e-8)
        assert state.density.sum() == pytest.approx(1)


def test_a_large_nanocrystal_tends_to_the_bulk():
    standin = load_set("nestoklon2023-standin")
    limit = bulk(standin).kane_energy("R6-")
    small, large = (kane_energy(*band_edges(standin, cube(n, standin.a_nm)))[0] for n in (4, 9))
    assert small < large < limit and large > 0.75 * limit
