"""The exciton energy against integrals that share nothing with it."""

import numpy as np
import pytest
from scipy import integrate, optimize, special

from bandg.crystal.shapes import cube, cuboid, octahedron, sphere
from bandg.models.exciton import CORRELATION, COULOMB, box_coulomb, coulomb_radius_nm, exciton_shift


def coulomb_integral():
    """<1 / max(r, r')> of two spherical densities, by quadrature of the definition."""

    def inner(r):
        within = r - np.sin(2 * np.pi * r) / (2 * np.pi)
        return 4 * np.sin(np.pi * r) ** 2 / r * within

    return integrate.quad(inner, 0, 1)[0]


def test_coulomb_integral_of_two_lowest_states():
    assert pytest.approx(coulomb_integral(), abs=1e-12) == COULOMB
    assert pytest.approx(1.786, abs=5e-4) == COULOMB  # Brus 1984


def box_integral(edges):
    """<1 / |r - r'|> of two densities of a box, over their distance: pyramids in which one component is the largest."""
    x, weight = np.polynomial.legendre.leggauss(24)
    x, weight = (x + 1) / 2, weight / 2

    def together(d, edge):  # of x and x + d in the densities, by quadrature of the definition
        inside = np.multiply.outer(edge - d, x)
        pair = np.sin(np.pi * inside / edge) * np.sin(np.pi * (inside + d[..., None]) / edge)
        return (edge - d) * (pair**2 @ weight) * 4 / edge**2

    one, two, three = np.meshgrid(x, x, x, indexing="ij")
    total = 0.0
    for first in range(3):
        a, b, c = np.roll(edges, -first)
        d = (a * one, b * one * two, c * one * three)
        density = np.prod([together(part, edge) for part, edge in zip(d, (a, b, c), strict=True)], axis=0)
        kernel = a * b * c * one**2 / np.sqrt(d[0] ** 2 + d[1] ** 2 + d[2] ** 2)
        total += 8 * np.einsum("ijk,i,j,k", density * kernel, weight, weight, weight)
    return total


@pytest.mark.parametrize("edges", [(1.0, 1.0, 1.0), (1.0, 1.0, 1.5), (2.0, 3.0, 4.0)])
def test_coulomb_integral_of_two_lowest_states_of_a_box(edges):
    assert box_coulomb(edges) == pytest.approx(box_integral(edges), rel=1e-6)


def test_a_cube_has_a_coulomb_integral_of_its_own():
    """Not that of the sphere of the same volume, 2.879 e^2 / L."""
    assert box_coulomb((1.0, 1.0, 1.0)) == pytest.approx(3.0478, abs=1e-4)
    ball = (3 / (4 * np.pi)) ** (1 / 3)
    assert pytest.approx(2.879, abs=1e-3) == COULOMB / ball
    assert COULOMB / coulomb_radius_nm(cube(4, 0.6)) == pytest.approx(3.0478 / 2.4, rel=1e-4)
    assert coulomb_radius_nm(cuboid((4, 4, 4), 0.6)) == pytest.approx(coulomb_radius_nm(cube(4, 0.6)))
    assert coulomb_radius_nm(sphere(4, 0.6)) == 2.0
    diamond = octahedron(6.0, 0.6)
    assert coulomb_radius_nm(diamond) == pytest.approx(ball * 0.6 * diamond.estimate_n_pb() ** (1 / 3))


def second_order(multipoles=6, states=12):
    """Correlation energy in Rydbergs for equal masses: the second order of the Coulomb energy, all pairs with L = 0."""
    x, weight = np.polynomial.legendre.leggauss(500)
    x, weight = (x + 1) / 2, weight / 2
    smaller, larger = np.minimum.outer(x, x), np.maximum.outer(x, x)
    ground, total = np.sqrt(2) * np.sin(np.pi * x), 0.0
    for n in range(multipoles):
        grid = np.linspace(1, (states + n + 1) * np.pi, 3000)
        values = special.spherical_jn(n, grid)
        brackets = np.flatnonzero(values[:-1] * values[1:] < 0)[:states]
        k = np.array(
            [optimize.brentq(lambda t, n=n: special.spherical_jn(n, t), grid[b], grid[b + 1]) for b in brackets]
        )
        radial = x * special.spherical_jn(n, np.outer(k, x))
        radial /= np.sqrt(radial**2 @ weight)[:, None]
        pairs = radial * ground * weight
        coupling = pairs @ (smaller**n / larger ** (n + 1)) @ pairs.T / np.sqrt(2 * n + 1)
        cost = (k[:, None] ** 2 + k**2) / 2 - np.pi**2
        excited = cost > 1e-6
        total += 4 * np.sum(coupling[excited] ** 2 / cost[excited])
    return total


def test_correlation_energy_is_nearly_all_of_the_second_order():
    assert pytest.approx(0.248, abs=5e-4) == CORRELATION  # Kayanuma 1988
    assert second_order() == pytest.approx(0.278, abs=2e-3)  # of all multipoles; six make 0.277
    assert 0.85 * second_order() < CORRELATION < second_order()  # a variational state gains less than all states


def test_the_shift_of_a_large_crystal_is_that_of_the_bulk_exciton():
    rydberg = 0.08 * 13.605693 / 100
    small, large, bulk = exciton_shift(np.array([2.0, 60.0, np.inf]), 0.1, 0.08)
    assert bulk == pytest.approx(-rydberg, rel=1e-6) and large == pytest.approx(bulk)
    assert small == pytest.approx(-1.786 * 1.43996 / 10 / 2 - 0.248 * rydberg, rel=1e-3)
    assert (exciton_shift(np.array([2.0, 60.0]), 0.0, 0.08) == 0).all()
