"""The grid of kwant.continuum against the basis: order of convergence, orientation, doublers."""

import numpy as np
import pytest

try:
    import kwant.continuum  # noqa: F401
except (ImportError, ValueError) as error:
    pytest.skip(f"the grid needs kwant, which cannot be imported here: {error}", allow_module_level=True)

import kp_grid as grid
from kp_example import A_NM, SPHERICAL, C, kp_set  # the set of the basis
from scipy.optimize import brentq
from scipy.stats import special_ortho_group

from bandg.crystal.shapes import cube, sphere
from bandg.models.kp.envelope import Barrier, compute_levels

SMOOTH = SPHERICAL | {"P6": 0.08, "P8": 0.07, "b_T": 0.8, "d_T": 0.5}
"""Not invariant under rotations, with boundary layers thin enough for a coarse grid to be in its asymptotic range."""


def edges(system, values, depth=0.5):
    """Energy and g of hole and electron, shape (4,)."""
    found = [grid.band_edge(system, values, carrier, depth) for carrier in ("hole", "electron")]
    return np.array([number for level in found for number in (level.energy_eV, level.g)])


def test_the_grid_tends_to_the_basis_with_second_order():
    exact = compute_levels(kp_set(**SMOOTH), cube(7, A_NM))
    truth = np.array([exact.hole.energy_eV, exact.hole.g, exact.electron.energy_eV, exact.electron.g])
    length = exact.nanocrystal.size_nm
    steps, rest = [], []
    for points in (4, 5, 6):
        steps.append(length / (points + 1))
        rest.append(abs(edges(grid.cube(SMOOTH, length, points), SMOOTH) - truth))
    order = np.diff(np.log(rest), axis=0) / np.diff(np.log(steps))[:, None]
    assert (order >= 1.9).all(), order
    assert (order < 2.5).all(), order


def turned():
    return special_ortho_group.rvs(3, random_state=4)


@pytest.mark.parametrize(("values", "tolerance"), [(SPHERICAL, 1e-9), (SMOOTH, 5e-4)])
def test_nothing_depends_on_the_orientation_of_the_grid(values, tolerance):
    """Exactly where the Hamiltonian is invariant; a cubic one is another matrix with the same levels."""
    systems = [grid.sphere(values, 3.0, 0.6, orientation=turn) for turn in (None, turned())]
    straight, rotated = (edges(system, values) for system in systems)
    assert rotated == pytest.approx(straight, abs=tolerance)
    assert abs(systems[0].matrix - systems[1].matrix).max() > 1e-3


def test_a_sphere_of_steps_tends_to_the_sphere():
    """The staircase moves the wall: at the diameter where the hole's energy agrees, the rest does, in second order."""

    def exact(diameter):
        found = compute_levels(kp_set(), sphere(diameter, A_NM))
        return np.array([found.hole.energy_eV, found.hole.g, found.electron.energy_eV, found.electron.g])

    steps, rest = np.array([0.5, 0.4]), []
    for step in steps:
        found = edges(grid.sphere(SPHERICAL, 4.0, step), SPHERICAL)
        diameter = brentq(lambda d, e: exact(d)[0] - e, 3.5, 5.0, args=(found[0],), xtol=1e-4)
        assert 4.0 < diameter < 4.0 + step
        rest.append(found - exact(diameter))
    limit = (rest[1] * steps[0] ** 2 - rest[0] * steps[1] ** 2) / (steps[0] ** 2 - steps[1] ** 2)
    assert abs(rest[0][3]) > 0.05  # so that the extrapolation has something to do
    assert abs(limit[[1, 3]]).max() < 0.012
    assert abs(limit[2]) < 2e-3


def test_glass_on_the_grid_and_in_the_basis():
    """The interface lies between two points, so that the energy has an error of first order in the step."""
    crystal, step, half = cube(4, 0.4), 0.4, 0.8
    glass, hard = (compute_levels(kp_set(**SMOOTH), crystal, barrier) for barrier in (Barrier(2.0, 2.0), None))
    system = grid.build(
        SMOOTH,
        step,
        lambda positions: np.abs(positions).max(axis=1) < half + step,
        half + 2 * step,
        0.5,
        barrier=np.array([-2.0] * 2 + [2.0] * 6),
        crystal=lambda positions: np.abs(positions).max(axis=1) < half,
    )
    found = edges(system, SMOOTH, depth=1.0)
    for carrier, energy in (("hole", found[0]), ("electron", found[2])):
        soft, stiff = getattr(glass, carrier).energy_eV, getattr(hard, carrier).energy_eV
        assert abs(energy - soft) < 0.3 * abs(stiff - soft)


STEP = 4.0 / 7


def levels_in_the_gap_half(values):
    matrix = grid.cube(values, 5 * STEP, 4).matrix.toarray()
    energies = np.linalg.eigvalsh(matrix)
    return energies[energies > values["E_v"] + values["E_g"] / 2]


def test_linear_terms_alone_double_the_levels():
    """sin(k h) / h vanishes at the zone boundary too: without k^2 terms each level comes eight times over."""
    bare = SPHERICAL | dict.fromkeys(("a_v", "a_6", "a_8", "b_E", "b_T", "d_E", "d_T"), 0.0) | {"P6": 0.5, "P8": 0.5}
    without = levels_in_the_gap_half(bare)
    assert np.ptp(without[:16]) < 1e-9
    assert without[16] - without[15] > 1e-3 or np.ptp(without[:32]) < 1e-9
    with_them = levels_in_the_gap_half(SPHERICAL)
    assert np.ptp(with_them[:2]) < 1e-9
    assert with_them[2] - with_them[1] > 0.02
    assert 4 * 3 * C / STEP**2 > 1.0  # what the copies are raised by, in eV


def test_no_band_edge_is_an_error():
    from bandg.base.errors import BandgError

    with pytest.raises(BandgError, match="no band edge"):
        grid.band_edge(grid.cube(SPHERICAL, 2.0, 4), SPHERICAL, "hole", depth=0.01)
