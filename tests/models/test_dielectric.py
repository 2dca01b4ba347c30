"""Image charges in boxes and spheres against series, limits and a finite-difference solve of the Poisson equation."""

import numpy as np
import pytest

from bandg.base.errors import BandgError
from bandg.base.units import E2_EV_NM
from bandg.crystal.shapes import cube, cuboid, octahedron, sphere
from bandg.models import dielectric
from bandg.models.dielectric import image_interaction, interface_nm, self_energy
from tests.oracles.poisson import image_energy

A_NM = 0.6289
INSIDE, OUTSIDE = 5.0, 2.25
CONTRAST = (INSIDE - OUTSIDE) / (INSIDE + OUTSIDE)
PLANE = E2_EV_NM * CONTRAST / (4 * INSIDE)  # e^2 / (16 pi eps0 eps_in) (eps_in - eps_out) / (eps_in + eps_out)


def density(crystal):
    """Positions and the density of the lowest envelope on the atoms."""
    positions = crystal.sites()[0] * A_NM / 2
    found = np.prod(np.cos(np.pi * positions / (2 * interface_nm(crystal).max())) ** 2, axis=1)
    return positions, found / found.sum()


def test_constant_is_that_of_codata():
    from scipy import constants

    assert pytest.approx(constants.e / (4 * np.pi * constants.epsilon_0) * 1e9, rel=1e-9) == E2_EV_NM


def test_interface_lies_a_quarter_cell_beyond_the_atoms():
    assert interface_nm(cube(5, A_NM, "halide")) == pytest.approx([5.5 / 2 * A_NM] * 3)
    assert interface_nm(cube(5, A_NM, "lead")) == pytest.approx([4.5 / 2 * A_NM] * 3)
    assert interface_nm(cuboid((2, 3, 4), A_NM, "halide")) == pytest.approx(np.array([2.5, 3.5, 4.5]) / 2 * A_NM)
    ball = sphere(3.0, A_NM)
    outermost = np.linalg.norm(ball.sites()[0], axis=1).max() * A_NM / 2
    assert interface_nm(ball) == pytest.approx([outermost + A_NM / 4])


@pytest.mark.parametrize("contrast", [(5.0, 2.25), (5.0, 1.0), (2.0, 7.0)])
def test_sphere_is_the_series(contrast):
    inside, outside = contrast
    ball = sphere(3.0, A_NM)
    radius = interface_nm(ball)[0]
    x = np.array([0.0, 0.2, 0.7, 0.95])
    ell = np.arange(3000)
    factor = (ell + 1) * (inside - outside) / (inside * (ell * inside + (ell + 1) * outside))
    series = E2_EV_NM / (2 * radius) * (factor * x[:, None] ** (2 * ell)).sum(axis=1)
    direction = np.array([2.0, -1.0, 2.0]) / 3
    assert self_energy(ball, radius * x[:, None] * direction, *contrast) == pytest.approx(series, rel=1e-9)


def test_charge_in_the_middle_of_a_sphere_has_the_energy_of_born():
    ball = sphere(4.0, A_NM)
    born = E2_EV_NM / (2 * interface_nm(ball)[0]) * (1 / OUTSIDE - 1 / INSIDE)
    assert self_energy(ball, np.zeros((1, 3)), INSIDE, OUTSIDE)[0] == pytest.approx(born, rel=1e-12)


def test_sphere_is_what_finite_differences_give():
    found = image_energy(lambda r: (r**2).sum(axis=-1) < 1, 8, 20, INSIDE, OUTSIDE, (4, 0, 0))
    ball = sphere(3.0, A_NM)
    radius = interface_nm(ball)[0]
    own = self_energy(ball, np.array([[4 / 8.5, 0, 0]]) * radius, INSIDE, OUTSIDE)[0] * radius / E2_EV_NM
    assert own == pytest.approx(found, rel=0.03)  # the sphere is made of cubes there


def test_box_is_what_finite_differences_give():
    def energies(half, source):
        found = image_energy(lambda r: (np.abs(r) < 1).all(axis=-1), half, 3 * half, INSIDE, OUTSIDE, source)
        box = cube(5, A_NM)
        edge = interface_nm(box)[0]
        place = np.array([source]) / (half + 0.5) * edge
        return found, self_energy(box, place, INSIDE, OUTSIDE)[0] * edge / E2_EV_NM

    (coarse, own), (fine, _) = energies(5, (0, 0, 0)), energies(7, (0, 0, 0))
    assert own == pytest.approx(fine + (fine - coarse) * 5.5**2 / (7.5**2 - 5.5**2), rel=1e-3)
    for source in ((3, 0, 0), (2, 3, 1)):
        found, own = energies(5, source)
        assert own == pytest.approx(found, rel=0.02)


def test_near_a_face_it_is_the_image_in_a_plane():
    box = cube(8, A_NM)
    edge = interface_nm(box)[0]
    for distance in (0.01, 0.001):
        place = np.array([[0.1, -0.3, edge - distance]])
        assert self_energy(box, place, INSIDE, OUTSIDE)[0] == pytest.approx(PLANE / distance, rel=3 * distance)


def test_between_two_planes_it_is_the_series_of_their_images(monkeypatch):
    """A plate of edges 20 : 20 : 1, in units of its thickness."""
    monkeypatch.setattr(dielectric, "WIDEST", 6.0)
    z = np.array([0.0, 0.125, 0.25, 0.375])
    n = np.arange(1, 200)
    images = [np.concatenate([2 * s * n * 0.5 + (-1.0) ** n * one for s in (1, -1)]) for one in z]
    strengths = np.tile(CONTRAST**n, 2) / (2 * INSIDE)
    series = [np.sum(strengths / np.abs(place - one)) for place, one in zip(images, z, strict=True)]
    faces = dielectric._Faces((1.0, 1.0, 0.05), 8)
    points = np.stack([0 * z, 0 * z, z], axis=1) / 10
    assert faces.self_energy(points, INSIDE, OUTSIDE) / 10 == pytest.approx(np.array(series), rel=2e-3)


def test_without_contrast_there_is_none_and_from_a_thinner_medium_it_is_positive():
    for crystal in (cube(4, A_NM), cuboid((3, 3, 5), A_NM), sphere(3.0, A_NM)):
        positions, weights = density(crystal)
        assert self_energy(crystal, positions, 5.0, 5.0) == pytest.approx(np.zeros(len(positions)), abs=1e-14)
        assert image_interaction(crystal, positions, weights, weights, 5.0, 5.0) == pytest.approx(0, abs=1e-14)
        assert self_energy(crystal, positions, INSIDE, OUTSIDE).min() > 0
        assert self_energy(crystal, positions, OUTSIDE, INSIDE).max() < 0


def test_has_the_symmetry_of_the_shape():
    place = np.array([0.1, 0.4, -0.9])
    box, plate = cube(5, A_NM), cuboid((5, 5, 5), A_NM)
    images = np.array([place, place[[1, 2, 0]], -place, place[[0, 2, 1]] * [1, -1, 1]])
    found = self_energy(box, images, INSIDE, OUTSIDE)
    assert found == pytest.approx(np.full(4, found[0]), rel=1e-12)
    assert self_energy(plate, images, INSIDE, OUTSIDE) == pytest.approx(found, rel=1e-12)  # solved without permutations


def test_panels_have_converged(monkeypatch):
    """All atoms of a small cube within 1e-3, its mean in the lowest envelope within 1e-4."""
    crystal = cube(4, A_NM)
    positions, weights = density(crystal)
    coarse = self_energy(crystal, positions, INSIDE, OUTSIDE)
    pair = image_interaction(crystal, positions, weights, weights, INSIDE, OUTSIDE)
    monkeypatch.setattr(dielectric, "PANELS", 36)
    fine = self_energy(crystal, positions, INSIDE, OUTSIDE)
    assert coarse == pytest.approx(fine, rel=1e-3)
    assert weights @ coarse == pytest.approx(weights @ fine, rel=1e-4)
    more = image_interaction(crystal, positions, weights, weights, INSIDE, OUTSIDE)
    assert pair == pytest.approx(more, rel=1e-3)


@pytest.mark.parametrize("crystal", [cube(5, A_NM), cuboid((4, 5, 6), A_NM), sphere(3.5, A_NM)], ids=lambda c: c.shape)
def test_interaction_of_a_charge_with_itself_is_twice_its_self_energy(crystal):
    """And it is symmetric and adds up: three ways to see mirrors, parities and multipoles."""
    places = np.array([[0.1, -0.3, 0.25], [-0.4, 0.05, -0.1]])
    one, two = np.eye(2)
    own = self_energy(crystal, places, INSIDE, OUTSIDE)

    def pair(first, second):
        return image_interaction(crystal, places, first, second, INSIDE, OUTSIDE)

    assert [pair(one, one), pair(two, two)] == pytest.approx(2 * own, rel=1e-3)
    assert pair(one, two) == pytest.approx(pair(two, one), rel=1e-3)
    assert pair(one + two, one) == pytest.approx(pair(one, one) + pair(two, one), rel=1e-12)
    assert 0 < pair(one, two) < np.sqrt(pair(one, one) * pair(two, two))


def test_interaction_in_a_sphere_depends_on_the_angle():
    """Two charges on one radius and on opposite ones: the series of Legendre polynomials."""
    ball = sphere(3.0, A_NM)
    radius = interface_nm(ball)[0]
    ell = np.arange(40)
    factor = (ell + 1) * (INSIDE - OUTSIDE) / (INSIDE * (ell * INSIDE + (ell + 1) * OUTSIDE))
    for sign in (1, -1):
        places = np.array([[0.3, 0.0, 0.0], [0.2 * sign, 0.0, 0.0]]) * radius
        found = image_interaction(ball, places, np.eye(2)[0], np.eye(2)[1], INSIDE, OUTSIDE)
        assert found == pytest.approx(E2_EV_NM / radius * np.sum(factor * (0.06 * sign) ** ell), rel=1e-9)


def test_wrong_input_is_one_line():
    box = cube(4, A_NM)
    middle = np.zeros((1, 3))
    with pytest.raises(BandgError, match="computed in a cube, cuboid or sphere, not in a shape 'octahedron'"):
        self_energy(octahedron(6.0, A_NM), middle, INSIDE, OUTSIDE)
    with pytest.raises(BandgError, match="`outside` must be positive, not 0"):
        self_energy(box, middle, INSIDE, 0.0)
    with pytest.raises(BandgError, match="at or beyond the dielectric interface"):
        self_energy(box, middle + interface_nm(box)[0], INSIDE, OUTSIDE)
