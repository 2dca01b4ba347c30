"""Precession and decays against closed forms, quadrature and the numbers of an independent calculation."""

import numpy as np
import pytest
from scipy import constants
from scipy.integrate import quad

from bandg.spin import decay

T = np.array([0.5, 1, 2, 3])


def by_quadrature(times, omega, delta, nodes=40):
    """The average over the three components of the nuclear field, one by one: (cosine, sine)."""
    x, w = np.polynomial.hermite_e.hermegauss(nodes)
    w = w / np.sqrt(2 * np.pi)
    vectors = np.stack(np.meshgrid(omega + delta * x, delta * x, delta * x, indexing="ij"), -1).reshape(-1, 3)
    weight = (w[:, None, None] * w[:, None] * w).ravel()
    size = np.linalg.norm(vectors, axis=1)
    n = vectors / size[:, None]
    turning = [np.sum(weight * (n[:, 2] ** 2 + (1 - n[:, 2] ** 2) * np.cos(size * t))) for t in times]
    return np.array(turning), np.array([np.sum(weight * n[:, 0] * np.sin(size * t)) for t in times])


def test_larmor_frequencies():
    muB, hbar = constants.value("Bohr magneton"), constants.hbar
    assert pytest.approx(muB / hbar * 1e-9, rel=1e-9) == decay.MU_B_OVER_HBAR
    assert round(decay.MU_B_OVER_HBAR, 4) == 87.9410
    assert np.round(decay.larmor([1.58, -0.72], 0.42), 2).tolist() == [58.36, 26.59]
    assert np.round(decay.larmor([1.58, 0.72], 0.43), 2).tolist() == [59.75, 27.23]


def test_the_kubo_toyabe_function_and_its_minimum():
    t = np.linspace(0, 8, 400)
    exact = 1 / 3 + 2 / 3 * (1 - t**2) * np.exp(-(t**2) / 2)
    assert np.abs(decay.nuclear(t, 0.0, 1.0).cosine - exact).max() < 1e-10
    assert np.abs(decay.nuclear(t / 2.5, 1e-7, 2.5).cosine - exact).max() < 1e-10
    assert float(decay.kubo_toyabe(np.sqrt(3) / 0.4, 0.4)) == pytest.approx(0.035826, abs=5e-7)
    assert t[decay.kubo_toyabe(t, 1.0).argmin()] == pytest.approx(np.sqrt(3), abs=0.02)


@pytest.mark.parametrize(
    ("omega", "wanted"),
    [
        (0, [0.774582, 0.333333, 0.062663, 0.274085]),
        (1, [0.673328, 0.125278, 0.066965, 0.270074]),
        (3, [0.009056, -0.472219, 0.238089, 0.082945]),
        (10, [0.300060, -0.460992, 0.039872, 0.014888]),
    ],
)
def test_frozen_nuclei_in_a_transverse_field(omega, wanted):
    assert np.round(decay.nuclear(T, omega, 1.0).cosine, 6) == pytest.approx(wanted, abs=1.1e-6)


@pytest.mark.parametrize("omega", [0.013, 0.3, 2.0, 9.0])
def test_frozen_nuclei_against_three_dimensional_quadrature(omega):
    found = decay.nuclear(T[:3] / 1.7, omega * 1.7, 1.7)
    cosine, sine = by_quadrature(T[:3], omega, 1.0)
    assert found.cosine == pytest.approx(cosine, abs=2e-6)
    assert found.sine == pytest.approx(sine, abs=2e-5)


@pytest.mark.parametrize("omega", [0.5, 2.0, 9.0])
def test_derivatives_of_frozen_nuclei(omega):
    t, delta, step = np.linspace(0, 6, 50), 1.3, 1e-4
    found = decay.nuclear_with_slopes(t, omega, delta)
    higher, lower = (decay.nuclear(t, omega + sign * step, delta) for sign in (1, -1))
    square = delta**2 / 2
    more, less = (decay.nuclear(t, omega, np.sqrt(2 * (square + sign * step))) for sign in (1, -1))
    for name in ("cosine", "sine"):
        by_omega = (getattr(higher, name) - getattr(lower, name)) / (2 * step)
        assert getattr(found.by_omega, name) == pytest.approx(by_omega, abs=2e-6)
        by_square = (getattr(more, name) - getattr(less, name)) / (2 * step)
        assert getattr(found.by_square, name) == pytest.approx(by_square, abs=2e-6)
    still = decay.nuclear_with_slopes(t, 0.0, delta).by_square.cosine
    more, less = (decay.kubo_toyabe(t, np.sqrt(2 * (square + sign * step))) for sign in (1, -1))
    assert still == pytest.approx((more - less) / (2 * step), abs=2e-6)


def test_what_frozen_nuclei_leave_for_ever():
    for omega in (0.0, 0.019, 0.021, 0.5, 4.0):
        late = float(decay.nuclear(np.array([9.0]), omega * 3, 3.0).cosine[0])
        assert decay.nuclear_constant(omega * 3, 3.0) == pytest.approx(late, abs=1e-7)


def test_a_field_above_that_of_the_nuclei_leaves_a_gaussian():
    t = np.linspace(0, 3, 100)
    found = decay.nuclear(t, 2000.0, 1.0)
    assert found.cosine == pytest.approx(np.cos(2000 * t) * np.exp(-(t**2) / 2), abs=2e-3)
    assert found.sine == pytest.approx(np.sin(2000 * t) * np.exp(-(t**2) / 2), abs=2e-3)


def test_averages_over_a_spread_of_g_are_the_characteristic_functions():
    """g = 1.5 in 0.4 T; the Lorentzian by its quantiles, the Gaussian by quadrature."""
    t, dg = np.array([0.01, 0.05, 0.2]), 0.2
    x, w = np.polynomial.hermite_e.hermegauss(60)
    gauss = np.array([np.sum(w * np.cos(decay.MU_B_OVER_HBAR * (1.5 + dg * x) * 0.4 * s)) for s in t])
    found = decay.gaussian(t, float(decay.larmor(1.5, 0.4)), decay.spread_square(dg, 0.4)).cosine
    assert found == pytest.approx(gauss / np.sqrt(2 * np.pi), abs=1e-12)
    quantile = dg * np.tan(np.pi * ((np.arange(200001) + 0.5) / 200001 - 0.5))
    lorentz = [np.mean(np.cos(decay.MU_B_OVER_HBAR * 0.4 * (1.5 + quantile) * s)) for s in t]
    found = decay.exponential(t, float(decay.larmor(1.5, 0.4)), decay.spread_rate(dg, 0.4)).cosine
    assert found == pytest.approx(lorentz, abs=1e-4)


def test_rates_add_or_squares_of_rates_do():
    """The stated T2*_e of sample #4, 280 ps at 90 mT and 90 ps at 420 mT, alone give dg = 0.260 by Eq. (3)."""
    dg = (1 / 0.090 - 1 / 0.280) / (decay.MU_B_OVER_HBAR * (0.42 - 0.09))
    assert round(dg, 3) == 0.260
    at_zero = 1 / (1 / 0.280 - decay.spread_rate(dg, 0.09))
    assert decay.t2_star("exponential", at_zero, dg, [0.09, 0.42]) == pytest.approx([0.280, 0.090])
    for share, most in ((0.05, 0.007), (0.10, 0.013), (0.20, 0.027)):  # 1/T2*_h of 1/260 ps that changes by no more
        assert round(share / decay.spread_rate(0.260, 0.33), 3) == most
    for decays, falls in (("exponential", decay.spread_rate), ("gaussian", decay.spread_square)):
        power = {"exponential": 1, "gaussian": 2}[decays]
        expected = (0.3**-power + falls(0.1, 0.2)) ** (-1 / power)
        assert float(decay.t2_star(decays, 0.3, 0.1, 0.2)) == pytest.approx(expected)


def test_a_uniaxial_g_at_random_orientation():
    t = np.array([0, 0.1, 0.2, 0.5])
    found = decay.anisotropic(t, 0.42, [1.5, 1.5, 1.7])
    assert np.round(found, 6) == pytest.approx([1, 0.860146, 0.496685, -0.450072], abs=1e-9)
    assert decay.anisotropic(t, 0.42, np.diag([1.7, 1.5, 1.5])) == pytest.approx(found, abs=1e-9)
    assert decay.anisotropic(t, 0.42, [-1.6] * 3) == pytest.approx(np.cos(decay.larmor(1.6, 0.42) * t), abs=1e-12)


def test_a_uniaxial_g_against_its_own_integral():
    """Only c = cos of the axis to the field sets |Omega|; <n_z^2> at fixed c is (|g B|^2 - (g B)_x^2) / (2 |g B|^2)."""
    across, along, t = 0.8, 2.1, 0.06

    def of(c):
        g2 = across**2 + (along**2 - across**2) * c**2
        x = across + (along - across) * c**2
        n2 = (g2 - x**2) / (2 * g2)
        return n2 + (1 - n2) * np.cos(decay.MU_B_OVER_HBAR * 0.5 * np.sqrt(g2) * t)

    wanted = quad(of, 0, 1, epsabs=1e-12)[0]
    assert float(decay.anisotropic(t, 0.5, [across, across, along])) == pytest.approx(wanted, abs=1e-10)
