"""The fit of one cosine to an ensemble: against quadrature, its limits, and the fit of a whole trace with noise."""

import numpy as np
import pytest

from bandg.data.single_fit import FIELDS_T, fit_one
from bandg.spin import Traces, fit
from bandg.spin.decay import MU_B_OVER_HBAR

STEP_PS, END_PS = 2.0, 4000.0


def trace(g, shares, t2, other, convention, time_ps):
    """Sum of the signals of the kinds in every field, shape (n_fields, n)."""
    turned = MU_B_OVER_HBAR * np.array(FIELDS_T)[:, None] * time_ps / 1000
    if convention == "lorentzian":
        decay = np.exp(-time_ps / t2 - other * turned)
    else:
        decay = np.exp(-((time_ps / t2) ** 2) - (other * turned) ** 2 / 2)
    return sum(share * np.cos(one * turned) for one, share in zip(g, shares, strict=True)) * decay


@pytest.mark.parametrize("convention", ["lorentzian", "gaussian"])
@pytest.mark.parametrize(("share", "other"), [(0.05, 0.0), (0.3, 0.05), (0.5, 0.0)])
def test_two_kinds_against_least_squares_on_their_trace(convention, share, other):
    """The trace of two kinds is the real part of the characteristic function of two deltas.

    No neighbor in g or in dg leaves less of it, and the rest is as large as stated.
    """
    t = np.arange(0, END_PS, STEP_PS)
    kinds, shares = (0.9, 1.2), (1 - share, share)
    signal = trace(kinds, shares, 250.0, other, convention, t)
    signal[:, 0] /= np.sqrt(2)  # the trapezoidal rule
    found = fit_one(kinds, shares, 250.0, other, convention)

    def left(g, dg):
        model = trace([g], [1.0], 250.0, dg, convention, t)
        model[:, 0] /= np.sqrt(2)
        taken = np.sum(signal * model, axis=1) ** 2 / np.sum(model**2, axis=1)
        return np.sqrt(1 - np.sum(taken) / np.sum(signal**2))

    best = left(found.g, found.dg)
    assert found.left == pytest.approx(best, abs=1e-3)
    around = [left(found.g + 0.3 * a, abs(found.dg + 0.3 * b)) for a in (-0.02, 0, 0.02) for b in (-0.02, 0, 0.02)]
    assert min(around) > best - 1e-6


def test_a_faint_kind_leaves_g_and_spread_alone_and_shows_as_second_frequency():
    for share in (0.01, 0.05, 0.1):
        one = fit_one([0.9, 1.5], [1 - share, share], 250.0)
        mean, deviation = 0.9 + 0.6 * share, 0.6 * np.sqrt(share * (1 - share))
        assert abs(one.g - 0.9) < 0.1 * (mean - 0.9) and one.dg < 0.1 * deviation
        assert one.left == pytest.approx(share, rel=0.25)
    nothing = fit_one([0.9, 1.5], [1.0, 0.0], 250.0, 0.1)
    assert nothing.g == pytest.approx(0.9, abs=1e-3) and nothing.dg == pytest.approx(0.1, abs=1e-3)
    assert nothing.left < 1e-2
    assert fit_one([0.9, 0.9], [0.5, 0.5], 250.0)[:2] == (0.9, 0.0)


def test_kinds_that_no_trace_resolves_have_their_mean_and_their_standard_deviation():
    """A Gaussian decay of a narrow spread of any form: the second cumulant alone counts."""
    for shares in ([0.5, 0.5], [0.8, 0.2]):
        one = fit_one([1.0, 1.02], shares, 250.0, convention="gaussian")
        assert one.g == pytest.approx(1.0 + 0.02 * shares[1], abs=1e-4)
        assert one.dg == pytest.approx(0.02 * np.sqrt(np.prod(shares)), rel=0.02) and one.left < 1e-3


def test_halves_are_two_lines_that_one_cosine_cannot_follow():
    one = fit_one([0.9, 1.46], [0.5, 0.5], 250.0)
    assert one.left > 0.3 and one.dg > 0.2 and 0.9 < one.g < 1.46


def test_spreads_of_the_form_of_the_fit_come_back():
    """A Lorentzian by its quantiles, a Gaussian by its quadrature: half width and standard deviation."""
    quantiles = 1.4 + 0.1 * np.tan(np.pi * ((np.arange(400) + 0.5) / 400 - 0.5))
    cut = np.abs(quantiles - 1.4) < 4
    lorentzian = fit_one(quantiles[cut], np.ones(cut.sum()), 400.0)
    assert (lorentzian.g, lorentzian.dg) == (pytest.approx(1.4, abs=0.01), pytest.approx(0.1, abs=0.01))
    nodes, weights = np.polynomial.hermite_e.hermegauss(11)
    gaussian = fit_one(1.4 + 0.1 * nodes, weights, 400.0, convention="gaussian")
    assert (gaussian.g, gaussian.dg) == (pytest.approx(1.4, abs=2e-3), pytest.approx(0.1, abs=2e-3))
    assert gaussian.left < 0.02


@pytest.mark.parametrize(("apart", "share"), [(0.1, 0.5), (0.3, 0.1), (0.56, 0.05)])
def test_the_fit_of_a_whole_trace_with_noise_agrees(apart, share):
    """`bandg.spin.fit`, whose T2*(0) is free, of one component as the source of the data fits it."""
    t = np.arange(0, 1500.0, 10.0)
    kinds, shares = (0.9, 0.9 + apart), (1 - share, share)
    clean = trace(kinds, shares, 250.0, 0.0, "lorentzian", t)
    noisy = clean + np.random.default_rng(0).normal(0, 0.01, clean.shape)
    best = fit(Traces.of(t, FIELDS_T, noisy), components=1, decay="exponential", slow=False, phase="none").best
    g, low, high = best.theta[:3]
    one = fit_one(kinds, shares, 250.0)
    assert one.g == pytest.approx(g, abs=0.04)
    assert one.dg == pytest.approx((high - low) / MU_B_OVER_HBAR / (FIELDS_T[-1] - FIELDS_T[0]), abs=0.045)
    rest = np.sqrt(max(0, best.rss / clean.size - 0.01**2) / np.mean(clean**2))
    assert one.left == pytest.approx(rest, abs=0.05)


def test_kinds_without_g_have_no_fit():
    one = fit_one([[0.9, np.nan], [1.0, 1.0]], [0.5, 0.5], 250.0)
    assert np.isfinite(one.g[0]) and all(np.isnan(part[1]) for part in one)


def test_a_small_share_of_the_other_sign_does_not_turn_the_sign() -> None:
    halide, lead = np.linspace(0.15, 0.25, 9), np.linspace(-0.2, -0.1, 9)
    most = fit_one([halide, lead], [0.87, 0.13], 250.0)
    assert np.all(most.g > 0)
    assert np.allclose(fit_one([-halide, -lead], [0.87, 0.13], 250.0).g, -most.g, atol=1e-3)
